"""Where HAProxy listens: ``bind`` lines, with several addresses, ranges of ports, and encryption."""

from __future__ import annotations

import re

from raven_realtime.proxies.haproxy.sections import Section
from raven_realtime.proxies.haproxy.words import ENVIRONMENT, Line
from raven_realtime.proxies.interface import Listener
from raven_realtime.proxies.record import record

_MOST_PORTS = 1_000
"""Of one range; more are not listed one by one."""


@record
class Bound:
    """A listener, and the section that it belongs to."""

    listener: Listener
    section: Section
    proxied: bool
    """Whether the PROXY protocol is expected on it."""


def bound(section: Section) -> tuple[Bound, ...]:
    """Return the listeners of a frontend or listen section, in order.

    Sockets of the file system, QUIC (HTTP/3), and addresses that come from the environment are left out.
    """
    found: list[Bound] = []
    for line in section.lines:
        if line.keyword == "bind" and len(line.words) > 1:
            found += _listeners(line, line.words[1], line.words[2:], section)
    opening = section.opening  # before HAProxy 1.7 the address could follow the name
    if len(opening.words) > 2 and opening.words[2] != "from":
        found += _listeners(opening, opening.words[2], opening.words[3:], section)
    return tuple(found)


def _listeners(line: Line, addresses: str, options: tuple[str, ...], section: Section) -> list[Bound]:
    found: list[Bound] = []
    for address in addresses.split(","):
        if ENVIRONMENT in address or address.startswith(("/", "unix@", "abns@", "fd@", "sockpair@", "quic", "rhttp@")):
            continue
        host, _, ports = re.sub(r"^(?:ipv[46]|tcp[46]?)@", "", address).rpartition(":")
        span = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", ports)
        if span is None:
            continue
        first, last = int(span[1]), int(span[2] or span[1])
        host = host.strip("[]")
        for port in range(first, min(last, first + _MOST_PORTS) + 1):
            listener = Listener(
                port, line.location, tls="ssl" in options, address="" if host in ("*", "0.0.0.0", "::") else host
            )
            found.append(Bound(listener, section, proxied="accept-proxy" in options))
    return found


def choose(listeners: tuple[Bound, ...], port: int | None, *, tls: bool) -> Bound | None:
    """Return the listener that gets a connection.

    Without a port that is the first one that speaks as the client does. Of several on one port, the one for all
    addresses, since it is not told at which the client arrived.
    """
    if port is None:
        fitting = [each for each in listeners if each.listener.tls == tls or each.section.mode == "tcp"]
        return next(iter(fitting or listeners), None)
    there = [each for each in listeners if each.listener.port == port]
    return next((each for each in there if not each.listener.address), next(iter(there), None))
