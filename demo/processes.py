"""The three programs of a bench, as whoever supervises them starts them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demo import node_packages
from demo.bench_folder import Bench
from raven_realtime.problem import Problem

ROOT = Path(__file__).parent.parent
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Program:
    """One process: what runs, where, with what added to the environment, and the port that is open when it is ready."""

    name: str
    command: tuple[str, ...]
    directory: Path
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    unix_socket: Path | None = None
    """Where it listens instead of on the port."""


def programs(
    bench: Path,
    *,
    web_host: str = LOOPBACK,
    socketio_host: str = LOOPBACK,
    ca: Path | None = None,
    python: str = sys.executable,
    options: Mapping[str, str] | None = None,
) -> list[Program]:
    """The commands of redis, the web application and the Socket.IO process, in the order in which to start them.

    Args:
        bench: a folder made by ``create_bench``; the ports and the generation are those of its configuration.
        web_host: the address the web application listens on.
        socketio_host: the address Socket.IO listens on; Frappe's own listens on all.
        ca: a CA certificate (PEM) that the realtime process trusts for its callback to an https Origin with a CA of our
            own.
        python: the interpreter that has this project's requirements.
        options: further environment of the Socket.IO process, such as ``REALTIME_ADAPTER`` (see realtime/options.js).

    Raises:
        Problem: redis-server or node is not installed, or the bench's configuration is broken.
    """
    laid = Bench(bench)
    ports, generation = laid.ports, laid.generation
    python_path = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "DEMO_BENCH": str(bench)}
    trust = {TRUST[generation.callback.client]: str(ca)} if ca else {}
    realtime = {**trust, **(options or {})}
    redis = (_found("redis-server"), str(bench / "config" / "redis_queue.conf"))
    if laid.is_embedded:
        web: tuple[str, ...] = (python, "-m", "demo.realtime_python")
        in_web = {"DEMO_SOCKETIO_HOST": web_host, **realtime}
    else:
        web = (
            *(python, "-m", "gunicorn", "--bind", f"{web_host}:{ports.web}"),
            *("--workers", "1", "--threads", "16", "--graceful-timeout", "2", "--timeout", "60"),
            # Longer than a proxy keeps an idle connection, so that it is the proxy that closes it.
            *("--keep-alive", "75"),
            *("--no-control-socket", "--log-level", "warning", "demo.web:create_app()"),
        )
        in_web = {}
    each = [
        Program("redis", redis, bench, ports.redis),
        Program("web", web, bench, ports.web, {**python_path, **in_web}),
    ]
    if laid.is_embedded:
        return each
    frappe = bench / "apps" / "frappe"
    if generation.is_python:
        command: tuple[str, ...] = (python, "-m", "frappe.realtime.server")
        environment = {**python_path, "PYTHONPATH": f"{frappe}{os.pathsep}{ROOT}"}
    else:
        command = (_found("node"), str(frappe / "socketio.js"))
        environment = {"DEMO_BENCH": str(bench), "DEMO_REALTIME": str(node_packages.FOLDER / "server.js")}
    uds = laid.config.get("socketio_uds") if generation.unix_socket else None
    environment |= {"DEMO_SOCKETIO_HOST": socketio_host, **realtime}
    return [
        *each,
        Program("socketio", command, bench, ports.socketio, environment, Path(str(uds)) if uds else None),
    ]


TRUST = {
    "superagent": "NODE_EXTRA_CA_CERTS",
    "fetch": "NODE_EXTRA_CA_CERTS",
    "requests": "REQUESTS_CA_BUNDLE",
    "httpx": "SSL_CERT_FILE",
}
"""The variable that names a CA certificate to each client of the callback."""


def _found(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        package = {"node": "nodejs"}.get(program, program)
        raise Problem(f"The demo bench needs {program}, which is not on PATH. On Debian: apt-get install {package}.")
    return found
