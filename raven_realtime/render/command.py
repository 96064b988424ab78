# ruff: noqa: PLR0917 (a typer command takes its options as arguments)
"""``raven-realtime render FOR``: complete configurations for those who install them by hand."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from raven_realtime.problem import Problem
from raven_realtime.render.targets import named, overview, targets
from raven_realtime.render.wanted import option, wanted


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("render")(render_command)


def _starting(incomplete: str) -> list[str]:
    return [name for name in targets() if name.startswith(incomplete)]


def render_command(
    what: Annotated[
        str, typer.Argument(metavar="[FOR]", help="What it is for; left out: a list.", autocompletion=_starting)
    ] = "",
    hosts: Annotated[
        list[str] | None, typer.Option("--host", help="A public hostname, as `host` or `host=site`; repeatable.")
    ] = None,
    upstream: Annotated[str | None, typer.Option(help="Where Socket.IO is, as `address:port`.")] = None,
    web: Annotated[
        str | None,
        typer.Option(help="Where Frappe's web is, as `address:port`; for a tunnel or Kubernetes, what serves both."),
    ] = None,
    networks: Annotated[
        list[str] | None, typer.Option("--network", help="Docker networks of the sidecar; the first is Traefik's.")
    ] = None,
    entrypoint: Annotated[str | None, typer.Option(help="Traefik's TLS entrypoint; websecure if left out.")] = None,
    cert_resolver: Annotated[
        str | None,
        typer.Option(help="Traefik's certificate resolver, or an Ingress' cluster issuer; myresolver if left out."),
    ] = None,
    router: Annotated[
        str | None, typer.Option(help="Name of Traefik's router and its service; frappe-socketio if left out.")
    ] = None,
    traefik_version: Annotated[
        str | None, typer.Option(help="Traefik's version: the router gets no retry for 3.7.6 and 3.7.7.")
    ] = None,
    image: Annotated[str | None, typer.Option(help="The sidecar's nginx image, pinned by digest.")] = None,
    capacity: Annotated[int | None, typer.Option(help="Sockets to hold at once; 10000 if left out.")] = None,
    folder: Annotated[
        str | None, typer.Option(help="Where the multiplexer's nginx writes its files; /tmp if left out.")
    ] = None,
    bench: Annotated[
        str | None, typer.Option(help="The bench's folder; /home/frappe/frappe-bench if left out.")
    ] = None,
    certificate: Annotated[
        str | None, typer.Option(help="The certificate with its chain; where certbot keeps it if left out.")
    ] = None,
    certificate_key: Annotated[
        str | None, typer.Option(help="The certificate's key; where certbot keeps it if left out.")
    ] = None,
    ingress_class: Annotated[str | None, typer.Option(help="The Ingress' class; nginx if left out.")] = None,
    gateway: Annotated[str | None, typer.Option(help="The HTTPRoute's Gateway; gateway if left out.")] = None,
) -> None:
    """Print a complete configuration for the proxy that you have: the same each time, so that it can be kept.

    Without `FOR`, a list of what there is. docs/render.md says where each goes, and what it was tried on.
    """
    given: dict[str, Any] = {
        "hosts": hosts,
        "upstream": upstream,
        "web": web,
        "networks": networks,
        "entrypoint": entrypoint,
        "cert_resolver": cert_resolver,
        "router": router,
        "traefik_version": traefik_version,
        "image": image,
        "capacity": capacity,
        "folder": folder,
        "bench": bench,
        "certificate": certificate,
        "certificate_key": certificate_key,
        "ingress_class": ingress_class,
        "gateway": gateway,
    }
    given = {name: value for name, value in given.items() if value not in (None, [])}
    if not what:
        typer.echo(f"raven-realtime render FOR --host chat.example.com\n\n{overview()}", nl=False)
        return
    typer.echo(rendered(what, given), nl=False)


def rendered(what: str, given: dict[str, Any]) -> str:
    """Return a target's text for the options that were given.

    Raises:
        Problem: there is no such target, it does not use an option, or a value is not accepted.
    """
    target = named(what)
    for name in given:
        if name != "hosts" and name not in target.takes:
            takers = [each for each, other in targets().items() if name in other.takes]
            raise Problem(f"{option(name)}: {what} does not use it. Used by: {', '.join(takers)}. Leave it out.")
    if not given.get("hosts"):
        raise Problem(
            f"--host is missing: the public hostname, as `host` or `host=site`. "
            f"Example: raven-realtime render {what} --host chat.example.com"
        )
    pair = {"certificate", "certificate_key"}
    if pair <= set(target.takes) and len(pair & given.keys()) == 1:
        raise Problem("--certificate and --certificate-key belong together: one is given. Give both, or none.")
    return target.render(wanted(given, target.defaults))
