"""The names that Apache answers for: those of its virtual hosts."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.proxies.apache.servers import Server
from raven_realtime.proxies.interface import Entrance, Listener


def entrances(servers: tuple[Server, ...], listeners: tuple[Listener, ...]) -> Iterator[Entrance]:
    """Give the names of each virtual host, for each listener where it answers; the main server's where none does."""
    main, *hosts = servers
    taken: set[int] = set()
    for host in hosts:
        for listener in listeners:
            if any(address.port in (listener.port, None) for address in host.addresses):
                taken.add(listener.port)
                for name, location in host.names or (("", host.location),):
                    yield Entrance(name, listener, location, _paths(host))
    for listener in listeners:
        if listener.port not in taken:
            yield Entrance("", listener, main.location, _paths(main))


def _paths(server: Server) -> tuple[str, ...]:
    """Return the path prefixes that are passed on; none if one is the root, or patterns decide."""
    found: list[str] = []
    for line in server.all("proxypass", "proxypassmatch", "rewriterule", "location", "locationmatch"):
        if (line.name == "location" and any(each.name == "proxypass" for each in line.inside)) or (
            line.name == "proxypass" and line.argument(1) != "!"
        ):
            found.append(line.argument(0))
        elif line.name in ("proxypassmatch", "rewriterule"):
            return ()
    return () if "/" in found else tuple(dict.fromkeys(found))
