"""A channel's room is open to the user: the realtime process asks the web for permission, and is answered in time.

Joining a room has no answer of its own. Raven's ``raven_channel_get_typers`` asks for the same permission in the same
way and then sends the list of those who type to the user's own room (raven realtime/handlers.js): one question that
proves both and that no page shows.
"""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import quote, urlsplit

from raven_realtime.findings import Finding, explain
from raven_realtime.live import web as frappe
from raven_realtime.live.checks import connect
from raven_realtime.live.engineio import Closed, Refused, Session, Unanswered
from raven_realtime.live.packets import EVENT, read, write
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
CHANNEL_DOCTYPE = "Raven Channel"
CHANNELS = f"/api/method/frappe.client.get_list?doctype={quote(CHANNEL_DOCTYPE)}&limit_page_length=1"
PERMISSION = f"/api/method/frappe.realtime.has_permission?doctype={quote(CHANNEL_DOCTYPE)}&name="
"""What the realtime process asks before somebody joins a document's room."""
QUESTION, ANSWER = "raven_channel_get_typers", "raven_channel_typers"
PATIENCE_SECONDS = 8.0
SLOW_SECONDS = 3.0
"""Longer than this, and messages of the first seconds after a channel is opened are missed (RT033)."""


async def check(target: Target, channel: str, place: Place = Place.PUBLIC) -> Result:
    """Connect with the target's credentials and ask who types in the channel; in one of the user's if none is named."""
    started = time.monotonic()
    hop = f"{CHECK.name} ({place})"
    if target.credentials is None:
        return Result.not_checked(
            hop, "no credentials: set RAVEN_REALTIME_SID, or RAVEN_REALTIME_API_KEY and RAVEN_REALTIME_API_SECRET"
        )
    try:
        if not (channel := channel or await _a_channel(target)):
            return Result.not_checked(hop, "no channel: give --channel")
        async with Session(target, credentials=True, origin=bool(target.page)) as session:
            result = await _asked(session, channel, hop, place)
    except (Unanswered, Refused, Closed) as error:
        found = finding(error, place)
        result = Result.of(hop, found.evidence, found)
    return result.taking(time.monotonic() - started)


async def _a_channel(target: Target) -> str:
    """Return one channel that the user may read, by the web; empty where it names none."""
    told = (await frappe.question(target, CHANNELS)).message
    first = told[0] if isinstance(told, list) and told else None
    return str(first.get("name", "")) if isinstance(first, dict) else ""


async def _asked(session: Session, channel: str, hop: str, place: Place) -> Result:
    target = session.target
    await session.open()
    await session.upgrade()
    tried = connect.Tried(target.namespace, tuple(await connect.join(session, target.namespace)))
    if not tried.accepted:
        return await connect.judged(target, tried, hop, place)
    session.allow(frappe.SECONDS)
    web = await frappe.ask(target)
    if web.user == frappe.NOBODY:
        evidence = f"the web at this URL takes the credentials for those of {frappe.NOBODY}"
        return Result.of(hop, evidence, explain("RT042").found(evidence))
    if web.has_app_handlers is False:
        why = "the realtime process of this Frappe (14, 15) has no handlers of apps, and its own say nothing of a room"
        return Result.not_checked(hop, f"{why}: give --bench")
    session.allow(PATIENCE_SECONDS)
    await session.send(write(EVENT, target.namespace, [QUESTION, channel]))
    asked = time.monotonic()
    async for frame in session.frames(PATIENCE_SECONDS):
        packet = read(frame.text)
        if packet is None or packet.kind != EVENT or not isinstance(packet.data, list) or packet.data[:1] != [ANSWER]:
            continue
        took = frame.at - asked
        said = f"permission for {CHANNEL_DOCTYPE} {channel} took {took:.2f} s"
        if took >= SLOW_SECONDS:
            return Result.of(hop, said, explain("RT033").found(said), permission_seconds=took)
        return Result.of(hop, said, permission_seconds=round(took, 3))
    session.allow(2 * frappe.SECONDS)
    found = await why_not_joined(target, web.user or "the user", channel)
    return Result.of(hop, found.evidence, found)


async def why_not_joined(target: Target, user: str, channel: str) -> Finding:
    """Say why somebody who may read a channel hears nothing of it: the web says no, or the socket is a Guest's.

    Args:
        target: what was asked, with the user's credentials.
        user: who they are by the web.
        channel: the channel.
    """
    said = f"{user} asked for {CHANNEL_DOCTYPE} {channel} and got no answer within {PATIENCE_SECONDS:.0f} s"
    permission = await frappe.question(target, f"{PERMISSION}{quote(channel)}")
    if not permission.message:
        return explain("RT033").found(f"{said}; asked from here, {permission}")
    if (redirect := await over_http(target)) is not None:
        return explain("RT011").found(
            f"{said}, and the web allows it to the session; asked over http, as behind TLS a proxy's $scheme would, "
            f"the web answers {redirect} to https, on which the session is lost"
        )
    return explain("RT033").found(f"{said}, and the web allows it, asked from here")


async def over_http(target: Target) -> int | None:
    """Return the status by which the callback's address is sent on from http to https; None where it is not."""
    if target.scheme != "https" or target.page:
        return None
    plain = replace(target, scheme="http", port=80, credentials=frappe.GUEST)
    answer = (await frappe.question(plain, frappe.USER_INFO)).answer
    if answer is None or answer.status not in range(300, 400):
        return None
    return answer.status if urlsplit(answer.headers.get("location", "")).scheme == "https" else None
