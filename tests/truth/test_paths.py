"""Each generation behind the sandbox and behind production: both transports, a room, an event once; a browser."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator

import aiohttp
import pytest
import socketio
from playwright.sync_api import Browser, Page, expect

from demo.generations import named
from tests.symptoms.path import CHANNEL, HOST, SITE, Path
from tests.truth.conftest import Standing
from tests.truth.rows import ALL
from tests.truth.stand import Stand

URL = f"https://{HOST}"
PATHS = {"sandbox": Path(local_tunnel=True), "production": Path()}
KINDS = ("16", "python-asyncio")
"""One of each kind of server: the newest on Node without a secret, and the newest in Python."""
DOCUMENT = {"doctype": "Raven Channel", "docname": CHANNEL}
MESSAGE = {"event": "message_created", "after_commit": True, **DOCUMENT}
QUIET = 0.5
WITHIN = 10_000
"""Milliseconds."""


def each(generations: tuple[str, ...]) -> Iterator[object]:
    """Give each path of each generation; in the ordinary run one generation of each kind."""
    for generation in generations:
        marks = () if generation in KINDS else pytest.mark.full
        for path in PATHS:
            yield pytest.param(generation, path, id=f"{generation}: {path}", marks=marks)


async def heard(stand: Stand, transport: str) -> list[object]:
    """Join the channel's room by one transport, publish to it, and return what arrived."""
    bench, sid = stand.world.bench, stand.world.credentials.sid
    trust = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=stand.world.ca))
    namespace = f"/{SITE}" if named(stand.generation).namespaces else "/"
    arrived: list[object] = []
    async with aiohttp.ClientSession(connector=trust) as session:
        socket = socketio.AsyncClient(reconnection=False, http_session=session)
        socket.on("message_created", arrived.append, namespace=namespace)
        await socket.connect(
            URL,
            headers={"Cookie": f"sid={sid}", **({"Origin": URL} if transport == "websocket" else {})},
            transports=[transport],
            namespaces=[namespace],
            wait_timeout=5,
        )
        assert socket.transport() == transport
        await socket.emit("doc_subscribe", tuple(DOCUMENT.values()), namespace=namespace)
        await asyncio.sleep(QUIET)
        await asyncio.to_thread(bench.publish, {**MESSAGE, "message": {"text": transport}})
        await asyncio.sleep(QUIET)
        await socket.disconnect()
    return arrived


@pytest.mark.parametrize(("generation", "path"), list(each(ALL)))
def test_both_transports_hear_an_event_once(standing: Standing, generation: str, path: str) -> None:
    stand = standing(generation)
    with stand.world.standing(PATHS[path]):
        for transport in ("polling", "websocket"):
            assert asyncio.run(heard(stand, transport)) == [{"text": transport}], transport


@pytest.mark.parametrize(("generation", "path"), list(each(KINDS)))
def test_a_message_is_on_the_page_once(standing: Standing, browser: Browser, generation: str, path: str) -> None:
    stand = standing(generation)
    with stand.world.standing(PATHS[path]), browser.new_context(ignore_https_errors=True) as context:
        page: Page = context.new_page()
        page.goto(URL)
        page.click("#sign-in-form button")
        page.wait_for_selector(f'#connection[data-state="connected"][data-joined="{CHANNEL}"]', timeout=WITHIN)
        details = {"text": f"Hello from {generation}", "message_type": "Text"}
        told = {"channel_id": CHANNEL, "sender": "Administrator", "message_id": "m1", "message_details": details}
        stand.world.bench.publish({**MESSAGE, "message": told})
        expect(page.get_by_text(details["text"])).to_have_count(1, timeout=WITHIN)
