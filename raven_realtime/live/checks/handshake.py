"""The Engine.IO handshake at one place of the path: the same question as the seed's curl, and the same judgement."""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import urlsplit

from raven_realtime.findings import Finding, explain
from raven_realtime.live.answer import Answer
from raven_realtime.live.engineio import Closed, Refused, Session, Unanswered
from raven_realtime.live.refusals import finding, refused, stack
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import SOCKET_PATH, Place, Target

CHECK = Check(
    name="handshake",
    title="Engine.IO handshake",
    proves="A polling request for /socket.io/ reaches a Socket.IO server from here, and its open packet comes back. "
    "It does not prove that a browser is accepted: Frappe checks namespace, origin and cookie later, at CONNECT.",
    rank=50,
    through=(
        "edge",
        "proxy",
        "realtime",
    ),
)


def judge(answer: Answer | None, place: Place, target: Target | None = None) -> Result:
    """Judge what a handshake brought back; the same for a live answer and for what curl printed.

    Args:
        answer: what came; None when nothing did.
        place: where on the path it was asked.
        target: what was asked, where that is known: judges port and cross-origin use too.
    """
    hop = f"{CHECK.name} ({place})"
    if answer is None:
        code = "RT002" if place is Place.ORIGIN else "RT035"
        return Result.of(hop, "nothing answered", explain(code).found("curl printed no HTTP answer"))
    packet = answer.open_packet
    if answer.status != 200 or packet is None:
        found = refused(CHECK.name, answer)
        if target is not None and not found.remedy and (remedy := _mistaken(answer, target)):
            found = replace(found, remedy=remedy)
        return Result.of(hop, answer.telling, found, status=answer.status, stack=stack(answer))
    return Result.of(
        hop,
        f"{answer.status}, open packet, sid {packet.sid[:4]}…, pingInterval {packet.ping_interval}",
        *(_browser(answer, target) if target is not None and place is Place.PUBLIC else ()),
        status=answer.status,
        stack=stack(answer),
        **packet.parameters,
    )


def _mistaken(answer: Answer, target: Target) -> str:
    """Return what to ask instead, where it is the URL that was asked that is wrong; empty where it may be right."""
    secure = replace(target, scheme="https", port=443)
    place = urlsplit(answer.headers.get("location", ""))
    if target.scheme == "http" and place.scheme == "https" and place.hostname == target.host:
        there = replace(secure, port=place.port or 443).origin
        return (
            f"Plain HTTP is sent on to HTTPS, as it should be. Ask where browsers go: `raven-realtime doctor {there}`."
        )
    if (target.scheme, target.port) in {("http", 443), ("https", 80)}:
        right = secure if target.port == 443 else replace(target, scheme="http")
        return (
            f"The URL asks {target.scheme} on the port of {right.scheme}: ask `raven-realtime doctor {right.origin}`."
        )
    if target.addressed and (answer.status == 421 or (answer.status == 404 and stack(answer) == "traefik")):
        return (
            f"The proxy serves by name, and {target.host} is no name. Ask by the public one, at this address: "
            f"`raven-realtime doctor https://NAME --resolve {target.host}`."
        )
    return ""


def _browser(answer: Answer, target: Target) -> list[Finding]:
    """Return what a browser would still stumble over although the answer is right."""
    found = []
    if target.own_port:
        found.append(explain("RT017").found(f"{target.origin} has a port of its own, {target.port}"))
    if target.page:
        allowed = answer.headers.get("access-control-allow-origin", "")
        lenient = answer.headers.get("access-control-allow-credentials", "") == "true"
        if allowed != target.page or not lenient:
            named = f"{allowed!r}" if allowed else "no origin"
            with_cookies = "" if lenient else ", and no credentials"
            found.append(
                explain("RT019").found(f"a page on {target.page} asks; the answer allows {named}{with_cookies}")
            )
    return found


PATH_LOST = frozenset({"RT001", "RT037", "RT038"})
"""What shows where Socket.IO's path does not arrive at it: Node is silent, Python says 404."""
TWICE = f"{SOCKET_PATH}{SOCKET_PATH.removeprefix('/')}"
STRIPPED_SECONDS = 1.5


async def _stripped(target: Target) -> bool:
    """Whether Socket.IO answers at its path behind its path: then a proxy takes the first one away."""
    try:
        async with Session(replace(target, timeout=min(target.timeout, STRIPPED_SECONDS))) as session:
            answer = await session.ask("GET", f"{target.origin}{TWICE}?EIO=4&transport=polling")
    except Unanswered:
        return False
    return answer.status == 200 and answer.open_packet is not None


async def check(target: Target, place: Place = Place.PUBLIC) -> Result:
    """Take a handshake and judge it."""
    started = time.monotonic()
    hop = f"{CHECK.name} ({place})"
    try:
        async with Session(target, origin=bool(target.page)) as session:
            answer, _ = await session.open()
        result = judge(answer, place, target)
    except Refused as error:
        result = judge(error.answer, place, target)
    except (Unanswered, Closed) as error:
        result = Result.of(hop, str(error), finding(error, place))
    if place is not Place.ORIGIN and {found.code for found in result.findings} & PATH_LOST and await _stripped(target):
        said = f"{result.summary}; {TWICE} → open packet: the proxy takes {SOCKET_PATH} off the path"
        result = Result.of(hop, said, explain("RT007").found(said, stack=str(result.facts.get("stack", ""))))
    return result.taking(time.monotonic() - started)
