"""Header lists: what a controller takes away and what it puts in."""

from __future__ import annotations

from collections.abc import Iterable

from raven_realtime.proxies.interface import Headers, Request

HOP_BY_HOP = frozenset({"connection", "upgrade", "keep-alive", "te", "transfer-encoding", "proxy-connection", "expect"})


def replaced(headers: Headers, pairs: Iterable[tuple[str, str]], dropped: Iterable[str] = ()) -> Headers:
    """Set headers: the old ones of these names are gone, in any case; an empty value only takes away."""
    new = list(pairs)
    gone = {name.lower() for name, _ in new} | {name.lower() for name in dropped}
    kept = [(name, value) for name, value in headers if name.lower() not in gone]
    return tuple(kept) + tuple((name, value) for name, value in new if value != "")


def appended(headers: Headers, name: str, value: str) -> Headers:
    """Add to a header's comma-separated list, as load balancers do with X-Forwarded-For."""
    old = ", ".join(given for known, given in headers if known.lower() == name.lower())
    return replaced(headers, [(name, f"{old}, {value}" if old else value)])


def end_to_end(request: Request) -> Headers:
    """Return the headers without those of the connection, but with an upgrade's where the request asks for one."""
    kept = tuple((name, value) for name, value in request.headers if name.lower() not in HOP_BY_HOP)
    if request.upgrades:
        kept += (("Connection", "Upgrade"), ("Upgrade", request.value("Upgrade")))
    return kept
