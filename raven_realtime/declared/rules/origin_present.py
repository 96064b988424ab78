"""Frappe gets an Origin that agrees with Host, also where the browser left it out."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from raven_realtime.declared import names
from raven_realtime.declared.journey import ANY_HOST, TUNNELS, Journey, Way, frappes, judged, said_at
from raven_realtime.declared.remedies import origin_of
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt008_origin_refused import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Ask as a browser does (polling without Origin, then a WebSocket with one) and compare what arrives."""
    for way in frappes(world):
        if not way.ends_at_realtime:
            continue
        for journey, asked in ((way.poll, "a poll without Origin"), (way.websocket, "a WebSocket")):
            if said := refusal(way, journey):
                where = said_at(journey, "proxy_set_header") if journey.header("origin") else said_at(journey)
                stack = journey.last.node.proxy.kind
                remedy = origin_of(journey)
                yield ENTRY.found(f"{way.shown}: {asked} {said}", where, remedy, stack=stack, host=way.host)
                break
    yield from _rewritten_by_tunnels(world)


def refusal(way: Way, journey: Journey) -> str:
    """Tell what Frappe's comparison of the two hosts refuses; empty where it accepts, or nobody can tell."""
    origin, host = journey.header("origin"), journey.header("host")
    if journey.arrived is None or origin is None or host is None:
        return ""
    if not origin:
        return "arrives without Origin"
    if host_of(origin) != names.split(host)[0]:
        if ANY_HOST in {host_of(origin), names.split(host)[0]}:
            host, origin = host.replace(ANY_HOST, "what the browser asked"), origin.replace(ANY_HOST, "…")
        return f"arrives with Origin {origin} and Host {host}"
    if urlsplit(origin).path not in {"", "/"}:
        return f"arrives with Origin {origin}, which has a path"
    if way.host not in {ANY_HOST, host_of(origin)} and _keeps_pages_host(way):
        return f"of {way.host} arrives with Origin {origin}"
    return ""


def _keeps_pages_host(way: Way) -> bool:
    """Tell whether the page itself is asked for under the browser's host: then its site is another one."""
    host = way.page.header("host")
    return host is not None and way.page.arrived is not None and names.split(host)[0] == way.host


def _rewritten_by_tunnels(world: World) -> Iterator[Finding]:
    """Report tunnels that put another Host in the place of the browser's, where it is not known what is behind them."""
    for way in judged(world):
        host, origin = way.websocket.header("host"), way.websocket.header("origin")
        if way.is_frappe or way.node.proxy.kind not in TUNNELS or host is None or way.websocket.arrived is None:
            continue
        if names.split(host)[0] != way.host and origin == way.origin:
            yield ENTRY.found(
                f"{way.shown}: Host becomes {host}, and Origin stays {origin.replace(ANY_HOST, '…')}: "
                "Frappe, and whoever else compares the two, refuses that",
                said_at(way.websocket),
                stack=way.node.proxy.kind,
                level=Level.WARNING,
                host=way.host,
            )


def host_of(url: str) -> str:
    """Return the host of a URL, in lower case; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


RULE = Rule("origin-present", "Frappe gets an Origin that agrees with Host", ENTRY, judge, alone=True)
