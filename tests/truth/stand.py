"""A generation's path, and the faults that a row puts into it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from demo.processes import ROOT
from raven_realtime.live.checks import event
from raven_realtime.live.doctor import journey
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.journey import Question, diagnose
from raven_realtime.live.inside import Inside
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Credentials
from tests.symptoms.path import CHANNEL, HOST, SITE, Path
from tests.symptoms.servers import nginx
from tests.symptoms.world import OTHER_REDIS_PORT, PORTS, World
from tests.truth.rows import Row

FAULTY_PORT, SILENT_PORT = 8090, 8091
PERMISSIONS = ("has_permission", "can_subscribe_doc")
FAULTY = """\
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off; default_type application/json;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; return 500 '{{"exc_type": "OperationalError"}}'; }}
}}
"""


class Stand:
    """The servers of one generation; a row's fault is put in for as long as it is asked about."""

    def __init__(self, folder: File, stack: ExitStack, generation: str) -> None:
        """Start them.

        Args:
            folder: for everything.
            stack: what ends them.
            generation: a name of demo.generations.
        """
        self.generation = generation
        self.world = World(folder, stack, generation)
        text = FAULTY.format(folder=folder / "faulty", port=FAULTY_PORT)
        stack.enter_context(nginx(text, folder / "faulty", FAULTY_PORT))
        silent = stack.enter_context(socket.socket())
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        silent.bind(("127.0.0.1", SILENT_PORT))
        silent.listen(64)

    @contextmanager
    def broken(self, row: Row) -> Iterator[Question]:
        """Bring the path to the row's state and give what to ask, with everything."""
        with ExitStack() as stack:
            asked = stack.enter_context(self.world.standing(self._path(row)))
            for does in row.also:
                stack.enter_context(getattr(self, f"_{does}")())
            target = replace(asked.target, site="" if row.by_page else SITE, credentials=None, timeout=4)
            yield Question(target, channel=CHANNEL)

    def _path(self, row: Row) -> Path:
        routes: dict[str, Any] = dict(row.traefik)
        for method, port in row.answering.items():
            names = PERMISSIONS if method == "permission" else (method,)
            for name in names:
                routes.setdefault("routers", {})[name] = {
                    "rule": f"Host(`{HOST}`) && Path(`/api/method/frappe.realtime.{name}`)",
                    "entryPoints": ["websecure"],
                    "service": f"at-{port}",
                    "tls": {},
                }
            servers = {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}]}}
            routes.setdefault("services", {})[f"at-{port}"] = servers
        return Path(nginx=row.nginx, socketio_environment=row.environment, traefik=routes, stay=0.3)

    def asking(self, question: Question, row: Row, who: str) -> Question:
        """Return the question as somebody asks it.

        Args:
            question: with nothing.
            row: what is broken.
            who: ``outside`` with nothing, ``session`` as a user, ``inside`` as one who may look at the server too.
        """
        if who == "outside":
            return question
        credentials = Credentials(sid="0" * 40) if row.wrong_sid else self.world.credentials
        question = replace(question, target=replace(question.target, credentials=credentials))
        if who == "session":
            return question
        folder = self.world.bench.path
        inside = Inside(bench=folder, nginx=self.world.folder / "sidecar-0" / "nginx.conf")
        return replace(question, inside=inside, publisher=Publisher(folder, SITE, str(ROOT / "demo" / "bench")))

    @contextmanager
    def _web_down(self) -> Iterator[None]:
        self.world.bench.stop("web")
        try:
            yield
        finally:
            self.world.bench.start("web")

    @contextmanager
    def _process_frozen(self) -> Iterator[None]:
        pid = self.world.bench.pid("socketio")
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextmanager
    def _redis_dies(self) -> Iterator[None]:
        self.world.bench.stop("redis")
        try:
            yield
        finally:
            self.world.bench.start("redis")
            self.world.restart_socketio()

    @contextmanager
    def _another_redis(self) -> Iterator[None]:
        """The realtime process reads a configuration with another redis than the web's."""
        bench = self.world.bench
        file = bench.path / "sites" / "common_site_config.json"
        kept = file.read_text()
        try:
            file.write_text(kept.replace(f"127.0.0.1:{PORTS.redis}", f"127.0.0.1:{OTHER_REDIS_PORT}"))
            self.world.restart_socketio()
            file.write_text(kept)
            yield
        finally:
            file.write_text(kept)
            self.world.restart_socketio()


def walked(question: Question) -> Diagnosis:
    """Ask the doctor; waits that only guard against slow machines are shorter here."""
    kept = journey.STAY_SECONDS, event.COPY_SECONDS, event.ARRIVAL_SECONDS
    journey.STAY_SECONDS, event.COPY_SECONDS, event.ARRIVAL_SECONDS = 0.3, 0.7, 1.5
    try:
        return asyncio.run(diagnose(question))
    finally:
        journey.STAY_SECONDS, event.COPY_SECONDS, event.ARRIVAL_SECONDS = kept
