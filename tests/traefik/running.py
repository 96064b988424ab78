"""The real Traefik on loopback, with a backend that any router may lead to."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

import httpx

from demo.ports import free_ports

HEADER = "X-Routed-By"
REPOSITORY = Path(__file__).parents[2]


def program() -> str:
    """Find Traefik: TRAEFIK_BIN, the one on the PATH, or the one the toolchain built.

    Raises:
        RuntimeError: If there is none; tests then fail.
    """
    named = os.environ.get("TRAEFIK_BIN") or shutil.which("traefik")
    if named:
        return named
    asked = subprocess.run(
        [sys.executable, "-m", "toolchain", "path", "traefik"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if asked.returncode == 0 and Path(asked.stdout.strip()).is_file():
        return asked.stdout.strip()
    raise RuntimeError(f"no traefik: set TRAEFIK_BIN, or build it with the toolchain\n{asked.stderr}")


@dataclass
class Traefik:
    """A running Traefik with a dynamic file that may be changed."""

    ports: Mapping[str, int]
    api: str
    backend: str
    file: Path
    generation: int = field(default=0)

    def load(self, http: dict[str, Any], *, besides: frozenset[str] = frozenset()) -> None:
        """Give Traefik a new `http` section and wait until it is in force.

        Args:
            http: The section.
            besides: Entrypoints that answer no plain request, and are not asked.
        """
        self.generation += 1
        mark = f"generation-{self.generation}"
        http = {section: dict(content) for section, content in http.items()}
        http.setdefault("routers", {})[mark] = {
            "rule": f"Path(`/{mark}`)",
            "entryPoints": list(self.ports),
            "service": "backend",
            "priority": 2**62,
        }
        http.setdefault("services", {})["backend"] = {"loadBalancer": {"servers": [{"url": self.backend}]}}
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps({"http": http}), encoding="utf-8")
        fresh.replace(self.file)
        probe = f"GET /{mark} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        for entrypoint in self.ports.keys() - besides:
            self.wait(partial(self._knows, entrypoint, probe))
        self.wait(lambda: any(name.endswith(f"{mark}@file") for name in self.routers()))

    def _knows(self, entrypoint: str, probe: bytes) -> bool:
        return self.ask(entrypoint, probe).status == 200

    @staticmethod
    def wait(condition: Callable[[], bool]) -> None:
        """Wait until the condition holds."""
        until = time.monotonic() + 30
        while not condition():
            if time.monotonic() > until:
                raise RuntimeError("Traefik did not take the configuration in 30 s")
            time.sleep(0.02)

    def ask(self, entrypoint: str, raw: bytes, source: str = "127.0.0.1") -> Answer:
        """Send bytes to an entrypoint and read the answer."""
        address = ("127.0.0.1", self.ports[entrypoint])
        with socket.create_connection(address, timeout=10, source_address=(source, 0)) as connection:
            connection.sendall(raw)
            response = HTTPResponse(connection, method=raw.partition(b" ")[0].decode("latin-1"))
            try:
                response.begin()
            except HTTPException as error:
                raise RuntimeError(f"no answer to {raw!r}") from error
            return Answer(response.status, response.getheader(HEADER) or "")

    def version(self) -> str:
        """Ask the API for its version."""
        return str(httpx.get(f"{self.api}/api/version", timeout=30).raise_for_status().json()["Version"])

    def routers(self) -> dict[str, dict[str, Any]]:
        """Ask the API for all routers, by name."""
        answer = httpx.get(f"{self.api}/api/rawdata", timeout=30)
        routers: dict[str, dict[str, Any]] = answer.raise_for_status().json()["routers"]
        return routers


@dataclass(frozen=True)
class Answer:
    """What came back: the status, and the router that took the request."""

    status: int
    router: str


@contextmanager
def traefik(folder: Path, entrypoints: int, *, options: tuple[str, ...] = ()) -> Iterator[Traefik]:
    """Run Traefik with so many entrypoints, named e0, e1 …

    Args:
        folder: For its file and its log; it runs there, and finds plugins below plugins-local.
        entrypoints: How many.
        options: More of its arguments.
    """
    api, *ports = free_ports(entrypoints + 1)
    named = {f"e{index}": port for index, port in enumerate(ports)}
    file = folder / "dynamic" / "http.yml"
    file.parent.mkdir(parents=True)
    file.write_text("{}", encoding="utf-8")
    arguments = [
        program(),
        "--log.level=ERROR",
        "--api.insecure=true",
        f"--entrypoints.traefik.address=127.0.0.1:{api}",
        f"--providers.file.directory={file.parent}",
        "--providers.file.watch=true",
        "--providers.providersthrottleduration=10ms",
        *(f"--entrypoints.{name}.address=127.0.0.1:{port}" for name, port in named.items()),
        *options,
    ]
    with _backend() as backend, (folder / "traefik.log").open("wb") as log:
        process = subprocess.Popen(arguments, cwd=folder, stdout=log, stderr=log)
        try:
            _wait_for([api, *ports], process, folder / "traefik.log")
            running = Traefik(named, f"http://127.0.0.1:{api}", backend, file)
            running.wait(lambda: httpx.get(f"{running.api}/api/rawdata", timeout=30).status_code == 200)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(ports: list[int], process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    for port in ports:
        while True:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(
                    f"Traefik did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
                )
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)


@contextmanager
def _backend() -> Iterator[str]:
    """Answer every request with 200."""
    server = socket.create_server(("127.0.0.1", 0), backlog=128)
    host, port = server.getsockname()

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=_answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()


def _answer(connection: socket.socket) -> None:
    with connection:
        connection.settimeout(60)
        waiting = b""
        while True:
            try:
                received = connection.recv(65536)
            except OSError:
                return
            if not received:
                return
            waiting += received
            while b"\r\n\r\n" in waiting:
                _, _, waiting = waiting.partition(b"\r\n\r\n")
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
