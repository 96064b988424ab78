# ruff: noqa: PLR0917 (a typer command takes its options as arguments)
"""``raven-realtime render PART``: what the stacks would install, for those who install it by hand."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.sandbox import multiplexer
from raven_realtime.settings import Prod, ServedHost, load_prod
from raven_realtime.sidecar import configuration, labels
from raven_realtime.sidecar.pieces import Capacity


class Part(StrEnum):
    """What can be rendered."""

    SIDECAR = "sidecar"
    LABELS = "labels"
    MULTIPLEXER = "multiplexer"


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("render")(render_command)


def render_command(
    part: Annotated[
        Part,
        typer.Argument(help="nginx.conf of production's sidecar, Traefik's labels for it, or nginx.conf for a bench."),
    ],
    hosts: Annotated[
        list[str], typer.Option("--host", help="A public hostname, as `host` or `host=site`; repeatable.")
    ],
    upstream: Annotated[str, typer.Option(help="Where the sidecar finds Socket.IO.")] = f"172.17.0.1:{SOCKETIO_PORT}",
    networks: Annotated[
        list[str] | None, typer.Option("--network", help="Docker networks of the sidecar; the first is Traefik's.")
    ] = None,
    entrypoint: Annotated[str, typer.Option(help="Traefik's TLS entrypoint.")] = "websecure",
    cert_resolver: Annotated[str, typer.Option(help="Traefik's certificate resolver.")] = "myresolver",
    router: Annotated[str, typer.Option(help="Name of the router and its service.")] = "frappe-socketio",
    traefik_version: Annotated[
        str, typer.Option(help="Traefik's version: the router gets no retry for 3.7.6 and 3.7.7.")
    ] = "",
    capacity: Annotated[int, typer.Option(help="Sockets to hold at once.")] = 10_000,
    folder: Annotated[Path, typer.Option(help="Where the multiplexer's nginx writes its files.")] = Path("/tmp"),  # noqa: S108
) -> None:
    """Print the configuration that the stacks install: deterministic, so that it can be kept and compared.

    `multiplexer` is one nginx on 127.0.0.1:8005 before Frappe's web process and Socket.IO; the first host's site is
    the default.
    """
    settings = load_prod(
        {
            "hosts": hosts,
            "upstream": upstream,
            "networks": networks or [],
            "entrypoint": entrypoint,
            "cert_resolver": cert_resolver,
            "router": router,
            "traefik_version": traefik_version or None,
            "capacity": capacity,
        },
        where="the options",
    )
    typer.echo(_rendered(part, settings, folder.absolute()), nl=False)


def _rendered(part: Part, settings: Prod, folder: Path) -> str:
    if part is Part.SIDECAR:
        return configuration.render(settings)
    if part is Part.LABELS:
        return "".join(f'- "{label}={value}"\n' for label, value in sorted(labels.routing(settings).items()))
    served: tuple[ServedHost, ...] = settings.served
    wanted = multiplexer.Multiplexer(folder, served[0].site, served, capacity=Capacity(settings.capacity))
    return multiplexer.render(wanted)
