"""What every rendered configuration has to do: asked as browsers ask, of a running system.

``python -m tests.render.asked HOST SITE CA BENCH PASSWORD COMMAND`` logs in and asks, from where the host is known.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import socketio

from demo.processes import ROOT
from raven_realtime.live.checks import connect, event
from raven_realtime.live.doctor import journey
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.journey import Question, diagnose
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Credentials, Target

CHANNEL = "general"
QUIET = 0.5
"""Seconds after which a second copy would have arrived."""


def works(target: Target, bench: Path, sid: str, command: str = str(ROOT / "demo" / "bench")) -> None:
    """Ask a public side everything: fails with what was said where one of it does not work.

    Args:
        target: the public side.
        bench: the folder of the bench behind it.
        sid: a session of its site.
        command: how bench is called.
    """
    _polls_without_origin(target)
    publisher = Publisher(bench, target.site, command)
    signed_in = replace(target, credentials=Credentials(sid=sid))
    for question in (Question(target), Question(signed_in, publisher=publisher, channel=CHANNEL)):
        diagnosis = _walked(question)
        said = [f"{each.outcome:12} {each.hop}: {each.summary}" for each in diagnosis.results]
        assert diagnosis.healthy, "\n".join(said)
        assert [found.code for each in diagnosis.results for found in each.findings] == [], "\n".join(said)
    assert asyncio.run(_websocket_first(target, publisher, sid)) == 1
    stranger = asyncio.run(connect.check(replace(target, page="https://evil.test")))
    assert [found.code for found in stranger.findings] == ["RT008"], stranger


def _polls_without_origin(target: Target) -> None:
    with httpx.Client(verify=ssl.create_default_context(cafile=target.ca), trust_env=False) as client:
        opened = client.get(f"{target.origin}/socket.io/?EIO=4&transport=polling")
    assert (opened.status_code, opened.text[:7]) == (200, '0{"sid"'), opened.text


def _walked(question: Question) -> Diagnosis:
    """Ask the doctor; waits that only guard against slow machines are shorter here."""
    kept = journey.STAY_SECONDS, event.COPY_SECONDS
    journey.STAY_SECONDS, event.COPY_SECONDS = 0.5, QUIET
    try:
        return asyncio.run(diagnose(question))
    finally:
        journey.STAY_SECONDS, event.COPY_SECONDS = kept


async def _websocket_first(target: Target, publisher: Publisher, sid: str) -> int:
    """Count the copies of an event that a client hears which begins with a WebSocket."""
    heard: list[object] = []
    client = socketio.AsyncClient(reconnection=False, ssl_verify=False)
    client.on("message_created", heard.append, namespace=target.namespace)
    await client.connect(
        target.origin,
        headers={"Origin": target.origin, "Cookie": f"sid={sid}"},
        transports=["websocket"],
        namespaces=[target.namespace],
        wait_timeout=20,
    )
    try:
        await client.emit("doc_subscribe", ("Raven Channel", CHANNEL), namespace=target.namespace)
        await asyncio.sleep(QUIET)
        await publisher.publish(event="message_created", doctype="Raven Channel", docname=CHANNEL)
        async with asyncio.timeout(20):
            while not heard:
                await asyncio.sleep(0.05)
        await asyncio.sleep(QUIET)
    finally:
        await client.disconnect()
    return len(heard)


def main(*words: str) -> None:
    """Log in, and ask everything."""
    host, site, ca, bench, password, command = words
    target = Target.parse(f"https://{host}", site=site, ca=Path(ca), timeout=20)
    with httpx.Client(verify=ssl.create_default_context(cafile=ca), trust_env=False, timeout=30) as client:
        login = client.post(f"{target.origin}/api/method/login", data={"usr": "demo@example.com", "pwd": password})
    works(target, Path(bench), login.raise_for_status().cookies["sid"], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
