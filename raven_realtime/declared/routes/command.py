"""``raven-realtime routes HOST`` says where its requests go; ``raven-realtime ownership`` judges `/socket.io`."""
# ruff: noqa: PLR0917 (a typer command takes its options as arguments)

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from raven_realtime import ssh
from raven_realtime.declared.routes.document import RoadsReport
from raven_realtime.declared.routes.drawing import svg
from raven_realtime.declared.routes.ownership import Wanted, judge, shared, with_running
from raven_realtime.declared.routes.roads import PATHS, roads
from raven_realtime.declared.routes.sources import ask, gather
from raven_realtime.declared.routes.text import text
from raven_realtime.docker_host import DockerHost, read_containers, read_services
from raven_realtime.live.command import EXIT
from raven_realtime.live.report import line, verdict
from raven_realtime.live.result import Result
from raven_realtime.problem import Problem
from raven_realtime.proxies.traefik.api import read_api
from raven_realtime.proxies.traefik.table import Table
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.settings import hostname
from raven_realtime.sidecar.labels import STACK

LARGEST_LABELS = 1 << 20
"""Bytes of labels that are read from standard input."""
ASK_AGAIN_SECONDS = 0.5


class Output(StrEnum):
    """How the answer is printed."""

    TEXT = "text"
    JSON = "json"
    SVG = "svg"


Docker = Annotated[
    str,
    typer.Option("--docker-host", metavar="HOST", help="The Docker host, as `docker -H` takes it; ssh:// too."),
]
SshKey = Annotated[Path | None, typer.Option("--ssh-key", help="Private key for an ssh:// Docker host.")]
SshHostKey = Annotated[str, typer.Option("--ssh-host-key", help="The server's public key, to be sure of it.")]
SshOption = Annotated[list[str] | None, typer.Option("--ssh-option", help="A further option of ssh; may be repeated.")]
Api = Annotated[str, typer.Option("--traefik-api", metavar="URL", help="Traefik's API, such as http://127.0.0.1:8080.")]


def register(app: typer.Typer) -> None:
    """Add the commands at the top level."""
    app.command("routes")(routes)
    app.command("ownership")(ownership)


def routes(
    host: Annotated[str, typer.Argument(help="The public hostname.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Files of any proxy, compose files, manifests, a tunnel's; or folders.", metavar="[PATH]…"),
    ] = None,
    path: Annotated[
        list[str] | None, typer.Option("--path", help="A path to ask about; may be repeated [/socket.io/ and /].")
    ] = None,
    docker: Annotated[bool, typer.Option("--docker", help="Read what runs on the Docker host.")] = False,
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
    traefik_api: Api = "",
    output: Annotated[Output, typer.Option("-o", "--output", help="How the answer is printed.")] = Output.TEXT,
    check: Annotated[
        bool, typer.Option("--check", help="Exit 1 where something is not in force, ties, or leads nowhere.")
    ] = False,
) -> None:
    """Say where requests for a host go, through every proxy that is declared, and why: any host, any path.

    From files, from a Docker host, or from Traefik's own API.
    """
    asked = [_path(one) for one in path] if path else list(PATHS)
    name = _hostname(host)
    live = docker or bool(docker_host)
    if not files and not live and not traefik_api:
        raise Problem("Give files to read, or --docker, or --traefik-api URL.")
    if traefik_api and (files or live):
        raise Problem("--traefik-api shows all that Traefik has: leave out files and --docker.")
    if traefik_api:
        world = ask(traefik_api)
    elif live:
        with _docker(docker_host, ssh_key, ssh_host_key, ssh_option) as at:
            world = gather(files or (), read_containers(at), read_services(at))
    else:
        world = gather(files or ())
    found = roads(world, name, asked)
    match output:
        case Output.TEXT:
            typer.echo(text(found), nl=False)
        case Output.JSON:
            typer.echo(RoadsReport.of(found).model_dump_json(indent=2))
        case Output.SVG:
            nothing = f"Nothing declared here takes a request for {found.host}."
            typer.echo(svg(f"Where requests for {found.host} go", found.roads, nothing), nl=False)
    if check and not found.intact:
        raise typer.Exit(1)


