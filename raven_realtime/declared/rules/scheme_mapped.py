"""Behind TLS, Frappe is told https: for polls and for WebSockets, which Traefik announces as wss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from raven_realtime.declared.journey import Journey, Way, follow, frappes, said_at
from raven_realtime.declared.remedies import origin_of
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt011_guest_for_http_origin import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Look at the scheme that arrives of pages that are shown over https."""
    for way in frappes(world):
        if not way.ends_at_realtime:
            continue
        if way.scheme == "https":
            yield from _judge(way)
        elif way.perhaps_fronted:
            yield from _perhaps_behind_tls(way)


def _perhaps_behind_tls(way: Way) -> Iterator[Finding]:
    """Judge an nginx that has no name and no TLS as if TLS ended before it, which it probably does."""
    passed = _announced(way, "https")
    if said := _fault(passed):
        where = said_at(passed, "proxy_set_header")
        yield ENTRY.found(
            f"{way.shown}: where TLS ends before nginx, {said}",
            where,
            origin_of(passed),
            stack="nginx",
            level=Level.WARNING,
        )


def _judge(way: Way) -> Iterator[Finding]:
    """Polls come first in every browser; clients that begin with a WebSocket are few, so that theirs is a note."""
    for journey, level, who in (
        (way.poll, Level.WARNING, "a poll"),
        (way.websocket, Level.NOTE, "a WebSocket"),
        (_announced(way, "wss"), Level.NOTE, "what is announced as wss"),
    ):
        if said := _fault(journey):
            where = said_at(journey, "proxy_set_header")
            stack = journey.last.node.proxy.kind
            text = f"{way.shown}: TLS ends before {_title(journey)}, and of {who} {said}"
            # an image's nginx that is not given, but known by its tag, is known roughly
            given = Level.NOTE if journey.last.node.modelled else level
            yield ENTRY.found(text, where, origin_of(journey), stack=stack, level=given, host=way.host)
            return


def _announced(way: Way, proto: str) -> Journey:
    """Ask the last proxy as one in front of it would that calls a WebSocket's scheme so, as Traefik does."""
    last = way.websocket.last if way.scheme == "https" else way.poll.last
    kept = tuple(
        (name, value) for name, value in last.request.headers if name.lower() not in {"x-forwarded-proto", "origin"}
    )
    if last.node is way.node and not way.fronted and way.scheme == "https":
        return way.websocket
    request = replace(last.request, headers=(*kept, ("X-Forwarded-Proto", proto)))
    return follow(way.world, last.node, request)


def _title(journey: Journey) -> str:
    return "the proxy" if journey.last.node.proxy.kind == "nginx" else journey.last.node.title


def _fault(journey: Journey) -> str:
    origin, told = journey.header("origin"), journey.header("x-forwarded-proto")
    if journey.arrived is None:
        return ""
    if origin and not origin.startswith("https://"):
        return f"Origin becomes {origin.partition('://')[0]}://…"
    if told in {"http", "ws"} and not (origin or "").startswith("https://"):
        return f"X-Forwarded-Proto becomes {told}"
    return ""


RULE = Rule("scheme-mapped", "behind TLS, https and wss both become https", ENTRY, judge)
