"""Traefik's own routers: which one gets /socket.io/ of this host, and what stands behind it."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

from raven_realtime.findings import Finding, explain
from raven_realtime.live.checks import handshake
from raven_realtime.live.inside import NO_ROUTER, NO_SERVER, Inside, look
from raven_realtime.live.result import Check, Outcome, Result
from raven_realtime.live.target import SOCKET_PATH, Place, Target
from raven_realtime.machine import CannotLook
from raven_realtime.proxies.traefik.api import read_api
from raven_realtime.proxies.traefik.decide import Decision, route
from raven_realtime.proxies.traefik.decide import Outcome as Routed
from raven_realtime.proxies.traefik.request import Request
from raven_realtime.proxies.traefik.table import Router, Table

CHECK = Check(
    name="routers",
    title="Traefik's routers",
    proves="By Traefik's own API one router gets the handshake of this host, and its servers answer with an open "
    "packet, asked from here.",
    rank=210,
    through=("edge",),
)
LOST = (*NO_ROUTER, *NO_SERVER)
"""What shows outside when another router has the handshake: that depends on what is behind it."""
SECONDS = 3.0
MOST_SERVERS = 10
"""How many servers of a service are asked."""


async def check(target: Target, inside: Inside) -> Result:
    """Read Traefik's API and decide who gets the handshake."""
    return await look(CHECK.name, lambda: _judge(target, inside))


def _judge(target: Target, inside: Inside) -> Result:
    if not inside.traefik_api:
        raise CannotLook("Traefik's API is not named: give --traefik-api URL")
    table = table_of(inside)
    decisions = _decisions(table, target)
    if not decisions:
        raise CannotLook("Traefik's API lists no entrypoint")
    name, decision = decisions[0]
    if decision.outcome is Routed.TIE:
        said = f"on {name} {decision.why}"
        return Result.of(CHECK.name, said, explain("RT101").found(said, stack="traefik", causes=LOST), stack="traefik")
    if decision.router is None:
        said = f"no router of Traefik gets {SOCKET_PATH} of {target.host}: {decision.why}"
        nobody = explain("RT001").found(said, stack="traefik", causes=("RT001",))
        return Result.of(CHECK.name, said, nobody, stack="traefik")
    winner = decision.router
    said = f"on {name} {winner.name} gets {SOCKET_PATH} of {target.host}"
    servers = _servers(table, winner)
    unreached = [url for url in servers if not _socketio(url, target, inside)]
    found: list[Finding] = []
    if unreached and len(unreached) == len(servers):
        better = [loser.router for loser in decision.losers if loser.matches]
        right = next(
            (one for one in better if any(_socketio(url, target, inside) for url in _servers(table, one))), None
        )
        if right is not None:
            evidence = f"{said} ({winner.priority_reason}), and not {right.name}, behind which Socket.IO answers"
            found.append(explain("RT005").found(evidence, stack="traefik", causes=LOST))
    answering = len(servers) - len(unreached)
    return Result.of(
        CHECK.name,
        f"{said}; {answering} of {len(servers)} servers behind it answer from here",
        *found,
        router=winner.name,
        stack="traefik",
    )


def table_of(inside: Inside) -> Table:
    """Return what Traefik's API says.

    Raises:
        CannotLook: SSH does not lead to it.
        Problem: it does not answer as Traefik's API does.
    """
    parts = urlsplit(inside.traefik_api)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with inside.machine.reach(parts.hostname or "127.0.0.1", port) as (host, number):
        auth = (parts.username or "", parts.password or "") if parts.username else None
        return read_api(f"{parts.scheme}://{host}:{number}{parts.path}", auth=auth, timeout=SECONDS)


def _decisions(table: Table, target: Target) -> list[tuple[str, Decision]]:
    """Decide on every entrypoint, those first that route the request at all."""
    tls = target.scheme == "https"
    query = f"{SOCKET_PATH}?EIO=4&transport=polling"
    asked = [
        (name, route(table, Request(target.host, query, tls=tls), name))
        for name, entrypoint in table.entrypoints.items()
        if not entrypoint.address.endswith("/udp")
    ]
    at_port = [(name, one) for name, one in asked if table.entrypoints[name].address.endswith(f":{target.port}")]
    order = {Routed.TIE: 0, Routed.ROUTED: 0, Routed.REJECTED: 1, Routed.NOT_FOUND: 2}
    return sorted(at_port or asked, key=lambda pair: order[pair[1].outcome])


def _servers(table: Table, router: Router) -> list[str]:
    """Return the servers that a router leads to, through weighted services and their like."""
    pending, seen, urls = [router.service], set[str](), list[str]()
    while pending and len(urls) < MOST_SERVERS:
        name = pending.pop()
        if name in seen or (service := table.services.get(name)) is None:
            continue
        seen.add(name)
        pending += service.members
        urls += [server.url for server in service.servers if server.url]
    return urls[:MOST_SERVERS]


def _socketio(url: str, target: Target, inside: Inside) -> bool:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return False
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with inside.machine.reach(parts.hostname, port) as (host, number):
        asked = Target(parts.scheme, target.host, number, resolve=_numeric(host), insecure=True, timeout=SECONDS)
        return asyncio.run(handshake.check(asked, Place.ORIGIN)).outcome is not Outcome.FAIL


def _numeric(host: str) -> str:
    try:
        return str(socket.getaddrinfo(host, None)[0][4][0])
    except OSError:
        return host