def ownership(
    host: Annotated[list[str], typer.Option("--host", help="A public hostname; may be repeated.")],
    router: Annotated[str, typer.Option("--router", help="Who should own /socket.io.")] = "frappe-socketio@docker",
    entrypoint: Annotated[str, typer.Option("--entrypoint", help="Traefik's TLS entrypoint.")] = "websecure",
    stack: Annotated[
        str, typer.Option("--stack", help="Leave out containers with this value of the label raven-realtime.stack.")
    ] = "",
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
    traefik_api: Api = "",
    within: Annotated[
        float, typer.Option("--within", min=0, max=120, help="Seconds that Traefik may take to hear of a change.")
    ] = 10.0,
    unchecked_ok: Annotated[
        bool, typer.Option("--unchecked-ok", help="Exit 0 where Traefik's API does not answer.")
    ] = False,
) -> None:
    """Fail if anybody else claims /socket.io: before a deployment, or after it with --traefik-api.

    Before it, the sidecar's labels come as JSON on standard input and are judged beside all that runs
    on the Docker host.
    """
    wanted = Wanted(router, tuple(map(_hostname, host)), entrypoint)
    if traefik_api:
        result = _asked(traefik_api, wanted, within)
    else:
        labels = _labels(sys.stdin.buffer.read(LARGEST_LABELS + 1))
        with _docker(docker_host, ssh_key, ssh_host_key, ssh_option) as at:
            running, services = read_containers(at), read_services(at)
        others = [one for one in running if not stack or one.label(STACK) != stack]
        table = with_running(labels, others, entrypoint, services)
        findings = judge(table, wanted) + shared(table, wanted)
        said = f"{router} will own /socket.io on {', '.join(wanted.hosts)}, beside {len(others)} other containers"
        result = Result.of("ownership", said if not findings else f"{len(findings)} in the way of {router}", *findings)
    typer.echo(line(result))
    for finding in result.findings:
        typer.echo(verdict(finding, result.hop), err=True)
    code = EXIT[result.outcome]
    raise typer.Exit(0 if unchecked_ok and code == 3 else code)


def _asked(url: str, wanted: Wanted, within: float) -> Result:
    """Ask Traefik until it knows of the change, or the time is over."""
    until = time.monotonic() + within
    while True:
        try:
            table: Table = read_api(url)
        except (Problem, Unreadable) as problem:
            return Result.not_checked("routers", str(problem))
        findings = judge(table, wanted)
        if not findings or time.monotonic() > until:
            break
        time.sleep(ASK_AGAIN_SECONDS)
    said = (
        f"Traefik gives /socket.io on {', '.join(wanted.hosts)} to {wanted.router}, one of {len(table.routers)} routers"
    )
    return Result.of("routers", said if not findings else f"{wanted.router} does not own /socket.io", *findings)


@contextmanager
def _docker(address: str, key: Path | None, host_key: str, options: list[str] | None) -> Iterator[DockerHost]:
    """Say how the Docker host is reached; a server's key lies in a file meanwhile."""
    where = address or os.environ.get("DOCKER_HOST", "")
    login = ssh.login(where, key, host_key, options or ())
    with ssh.options_for(where, login.key, login.host_key, login.options) as given:
        yield DockerHost(where, tuple(given))


def _labels(content: bytes) -> dict[str, str]:
    accepted = 'the sidecar\'s labels as a JSON object of texts, such as {"traefik.enable": "true"}'
    if len(content) > LARGEST_LABELS:
        raise Problem(f"Standard input: more than {LARGEST_LABELS} bytes; accepted: {accepted}.")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise Problem(f"Standard input: no JSON; accepted: {accepted}.") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise Problem(f"Standard input: found {type(found).__name__} with other values; accepted: {accepted}.")
    return found


def _hostname(value: str) -> str:
    try:
        return hostname(value)
    except ValueError as error:
        raise Problem(f"{value!r} is no hostname: {error}. Example: chat.example.com.") from None


def _path(value: str) -> str:
    if not value.startswith("/"):
        raise Problem(f"--path {value!r}: a path begins with /, as in /socket.io/.")
    return value
