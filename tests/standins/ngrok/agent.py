"""The agent itself: its session with the account, its endpoints, its local API and its log."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from aiohttp import web
from pydantic import ValidationError

from tests.standins.ngrok import refusals
from tests.standins.ngrok.configuration import Chosen, Endpoint, Tunnel, Unusable, describe
from tests.standins.ngrok.edge import Authority, Edge
from tests.standins.ngrok.tokens import REVOKED, WELL_FORMED

VERSION = "3.39.8"
LOCALHOST = {"localhost", "127.0.0.1", "[::1]"}
NO_METRICS = {"conns": {"count": 0, "gauge": 0}, "http": {"count": 0}}


def _environment(name: str, default: str = "") -> str:
    return os.environ.get(f"NGROK_STANDIN_{name}", default)


@dataclass(frozen=True)
class Surroundings:
    """What the tests chose in the environment; the README says what each is for."""

    folder: Path = field(
        default_factory=lambda: Path(_environment("DIR") or Path(tempfile.gettempdir()) / "ngrok-standin")
    )
    port: int = field(default_factory=lambda: int(_environment("PORT", "443")))
    domain: str = field(default_factory=lambda: _environment("DOMAIN", "ngrok-free.app"))
    hosts: str = field(default_factory=lambda: _environment("HOSTS"))
    plan: str = field(default_factory=lambda: _environment("PLAN", "paid"))
    fault: str = field(default_factory=lambda: _environment("FAULT"))


class Log:
    """The agent's log, in one of its documented formats."""

    def __init__(self, target: str | bool, style: str) -> None:
        self._json = style == "json"
        self._stream: IO[str] | None = {"stdout": sys.stdout, "stderr": sys.stderr}.get(str(target))
        if self._stream is None and target not in ("", "false", False):
            self._stream = Path(str(target)).open("a")  # noqa: SIM115 (open as long as the agent runs)

    def write(self, level: str, message: str, **more: object) -> None:
        """One record."""
        if self._stream is None:
            return
        record = {"lvl": level, "msg": message, **more, "t": datetime.now(UTC).isoformat(timespec="seconds")}
        if self._json:
            line = json.dumps(record)
        else:
            line = " ".join(f"{key}={_quoted(str(value))}" for key, value in record.items())
        print(line, file=self._stream, flush=True)


def _quoted(text: str) -> str:
    return json.dumps(text) if " " in text or '"' in text or "\n" in text else text


