"""Who answers at the public URL, and whether the page it serves, or one of its scripts, points past the path."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import replace

from raven_realtime.findings import Finding, explain
from raven_realtime.live import bundles
from raven_realtime.live.answer import Answer
from raven_realtime.live.engineio import Session, Unanswered
from raven_realtime.live.refusals import stack
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target
from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.shown import shown

CHECK = Check(
    name="edge",
    title="Who answers",
    proves=f"The public URL answers HTTP, and its page does not send the client to port {SOCKETIO_PORT} by itself.",
    rank=40,
    through=("edge",),
)
SECONDS = 2.0
DEVELOPMENT = re.compile(r"window\.dev_server\s*=\s*(?:1|true)")
"""How Frappe's pages say that the desk's client takes ``host:socketio_port`` (frappe templates, frappe#23173)."""


async def check(target: Target) -> Result:
    """Ask for the page at ``/``. Whatever it is, it is no fault of realtime, but for a page in development mode."""
    started = time.monotonic()
    try:
        async with Session(replace(target, timeout=min(target.timeout, SECONDS))) as session:
            answer = await session.ask("GET", f"{target.origin}/")
    except Unanswered as error:
        # A slow or absent page does not break realtime: the handshake is asked next, and judges.
        return Result.not_checked(CHECK.name, f"the page / did not answer: {error.said}").taking(SECONDS)
    who = stack(answer)
    server = shown(answer.headers.get("server", ""))[:40]
    summary = f"HTTP {answer.status} from {server or 'a server that does not name itself'}"
    found = []
    if match := DEVELOPMENT.search(answer.text):
        found.append(explain("RT014").found(f"the page {target.origin}/ holds “{shown(match[0])}”"))
    elif answer.status == 200 and answer.is_html and (past := await _own_address(target, answer)):
        found.append(past)
    return Result.of(CHECK.name, summary, *found, stack=who, status=answer.status).taking(time.monotonic() - started)


async def _own_address(target: Target, page: Answer) -> Finding | None:
    """Search the page's scripts, for as long as the page itself may take."""
    with contextlib.suppress(Unanswered):
        async with Session(replace(target, timeout=min(target.timeout, SECONDS))) as session:
            return await bundles.search(session, page, f"{target.origin}/")
    return None
