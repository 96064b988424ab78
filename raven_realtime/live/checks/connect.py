"""CONNECT on the site's namespace, as a browser does it: polling first, no Origin on GET, then the WebSocket.

Without credentials the *missing cookie* error is the pass: Frappe checks the namespace, then the origin, then the
cookie, so that this error proves that the first two are right (frappe realtime/middlewares/authenticate.js).
"""

from __future__ import annotations

import re
import time
from dataclasses import replace

from raven_realtime.findings import Finding, explain
from raven_realtime.live.engineio import Closed, Refused, Session, Unanswered
from raven_realtime.live.packets import CONNECT, CONNECT_ERROR, Packet, read, write
from raven_realtime.live.refusals import finding
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Place, Target
from raven_realtime.shown import shown

CHECK = Check(
    name="connect",
    title="CONNECT on the site's namespace",
    proves="Frappe accepts a browser's connection on the site's namespace: namespace and origin arrive as they must. "
    "Without credentials the last word is the missing cookie; with them the session is accepted too.",
    rank=90,
    through=(
        "proxy",
        "realtime",
    ),
)
COOKIE_MISSING = re.compile(r"cookie|authentication method|authorization header", re.IGNORECASE)
"""Frappe's words for a connection without credentials, of every version (Node: "No cookie transmitted.", "Missing
cookie and authorization header. …", "No authentication method used. …"; the Python server uses the latter two)."""
TWO_HOSTS = """\
The page and Socket.IO are on two hosts, and Frappe accepts a browser only where they are one. Serve both on one: with
ngrok, let one tunnel lead to the nginx multiplexer (`pulumi up --stack sandbox` sets that up); with Traefik, give the
page's own host a router for `/socket.io`. Clients that send an API token and no Origin can stay on two.
"""
AFTERMATH_SECONDS = 0.3
"""How long to listen after a refusal: old Frappe goes on after `Invalid namespace` and accepts a dead one (RT009)."""


async def check(target: Target, place: Place = Place.PUBLIC) -> Result:
    """Connect to the target's namespace; with its credentials if it has any."""
    started = time.monotonic()
    hop = f"{CHECK.name} ({place})"
    with_credentials = target.credentials is not None
    try:
        async with Session(target, credentials=with_credentials, origin=bool(target.page)) as session:
            await session.open()
            await session.upgrade()
            packets = await join(session, target.namespace)
        result = judge(hop, target.namespace, packets, with_credentials=with_credentials)
        if target.page and any(found.code == "RT008" for found in result.findings):
            evidence = f"{result.findings[0].evidence}, asked by a page on {target.page}"
            result = replace(result, findings=(explain("RT008").found(evidence, remedy=TWO_HOSTS),))
    except (Unanswered, Refused, Closed) as error:
        found = finding(error, place)
        result = Result.of(hop, found.evidence, found)
    return result.taking(time.monotonic() - started)


async def join(session: Session, namespace: str) -> list[Packet]:
    """Send CONNECT and return its answer, and after a refusal what still follows."""
    await session.send(write(CONNECT, namespace))
    while True:
        packet = read((await session.frame()).text)
        if packet is not None and packet.kind in {CONNECT, CONNECT_ERROR}:
            break
    packets = [packet]
    if packet.kind == CONNECT_ERROR and "namespace" in packet.message.lower():
        async for frame in session.frames(AFTERMATH_SECONDS):
            if (packet := read(frame.text)) is not None:
                packets.append(packet)
    return packets


def judge(hop: str, namespace: str, packets: list[Packet], *, with_credentials: bool) -> Result:
    """Judge what a CONNECT brought back.

    Args:
        hop: the result's name.
        namespace: what was asked for, with its slash.
        packets: the answer, and what followed it.
        with_credentials: whether a cookie or a token was sent.
    """
    first = packets[0]
    if first.kind == CONNECT:
        how = "accepted" if with_credentials else "accepted without a cookie: this Frappe authenticates later"
        return Result.of(hop, f"{namespace} {how}", namespace=namespace, authenticated=with_credentials)
    if not with_credentials and COOKIE_MISSING.search(first.message):
        return Result.of(
            hop,
            f"{namespace} reached: “{shown(first.message)}”, so namespace and origin are right",
            namespace=namespace,
            authenticated=False,
        )
    return Result.of(hop, shown(first.message) or "refused", _refusal(namespace, packets), namespace=namespace)


def _refusal(namespace: str, packets: list[Packet]) -> Finding:
    said = packets[0].message
    lowered = said.lower()
    evidence = f"CONNECT {namespace} → “{shown(said)}”"
    if "namespace" in lowered:
        dead = any(packet.kind == CONNECT for packet in packets[1:])
        return explain("RT009").found(evidence + (", and then accepted all the same: a dead namespace" if dead else ""))
    if "origin" in lowered:
        return explain("RT008").found(evidence)
    if "unauthorized" in lowered:
        failed = "fetch failed" in lowered or "connection" in lowered or "getaddrinfo" in lowered
        return explain("RT012" if failed else "RT042").found(evidence)
    return explain("RT013" if COOKIE_MISSING.search(said) else "RT041").found(evidence)
