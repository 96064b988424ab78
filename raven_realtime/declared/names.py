"""Whether a name means the same to everybody: the written rule of what is public."""

from __future__ import annotations

import ipaddress

LOOPBACK = frozenset({"localhost", "ip6-localhost"})
PRIVATE_ENDINGS = (".local", ".localhost", ".lan", ".internal", ".home.arpa", ".test", ".invalid", ".localdomain")
"""Endings that no public server answers for (RFC 6761, RFC 6762, RFC 8375; `.lan` is what home routers give)."""
MACHINE = frozenset({"host.docker.internal", "gateway.docker.internal", "host.containers.internal", "172.17.0.1"})
"""Names, from inside a container, of the machine that it runs on."""


def split(address: str) -> tuple[str, int | None]:
    """Split ``host:port`` into host (lower case, without brackets) and port; None where it has none."""
    head, colon, tail = address.strip().rpartition(":")
    if colon and tail.isdigit() and len(tail) < 6 and (not head.startswith("[") or head.endswith("]")):
        return head.strip("[]").lower(), int(tail)
    return address.strip().strip("[]").lower(), None


def is_loopback(host: str) -> bool:
    """Tell whether a host is the one that asks."""
    if host in LOOPBACK or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def is_address(host: str) -> bool:
    """Tell whether a host is an address, not a name."""
    return _address(host) is not None


def is_public(host: str) -> bool:
    """Tell whether a name may be known to everybody: not one label, not a private ending.

    An address is its own name: whoever can reach it needs nobody to resolve it.
    """
    if _address(host) is not None:
        return not is_loopback(host)
    return "." in host.strip(".") and not host.rstrip(".").endswith(PRIVATE_ENDINGS)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
