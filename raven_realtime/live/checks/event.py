"""A published event arrives, once: bench's own test, received through the path as a browser receives it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Mapping

from raven_realtime.findings import Finding, explain
from raven_realtime.live import replicas
from raven_realtime.live import web as frappe
from raven_realtime.live.checks import connect
from raven_realtime.live.engineio import Closed, Frame, Refused, Session, Unanswered
from raven_realtime.live.packets import EVENT, read, write
from raven_realtime.live.publisher import SECONDS, NoBench, NotPublished, Publisher
from raven_realtime.live.refusals import finding
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Place, Target
from raven_realtime.proxies.record import record

CHECK = Check(
    name="event",
    title="Published event",
    proves="An event that Frappe publishes is received through this URL by a subscriber of its room, within the time "
    "shown, and only once.",
    rank=110,
    through=(
        "browser",
        "realtime",
        "redis",
        "web",
    ),
)
CHANNEL_DOCTYPE = "Raven Channel"
MESSAGE_EVENT = "message_created"
"""What Raven publishes and its page listens for (docs/guidelines.md, "The application")."""
RESERVED_EVENT = "raven_realtime_check"
"""What the check publishes where no channel is given: a name that no page listens for."""
COPY_SECONDS = 2.0
"""How long a second copy is waited for (RT031)."""
ARRIVAL_SECONDS = 3.0
"""How long an event is waited for after the command that published it has ended."""


@record
class Room:
    """Where the test event goes: the arguments of publish_realtime that name the room."""

    title: str
    event: str
    arguments: Mapping[str, str]


async def check(target: Target, publisher: Publisher | None, channel: str = "", place: Place = Place.PUBLIC) -> Result:
    """Subscribe, publish, receive; and wait for a second copy.

    Args:
        target: what to ask; its credentials log in.
        publisher: how to publish.
        channel: a Raven channel, to whose room ``message_created`` goes as Raven sends it; without one a reserved event
            goes to the user's own room, which no page shows.
        place: where on the path the subscriber is.
    """
    started = time.monotonic()
    hop = f"{CHECK.name} ({place})"
    if target.credentials is None:
        return Result.not_checked(
            hop, "no credentials: set RAVEN_REALTIME_SID, or RAVEN_REALTIME_API_KEY and RAVEN_REALTIME_API_SECRET"
        )
    if publisher is None:
        return Result.not_checked(hop, "no bench to publish with: give --bench")
    try:
        async with Session(target, credentials=True, origin=bool(target.page)) as session:
            result = await _received(session, publisher, channel, hop, place)
        if result.ok and channel and (apart := await replicas.apart(target, channel)):
            result = Result.of(hop, f"{result.summary}; {apart.evidence}", *result.findings, apart, **result.facts)
    except NoBench as error:
        result = Result.not_checked(hop, str(error))
    except NotPublished as error:
        result = Result.of(hop, str(error), explain("RT043").found(str(error)))
    except (Unanswered, Refused, Closed) as error:
        found = finding(error, place)
        result = Result.of(hop, found.evidence, found)
    return result.taking(time.monotonic() - started)


async def _received(session: Session, publisher: Publisher, channel: str, hop: str, place: Place) -> Result:
    namespace = session.target.namespace
    await session.open()
    await session.upgrade()
    tried = connect.Tried(namespace, tuple(await connect.join(session, namespace)))
    if not tried.accepted:
        return await connect.judged(session.target, tried, hop, place)
    user = (await frappe.ask(session.target)).user
    if user == frappe.NOBODY or not (user or channel):
        evidence = f"the web at this URL takes the credentials for those of {user or 'nobody'}"
        return Result.of(hop, evidence, explain("RT042").found(evidence))
    if channel:
        room = Room(
            f"the room of {CHANNEL_DOCTYPE} {channel}", MESSAGE_EVENT, {"doctype": CHANNEL_DOCTYPE, "docname": channel}
        )
        await session.send(write(EVENT, namespace, ["doc_subscribe", CHANNEL_DOCTYPE, channel]))
    else:
        room = _own_room(user)
    return await _Exchange(session, publisher, channel, user).judge(room, hop)


def _own_room(user: str) -> Room:
    return Room(f"the room of {user}", RESERVED_EVENT, {"user": user})


class _Exchange:
    """Publishes to rooms and receives what comes, over one session."""

    def __init__(self, session: Session, publisher: Publisher, channel: str, user: str) -> None:
        self.session = session
        self.publisher = publisher
        self.channel = channel
        self.user = user
        self.subscribed = time.monotonic()

    async def judge(self, room: Room, hop: str) -> Result:
        """Publish to the room until it arrives, at most twice; then say what its arrival or absence means."""
        late = False
        for attempt in range(2):
            begun = time.monotonic()
            frames = await self._copies(room)
            if frames:
                late = attempt > 0
                break
        else:
            found = await self._why(room)
            return Result.of(hop, found.evidence, found)
        took = frames[0].at - begun
        facts = {"round_trip_seconds": round(took, 3), "join_seconds_at_most": round(begun - self.subscribed, 3)}
        found_here: list[Finding] = []
        if len(frames) > 1:
            found_here.append(explain("RT031").found(f"{len(frames)} copies of one event within {COPY_SECONDS:.0f} s"))
        if late:
            waited = f"the room was joined only {begun - self.subscribed:.1f} s after the subscription"
            found_here.append(explain("RT033").found(waited))
        copies = "one copy" if len(frames) == 1 else f"{len(frames)} copies"
        return Result.of(
            hop, f"{room.event} received in {room.title} after {took:.1f} s, {copies}", *found_here, **facts
        )

    async def _why(self, room: Room) -> Finding:
        """Say why nothing arrived, by what arrives in rooms that need less: the user's own, then everybody's."""
        lost = f"an event published to {room.title} did not arrive within {ARRIVAL_SECONDS:.0f} s, twice"
        if room.event == MESSAGE_EVENT and self.user:
            own = _own_room(self.user)
            if await self._copies(own):
                return explain("RT033").found(f"{lost}; one to {own.title} did")
        if await self._everybody(self.session.target.site or self.session.target.host):
            return explain("RT011").found(f"{lost}; one to everybody's room did")
        lost = f"{lost}; neither did one to everybody's room"
        if (site := await self._another_site()) is not None:
            return explain("RT009").found(f"{lost}, while one to the rooms of a site {site} did")
        also = ", or the proxy names another site (RT009): 14 keeps sites apart by their rooms' names"
        return explain("RT021").found(lost + (also if self.session.target.root else ""))

    async def _everybody(self, site: str) -> bool:
        """Whether an event to everybody of a site arrives; 14 writes the site into the room's name."""
        room = f"{site}:website" if self.session.target.root else "website"
        return bool(await self._copies(Room("everybody's room", RESERVED_EVENT, {"room": room})))

    async def _another_site(self) -> str | None:
        """Return the host, if on 14 the socket is in the rooms of a site of that name: no proxy says which it is."""
        target = self.session.target
        if target.root and target.site not in {"", target.host} and await self._everybody(target.host):
            return target.host
        return None

    async def _copies(self, room: Room) -> list[Frame]:
        """Publish once and return every copy that arrives."""
        marker = f"raven-realtime-{secrets.token_hex(6)}"
        message = {"raven_realtime_check": marker}
        if room.event == MESSAGE_EVENT:
            details = {"text": "Raven Realtime checks this channel", "message_type": "Text"}
            message = {
                "channel_id": self.channel,
                "sender": self.user,
                "message_id": marker,
                "message_details": details,  # type: ignore[dict-item]
            }
        frames: list[Frame] = []
        arrived = asyncio.Event()

        async def collect() -> None:
            while True:
                frame = await self.session.frame()
                packet = read(frame.text)
                if packet is not None and packet.kind == EVENT and marker in frame.text:
                    frames.append(frame)
                    arrived.set()

        self.session.allow(SECONDS + ARRIVAL_SECONDS + COPY_SECONDS)
        collector = asyncio.create_task(collect())
        try:
            await self.publisher.publish(event=room.event, message=message, **room.arguments)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ARRIVAL_SECONDS):
                    await arrived.wait()
                # What bench still took after the arrival is part of the wait.
                await asyncio.sleep(frames[0].at + COPY_SECONDS - time.monotonic())
            if collector.done():
                collector.result()
        finally:
            collector.cancel()
            await asyncio.wait({collector})
            if not collector.cancelled():
                collector.exception()  # that the socket closed in the meantime is no news any more
        return frames
