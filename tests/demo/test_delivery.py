"""What is published reaches the room it is for, once, and nobody else."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from demo.publishing import Transaction
from demo.running import RunningBench, free_ports
from tests.demo.client import Heard, client
from tests.demo.conftest import SECOND_SITE, SITE
from tests.demo.multiplexer import multiplexer

QUIET = 0.4
"""Seconds after which something that did not come counts as not sent."""

CHANNEL = "Raven Channel"


async def publish(bench: RunningBench, *, site: str = SITE, **kwargs: Any) -> None:
    transaction = Transaction(site, bench.bench.redis_url)
    transaction.publish_realtime(**{"event": "message_created", "message": {"text": "hello"}, **kwargs})
    transaction.commit()


ROOMS: dict[str, tuple[dict[str, Any], bool]] = {
    "the document": ({"doctype": CHANNEL, "docname": "general"}, True),
    "the document, after commit": ({"doctype": CHANNEL, "docname": "general", "after_commit": True}, True),
    "another document": ({"doctype": CHANNEL, "docname": "random"}, False),
    "the user": ({"user": "demo@example.com"}, True),
    "another user": ({"user": "sam@example.com"}, False),
    "the desk, where nothing is named": ({}, True),
    "the website": ({"room": "website"}, True),
    "the doctype": ({"room": f"doctype:{CHANNEL}"}, True),
    "a task": ({"task_id": "t1"}, True),
    "another task": ({"task_id": "t2"}, False),
}


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_rooms(bench: RunningBench, sids: dict[str, str], transport: str) -> None:
    async def run() -> list[str]:
        async with client(bench, sids["demo"], transport=transport) as demo:
            await demo.emit("doc_subscribe", CHANNEL, "general")
            await demo.emit("doctype_subscribe", CHANNEL)
            await demo.emit("task_subscribe", "t1")
            await asyncio.sleep(QUIET)
            for name, (kwargs, _) in ROOMS.items():
                await publish(bench, **kwargs, message={"case": name})
            await asyncio.sleep(QUIET)
            return [str(data["case"]) for _, data in demo.heard if isinstance(data, dict)]

    assert asyncio.run(run()) == [name for name, (_, reaches) in ROOMS.items() if reaches]


def test_unsubscribed_and_other_sites_hear_nothing(bench: RunningBench, sids: dict[str, str]) -> None:
    async def run() -> Heard:
        async with client(bench, sids["demo"]) as demo:
            await demo.emit("doc_subscribe", CHANNEL, "general")
            await asyncio.sleep(QUIET)
            await publish(bench, site=SECOND_SITE, doctype=CHANNEL, docname="general")
            await demo.emit("doc_unsubscribe", CHANNEL, "general")
            await asyncio.sleep(QUIET)
            await publish(bench, doctype=CHANNEL, docname="general")
            await asyncio.sleep(QUIET)
            return demo.heard

    assert asyncio.run(run()) == []


def test_a_private_channel_is_for_its_members(bench: RunningBench, sids: dict[str, str]) -> None:
    async def run() -> tuple[Heard, Heard]:
        async with client(bench, sids["demo"]) as demo, client(bench, sids["sam"]) as sam:
            for each in (demo, sam):
                await each.emit("doc_subscribe", CHANNEL, "operations")
            await asyncio.sleep(QUIET)
            await publish(bench, doctype=CHANNEL, docname="operations")
            await demo.hears("message_created")
            await asyncio.sleep(QUIET)
            return demo.heard, sam.heard

    assert asyncio.run(run()) == ([("message_created", {"text": "hello"})], [])


def test_guest_joins_no_room_of_a_document_or_the_desk(bench: RunningBench) -> None:
    async def run() -> Heard:
        async with client(bench, "ended") as guest:
            await guest.emit("doc_subscribe", CHANNEL, "general")
            await asyncio.sleep(QUIET)
            await publish(bench, doctype=CHANNEL, docname="general")
            await publish(bench)
            await publish(bench, room="website", message={"text": "for all"})
            await asyncio.sleep(QUIET)
            return guest.heard

    assert asyncio.run(run()) == [("message_created", {"text": "for all"})]


def test_without_a_room_every_site_hears_it_and_nonsense_does_no_harm(
    bench: RunningBench, sids: dict[str, str]
) -> None:
    async def run() -> object:
        async with client(bench, sids["demo"]) as demo:
            with Redis.from_url(bench.bench.redis_url) as redis:
                redis.publish("events", "no JSON")
                redis.publish("events", json.dumps({"event": "build_event", "message": {"success": True}}))
            return await demo.hears("build_event")

    assert asyncio.run(run()) == {"success": True}


def test_typing_is_told_to_those_who_have_the_channel_open(bench: RunningBench, sids: dict[str, str]) -> None:
    async def run() -> tuple[object, object]:
        async with client(bench, sids["demo"]) as demo, client(bench, sids["sam"]) as sam:
            await demo.emit("doc_open", CHANNEL, "general")
            await asyncio.sleep(QUIET)
            await sam.emit("raven_channel_typing", "general")
            typing = await demo.hears("raven_channel_typers")
            demo.heard.clear()
            await sam.emit("raven_channel_typing_stopped", "general")
            return typing, await demo.hears("raven_channel_typers")

    assert asyncio.run(run()) == (
        {"channel": "general", "users": ["sam@example.com"]},
        {"channel": "general", "users": []},
    )


@pytest.mark.parametrize(("adapter", "copies"), [("", 1), ("redis", 2)], ids=["no adapter", "redis adapter"])
def test_copies_from_two_processes(bench: RunningBench, sids: dict[str, str], adapter: str, copies: int) -> None:
    """Symptom 31: with the adapter, each process that hears redis' event sends it to the clients of all of them."""

    async def run() -> int:
        with second_process(bench, {"REALTIME_ADAPTER": adapter}):
            async with client(bench, sids["demo"]) as demo:
                await demo.emit("doc_subscribe", CHANNEL, "general")
                await asyncio.sleep(QUIET)
                await publish(bench, doctype=CHANNEL, docname="general")
                await demo.hears("message_created")
                await asyncio.sleep(QUIET)
                return len(demo.heard)

    with restarted(bench, {"REALTIME_ADAPTER": adapter}):
        assert asyncio.run(run()) == copies


