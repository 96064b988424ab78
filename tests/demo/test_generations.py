"""What each generation of Frappe's realtime server does once a client is let in, and when something breaks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from redis import Redis

from demo.bench_folder import create_bench
from demo.generations import DEFAULT, NAMES, named
from demo.running import RunningBench, running_bench
from raven_realtime.problem import Problem
from tests.demo.client import Heard, client
from tests.demo.conftest import SITE
from tests.demo.polling import connect, refusal

QUIET = 0.5
CHANNEL = "Raven Channel"
HELLO = ("message_created", {"text": "hello"})
PUBLISHED = {"event": "message_created", "message": {"text": "hello"}}


async def heard(bench: RunningBench, sid: str, *, transport: str = "polling", origin: str = "", **to: str) -> Heard:
    """What a client hears of one event that is published to a document, to a user, …"""
    async with client(bench, sid, transport=transport, origin=origin, url=bench.socketio_url) as each:
        await each.emit("doc_subscribe", CHANNEL, "general")
        await asyncio.sleep(QUIET)
        await asyncio.to_thread(bench.publish, {**PUBLISHED, **to})
        await asyncio.sleep(QUIET)
        return each.heard


def namespace(bench: RunningBench) -> str:
    return f"/{SITE}" if bench.bench.generation.namespaces else "/"


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_an_event_arrives_once(each: RunningBench, transport: str) -> None:
    sid = each.sign_in()
    document = {"doctype": CHANNEL, "docname": "general"}
    for to, expected in ((document, [HELLO]), ({"user": "demo@example.com"}, [HELLO]), ({"user": "sam@x.com"}, [])):
        assert asyncio.run(heard(each, sid, transport=transport, **to)) == expected, to


def test_a_document_that_may_not_be_read_is_not_joined(each: RunningBench) -> None:
    assert asyncio.run(heard(each, "Guest", doctype=CHANNEL, docname="general")) == []


def test_handlers(each: RunningBench) -> None:
    """Frappe's ping since 15, who types in a document on 14 alone, the apps' own events since 16."""
    demo, sam = (each.sign_in(f"{name}@example.com") for name in ("demo", "sam"))

    async def run() -> set[str]:
        async with client(each, demo) as first, client(each, sam) as second:
            await first.emit("ping")
            await first.emit("doc_open", CHANNEL, "general")
            await asyncio.sleep(QUIET)
            await second.emit("doc_typing", CHANNEL, "general")
            await second.emit("raven_channel_typing", "general")
            await asyncio.sleep(QUIET)
            return {event for event, _ in first.heard}

    telling = {"ping": "pong", "doc_typing": "doc_typers", "apps": "raven_channel_typers"}
    wanted = {event for handler, event in telling.items() if handler in each.bench.generation.handlers}
    assert asyncio.run(run()) == wanted


def test_redis_goes_away(each: RunningBench) -> None:
    """Node ends; Python stays, answers nobody, and goes on when redis is back."""
    sid = each.sign_in()
    each.stop("redis")
    asked = {"Origin": each.web_url, "Cookie": f"sid={sid}"}
    try:
        if each.bench.generation.is_python:
            time.sleep(QUIET)
            with pytest.raises(httpx.ReadTimeout):
                connect(each.socketio_url, namespace(each), asked, timeout=1)
        else:
            assert each.ended("socketio") == 1
    finally:
        each.start("redis")
        if not each.bench.generation.is_python:
            each.stop("socketio")
            each.start("socketio")
    time.sleep(1.5)
    assert asyncio.run(heard(each, sid, user="demo@example.com")) == [HELLO]


def test_a_flushed_secret(each: RunningBench) -> None:
    """What each has when redis no longer knows the secret, and the web has made another."""
    if not each.bench.generation.callback.secret:
        return
    sid = each.sign_in()
    asked = {"Origin": each.web_url, "Cookie": f"sid={sid}"}
    with Redis.from_url(each.bench.redis_url) as redis:
        redis.flushall()
    # Python has read redis before the web wrote its new secret; Node asks a second time, with that one.
    first = [refusal(packet) for packet in connect(each.socketio_url, namespace(each), asked)]
    assert first == ["Unauthorized" if each.bench.generation.is_python else "accepted"]
    assert asyncio.run(heard(each, sid, user="demo@example.com")) == [HELLO]


@pytest.mark.parametrize("name", [name for name in NAMES if named(name).callback.secret])
def test_another_redis_than_the_web(tmp_path: Path, name: str) -> None:
    with running_bench(tmp_path / "bench", generation=name) as bench, running_bench(tmp_path / "other") as other:
        sid = bench.sign_in()
        ports = replace(bench.ports, redis=other.ports.redis)
        misled = create_bench(tmp_path / "misled", ports=ports, generation=name)
        bench.stop("socketio")
        bench.start("socketio", {"DEMO_BENCH": str(misled.path)})
        asked = {"Origin": bench.web_url, "Cookie": f"sid={sid}"}
        # Node lets in somebody of whom it knows nothing: no room is joined.
        said = [refusal(packet) for packet in connect(bench.socketio_url, f"/{SITE}", asked)]
        assert said == ["Unauthorized" if named(name).is_python else "accepted"]


def test_an_old_process_beside_a_new_web(tmp_path: Path) -> None:
    with running_bench(tmp_path / "bench", generation="secret") as bench:
        sid = bench.sign_in()
        bench.stop("socketio")
        bench.start("socketio", {"DEMO_GENERATION": "16"})
        with suppress(httpx.HTTPError):
            connect(bench.socketio_url, f"/{SITE}", {"Origin": bench.web_url, "Cookie": f"sid={sid}"})
        assert bench.ended("socketio") == 1
        assert "TypeError" in bench.log("socketio")


def test_a_callback_that_is_redirected(each: RunningBench) -> None:
    """As behind a proxy that sends http to https: what is in the query stays, a cookie does not."""
    sid = each.sign_in()
    with redirecting(each.web_url) as origin:
        got = asyncio.run(heard(each, sid, origin=origin, user="demo@example.com"))
        as_guest = asyncio.run(heard(each, sid, origin=origin, user="Guest"))
    stays = each.bench.generation.callback.sid == "query"
    assert (got, as_guest) == (([HELLO], []) if stays else ([], [HELLO]))


@contextmanager
def redirecting(url: str) -> Iterator[str]:
    """A server at another origin that sends everything on to the same path of the web."""

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(301)
            self.send_header("Location", url + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Redirect)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", NAMES)
def test_webserver_host(tmp_path: Path, name: str) -> None:
    """It keeps the callback local, where the generation knows it."""
    with running_bench(tmp_path / "bench", generation=name, config={"webserver_host": "127.0.0.1"}) as bench:
        asked = {"Origin": "http://127.0.0.1:1", "Cookie": "sid=Guest"}
        (packet,) = connect(bench.socketio_url, namespace(bench), asked)
    assert (refusal(packet) == "accepted") == named(name).callback.webserver_host


@pytest.mark.parametrize("name", [name for name in NAMES if named(name).unix_socket])
def test_unix_socket(tmp_path: Path, name: str) -> None:
    path = tmp_path / "realtime.sock"
    with (
        running_bench(tmp_path / "bench", generation=name, config={"socketio_uds": str(path)}),
        httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as asking,
    ):
        assert asking.get("http://localhost/socket.io/?EIO=4&transport=polling").text.startswith('0{"sid"')


def test_embedded_in_the_web(tmp_path: Path) -> None:
    """One port for both, and no need of an Origin: the web is asked in the same process."""
    with running_bench(tmp_path / "bench", config={"socketio_backend": "python-embedded"}) as bench:
        assert bench.ports.web == bench.ports.socketio
        sid = bench.sign_in()
        assert [refusal(packet) for packet in connect(bench.web_url, f"/{SITE}", {"Cookie": f"sid={sid}"})] == [
            "accepted"
        ]
        for transport in ("polling", "websocket"):
            assert asyncio.run(heard(bench, sid, transport=transport, user="demo@example.com")) == [HELLO]


def test_health(each: RunningBench) -> None:
    try:
        known = httpx.get(f"{each.socketio_url}/health", timeout=2).status_code == 200
    except httpx.ReadTimeout:  # Node's answers nothing but /socket.io/
        known = False
    assert known == each.bench.generation.health


def test_the_page_tells_the_site_and_the_bench_its_version(each: RunningBench) -> None:
    page = httpx.get(each.web_url, headers={"X-Frappe-Site-Name": SITE}).text
    assert f'window.frappe = {{ boot: {{"sitename": "{SITE}"}} }};' in page
    assert f'data-namespace="{SITE if each.bench.generation.namespaces else ""}"' in page
    version = (each.path / "apps" / "frappe" / "frappe" / "__init__.py").read_text()
    assert version == f'__version__ = "{each.bench.generation.frappe}"\n'


def test_the_newest_is_the_default(tmp_path: Path) -> None:
    assert create_bench(tmp_path / "bench").generation.name == DEFAULT == "16"
    with pytest.raises(Problem, match=r"no '17'\. Accepted: 14, 15, 16, secret, python-gevent, python-asyncio"):
        create_bench(tmp_path / "other", generation="17")
