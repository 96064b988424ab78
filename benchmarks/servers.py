"""The servers of a measurement: the Socket.IO process, nginx and Traefik in front of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from benchmarks import generator
from demo import node_packages
from demo.running import free_ports
from raven_realtime.sandbox import nginx_check
from toolchain.__main__ import path_of

HERE = Path(__file__).parent
CHANGED = "changed.invalid"
"""The host that a changed nginx serves and the one before it does not."""


@dataclass(frozen=True)
class Way:
    """An open path to a Socket.IO process."""

    port: int
    """Where it begins, on 127.0.0.1."""
    change: Callable[[], None] = lambda: None
    """Have the proxy take another configuration while it runs; returns when that one is in force."""
    master: int | None = None
    """The process id of nginx's master, where nginx is on the way."""


Opening = AbstractContextManager[Way]
"""Opens a way, and closes it again."""


@contextmanager
def socketio() -> Iterator[int]:
    """Run the Socket.IO process and give its port."""
    node_packages.install()
    port = free_ports().socketio
    with running(["node", str(HERE / "server.js"), str(port)], port, node_packages.environment()):
        yield port


@contextmanager
def nginx(folder: Path, text: str, port: int) -> Iterator[Way]:
    """Run nginx with a configuration whose server listens on ``port``; it keeps its files in ``folder``."""
    file = folder / "nginx.conf"
    file.write_text(text)
    command = [nginx_check.find(), "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(file)]
    with running([*command, *(["-g", "daemon off;"] if "daemon off;" not in text else [])], port) as master:

        def change() -> None:
            """Add a server for one more host to the end of ``http``, and reload."""
            more = f"server {{ listen {port}; server_name {CHANGED}; return 204; }}"
            file.write_text(f"{text.rstrip().removesuffix('}')}\n{more}\n}}\n")
            os.kill(master, signal.SIGHUP)
            _until(lambda: _asked(port, CHANGED)[0] == 204, "nginx's changed configuration")

        yield Way(port, change, master)


@contextmanager
def relay(to: int) -> Iterator[Way]:
    """Run a process that copies bytes to a port of 127.0.0.1 and back, and knows no HTTP."""
    port = free_ports().web
    with running(generator.relay(port, to), port):
        yield Way(port)


@contextmanager
def traefik(folder: Path, to: Way) -> Iterator[Way]:
    """Run Traefik, without TLS, with a route for Socket.IO to another way; it keeps its files in ``folder``.

    What is changed later on is the configuration of nginx, or, where there is none, Traefik's own.
    """
    port = free_ports().web
    rules = folder / "rules"
    rules.mkdir()

    def write(**router: object) -> None:
        described = {
            "routers": {
                "frappe-socketio": {"rule": "PathPrefix(`/socket.io`)", "service": "frappe-socketio", **router}
            },
            "services": {"frappe-socketio": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{to.port}"}]}}},
            "middlewares": {"mark": {"headers": {"customResponseHeaders": {"X-Changed": "yes"}}}},
        }
        new = folder / "rules.new"
        new.write_text(json.dumps({"http": described}))  # JSON is YAML
        new.replace(rules / "rules.yml")

    def change() -> None:
        write(middlewares=["mark"])
        _until(lambda: "X-Changed: yes" in _asked(port)[1], "Traefik's changed configuration")

    write()
    command = [
        str(path_of("traefik")),
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--log.level=ERROR",
        f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--providers.file.directory={rules}",
        "--providers.providersthrottleduration=100ms",
    ]
    with running(command, port):
        _until(lambda: _asked(port)[0] == 200, "Traefik's route")
        yield Way(port, to.change if to.master else change, to.master)


@contextmanager
def running(command: list[str], port: int, environment: dict[str, str] | None = None) -> Iterator[int]:
    """Run a program until it listens on a port, give its process id, and stop it afterwards."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 15
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"`{' '.join(command)}` does not listen on port {port}")
                time.sleep(0.02)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _asked(port: int, host: str = "localhost") -> tuple[int, str]:
    """Return status and head of the answer to one handshake; status 0 where there is none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/socket.io/?EIO=4&transport=polling", headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, str(answer.headers)
    except OSError:
        return 0, ""
    finally:
        connection.close()


def _until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 15
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} is not in force after 15 s")
        time.sleep(0.02)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
