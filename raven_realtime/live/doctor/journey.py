"""The walk from the outside, hop by hop in the order in which a browser meets them; then inward, where it may look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial

from raven_realtime.live import Outcome, Result, checks
from raven_realtime.live.checks import (
    callback,
    configuration,
    connect,
    containers,
    edge,
    engine,
    event,
    handshake,
    hold,
    http2,
    listening,
    name,
    ports,
    room,
    routers,
    session,
    subscribers,
    tcp,
    tls,
    upgrade,
    upstream,
    versions,
)
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.generation import possible, said
from raven_realtime.live.inside import Inside
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Target
from raven_realtime.live.walk import Step, walk
from raven_realtime.proxies.record import record

STAY_SECONDS = 2.25
"""How long the upgraded WebSocket is watched: the closes at once that are known come after 2 s (RT023)."""
WAITS = ("upgrade",)
"""What watches a socket and asks nothing: the rest of the path is asked meanwhile."""
BESIDE = ("edge",)
"""What asks the page: what is wrong with it does not keep Socket.IO from being asked."""


@record
class Question:
    """What a doctor is asked."""

    target: Target
    like: Target | None = None
    """A place whose Engine.IO parameters have to be the same, such as the origin seen from the server."""
    hold_seconds: float = 0.0
    """How long to hold a WebSocket; 0: not."""
    publisher: Publisher | None = None
    channel: str = ""
    inside: Inside | None = None
    """What to look at on the server; None: only from outside."""


class Journey:
    """One walk. What a hop learns (the address that answers, the handshake's parameters) the next ones use."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.target = question.target
        self.opened: Result | None = None
        self.seen: list[Result] = []

    def steps(self) -> Iterator[Step]:
        """Give the checks that this question needs, outermost first."""
        asked = {
            "name": self._name,
            "tcp": self._tcp,
            "tls": self._tls if self.target.scheme == "https" else None,
            "edge": self._edge,
            "handshake": self._handshake,
            "engine": self._engine,
            "session": self._session,
            "upgrade": lambda: upgrade.check(self.target, STAY_SECONDS),
            "http2": (lambda: http2.check(self.target)) if self.target.scheme == "https" else None,
            "hold": self._hold if self.question.hold_seconds else None,
            "connect": self._connect,
            "room": self._room if self.question.publisher is None else None,
            "event": self._event,
        }
        for check in checks():
            if (ask := asked.get(check)) is not None:
                yield Step(check, self._named(check, ask), waits=check in WAITS, beside=check in BESIDE)

    async def _name(self) -> Result:
        return await name.check(self.target)

    async def _tcp(self) -> Result:
        result = await tcp.check(self.target)
        if address := result.facts.get("address"):
            self.target = replace(self.target, resolve=str(address))
        return result

    async def _tls(self) -> Result:
        return await tls.check(self.target)

    async def _edge(self) -> Result:
        result = await edge.check(self.target)
        if not self.question.target.site and (site := str(result.facts.get("site", "")) or await self._site_of_bench()):
            self.target = replace(self.target, site=site)
        return result

    async def _site_of_bench(self) -> str:
        inside = self.question.inside
        return await asyncio.to_thread(inside.site, self.target.host) if inside is not None else ""

    async def _session(self) -> Result:
        result = await session.check(self.target)
        self.target = replace(self.target, root=bool(result.facts.get("root")))
        return result

    async def _handshake(self) -> Result:
        self.opened = await handshake.check(self.target)
        return self.opened

    async def _engine(self) -> Result:
        assert self.opened is not None  # noqa: S101 (the walk asks in order, and none behind a broken hop)
        return await engine.check(self.target, self.opened, self.question.like)

    async def _hold(self) -> Result:
        return await hold.check(self.target, self.question.hold_seconds)

    async def _connect(self) -> Result:
        result = await self._accepted()
        if not result.ok or not (generations := possible([*self.seen, result])):
            return result
        return replace(result, summary=f"{result.summary}; {said(generations)}")

    async def _accepted(self) -> Result:
        result = await connect.check(self.target)
        asked = self.question.target
        if asked.site == self.target.site or not any(found.code == "RT009" for found in result.findings):
            return result
        # The site was read off a page or a folder: where the realtime process takes the host for it, that is right.
        by_host = await connect.check(replace(self.target, site=""))
        if any(found.code == "RT009" for found in by_host.findings):
            return result
        self.target = replace(self.target, site="")
        return by_host

    async def _room(self) -> Result:
        return await room.check(self.target, self.question.channel)

    async def _event(self) -> Result:
        publisher = self.question.publisher
        if publisher is not None and self.target.site:
            publisher = replace(publisher, site=self.target.site)
        return await event.check(self.target, publisher, self.question.channel)

    def _named(self, check: str, ask: Callable[[], Awaitable[Result]]) -> Callable[[], Awaitable[Result]]:
        """Call the result by the check's name alone: a doctor asks every hop at one place; and keep what it learned."""

        async def asked() -> Result:
            result = replace(await ask(), hop=check)
            self.seen.append(result)
            return result

        return asked


INWARD: tuple[tuple[str, Callable[[Target, Inside], Awaitable[Result]]], ...] = tuple(
    (module.CHECK.name, module.check)
    for module in sorted(
        (containers, routers, versions, configuration, upstream, listening, ports, subscribers, callback),
        key=lambda module: module.CHECK.rank,
    )
)
"""What is looked at on the server. Each looks by itself, so none waits for another to pass: the cause of what the
outside saw may lie behind any of them."""


def _inward(inside: Inside, target: Target, results: list[Result]) -> Iterator[Step]:
    """Give the inward checks, told what the outside saw."""
    failed = [result for result in results if result.outcome is Outcome.FAIL]
    codes = tuple(found.code for result in failed for found in result.findings)
    informed = replace(inside, outside=codes, answered=tuple(str(one.facts.get("stack", "")) for one in failed))
    for check, ask in INWARD:
        yield Step(check, partial(ask, target, informed))


async def diagnose(
    question: Question,
    report: Callable[[Result], None] = lambda _: None,
    begin: Callable[[Step], None] = lambda _: None,
) -> Diagnosis:
    """Walk the path and say what is wrong with it.

    Args:
        question: what to ask.
        report: called with each result as it is there.
        begin: called before each check.
    """
    started_at, started = time.time(), time.monotonic()
    journey = Journey(question)
    results = await walk(journey.steps(), report, begin)
    if question.inside is not None:
        for step in _inward(question.inside, replace(question.target, site=journey.target.site), results):
            begin(step)
            results.append(await step.ask())
            report(results[-1])
    target = replace(question.target, site=journey.target.site, root=journey.target.root)
    return Diagnosis(target, tuple(results), started_at, time.monotonic() - started)
