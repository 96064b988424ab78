"""The upgrade from polling to WebSocket, and that it stays open."""

from __future__ import annotations

import time
from dataclasses import replace

from raven_realtime.findings import explain
from raven_realtime.live.answer import OpenPacket
from raven_realtime.live.engineio import Closed, Refused, Session, Stage, Unanswered
from raven_realtime.live.refusals import finding, stack
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Place, Target
from raven_realtime.live.web import GUEST

CHECK = Check(
    name="upgrade",
    title="Upgrade to WebSocket",
    proves="A polling session becomes a WebSocket through every proxy on the way (2probe, 3probe, 5) and stays open "
    "for the time asked; with --hold, through three of the server's pings.",
    rank=80,
    through=(
        "edge",
        "proxy",
    ),
)
HOLD = "RAVEN_REALTIME_HOLD"
"""The variable that asks for ``--hold`` where the command line is given: `verify` runs deployed ones."""
JOIN_SECONDS = 10.0
"""Held longer than this, a client joins: Socket.IO closes one in no namespace after its `connectTimeout`, 45 s."""
JOINS = "40"
"""CONNECT on the default namespace, which Node's Socket.IO accepts of everybody, Frappe's 14 of guests and users."""
HELD_PINGS = 3
"""The first comes after one pingInterval: three outlast every idle timeout shorter than three of them."""


def pings_due(packet: OpenPacket, held: float) -> int:
    """Return how many pings a client must have got after so many seconds; none before it would itself give up.

    A client closes after pingInterval + pingTimeout without one (engine.io-protocol, "Heartbeat"). Each is allowed a
    fifth of the interval, at least a second, to be late: the server starts the next interval at the answer.
    """
    interval, timeout = packet.ping_interval / 1000, packet.ping_timeout / 1000
    return int(held / (interval + max(1.0, interval / 5))) if held > interval + timeout else 0


async def check(target: Target, stay: float = 5.0, *, hold: bool = False, place: Place = Place.PUBLIC) -> Result:
    """Upgrade a session and keep it open.

    Args:
        target: what to ask.
        stay: seconds that the WebSocket has to stay open.
        hold: stay through three pings of the server instead, if that is longer.
        place: where on the path this is.
    """
    return await keep(target, stay, hold=hold, hop=f"{CHECK.name} ({place})", place=place)


async def keep(target: Target, stay: float, *, hold: bool, hop: str, place: Place) -> Result:
    """Upgrade a session and keep it open, under a given name; see `check`.

    What waits for longer joins the default namespace (socket.io documentation, "Server options", connectTimeout).
    """
    started = time.monotonic()
    try:
        # As a guest: 14 asks who somebody is on the default namespace already.
        asked = target if target.credentials else replace(target, credentials=GUEST)
        async with Session(asked, credentials=True) as session:
            result = await _kept(session, stay, hold, hop)
    except (Unanswered, Refused, Closed) as error:
        found = finding(error, place)
        result = Result.of(hop, found.evidence, found)
    return result.taking(time.monotonic() - started)


async def _kept(session: Session, stay: float, hold: bool, hop: str) -> Result:
    answer, packet = await session.open()
    if "websocket" not in packet.upgrades:
        said = f"the open packet offers upgrades {list(packet.upgrades)}"
        return Result.of(hop, said, explain("RT025").found(said, stack=stack(answer)))
    begun = time.monotonic()
    try:
        await session.upgrade()
    except Unanswered as error:
        if error.stage is not Stage.ANSWER:
            raise
        return Result.of(hop, error.said, explain("RT025").found(error.said, stack=stack(answer)))
    upgraded = time.monotonic() - begun
    limit = max(stay, HELD_PINGS * (packet.ping_interval + packet.ping_timeout) / 1000) if hold else stay
    session.allow(limit)
    if limit > JOIN_SECONDS:
        await session.send(JOINS)
    until = time.monotonic() + limit
    while (left := until - time.monotonic()) > 0 and not (hold and session.pings >= HELD_PINGS):
        async for _ in session.frames(min(left, 0.5)):
            pass
    kept = limit - max(0.0, until - time.monotonic())
    due = HELD_PINGS if hold else pings_due(packet, kept)
    if session.pings < due:
        said = f"{session.pings} of {due} pings came within {limit:.0f} s"
        return Result.of(hop, said, explain("RT022").found(said))
    pings = f", {session.pings} pings" if session.pings else ""
    return Result.of(
        hop,
        f"3probe in {upgraded * 1000:.0f} ms, open for {kept:.0f} s{pings}",
        upgrade_seconds=upgraded,
        pings=session.pings,
    )
