"""No answer to a POST is cut between Traefik and our nginx (docs/adr/0011)."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from demo.ports import free_port
from demo.running import free_ports, running_bench
from raven_realtime.sandbox import multiplexer
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar
from tests.measured import Counted
from tests.symptoms.servers import nginx
from tests.traefik.running import traefik

HOST = "raven.test"
BEFORE = "the sidecar, every answer as it comes"
OURS = ("sidecar", "multiplexer")
ROUTES = (*OURS, BEFORE)
PLUGIN = "late_reader"
"""Traefik closes its connection to nginx at the head of an answer if whoever reads the request's body is held up just
then. This holds him up every time."""
PATH = "/socket.io/?EIO=4&transport=polling"
CHUNKED = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nok\r\n", b"0\r\n\r\n")
UNTIL_CLOSED = (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"ok")
"""An answer in parts, as uvicorn sends it to a client of HTTP/1.1, and to one of 1.0."""
AT_ONCE = 7
CHAINS, POSTS = 20, 20
"""How many sessions each of the seven has one after the other, and how often each asks."""
PATIENCE, SILENCE = 20.0, 0.3
PAUSE = 1.5
"""Between two parts of an answer; longer than the reader is held up (late_reader.go), who is held up for longer than a
head is on its way."""


@dataclass(frozen=True)
class Ways:
    """Where a server behind our nginx has to listen, and how it is reached."""

    upstream: int
    nginx: dict[str, int]
    traefik: dict[str, int]


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ways]:
    folder = tmp_path_factory.mktemp("posts")
    upstream = free_port()
    here = f"127.0.0.1:{upstream}"
    ports = {route: free_port() for route in ROUTES}
    with ExitStack() as stack:
        for number, (route, port) in enumerate(ports.items()):
            own = folder / f"nginx-{number}"
            own.mkdir()
            if route == "multiplexer":
                text = multiplexer.render(multiplexer.Multiplexer(own, "demo", port=port, web=here, socketio=here))
            else:
                served = (ServedHost(host=HOST, site="demo"),)
                text = sidecar.render(sidecar.Sidecar(served, here, port=port, folder=own))
            if route == BEFORE:
                assert "$request_method = POST" in text
                text = text.replace("$request_method = POST", "$request_method = NONE")
            stack.enter_context(nginx(text, own, port))
        module = f"example.com/{PLUGIN}"
        shutil.copytree(Path(__file__).with_name(PLUGIN), folder / "plugins-local" / "src" / module)
        options = (f"--experimental.localplugins.{PLUGIN}.modulename={module}",)
        running = stack.enter_context(traefik(folder, len(ROUTES), options=options))
        entries = dict(zip(ROUTES, running.ports, strict=True))
        plain = {
            f"plain-{number}": {"rule": f"Host(`{HOST}`)", "entryPoints": [entry], "service": f"to-{number}"}
            for number, entry in enumerate(entries.values())
        }
        late = {
            f"late-{number}": {
                **plain[f"plain-{number}"],
                "rule": f"Host(`{HOST}`) && Header(`X-Late`, `yes`)",
                "middlewares": ["late"],
            }
            for number in range(len(ROUTES))
        }
        services = {
            f"to-{number}": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}]}}
            for number, port in enumerate(ports.values())
        }
        running.load(
            {"routers": plain | late, "services": services, "middlewares": {"late": {"plugin": {PLUGIN: {"on": True}}}}}
        )
        yield Ways(upstream, ports, {route: running.ports[entry] for route, entry in entries.items()})


@asynccontextmanager
async def halting(port: int, halt: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Serve answers in parts, and halt between them."""
    open_ones: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.append(writer)
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)\ncontent-length: (\d+)", asked)
                await reader.readexactly(int(length[1]) if length else 0)
                old = b" HTTP/1.0\r\n" in asked
                first, *parts = UNTIL_CLOSED if old else CHUNKED
                writer.write(first)
                for part in parts:
                    await halt()
                    writer.write(part)
                if old:
                    writer.close()
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async with await asyncio.start_server(serve, "127.0.0.1", port):
        yield
        # nginx keeps connections, and would ask the next server through one of this one's
        for writer in open_ones:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in open_ones), return_exceptions=True)