@contextmanager
def restarted(bench: RunningBench, environment: dict[str, str]) -> Iterator[None]:
    bench.stop("socketio")
    bench.start("socketio", environment)
    try:
        yield
    finally:
        bench.stop("socketio")
        bench.start("socketio")


@contextmanager
def second_process(bench: RunningBench, environment: dict[str, str]) -> Iterator[None]:
    program = bench.programs["socketio"]
    port = {"FRAPPE_SOCKETIO_PORT": str(free_ports().socketio)}
    process = subprocess.Popen(
        program.command,
        env={**os.environ, **program.environment, **environment, **port},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "listening on" in process.stdout.readline()
        yield
    finally:
        process.kill()
        process.communicate()


def test_a_session_of_one_site_is_a_guest_on_another(bench: RunningBench, sids: dict[str, str], tmp_path: Path) -> None:
    async def run(sid: str, origin: str) -> Heard:
        async with client(bench, sid, site=SECOND_SITE, origin=origin) as each:
            await asyncio.sleep(QUIET)
            await publish(bench, site=SECOND_SITE)
            await asyncio.sleep(QUIET)
            return each.heard

    own = bench.sign_in(site=SECOND_SITE)
    with multiplexer(bench, tmp_path / "nginx", SECOND_SITE) as origin:
        assert asyncio.run(run(sids["demo"], origin)) == []
        assert asyncio.run(run(own, origin)) == [("message_created", {"text": "hello"})]
