"""``raven-realtime sidecar …``: the steps that production's Pulumi commands run, one by one, by hand if need be."""
# ruff: noqa: PLR0917 (a typer command takes its options as arguments)

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from raven_realtime.sidecar import bridge as bridging
from raven_realtime.sidecar import certificate as certificates
from raven_realtime.sidecar import check as checks
from raven_realtime.sidecar import install as installing
from raven_realtime.sidecar import look as looking
from raven_realtime.sidecar import ports as places
from raven_realtime.sidecar import remove as removing
from raven_realtime.sidecar import settle as settling
from raven_realtime.sidecar.host import reached
from raven_realtime.sidecar.way import Way

app = typer.Typer(
    name="sidecar",
    no_args_is_help=True,
    help="The steps of the production stack, as `pulumi up` runs them.",
)
check_app = typer.Typer(name="check", no_args_is_help=True, help="The checks on the server itself.")
app.add_typer(check_app)
LARGEST = 1 << 20
"""Bytes of standard input that are read."""

Docker = Annotated[str, typer.Option("--docker-host", metavar="HOST", help="As `docker -H` takes it; ssh:// too.")]
SshKey = Annotated[Path | None, typer.Option("--ssh-key", help="Private key for an ssh:// Docker host.")]
SshHostKey = Annotated[str, typer.Option("--ssh-host-key", help="The server's public key, to be sure of it.")]
SshOption = Annotated[list[str] | None, typer.Option("--ssh-option", help="A further option of ssh; may be repeated.")]
Stack = Annotated[str, typer.Option(help="The value of the label raven-realtime.stack.")]
Generation = Annotated[str, typer.Option(help="The value of the label raven-realtime.generation.")]
Image = Annotated[str, typer.Option(help="The image, pinned by digest.")]
Upstream = Annotated[str, typer.Option(help="Where the sidecar finds Socket.IO.")]
Files = Annotated[int, typer.Option(help="The container's limit on open files.")]
Public = Annotated[str, typer.Option("--host", help="A public hostname that the sidecar serves.")]
Address = Annotated[str, typer.Option(help="Ask Traefik at this address instead of what DNS says.")]
Resolver = Annotated[str, typer.Option(help="Traefik's certificate resolver.")]
Trust = Annotated[bool, typer.Option("--trust/--no-trust", help="Whether the certificate has to be trusted.")]
Keep = Annotated[str, typer.Argument(metavar="CONTAINER", help="The container that is to serve.")]


@app.command()
def look(
    stack: Stack,
    image: Image,
    router: Annotated[str, typer.Option(help="Traefik's router.")],
    host: Public,
    resolver: Resolver,
    upstream: Upstream,
    files: Files,
    network: Annotated[list[str] | None, typer.Option(help="A Docker network to join; may be repeated.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Whether the router gets a retry middleware.")] = False,
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
) -> None:
    """Look at the Docker host before anything is made, and refuse what would end half-way."""
    wanted = looking.Wanted(stack, image, router, host, resolver, upstream, files, network or (), retry)
    with reached(docker_host, ssh_key, ssh_host_key, ssh_option or ()) as at:
        typer.echo(looking.look(at, wanted))


@app.command()
def ports(
    bench: Annotated[Path | None, typer.Option(help="The bench's folder on the server.")] = None,
    bench_command: Annotated[str, typer.Option(help="How bench is called there.")] = "bench",
    compose: Annotated[Path | None, typer.Option(help="A compose file on the server.")] = None,
    nginx: Annotated[Path | None, typer.Option(help="The bench's generated nginx.conf on the server.")] = None,
    align: Annotated[bool, typer.Option("--align", help="Correct the bench's own configuration.")] = False,
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
) -> None:
    """Compare every place on the server that names the port of Socket.IO."""
    with reached(docker_host, ssh_key, ssh_host_key, ssh_option or ()) as at:
        for line in places.look(at, places.Named(bench, compose, nginx, align, bench_command)):
            typer.echo(line)