@asynccontextmanager
async def asking(port: int, *, late: bool = False) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of its own connections, over HTTP/1.1."""
    headers = {"Host": HOST, "Cookie": "sid=Guest", **({"X-Late": "yes"} if late else {})}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE, trust_env=False, verify=False
    ) as client:
        yield client


async def posted(client: httpx.AsyncClient, path: str = PATH) -> str:
    """Ask once, and say what came back."""
    try:
        answer = await client.post(path, content="3", headers={"Origin": f"http://{HOST}"})
    except httpx.RemoteProtocolError as error:
        return f"cut: {error}"
    return f"{answer.status_code} {answer.text}"


async def posted_late(ways: Ways, route: str) -> Counter[str]:
    """Ask seven times at once through Traefik, whose reader is late."""
    async with halting(ways.upstream, lambda: asyncio.sleep(PAUSE)), asking(ways.traefik[route], late=True) as client:
        return Counter(await asyncio.gather(*(posted(client) for _ in range(AT_ONCE))))


@pytest.mark.parametrize("route", OURS)
def test_an_answer_arrives_though_traefik_closes_at_its_head(ways: Ways, route: str) -> None:
    assert asyncio.run(posted_late(ways, route)) == {"200 ok": AT_ONCE}


def test_traefik_cuts_an_answer_whose_head_comes_first(ways: Ways) -> None:
    """What was wrong is still there to be seen, or the test above would prove nothing."""
    assert asyncio.run(posted_late(ways, BEFORE)) == {
        "cut: peer closed connection without sending complete message body (incomplete chunked read)": AT_ONCE
    }


async def comes_in_parts(ways: Ways, route: str, method: str) -> bool:
    """Whether nginx passes on the head of an answer while there is no more of it."""
    go_on = asyncio.Event()
    asked = f"{method} {PATH} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 0\r\n\r\n".encode()
    async with halting(ways.upstream, go_on.wait):
        reader, writer = await asyncio.open_connection("127.0.0.1", ways.nginx[route])
        writer.write(asked)
        head = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
        await asyncio.wait({head}, timeout=PATIENCE if method == "GET" else SILENCE)
        early = head.done()
        go_on.set()
        async with asyncio.timeout(PATIENCE):
            assert (await head).startswith(b"HTTP/1.1 200")
            assert await reader.readuntil(CHUNKED[-1]) == b"".join(CHUNKED[1:])
        writer.close()
        return early


@pytest.mark.parametrize("route", OURS)
@pytest.mark.parametrize(("method", "early"), [("GET", True), ("POST", False)])
def test_a_polls_answer_is_passed_on_as_it_comes_and_a_posts_when_it_is_there(
    ways: Ways, route: str, method: str, early: bool
) -> None:
    assert asyncio.run(comes_in_parts(ways, route, method)) is early


async def sessions(port: int) -> Counter[str]:
    """Hold seven times so many sessions at once, that only post."""
    seen: Counter[str] = Counter()

    async def chain() -> None:
        for _ in range(CHAINS):
            async with asking(port) as client:
                opened = (await client.get(PATH)).text
                sid = re.findall(r'"sid":"([^"]+)"', opened)[0]
                for _ in range(POSTS):
                    seen[await posted(client, f"{PATH}&sid={sid}")] += 1

    await asyncio.gather(*(chain() for _ in range(AT_ONCE)))
    return seen


@pytest.mark.full
def test_sessions_of_the_asyncio_server_that_only_post(ways: Ways, tmp_path: Path, counted: Counted) -> None:
    ports = replace(free_ports(), socketio=ways.upstream)
    with running_bench(tmp_path / "bench", ports=ports, generation="python-asyncio"):
        seen = {route: asyncio.run(sessions(ways.traefik[route])) for route in OURS}
    counted(f"answers to POSTs through Traefik: {seen}")
    assert all(each == {"200 OK": AT_ONCE * CHAINS * POSTS} for each in seen.values())