class Agent:
    """One run of the agent."""

    def __init__(self, chosen: Chosen, log: Log, surroundings: Surroundings) -> None:
        self._chosen, self._log, self._around = chosen, log, surroundings
        self._online: dict[str, Endpoint] = {}
        self._session: TextIOWrapper | None = None

    async def run(self) -> None:
        """Serve until SIGINT or SIGTERM.

        Raises:
            Refusal: ngrok lets no session or endpoint come up.
            Unusable: a port that it needs is taken.
        """
        self._around.folder.mkdir(parents=True, exist_ok=True)
        await self._serve_api()
        if self._around.fault == "unreachable":
            await self._never_connect()
            return
        self._log_in()
        authority = Authority(self._around.folder)
        edge = Edge(self._online, free_plan=self._around.plan == "free", quota_used=self._around.fault == "quota")
        try:
            await edge.start(self._around.port, authority.server_context())
        except OSError as error:
            raise Unusable(
                f"the stand-in's public port {self._around.port} cannot be listened on: {error.strerror}"
            ) from None
        self._log.write("info", "client session established", obj="tunnels.session")
        for endpoint in self._chosen.endpoints:
            self.start(endpoint)
        await _until_signalled()

    def start(self, endpoint: Endpoint) -> Endpoint:
        """Bring an endpoint online, under a random name where none was asked for.

        Raises:
            Refusal: its name is online already.
        """
        hostname = endpoint.hostname or f"{secrets.token_hex(6)}.{self._around.domain}"
        if hostname in self._online:
            raise refusals.already_online(f"https://{hostname}")
        port = "" if self._around.port == 443 else f":{self._around.port}"
        name = endpoint.name or f"endpoint-{len(self._online)}"
        started = endpoint.model_copy(update={"name": name, "url": f"https://{hostname}{port}"})
        if self._around.hosts:
            with Path(self._around.hosts).open("a") as hosts:
                hosts.write(f"127.0.0.1 {hostname}\n")
        self._online[hostname] = started
        self._log.write("info", "started tunnel", obj="tunnels", name=name, addr=started.upstream.url, url=started.url)
        return started

    def _log_in(self) -> None:
        token = self._chosen.agent.authtoken
        if not token:
            raise refusals.no_token()
        if not WELL_FORMED.fullmatch(token):
            raise refusals.malformed_token(token)
        if token == REVOKED:
            raise refusals.revoked_token(token)
        if self._around.plan == "free":
            account = hashlib.sha256(token.encode()).hexdigest()[:16]
            self._session = (self._around.folder / f"session-{account}").open("w")
            try:
                fcntl.flock(self._session, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise refusals.second_agent() from None
        self._log.write("info", "tunnel session started", obj="tunnels.session")

    async def _never_connect(self) -> None:
        error = 'failed to dial ngrok server with address "connect.ngrok-agent.com:443": dial tcp: i/o timeout'
        task = asyncio.create_task(_until_signalled())
        while not task.done():
            self._log.write("eror", "failed to reconnect session", obj="tunnels.session", err=error)
            await asyncio.wait([task], timeout=1)

    # --- the local API

    async def _serve_api(self) -> None:
        address = self._chosen.agent.web_addr
        if not address:
            return
        host, _, port = str(address).rpartition(":")
        self._log.write("info", "starting web service", obj="web", addr=address)
        runner = web.AppRunner(self._api(), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host or "127.0.0.1", int(port)).start()
        except OSError as error:
            raise Unusable(f"web_addr {address} cannot be listened on: {error.strerror}") from None

    def _api(self) -> web.Application:
        api = web.Application(middlewares=[self._admit])
        api.router.add_get("/api/status", self._status)
        for kind, shape in (("tunnels", _as_tunnel), ("endpoints", _as_endpoint)):
            api.router.add_get(f"/api/{kind}", self._lister(kind, shape))
            api.router.add_post(f"/api/{kind}", self._starter(kind, shape))
            api.router.add_get(f"/api/{kind}/{{name}}", self._shower(shape))
            api.router.add_delete(f"/api/{kind}/{{name}}", self._stop)
        return api

    @web.middleware
    async def _admit(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self._around.fault == "silent-api":
            await asyncio.Event().wait()
        if request.host.rsplit(":", 1)[0] not in LOCALHOST | set(self._chosen.agent.web_allow_hosts):
            return _error(403, "host not allowed", request.host)
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _error(error.status, error.reason, request.path)

    async def _status(self, _request: web.Request) -> web.Response:
        status = "online" if self._around.fault != "unreachable" else "connecting"
        return web.json_response({"status": status, "agent_version": f"{VERSION}-standin", "uri": "/api/status"})

    def _lister(
        self, kind: str, shape: Callable[[Endpoint], object]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(_request: web.Request) -> web.Response:
            return web.json_response({kind: [shape(each) for each in self._online.values()], "uri": f"/api/{kind}"})

        return answer

    def _shower(self, shape: Callable[[Endpoint], object]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            return web.json_response(shape(self._named(request)))

        return answer

    def _starter(
        self, kind: str, shape: Callable[[Endpoint], object]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            if request.content_type != "application/json":
                return _error(415, "unsupported content type", request.content_type)
            try:
                body = json.loads(await request.text())
                asked = Tunnel.model_validate(body).endpoint() if kind == "tunnels" else Endpoint.model_validate(body)
            except ValidationError as error:
                return _error(400, "invalid configuration", describe(error))
            except ValueError:
                return _error(400, "invalid JSON", "the body is no JSON")
            if asked.name in {each.name for each in self._online.values()}:
                return _error(400, "invalid configuration", f"the endpoint {asked.name!r} already exists")
            try:
                return web.json_response(shape(self.start(asked)), status=201)
            except refusals.Refusal as refusal:
                return _error(502, "failed to start", refusal.err)

        return answer

    async def _stop(self, request: web.Request) -> web.Response:
        del self._online[self._named(request).hostname]
        return web.Response(status=204)

    def _named(self, request: web.Request) -> Endpoint:
        for endpoint in self._online.values():
            if endpoint.name == request.match_info["name"]:
                return endpoint
        raise web.HTTPNotFound


def _as_tunnel(endpoint: Endpoint) -> dict[str, object]:
    return {
        "name": endpoint.name,
        "uri": f"/api/tunnels/{endpoint.name}",
        "public_url": endpoint.url,
        "proto": "https",
        "config": {"addr": endpoint.upstream.url, "inspect": endpoint.inspect},
        "metrics": NO_METRICS,
    }


def _as_endpoint(endpoint: Endpoint) -> dict[str, object]:
    policy = endpoint.traffic_policy
    return {
        "name": endpoint.name,
        "uri": f"/api/endpoints/{endpoint.name}",
        "url": endpoint.url,
        "upstream": {"url": endpoint.upstream.url, "protocol": endpoint.upstream.protocol},
        "inspect": endpoint.inspect,
        "traffic_policy": policy.model_dump_json() if policy else "",
        "pooling_enabled": endpoint.pooling_enabled,
        "metrics": NO_METRICS,
    }


def _error(status: int, message: str, details: str) -> web.Response:
    body = {"error_code": 100, "status_code": status, "msg": message, "details": {"err": details}}
    return web.json_response(body, status=status)


async def _until_signalled() -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
