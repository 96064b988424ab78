"""``python -m demo``: lay out a demo bench, say how its programs are run, or run them."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from demo import node_packages
from demo.bench_folder import DEFAULT_SITE, PASSWORD, REDIS_PORT, Ports, create_bench
from demo.generations import DEFAULT, NAMES
from demo.processes import LOOPBACK, programs
from demo.running import running_bench
from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable

app = typer.Typer(help="The demo bench: a stand-in for Frappe and Raven.", add_completion=False, no_args_is_help=True)

BenchPath = Annotated[Path, typer.Argument(help="The bench folder.")]
Sites = Annotated[list[str], typer.Option("--site", help="A site; the first is the default site. May be repeated.")]
WebPort = Annotated[int, typer.Option(help="Where the web application listens.")]
SocketioPort = Annotated[int, typer.Option(help="Where Socket.IO listens.")]
RedisPort = Annotated[int, typer.Option(help="Where redis listens.")]
SocketioHost = Annotated[str, typer.Option(help="The address Socket.IO listens on.")]
Ca = Annotated[Path | None, typer.Option(help="A CA certificate that Socket.IO trusts for its callback over https.")]
Generation = Annotated[str, typer.Option(help=f"Frappe's realtime server: {', '.join(NAMES)}.")]


@app.command()
def install() -> None:
    """Install the Node packages of the Socket.IO process from their lock."""
    node_packages.install()


@app.command()
def create(  # noqa: PLR0917 (typer calls it by name)
    path: BenchPath,
    site: Sites = [DEFAULT_SITE],  # noqa: B006 (typer copies it)
    web_port: WebPort = WEB_PORT,
    socketio_port: SocketioPort = SOCKETIO_PORT,
    redis_port: RedisPort = REDIS_PORT,
    generation: Generation = DEFAULT,
    own_password: Annotated[
        bool, typer.Option("--own-password", help="Make a password for this bench: others can reach it.")
    ] = False,
    with_packages: Annotated[bool, typer.Option("--install", help="Install the Node packages first.")] = False,
) -> None:
    """Lay out a bench, or bring an existing demo bench up to date."""
    if with_packages:
        node_packages.install()
    ports = Ports(web_port, socketio_port, redis_port)
    create_bench(path, sites=site, ports=ports, generation=generation, own_password=own_password)


@app.command("programs")
def list_programs(path: BenchPath, socketio_host: SocketioHost = LOOPBACK, ca: Ca = None) -> None:
    """Print as JSON how redis, the web application and Socket.IO are started."""
    each = programs(path.absolute(), socketio_host=socketio_host, ca=ca.absolute() if ca else None)
    print(
        json.dumps(
            [vars(program) | {"environment": dict(program.environment)} for program in each], default=str, indent=1
        )
    )


@app.command()
def run(  # noqa: PLR0917 (typer calls it by name)
    path: BenchPath,
    site: Sites = [DEFAULT_SITE],  # noqa: B006 (typer copies it)
    web_port: WebPort = WEB_PORT,
    socketio_port: SocketioPort = SOCKETIO_PORT,
    redis_port: RedisPort = REDIS_PORT,
    socketio_host: SocketioHost = LOOPBACK,
    ca: Ca = None,
    generation: Generation = DEFAULT,
) -> None:
    """Lay out a bench and run it until Ctrl-C."""
    ports = Ports(web_port, socketio_port, redis_port)
    with running_bench(
        path, ports=ports, sites=site, socketio_host=socketio_host, ca=ca, generation=generation
    ) as running:
        print(f"web {running.web_url}, Socket.IO {running.socketio_url}, redis {running.bench.redis_url}")
        print(f"Sign in as demo@example.com with the password {PASSWORD}. Ctrl-C ends it.", flush=True)
        ending = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, ending)
        signal.sigwait(ending)


def main() -> None:
    """Run a command; a user's mistake is a message and exit code 2."""
    try:
        app()
    except (Problem, Unreadable) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
