"""The stand-in held against ngrok's documentation: command line, configuration version 3, agent API, error codes."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.typing import Origin

from demo.running import free_ports
from tests.standins.ngrok.tokens import MALFORMED, REVOKED, VALID

COMMAND = str(Path(__file__).parent / "ngrok")
NAME = "chat.example.com"


# --- what lies behind the tunnel: it answers with what it was asked


def _answer(_connection: ServerConnection, request: Request) -> Response | None:
    if request.headers.get("Upgrade"):
        return None
    body = json.dumps({"path": request.path, **{name.lower(): value for name, value in request.headers.raw_items()}})
    return Response(
        200, "OK", Headers({"Content-Type": "application/json", "Content-Length": str(len(body))}), body.encode()
    )


async def _echo(connection: ServerConnection) -> None:
    assert connection.request is not None
    await connection.send(json.dumps({name.lower(): value for name, value in connection.request.headers.raw_items()}))
    async for message in connection:
        await connection.send(message)


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    port = free_ports().web
    loop = asyncio.new_event_loop()
    ready = asyncio.Event()

    async def run() -> None:
        async with serve(_echo, "127.0.0.1", port, process_request=_answer):
            ready.set()
            await stop.wait()

    stop = asyncio.Event()
    thread = Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    asyncio.run_coroutine_threadsafe(ready.wait(), loop).result(10)
    yield port
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


# --- the agent


@dataclass
class Running:
    """A stand-in that runs, and where its public side and its API are."""

    folder: Path
    port: int
    api: httpx.Client
    process: subprocess.Popen[str]
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in (self.folder / "out").read_text().splitlines()]

    def public(self, host: str = NAME) -> httpx.Client:
        """A client whose requests go to the public side for ``host``, with TLS verified for that name."""
        trust = ssl.create_default_context(cafile=self.folder / "ca.pem")
        client = httpx.Client(base_url=f"https://127.0.0.1:{self.port}", verify=trust, headers={"Host": host})
        client.event_hooks["request"] = [lambda request: request.extensions.update(sni_hostname=host)]
        return client


def write(folder: Path, content: Mapping[str, object]) -> str:
    file = folder / "ngrok.yml"
    file.write_text(json.dumps({"version": 3, **content}))
    return str(file)


def settings(token: str = VALID, **more: object) -> dict[str, object]:
    return {"authtoken": token, "web_addr": f"127.0.0.1:{free_ports().web}", **more}


def environment(folder: Path, **more: str) -> dict[str, str]:
    chosen = {f"NGROK_STANDIN_{name}": value for name, value in {"DIR": str(folder), **more}.items()}
    return {**os.environ, "HOME": str(folder), **chosen}


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False, env=environment(folder, **more)
    )


@contextmanager
def running(folder: Path, content: dict[str, object], *arguments: str, **more: str) -> Iterator[Running]:
    agent = content.setdefault("agent", settings())
    assert isinstance(agent, dict)
    file = write(folder, content)
    port = free_ports().web
    arguments = arguments or ("start", "--all")
    command = [COMMAND, *arguments, "--config", file, "--log", "stdout", "--log-format", "json"]
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=subprocess.STDOUT, text=True, env=environment(folder, PORT=str(port), **more)
        )
    api = httpx.Client(base_url=f"http://{agent['web_addr']}/api", timeout=3)
    each = Running(folder, port, api, process)
    try:
        _wait(
            each, "client session established" if more.get("FAULT") != "unreachable" else "failed to reconnect session"
        )
        yield each
    finally:
        process.terminate()
        assert process.wait(10) == 0
        api.close()


def _wait(each: Running, message: str) -> None:
    for _ in range(200):
        if any(record["msg"] == message for record in each.log if "msg" in record):
            time.sleep(0.1)
            return
        assert each.process.poll() is None, (each.folder / "out").read_text()
        time.sleep(0.05)
    raise AssertionError(f"no {message!r} in the log")


def endpoint(upstream: int | str, **more: object) -> dict[str, object]:
    return {"name": "web", "url": f"https://{NAME}", "upstream": {"url": upstream}, **more}


# --- forwarding


@pytest.fixture(scope="module")
def tunnel(upstream: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    rewritten = {
        "on_http_request": [{"actions": [{"type": "add-headers", "config": {"headers": {"host": "other.example"}}}]}]
    }
    content: dict[str, object] = {
        "endpoints": [
            endpoint(f"127.0.0.1:{upstream}"),
            endpoint(upstream, name="rewritten", url="rewritten.example.com", traffic_policy=rewritten),
            endpoint(1, name="dead", url="dead.example.com"),
            {"name": "random", "upstream": {"url": upstream}},
        ]
    }
    with running(tmp_path_factory.mktemp("ngrok"), content) as each:
        yield each


FORWARDED = {
    "the path and the query": (NAME, {}, {"path": "/socket.io/?EIO=4&transport=polling"}),
    "the host stays": (NAME, {}, {"host": NAME}),
    "where it came from": (
        NAME,
        {},
        {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https", "x-forwarded-host": NAME},
    ),
    "an earlier proxy is kept": (NAME, {"X-Forwarded-For": "192.0.2.1"}, {"x-forwarded-for": "192.0.2.1, 127.0.0.1"}),
    "no origin is made up": (NAME, {}, {"origin": None}),
    "an origin is passed on": (NAME, {"Origin": "https://x.example"}, {"origin": "https://x.example"}),
    "the host header is rewritten": (
        "rewritten.example.com",
        {},
        {"host": "other.example", "x-forwarded-host": "rewritten.example.com"},
    ),
    "browsers see no warning on a paid plan": (NAME, {"User-Agent": "Mozilla/5.0"}, {"user-agent": "Mozilla/5.0"}),
}


@pytest.mark.parametrize(("host", "headers", "arrives"), FORWARDED.values(), ids=FORWARDED.keys())
def test_a_request_arrives(tunnel: Running, host: str, headers: dict[str, str], arrives: dict[str, str | None]) -> None:
    with tunnel.public(host) as client:
        seen = client.get("/socket.io/?EIO=4&transport=polling", headers=headers).json()
    assert {name: seen.get(name) for name in arrives} == arrives


def test_websocket_both_ways(tunnel: Running) -> None:
    async def talk() -> tuple[dict[str, str], list[str | bytes]]:
        trust = ssl.create_default_context(cafile=tunnel.folder / "ca.pem")
        address = f"wss://{NAME}:{tunnel.port}/socket.io/?EIO=4"
        origin = Origin("https://x.example")
        async with connect(address, host="127.0.0.1", port=tunnel.port, ssl=trust, origin=origin) as socket:
            seen = json.loads(await socket.recv())
            said: list[str | bytes] = ["2probe", b"\x00\xff", "x" * 100_000]
            for each in said:
                await socket.send(each)
            heard = [await asyncio.wait_for(socket.recv(), 5) for _ in said]
            await (await socket.ping())
            assert heard == said
            return seen, heard

    seen, _ = asyncio.run(talk())
    assert seen["x-forwarded-proto"] == "https"
    assert seen["origin"] == "https://x.example"
    assert seen["host"] == f"{NAME}:{tunnel.port}"


PAGES = {
    "nobody's name": ("unknown.example.com", 404, "ERR_NGROK_3200"),
    "nothing behind it": ("dead.example.com", 502, "ERR_NGROK_8012"),
}


@pytest.mark.parametrize(("host", "status", "code"), PAGES.values(), ids=PAGES.keys())
def test_ngroks_own_pages(tunnel: Running, host: str, status: int, code: str) -> None:
    with tunnel.public(host) as client:
        answer = client.get("/")
    assert (answer.status_code, answer.headers["Ngrok-Error-Code"]) == (status, code)
    assert answer.headers["Content-Type"].startswith("text/html")


def test_the_log_says_where_and_that_it_is_a_stand_in(tunnel: Running) -> None:
    started = {record["name"]: record for record in tunnel.log if record["msg"] == "started tunnel"}
    assert started["web"]["url"] == f"https://{NAME}:{tunnel.port}"
    assert str(started["random"]["url"]).endswith(f".ngrok-free.app:{tunnel.port}")
    assert "stand-in" in str(tunnel.log[0]["msg"])
    assert VALID not in (tunnel.folder / "out").read_text()


# --- the local API


def test_api_lists_in_both_documented_shapes(tunnel: Running) -> None:
    tunnels = tunnel.api.get("/tunnels").json()["tunnels"]
    endpoints = tunnel.api.get("/endpoints").json()["endpoints"]
    web = next(each for each in tunnels if each["name"] == "web")
    assert (web["public_url"], web["proto"], web["uri"]) == (
        f"https://{NAME}:{tunnel.port}",
        "https",
        "/api/tunnels/web",
    )
    assert next(each["url"] for each in endpoints if each["name"] == "web") == web["public_url"]
    assert tunnel.api.get("/tunnels/web").json() == web
    assert tunnel.api.get("/status").json()["status"] == "online"


def test_api_starts_and_stops(tunnel: Running, upstream: int) -> None:
    asked = {"name": "later", "url": "https://later.example.com", "upstream": {"url": f"http://127.0.0.1:{upstream}"}}
    started = tunnel.api.post("/endpoints", json=asked)
    assert (started.status_code, started.json()["url"]) == (201, f"https://later.example.com:{tunnel.port}")
    with tunnel.public("later.example.com") as client:
        assert client.get("/").json()["host"] == "later.example.com"
        assert tunnel.api.delete("/endpoints/later").status_code == 204
        assert client.get("/").status_code == 404


def test_api_starts_an_older_tunnel_with_a_rewritten_host(tunnel: Running, upstream: int) -> None:
    asked = {
        "name": "old",
        "proto": "http",
        "addr": str(upstream),
        "domain": "old.example.com",
        "host_header": "rewrite",
    }
    assert tunnel.api.post("/tunnels", json=asked).status_code == 201
    with tunnel.public("old.example.com") as client:
        assert client.get("/").json()["host"] == f"localhost:{upstream}"
    assert tunnel.api.delete("/tunnels/old").status_code == 204


REFUSED = {
    "no upstream": ("POST", "/endpoints", {"name": "x"}, 400),
    "an unknown key": ("POST", "/endpoints", {"name": "x", "upstream": {"url": 80}, "host_header": "rewrite"}, 400),
    "a name twice": ("POST", "/endpoints", {"name": "web", "upstream": {"url": 80}}, 400),
    "a URL twice": ("POST", "/endpoints", {"name": "x", "url": NAME, "upstream": {"url": 80}}, 502),
    "a policy it does not know": (
        "POST",
        "/endpoints",
        {
            "name": "x",
            "upstream": {"url": 80},
            "traffic_policy": {"on_http_request": [{"actions": [{"type": "deny"}]}]},
        },
        400,
    ),
    "an unknown name": ("DELETE", "/endpoints/nope", None, 404),
    "an unknown resource": ("GET", "/nope", None, 404),
}


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_api_refuses(tunnel: Running, method: str, path: str, body: object, status: int) -> None:
    answer = tunnel.api.request(method, path, json=body)
    assert (answer.status_code, answer.json()["status_code"]) == (status, status)


def test_api_is_for_local_hosts(tunnel: Running) -> None:
    assert tunnel.api.get("/tunnels", headers={"Host": "evil.example"}).status_code == 403


# --- the account and its faults

TOKENS = {
    "none": ("", "ERR_NGROK_4018"),
    "malformed": (MALFORMED, "ERR_NGROK_105"),
    "revoked": (REVOKED, "ERR_NGROK_107"),
}


@pytest.mark.parametrize(("token", "code"), TOKENS.values(), ids=TOKENS.keys())
def test_a_token_is_refused(tmp_path: Path, token: str, code: str) -> None:
    file = write(tmp_path, {"agent": settings(token), "endpoints": [endpoint(80)]})
    answer = run(tmp_path, "start", "--all", "--config", file, "--log", "stdout", "--log-format", "json")
    assert answer.returncode == 1
    assert f"ERROR:  {code}\n" in answer.stderr
    assert answer.stderr.startswith("ERROR:  authentication failed: ")
    last = json.loads(answer.stdout.splitlines()[-1])
    assert (last["lvl"], last["msg"], code in last["err"]) == ("crit", "command failed", True)
    assert token in answer.stderr


def test_a_second_agent_is_refused_on_a_free_plan(tmp_path: Path, upstream: int) -> None:
    content: dict[str, object] = {"endpoints": [endpoint(upstream)]}
    with running(tmp_path, content, PLAN="free"):
        (tmp_path / "second").mkdir()
        file = write(tmp_path / "second", {"agent": settings(), "endpoints": [endpoint(upstream)]})
        answer = run(tmp_path, "start", "--all", "--config", file, PLAN="free")
    assert (answer.returncode, "ERR_NGROK_108" in answer.stderr) == (1, True)


WARNED = {
    "a browser": ({"User-Agent": "Mozilla/5.0 (X11)"}, "ERR_NGROK_6024"),
    "a browser that skips it": ({"User-Agent": "Mozilla/5.0 (X11)", "ngrok-skip-browser-warning": "1"}, None),
    "curl": ({"User-Agent": "curl/8"}, None),
}


def test_the_warning_page_of_a_free_plan(tmp_path: Path, upstream: int) -> None:
    with running(tmp_path, {"endpoints": [endpoint(upstream)]}, PLAN="free") as each, each.public() as client:
        seen = {
            name: client.get("/", headers=headers).headers.get("Ngrok-Error-Code")
            for name, (headers, _) in WARNED.items()
        }
    assert seen == {name: code for name, (_, code) in WARNED.items()}


def test_the_quota_is_used_up(tmp_path: Path, upstream: int) -> None:
    with running(tmp_path, {"endpoints": [endpoint(upstream)]}, FAULT="quota") as each, each.public() as client:
        answer = client.get("/")
        assert each.api.get("/status").json()["status"] == "online"
    assert (answer.status_code, answer.headers["Ngrok-Error-Code"]) == (403, "ERR_NGROK_725")


def test_a_silent_api(tmp_path: Path, upstream: int) -> None:
    with running(tmp_path, {"endpoints": [endpoint(upstream)]}, FAULT="silent-api") as each:
        with pytest.raises(httpx.ReadTimeout):
            each.api.get("/tunnels", timeout=0.5)
        with each.public() as client:
            assert client.get("/").status_code == 200


def test_no_session_comes_up(tmp_path: Path, upstream: int) -> None:
    with running(tmp_path, {"endpoints": [endpoint(upstream)]}, FAULT="unreachable") as each:
        assert each.api.get("/tunnels").json()["tunnels"] == []


# --- the command line and the file


def test_http(tmp_path: Path, upstream: int) -> None:
    hosts = tmp_path / "hosts"
    arguments = ("http", str(upstream), "--url", f"https://{NAME}", "--host-header", "rewrite")
    with running(tmp_path, {}, *arguments, HOSTS=str(hosts)) as each, each.public() as client:
        assert client.get("/").json()["host"] == f"localhost:{upstream}"
        assert each.api.get("/tunnels").json()["tunnels"][0]["name"] == "command_line"
    assert hosts.read_text() == f"127.0.0.1 {NAME}\n"


def test_start_by_name(tmp_path: Path, upstream: int) -> None:
    content: dict[str, object] = {
        "endpoints": [endpoint(upstream), endpoint(upstream, name="not", url="not.example.com")]
    }
    with running(tmp_path, content, "start", "web") as each:
        assert [one["name"] for one in each.api.get("/endpoints").json()["endpoints"]] == ["web"]


def test_version(tmp_path: Path) -> None:
    answer = run(tmp_path, "version")
    assert answer.stdout.startswith("ngrok version 3.")
    assert "stand-in" in answer.stdout


FILES: dict[str, tuple[object, Sequence[str]]] = {
    "no version": ({"agent": {}}, ["version", "Field required"]),
    "version 2": ({"version": 2, "authtoken": "x"}, ["version", "authtoken: Extra inputs"]),
    "an unknown key": ({"version": 3, "agent": {"authtokne": "secret"}}, ["agent.authtokne: Extra inputs"]),
    "a host header in an endpoint": (
        {"version": 3, "endpoints": [{"upstream": {"url": 80, "host_header": "x"}}]},
        ["endpoints.0.upstream.host_header: Extra inputs"],
    ),
    "another protocol": (
        {"version": 3, "endpoints": [{"url": "tcp://1.tcp.ngrok.io:1", "upstream": {"url": 22}}]},
        ["endpoints.0.url", "https endpoints only"],
    ),
    "no YAML": ("version: [3", ["while parsing"]),
}


@pytest.mark.parametrize(("content", "said"), FILES.values(), ids=FILES.keys())
def test_config_check_refuses(tmp_path: Path, content: object, said: Sequence[str]) -> None:
    file = tmp_path / "ngrok.yml"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    answer = run(tmp_path, "config", "check", "--config", str(file))
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"ERROR:  Error reading configuration file '{file}': ")
    assert [each for each in said if each not in answer.stderr] == []
    assert "secret" not in answer.stderr


def test_config_check_accepts(tmp_path: Path) -> None:
    file = write(tmp_path, {"agent": settings(), "endpoints": [endpoint(80)]})
    answer = run(tmp_path, "config", "check", "--config", file)
    assert (answer.returncode, answer.stdout) == (0, f"Valid configuration file at {file}\n")


COMMANDS = {
    "no name": (("start",), "at least one endpoint"),
    "an unknown name": (("start", "nope"), "'nope' is not defined"),
    "no file": (("start", "--all", "--config", "/nonexistent.yml"), "failed to read configuration file"),
}


@pytest.mark.parametrize(("arguments", "said"), COMMANDS.values(), ids=COMMANDS.keys())
def test_command_refused(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    file = write(tmp_path, {"agent": settings(), "endpoints": [endpoint(80)]})
    if "--config" not in arguments:
        arguments = (*arguments, "--config", file)
    answer = run(tmp_path, *arguments)
    assert answer.returncode == 1
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
