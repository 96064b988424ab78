"""A channel's room is open to the user: the realtime process asks the web for permission, and is answered in time.

Joining a room has no answer of its own. Raven's ``raven_channel_get_typers`` asks for the same permission in the same
way and then sends the list of those who type to the user's own room (raven realtime/handlers.js): one question that
proves both and that no page shows.
"""

from __future__ import annotations

import time

from raven_realtime.findings import explain
from raven_realtime.live.checks import connect
from raven_realtime.live.checks.event import logged_in
from raven_realtime.live.engineio import Closed, Refused, Session, Unanswered
from raven_realtime.live.packets import CONNECT, EVENT, read, write
from raven_realtime.live.refusals import finding
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Place, Target

CHECK = Check(
    name="room",
    title="Room of a channel",
    proves="The realtime process gets the web's permission for this user and channel in the time shown, and what it "
    "sends to the user's room arrives here. Whether what Frappe publishes arrives, the event check proves.",
    rank=100,
    through=("browser", "realtime", "web"),
)
QUESTION, ANSWER = "raven_channel_get_typers", "raven_channel_typers"
PATIENCE_SECONDS = 8.0
SLOW_SECONDS = 3.0
"""Longer than this, and messages of the first seconds after a channel is opened are missed (RT033)."""


async def check(target: Target, channel: str, place: Place = Place.PUBLIC) -> Result:
    """Connect with the target's credentials and ask who types in the channel."""
    started = time.monotonic()
    hop = f"{CHECK.name} ({place})"
    if target.credentials is None:
        return Result.not_checked(
            hop, "no credentials: set RAVEN_REALTIME_SID, or RAVEN_REALTIME_API_KEY and RAVEN_REALTIME_API_SECRET"
        )
    if not channel:
        return Result.not_checked(hop, "no channel: give --channel")
    try:
        async with Session(target, credentials=True, origin=bool(target.page)) as session:
            result = await _asked(session, channel, hop)
    except (Unanswered, Refused, Closed) as error:
        found = finding(error, place)
        result = Result.of(hop, found.evidence, found)
    return result.taking(time.monotonic() - started)


async def _asked(session: Session, channel: str, hop: str) -> Result:
    namespace = session.target.namespace
    await session.open()
    await session.upgrade()
    packets = await connect.join(session, namespace)
    if packets[0].kind != CONNECT:
        return connect.judge(hop, namespace, packets, with_credentials=True)
    if (user := await logged_in(session)) == "Guest":
        evidence = "the web at this URL takes the credentials for those of Guest"
        return Result.of(hop, evidence, explain("RT042").found(evidence))
    session.allow(PATIENCE_SECONDS)
    await session.send(write(EVENT, namespace, [QUESTION, channel]))
    asked = time.monotonic()
    async for frame in session.frames(PATIENCE_SECONDS):
        packet = read(frame.text)
        if packet is None or packet.kind != EVENT or not isinstance(packet.data, list) or packet.data[:1] != [ANSWER]:
            continue
        took = frame.at - asked
        said = f"permission for Raven Channel {channel} took {took:.2f} s"
        if took >= SLOW_SECONDS:
            return Result.of(hop, said, explain("RT033").found(said), permission_seconds=took)
        return Result.of(hop, said, permission_seconds=round(took, 3))
    said = (
        f"{user or 'the user'} asked for Raven Channel {channel} and got no answer within {PATIENCE_SECONDS:.0f} s: "
        "no permission, a callback that fails, or a socket that is taken for a Guest's (RT011)"
    )
    return Result.of(hop, said, explain("RT033").found(said))
