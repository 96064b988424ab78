"""Brings the real servers to where a `Path` wants them, and asks the doctor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path as File
from typing import Any

import pytest

from demo.bench_folder import Ports, create_bench
from demo.processes import ROOT, TRUST, programs
from demo.running import RunningBench
from raven_realtime.live.checks import event
from raven_realtime.live.doctor import journey
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.journey import Question, diagnose
from raven_realtime.live.inside import Inside
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Credentials, Target
from raven_realtime.problem import Problem
from raven_realtime.sandbox import certificate, local_tunnel, multiplexer
from raven_realtime.sandbox.places import Places
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar
from tests.symptoms.firewall import dropping
from tests.symptoms.path import CHANNEL, HOST, SITE, Path, merge, without_none
from tests.symptoms.servers import Traefik, listens, nginx, ngrok, running, sockets_held, wait

SIDECAR_PORT = 8080
ELSEWHERE_PORT = 8088
OTHER_REDIS_PORT = 11001
PORTS = Ports()
GENERATION = "16"
"""Which of Frappe's realtime servers the symptoms are shown on."""
ELSEWHERE = """\
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
  access_log off; default_type text/html;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 '<html><title>Wiki</title></html>'; }}
    location /development/ {{ return 200 '<html><script>window.dev_server = 1;</script></html>'; }}
    location /login-first/ {{ return 302 https://login.example.com/authorize; }}
    location /own-url/ {{ return 200 '<html><script src="/assets/own-url.js"></script></html>'; }}
    location /assets/own-url.js {{ return 200 'io("http://"+location.hostname+":9000/"+site,{{path:"/socket.io"}})'; }}
    location /other-port/ {{ return 200 '<html><script src="/assets/other-port.js"></script></html>'; }}
    location /assets/other-port.js {{ return 200 'io(location.hostname+":9001/"+site,{{withCredentials:!0}})'; }}
  }}
}}
"""
"""What else a server may serve, a path each."""

HEALTHY: dict[str, Any] = {
    "routers": {
        "frappe-web": {
            "rule": f"Host(`{HOST}`)",
            "entryPoints": ["websecure", "second"],
            "service": "frappe-web",
            "middlewares": ["frappe-site"],
            "tls": {},
        },
        "frappe-socketio": {
            "rule": f"Host(`{HOST}`) && PathPrefix(`/socket.io`)",
            "entryPoints": ["websecure", "second"],
            "service": "frappe-socketio",
            "tls": {},
        },
    },
    "middlewares": {"frappe-site": {"headers": {"customRequestHeaders": {"X-Frappe-Site-Name": SITE}}}},
    "services": {
        "frappe-web": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{PORTS.web}"}]}},
        "elsewhere": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{ELSEWHERE_PORT}"}]}},
    },
}
"""Traefik's `http` section of a healthy production."""


def healthy(path: Path) -> dict[str, Any]:
    """Return Traefik's `http` section before the path's own changes: a server for each sidecar."""
    servers = [{"url": f"http://127.0.0.1:{SIDECAR_PORT + number}"} for number in range(path.replicas)]
    sticky = {"sticky": {"cookie": {"name": "to"}}} if path.replicas > 1 and path.sticky else {}
    return merge(HEALTHY, {"services": {"frappe-socketio": {"loadBalancer": {"servers": servers, **sticky}}}})


def page(name: str) -> dict[str, Any]:
    """Return what Traefik's `http` section needs for one of the pages elsewhere to be the public one."""
    router = {"rule": f"Host(`{HOST}`) && Path(`/`)", "entryPoints": ["websecure"], "service": "elsewhere", "tls": {}}
    return {
        "routers": {
            "page": {**router, "middlewares": ["page"]},
            "assets": {**router, "rule": f"Host(`{HOST}`) && PathPrefix(`/assets/{name}.js`)"},
        },
        "middlewares": {"page": {"addPrefix": {"prefix": f"/{name}"}}},
    }


