"""``python -m demo.server``: bring the throw-away production server up, ask how it is, take it down."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from demo.server.layout import DEFAULT_HOSTS, DEFAULT_NAME
from demo.server.server import Server
from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable

app = typer.Typer(help="A throw-away production server to deploy to.", add_completion=False, no_args_is_help=True)

Name = Annotated[str, typer.Option(help="What it is called; several may be up at once.")]
Folder = Annotated[Path | None, typer.Option(help="Where its files go; .state/NAME if left out.")]
Hosts = Annotated[list[str], typer.Option("--host", help="A public name, as HOST or HOST=SITE. May be repeated.")]


@app.command()
def up(name: Name = DEFAULT_NAME, folder: Folder = None, host: Hosts = list(DEFAULT_HOSTS)) -> None:  # noqa: B006
    """Build the server, or bring back what is missing of it."""
    server = Server(name, folder, host)
    print("A throw-away server in network namespaces of its own; this machine's Docker and ports are left alone.")
    began = time.monotonic()
    server.up(lambda line: print(f"{time.monotonic() - began:5.1f} s  {line}", flush=True))
    print(f"{time.monotonic() - began:5.1f} s  up")
    _summary(server)


@app.command()
def down(name: Name = DEFAULT_NAME, folder: Folder = None) -> None:
    """Remove the server: processes, namespaces, mounts, files."""
    Server(name, folder).down(lambda line: print(line, flush=True))
    print(f"{name} is gone")


@app.command()
def status(name: Name = DEFAULT_NAME, folder: Folder = None) -> None:
    """Say how each part of the server is; exit code 1 when one does not run."""
    states = Server(name, folder).states()
    if not states:
        print(f"{name} is not up")
    for part, state in sorted(states.items()):
        print(f"{part:<10} {state}")
    raise typer.Exit(0 if states and set(states.values()) == {"RUNNING"} else 1)


def _summary(server: Server) -> None:
    layout = server.layout
    print(
        f"""
public        {", ".join(f"https://{host}" for host in server.hosts)} → {server.address}, CA {server.ca}
Docker        DOCKER_HOST={server.docker_host}
image         {server.image}
SSH           {server.ssh.docker_host} from outside, key {server.ssh.key}
bench         {layout.bench}
all of this   {layout.description}

It serves Frappe, and nothing at /socket.io yet: the sidecar is what is deployed to it."""
    )


def main() -> None:
    """Run a command; a user's mistake is a message and exit code 2."""
    try:
        app()
    except (Problem, Unreadable) as problem:
        print(f"demo.server: {problem}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
