"""Who gets which path of a host, at every entrypoint where the host is served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from raven_realtime.proxies.traefik.claims import Claim, claimants
from raven_realtime.proxies.traefik.decide import Decision, route
from raven_realtime.proxies.traefik.request import Request
from raven_realtime.proxies.traefik.table import Dropped, Router, Table

SOCKET_PATH = "/socket.io/"
PATHS = (SOCKET_PATH, "/")
"""What is asked about unless the user says otherwise: realtime, and the site itself."""
HANDSHAKE = "?EIO=4&transport=polling"


@dataclass(frozen=True)
class Answer:
    """Who gets one path."""

    path: str
    decision: Decision


@dataclass(frozen=True)
class Door:
    """One entrypoint of Traefik, encrypted or plain, as far as it serves the host."""

    entrypoint: str
    """Empty where the routers name none and Traefik's static configuration is not known."""
    tls: bool
    answers: tuple[Answer, ...]
    routers: tuple[Router, ...]
    """Those that can get a request for the host here, the highest priority first."""
    claims: tuple[Claim, ...]
    """What each can get of `/socket.io`; a router that is not listed gets nothing of it."""

    @property
    def name(self) -> str:
        """The entrypoint for people: ``websecure (TLS)``."""
        return f"{self.entrypoint or 'the default entrypoint'} ({'TLS' if self.tls else 'plain HTTP'})"


@dataclass(frozen=True)
class Owners:
    """Everything that Traefik has for a host."""

    host: str
    doors: tuple[Door, ...]
    disabled: tuple[tuple[Router, str], ...]
    """Routers of any host that Traefik lists and does not use, and why."""
    dropped: tuple[Dropped, ...]


def owners(table: Table, host: str, paths: Sequence[str] = PATHS) -> Owners:
    """Tell who owns what of a host.

    Args:
        table: All that Traefik knows.
        host: As a browser names it.
        paths: What to ask about; a path below `/socket.io/` without a query is asked as a handshake.
    """
    return Owners(
        host,
        tuple(_doors(table, host, paths)),
        tuple((table.routers[name], why) for name, why in sorted(table.disabled.items())),
        table.dropped,
    )


def servers(table: Table, name: str, _above: tuple[str, ...] = ()) -> list[str]:
    """List where a service leads: URLs, or ports where an address is not known; through services of services too."""
    service = table.services.get(name)
    if service is None or name in _above:
        return []
    own = [server.url or (f"port {server.port}" if server.port else "its container") for server in service.servers]
    return own + [url for member in service.members for url in servers(table, member, (*_above, name))]


def _doors(table: Table, host: str, paths: Sequence[str]) -> Iterator[Door]:
    bare = host.lower().removesuffix(".")
    named = {name for router in table.routers.values() for name in table.entrypoints_of(router)}
    for entrypoint in sorted(named | set(table.entrypoints)) or [""]:
        for tls in (True, False):
            listening = table.listening(entrypoint, tls=tls, host=bare)
            # a path that no rule spells out could still be somebody's: the root and everything below it
            able = {claim.router.name for claim in claimants(table, host, "", entrypoint=entrypoint, tls=tls)}
            routers = [router for router in listening if router.name in able]
            if routers:
                yield Door(
                    entrypoint,
                    tls,
                    tuple(Answer(path, _ask(table, host, path, entrypoint, tls=tls)) for path in paths),
                    tuple(sorted(routers, key=lambda router: (-router.effective_priority, router.name))),
                    tuple(claimants(table, host, entrypoint=entrypoint, tls=tls)),
                )


def _ask(table: Table, host: str, path: str, entrypoint: str, *, tls: bool) -> Decision:
    target = f"{path}{HANDSHAKE}" if path.startswith(SOCKET_PATH) and "?" not in path else path
    return route(table, Request(host, target, tls=tls), entrypoint)