class World:
    """The servers of the symptom bench; what two paths have in common keeps running between them."""

    def __init__(self, folder: File, stack: ExitStack, generation: str = GENERATION) -> None:
        """Start the bench.

        Args:
            folder: for everything.
            stack: what ends the servers.
            generation: which of Frappe's realtime servers the bench has.
        """
        self.folder = folder
        places = Places.at(folder)
        certificate.ensure(places)
        self.ca = places.certificate
        self.traefik = Traefik(folder / "traefik", places.certificate, places.certificate_key)
        self._traefik_runs: tuple[object, ...] | None = None
        self._edge = stack.enter_context(ExitStack())
        folders = {"bench": PORTS, "second": replace(PORTS, socketio=9001)}
        benches = [
            create_bench(folder / name, sites=(SITE,), ports=ports, generation=generation)
            for name, ports in folders.items()
        ]
        self.benches = [
            RunningBench(each, {program.name: program for program in programs(each.path)}) for each in benches
        ]
        self.bench = self.benches[0]
        self._environments: dict[int, tuple[tuple[str, str], ...]] = {}
        for name in ("redis", "web"):
            self.bench.start(name)
            stack.callback(self.bench.stop, name)
        other = ["redis-server", "--port", str(OTHER_REDIS_PORT), "--save", "", "--bind", "127.0.0.1"]
        stack.enter_context(running(other, folder / "other-redis.log"))
        wait(lambda: listens(OTHER_REDIS_PORT), "the other redis")
        for each in self.benches:
            stack.callback(each.stop, "socketio")
        text = ELSEWHERE.format(folder=folder / "elsewhere", port=ELSEWHERE_PORT)
        stack.enter_context(nginx(text, folder / "elsewhere", ELSEWHERE_PORT))
        self.credentials = Credentials(sid=self.bench.sign_in(site=SITE))

    @contextmanager
    def standing(self, path: Path) -> Iterator[Question]:
        """Bring everything to the path's state and give what to ask the doctor."""
        with ExitStack() as stack:
            ca = self._stand_edge(path, stack)
            trusted = tuple((name, str(ca)) for name in sorted(set(TRUST.values())))
            for number, bench in enumerate(self.benches):
                wanted = path.socketio and number < path.replicas
                self._stand_socketio(number, bench, (*trusted, *path.socketio_environment) if wanted else None)
            if not path.redis:
                self._without_redis(stack)
            self._stand_proxies(path, stack)
            stack.enter_context(dropping(*path.dropped))
            stack.enter_context(sockets_held(path.held, SIDECAR_PORT))
            yield self._question(path, ca)

    def _stand_edge(self, path: Path, stack: ExitStack) -> File:
        if path.ngrok is None and not path.local_tunnel:
            runs = (path.traefik_arguments, path.traefik_environment)
            if self._traefik_runs != runs:
                self._edge.close()
                self._edge.enter_context(self.traefik.run(path.traefik_arguments, dict(path.traefik_environment)))
                self._traefik_runs = runs
            self.traefik.load(without_none(merge(healthy(path), path.traefik)))
            return self.ca
        self._edge.close()
        self._traefik_runs = None
        if path.ngrok is not None:
            return stack.enter_context(ngrok(path.ngrok, self.folder / "ngrok"))
        folder = self.folder / "tunnel"
        folder.mkdir(exist_ok=True)
        tunnel = local_tunnel.LocalTunnel(folder, self.ca, self.traefik.key)
        stack.enter_context(nginx(local_tunnel.render(tunnel), folder, 443))
        return self.ca

    def _stand_socketio(
        self, number: int, bench: RunningBench, environment: tuple[tuple[str, str], ...] | None
    ) -> None:
        if self._environments.get(number) == environment:
            return
        bench.stop("socketio")
        self._environments.pop(number, None)
        if environment is not None:
            bench.start("socketio", dict(environment))
            self._environments[number] = environment

    def restart_socketio(self) -> None:
        """Start the realtime process anew, as it was: what it reads when it starts may be another."""
        environment = self._environments[0]
        self._stand_socketio(0, self.bench, None)
        self._stand_socketio(0, self.bench, environment)

    def _without_redis(self, stack: ExitStack) -> None:
        """Stop redis, then start Socket.IO, which ends because of that."""
        self._stand_socketio(0, self.bench, None)
        self.bench.stop("redis")
        stack.callback(self.bench.start, "redis")
        with pytest.raises(Problem, match="ECONNREFUSED"):
            self.bench.start("socketio")
        self.bench.stop("socketio")

    def _stand_proxies(self, path: Path, stack: ExitStack) -> None:
        if path.ngrok is not None or path.local_tunnel:
            folder = self.folder / "multiplexer"
            folder.mkdir(exist_ok=True)
            text = multiplexer.render(multiplexer.Multiplexer(folder, SITE))
            stack.enter_context(nginx(replaced(text, path), folder, 8005))
            return
        for number in range(path.replicas):
            folder = self.folder / f"sidecar-{number}"
            folder.mkdir(exist_ok=True)
            served = (ServedHost(host=HOST, site=SITE),)
            upstream = f"127.0.0.1:{self.benches[number].ports.socketio}"
            text = sidecar.render(sidecar.Sidecar(served, upstream, port=SIDECAR_PORT + number, folder=folder))
            stack.enter_context(nginx(replaced(text, path), folder, SIDECAR_PORT + number, path.nginx_hosts))

    def _question(self, path: Path, ca: File) -> Question:
        target = Target.parse(path.url, site=SITE, ca=ca if path.trusted else None, page=path.page, timeout=8)
        question = Question(target, hold_seconds=path.hold)
        if path.inside:
            inside = Inside(bench=self.bench.path, nginx=self.folder / "sidecar-0" / "nginx.conf")
            question = replace(question, inside=inside)
        if path.event:
            publisher = Publisher(self.bench.path, SITE, str(ROOT / "demo" / "bench"))
            signed_in = replace(target, credentials=self.credentials)
            question = replace(question, target=signed_in, publisher=publisher, channel=CHANNEL)
        return question


def replaced(text: str, path: Path) -> str:
    """Return an nginx configuration with the path's replacements made."""
    for old, new in path.nginx:
        assert old in text, f"{old!r} is not in the rendered configuration:\n{text}"
        text = text.replace(old, new)
    return text


def asked(question: Question, path: Path) -> Diagnosis:
    """Ask the doctor; waits that only guard against slow machines are shorter here."""
    kept = journey.STAY_SECONDS, event.COPY_SECONDS, event.ARRIVAL_SECONDS
    journey.STAY_SECONDS, event.COPY_SECONDS, event.ARRIVAL_SECONDS = path.stay, 0.7, 1.5
    try:
        return asyncio.run(diagnose(question))
    finally:
        journey.STAY_SECONDS, event.COPY_SECONDS, event.ARRIVAL_SECONDS = kept