@app.command()
def install(
    stack: Stack,
    generation: Generation,
    volume: Annotated[str, typer.Option(help="The volume that holds the configuration.")],
    image: Image,
    files: Files,
    host_gateway: Annotated[
        bool, typer.Option("--host-gateway", help="Whether Socket.IO is asked at the host's gateway.")
    ] = False,
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
) -> None:
    """Validate the configuration on standard input, swap it in, reload; the old one stays if anything fails."""
    target = installing.Target(stack, generation, volume, image, files, host_gateway)
    with reached(docker_host, ssh_key, ssh_host_key, ssh_option or ()) as at:
        for line in installing.install(at, target, sys.stdin.read(LARGEST)):
            typer.echo(line)


@app.command()
def bridge(
    stack: Stack,
    routing: Annotated[str, typer.Option(help="The value of the label raven-realtime.routing.")],
    host: Public,
    address: Address = "",
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
) -> None:
    """Have a bridging container carry the old route, where the routing labels change."""
    with reached(docker_host, ssh_key, ssh_host_key, ssh_option or ()) as at:
        typer.echo(bridging.bridge(at, stack, routing, Way(host, address)))


@check_app.command("host")
def check_host(
    upstream: Annotated[str, typer.Argument(help="Socket.IO's address, as the server knows it.")],
    answer: Annotated[str, typer.Option(help="- for what curl printed, with -i, on standard input.")] = "",
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
) -> None:
    """Ask Socket.IO on the server itself."""
    with _judged():
        if answer == "-":
            typer.echo(checks.judge_host(sys.stdin.read(LARGEST), upstream))
            return
        with reached(docker_host, ssh_key, ssh_host_key, ssh_option or ()) as at:
            typer.echo(checks.judge_host(checks.ask_host(at, upstream), upstream))


@check_app.command("sidecar")
def check_sidecar(
    keep: Keep,
    stack: Stack,
    host: Public,
    upstream: Upstream,
    address: Address = "",
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
) -> None:
    """Ask Socket.IO from inside the sidecar's container; one that fails leaves the stage to the one before."""
    with _judged(), reached(docker_host, ssh_key, ssh_host_key, ssh_option or ()) as at:
        typer.echo(checks.sidecar(at, stack, keep, upstream, Way(host, address)))


@check_app.command("certificate")
def check_certificate(host: Public, resolver: Resolver, address: Address = "", trust: Trust = True) -> None:
    """Say whose certificate Traefik shows, where the check of it failed."""
    with _judged():
        typer.echo(certificates.explained(Way(host, address), resolver, trust=trust))


@app.command()
def settle(
    keep: Keep,
    stack: Stack,
    generation: Generation,
    host: Public,
    resolver: Resolver,
    address: Address = "",
    trust: Trust = True,
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
) -> None:
    """Make a container the only one of its stack, once it is seen to serve."""
    wanted = settling.Wanted(stack, keep, generation, resolver, Way(host, address), trust)
    with _judged(), reached(docker_host, ssh_key, ssh_host_key, ssh_option or ()) as at:
        for line in settling.settle(at, wanted):
            typer.echo(line)


@app.command()
def remove(
    stack: Stack,
    generation: Annotated[str, typer.Option(help="Only the containers of this generation.")] = "",
    docker_host: Docker = "",
    ssh_key: SshKey = None,
    ssh_host_key: SshHostKey = "",
    ssh_option: SshOption = None,
) -> None:
    """Remove what is left of a stack, or of one generation of it."""
    with reached(docker_host, ssh_key, ssh_host_key, ssh_option or ()) as at:
        left = removing.generation(at, stack, generation) if generation else removing.everything(at, stack)
        typer.echo(left)


@contextmanager
def _judged() -> Iterator[None]:
    """Print what a failed check says on stderr, with exit code 1."""
    try:
        yield
    except checks.Wrong as wrong:
        typer.echo(str(wrong), err=True)
        raise typer.Exit(1) from None
