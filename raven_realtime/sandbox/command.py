"""``raven-realtime sandbox …``: the steps that the sandbox's Pulumi commands run, one by one, by hand if need be."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.problem import Problem
from raven_realtime.sandbox import bench, certificate, incarnation, nginx_program, ngrok
from raven_realtime.sandbox.listener import answers
from raven_realtime.sandbox.places import DEFAULT, Places
from raven_realtime.sandbox.supervisor import Program, Supervisor
from raven_realtime.settings import PROJECT

PATIENCE = 30.0
"""Seconds that a program gets to open its port."""

app = typer.Typer(
    name="sandbox",
    no_args_is_help=True,
    help="The steps of the sandbox stack, as `pulumi up` runs them.",
)

Folder = Annotated[Path, typer.Option("--folder", help="The sandbox's folder.")]
Life = Annotated[int, typer.Option(envvar="RAVEN_REALTIME_LIFE", help="Which life this starts.")]


class Described(BaseModel):
    """A program as ``programs`` reads it."""

    name: str
    command: list[str]
    directory: Path
    port: int | None = None
    environment: dict[str, str] = Field(default_factory=dict)


@app.command()
def supervisor(life: Life = 1, folder: Folder = DEFAULT) -> None:
    """Start supervisord unless it runs, with everything it was told to keep."""
    _begin(Places.at(folder), life)
    typer.echo(f"supervisord runs (life {life})")


def _begin(places: Places, life: int) -> None:
    keeper = Supervisor(places)
    keeper.start()
    for name in keeper.declared():
        keeper.revive(name)
    incarnation.record(places, life)


@app.command()
def down(folder: Folder = DEFAULT) -> None:
    """Stop every program and supervisord, and remove the sandbox's folder."""
    Supervisor(Places.at(folder)).down()
    typer.echo("the sandbox is gone")


@app.command()
def status(folder: Folder = DEFAULT) -> None:
    """Print each program with its state and process id."""
    keeper = Supervisor(Places.at(folder))
    pids = keeper.pids()
    if not keeper.alive():
        raise Problem("supervisord does not run. Bring the sandbox up with: pulumi up --stack sandbox")
    for name, state in keeper.states().items():
        typer.echo(f"{name:<24} {state:<9} {pids.get(name, '-')}")


@app.command()
def nginx(
    name: Annotated[str, typer.Argument(help="The program's name: multiplexer or tunnel.")],
    url: Annotated[str, typer.Option(help="Where it answers: scheme, address and port.")],
    folder: Folder = DEFAULT,
) -> None:
    """Validate the configuration on standard input, swap it in, reload; the old one stays if anything fails."""
    changed = nginx_program.install(Places.at(folder), name, sys.stdin.read(), url)
    typer.echo(f"{name}: {'the new configuration is live' if changed else 'unchanged'} at {url}")


@app.command()
def programs(
    prefix: Annotated[str, typer.Option(help="What the programs' names start with.")] = "",
    folder: Folder = DEFAULT,
) -> None:
    """Keep the programs that standard input describes (JSON: name, command, directory, environment, port)."""
    keeper = Supervisor(Places.at(folder))
    try:
        described = TypeAdapter(list[Described]).validate_python(_json(sys.stdin.read()))
    except ValidationError as refused:
        raise Problem(f"The programs on standard input are not as described: {refused}") from None
    for program in described:
        declared = Program(f"{prefix}{program.name}", program.command, program.directory, program.environment)
        keeper.apply(declared, wait=False)
    for program in described:
        name = f"{prefix}{program.name}"
        keeper.wait_running(name)
        if program.port is not None and not answers(program.port, PATIENCE):
            raise Problem(f"{name} does not open port {program.port}.\n{keeper.log_end(name)}")
        typer.echo(f"{name} runs" + (f" on port {program.port}" if program.port else ""))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Problem(f"Standard input is not JSON: {error}.") from None


@app.command("ngrok")
def ngrok_command(
    agent: Annotated[str, typer.Option(help="The ngrok agent: a name on PATH, or a path.")] = "ngrok",
    then: Annotated[str, typer.Option(help="An endpoint (JSON) that needs the first one's random URL.")] = "",
    life: Life = 1,
    folder: Folder = DEFAULT,
) -> None:
    """Keep the ngrok agent running with the configuration on standard input, and print its public URLs (JSON).

    The authtoken comes from the environment variable NGROK_AUTHTOKEN and is never typed.
    """
    authtoken = os.environ.pop("NGROK_AUTHTOKEN", "")  # what is started from here on does not inherit it
    if not authtoken:
        raise Problem(f"NGROK_AUTHTOKEN is empty. `pulumi up` sets it from {PROJECT}:ngrokAuthtoken.")
    definition = _json(then) if then else None
    places = Places.at(folder)
    if not Supervisor(places).alive():
        # the agent comes first: what a session that is refused would leave of others has not been made yet
        _begin(places, life)
    urls = ngrok.start(places, sys.stdin.read(), authtoken=authtoken, agent=agent, then=definition)
    typer.echo(json.dumps(urls))


@app.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Programs to stop and forget.")],
    down_if_last: Annotated[
        bool, typer.Option("--down-if-last", help="Take the whole sandbox down when no other program is kept.")
    ] = False,
    folder: Folder = DEFAULT,
) -> None:
    """Stop programs and forget them."""
    places = Places.at(folder)
    keeper = Supervisor(places)
    for name in names:
        keeper.remove(name)
        shutil.rmtree(places.run(name), ignore_errors=True)
    if down_if_last and not keeper.declared():
        keeper.down()


@app.command("certificate")
def certificate_command(folder: Folder = DEFAULT) -> None:
    """Make the local tunnel's certificate, unless there is one that lasts."""
    places = Places.at(folder)
    made = certificate.ensure(places)
    typer.echo(f"{places.certificate}: {'made' if made else 'kept'}")


@app.command("align-ports")
def align_ports(path: Annotated[Path, typer.Argument(help="The bench's folder.")]) -> None:
    """Set a bench's socketio_port to 9000, if it is another."""
    found = bench.read(path)
    if found.socketio_port == SOCKETIO_PORT:
        typer.echo(f"{found.common_config}: socketio_port is {found.socketio_port}")
        return
    bench.align(found)
    typer.echo(
        f"{found.common_config}: socketio_port set to {SOCKETIO_PORT}; restart the bench to have it listen there"
    )
