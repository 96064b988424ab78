"""The same Engine.IO parameters in two places: the public URL leads to the server that answers locally."""

from __future__ import annotations

import time
from dataclasses import replace

from raven_realtime.findings import explain
from raven_realtime.live.checks import handshake
from raven_realtime.live.engineio import Session, Unanswered
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Place, Target

CHECK = Check(
    name="engine",
    title="Engine.IO parameters",
    proves="pingInterval, pingTimeout, maxPayload and upgrades are the same here as there, so that both answers come "
    "from servers configured alike. It does not prove that they are one process.",
    rank=60,
    through=(
        "edge",
        "proxy",
    ),
)
PARAMETERS = ("pingInterval", "pingTimeout", "maxPayload", "upgrades")


def compare(here: Result, there: Result) -> Result:
    """Compare the parameters of two handshakes that passed (their results' facts).

    Args:
        here: the handshake at the place under question, usually public.
        there: the handshake to compare with, usually the origin's.
    """
    different = [
        f"{name} {here.facts.get(name)} here, {there.facts.get(name)} there"
        for name in PARAMETERS
        if here.facts.get(name) != there.facts.get(name)
    ]
    hop = f"{CHECK.name} ({here.hop.partition('(')[2].rstrip(')')})"
    if different:
        evidence = "; ".join(different)
        return Result.of(hop, evidence, explain("RT039").found(evidence))
    return Result.of(hop, ", ".join(f"{name} {_said(here.facts.get(name))}" for name in PARAMETERS))


async def check(target: Target, here: Result, like: Target | None = None) -> Result:
    """Compare a handshake that passed with one of another place, or without one with one more of the same place.

    Args:
        target: where `here` was taken.
        here: the handshake's result.
        like: the place to compare with; without it, the URL has to lead to servers of one configuration again.
    """
    started = time.monotonic()
    result = await _compared(target, here, like)
    if result.ok and (server := await server_kind(target)):
        result = replace(result, summary=f"{result.summary}, {server}", facts={**result.facts, "server": server})
    return result.taking(time.monotonic() - started)


async def _compared(target: Target, here: Result, like: Target | None) -> Result:
    results = []
    if like is not None:
        results.append(await handshake.check(like, Place.ORIGIN))
    else:
        results.append(await handshake.check(target))
    for there in results:
        if not there.ok:
            return there if like is None else replace(there, summary=f"--like {like.origin}: {there.summary}")
        compared = compare(here, there)
        if not compared.ok:
            break
    return compared


async def server_kind(target: Target) -> str:
    """Return which realtime server answers, by how it words an error; empty where neither's words come back.

    Node's Engine.IO sends an object with a code, python-engineio the message alone. Frappe has both since 2026.
    """
    try:
        async with Session(target) as session:
            answer = await session.ask("GET", target.url(transport="none"))
    except Unanswered:
        return ""
    if answer.status != 400 or answer.engine_error is None:
        return ""
    return "Node's Socket.IO" if answer.text.startswith("{") else "Python's Socket.IO"


def _said(value: object) -> str:
    return "/".join(str(part) for part in value) if isinstance(value, list) else str(value)
