"""The real servers of the path before the bench: Traefik, nginx, and the stand-in for ngrok."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.standins.ngrok.tokens import VALID
from tests.symptoms.path import HOST, Ngrok
from tests.traefik.running import program as traefik_program

TRAEFIK_API = "http://127.0.0.1:8899"
NGROK = Path(__file__).parents[1] / "standins" / "ngrok" / "ngrok"
NGROK_API = "http://127.0.0.1:4040"
READY_SECONDS = 60


def wait(condition: Callable[[], bool], what: str, *, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until the condition holds; fail when it does not, or the process ends first."""
    until = time.monotonic() + READY_SECONDS
    while not condition():
        ended = process is not None and process.poll() is not None
        assert not ended, f"{what}: the program ended"
        assert time.monotonic() < until, f"{what}: not within {READY_SECONDS} s"
        time.sleep(0.02)


def listens(port: int, address: str = "127.0.0.1") -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0


@contextmanager
def running(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a process group of its own, which ends with the context."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@contextmanager
def nginx(configuration: str, folder: Path, port: int, hosts: str = "") -> Iterator[None]:
    """Run nginx on a configuration that listens on the port; ``hosts`` is what it has for /etc/hosts."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(configuration)
    log = folder / "nginx.log"
    command = ["nginx", "-e", "stderr", "-p", str(folder), "-c", str(file)]
    if hosts:
        (folder / "hosts").write_text(hosts)
        mounted = 'mount --bind "$0" /etc/hosts && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", mounted, str(folder / "hosts"), *command]
    with running(command, log) as process:
        try:
            wait(lambda: listens(port), f"nginx on {port}", process=process)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{log.read_text()[-2000:]}") from None
        yield


@dataclass
class Traefik:
    """A running Traefik whose dynamic file may be changed."""

    folder: Path
    certificate: Path
    key: Path
    generation: int = field(default=0)

    @property
    def file(self) -> Path:
        """The dynamic file."""
        return self.folder / "dynamic" / "http.yml"

    @contextmanager
    def run(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> Iterator[None]:
        """Run it: :80 redirects to :443; :8443 leads where :443 leads."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text("{}")
        command = [
            traefik_program(),
            "--log.level=ERROR",
            "--api.insecure=true",
            f"--entrypoints.traefik.address={TRAEFIK_API.removeprefix('http://')}",
            "--entrypoints.web.address=:80",
            "--entrypoints.web.http.redirections.entrypoint.to=websecure",
            "--entrypoints.websecure.address=:443",
            "--entrypoints.second.address=:8443",
            f"--providers.file.directory={self.file.parent}",
            "--providers.file.watch=true",
            "--providers.providersthrottleduration=10ms",
            *arguments,
        ]
        log = self.folder / "traefik.log"
        with running(command, log, environment) as process:
            try:
                wait(lambda: all(map(listens, (80, 443, 8443, 8899))), "Traefik", process=process)
            except AssertionError as error:
                raise AssertionError(f"{error}\n{log.read_text()[-2000:]}") from None
            yield

    def load(self, http: Mapping[str, Any]) -> None:
        """Give it an `http` section and wait until that is in force."""
        self.generation += 1
        mark = f"generation-{os.getpid()}-{self.generation}"
        known = {"rule": f"Path(`/{mark}`)", "service": "noop@internal", "tls": {}, "priority": 2**40}
        routers = {**http["routers"], mark: {**known, "entryPoints": ["websecure"]}}
        pair = {"certFile": str(self.certificate), "keyFile": str(self.key)}
        dynamic = {
            "http": {**http, "routers": routers},
            "tls": {"certificates": [pair], "stores": {"default": {"defaultCertificate": pair}}},
        }
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(dynamic))
        fresh.replace(self.file)
        wait(lambda: _status(f"https://{HOST}/{mark}") == 418, "Traefik's new configuration")


def _status(url: str) -> int:
    with suppress(httpx.HTTPError):
        return httpx.get(url, verify=_ANY, timeout=5, trust_env=False).status_code
    return 0


_ANY = ssl.create_default_context()
_ANY.check_hostname = False
_ANY.verify_mode = ssl.CERT_NONE


@contextmanager
def ngrok(wanted: Ngrok, folder: Path) -> Iterator[Path]:
    """Run the stand-in for ``https://localhost`` and give its CA."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = {
        "version": 3,
        "agent": {"authtoken": VALID, "web_addr": NGROK_API.removeprefix("http://")},
        "endpoints": [{"name": "sandbox", "url": f"https://{HOST}", "upstream": {"url": wanted.upstream}}],
    }
    file = folder / "ngrok.yml"
    file.write_text(json.dumps(configuration))
    chosen = {"DIR": str(folder), "PLAN": wanted.plan, **({"FAULT": wanted.fault} if wanted.fault else {})}
    environment = {f"NGROK_STANDIN_{name}": value for name, value in chosen.items()}
    command = [str(NGROK), "start", "--all", "--config", str(file)]
    with running(command, folder / "ngrok.log", environment) as process:
        wait(lambda: listens(443) and _online(), "ngrok's stand-in", process=process)
        yield folder / "ca.pem"


def _online() -> bool:
    try:
        return bool(httpx.get(f"{NGROK_API}/api/tunnels", timeout=5, trust_env=False).json()["tunnels"])
    except httpx.HTTPError:
        return False


@contextmanager
def sockets_held(count: int, port: int) -> Iterator[None]:
    """Hold WebSockets open at the proxy on the port, as many as it takes."""
    request = (
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {HOST}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with ExitStack() as stack:
        for _ in range(count):
            held = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
            with suppress(OSError):
                held.sendall(request.encode())
                held.recv(1024)
        yield
