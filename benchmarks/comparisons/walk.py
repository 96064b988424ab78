"""What a walk of the doctor costs, and what the server sees of it, beside a single curl."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import servers
from benchmarks.comparison import Candidate, Comparison, Measure, Target
from demo.bench_folder import DEFAULT_SITE
from demo.processes import ROOT
from demo.running import RunningBench, free_ports, running_bench
from raven_realtime.ports import PUBLIC_TLS_PORT
from raven_realtime.sandbox import certificate, local_tunnel, multiplexer
from raven_realtime.sandbox.places import Places

URL = "https://localhost"
MOST_REQUESTS = 50
"""Of a walk without credentials: whoever asks about a stranger's server is a guest there."""
CURL, OUTSIDE, EVENT = "a single curl", "doctor", "doctor with an event"


@dataclass(frozen=True)
class Cost:
    """What one command cost."""

    seconds: float
    requests: int
    """HTTP requests that reached the public side."""
    connections: int
    """TCP connections that it accepted."""
    websockets: int
    """Requests that became one."""


@cache
def costs() -> dict[str, Cost]:
    """Run each command once against one sandbox: TLS, the multiplexer, the demo bench."""
    with TemporaryDirectory(prefix="raven-realtime-bench-") as scratch:
        folder = Path(scratch)
        places = Places(folder / "run")
        certificate.ensure(places)
        with running_bench(folder / "bench", ca=places.certificate) as bench, _public(folder, bench, places) as count:
            session = bench.sign_in()
            return {name: _cost(command, session, count) for name, command in _commands(bench, places).items()}


def _commands(bench: RunningBench, places: Places) -> dict[str, list[str]]:
    doctor = [*(sys.executable, "-m", "raven_realtime.start", "doctor", URL), "--site", DEFAULT_SITE]
    doctor += ["--ca", str(places.certificate)]
    publish = ["--bench", str(bench.path), "--bench-command", str(ROOT / "demo" / "bench"), "--channel", "general"]
    return {
        CURL: ["curl", "--cacert", str(places.certificate), "-sf", f"{URL}/socket.io/?EIO=4&transport=polling"],
        OUTSIDE: doctor,
        EVENT: [*doctor, *publish],
    }


def _cost(command: list[str], session: str, count: Callable[[], Counter[str]]) -> Cost:
    environment = {**os.environ, **({"RAVEN_REALTIME_SID": session} if "--bench" in command else {})}
    before = count()
    began = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    seen = count() - before
    return Cost(seconds, seen["requests"], seen["connections"], seen["websockets"])


@contextmanager
def _public(folder: Path, bench: RunningBench, places: Places) -> Iterator[Callable[[], Counter[str]]]:
    """Run the multiplexer and the local tunnel before a bench; gives what tells how much the tunnel has seen."""
    inner, status = free_ports().web, free_ports().redis
    homes = {name: folder / name for name in ("multiplexer", "tunnel")}
    for home in homes.values():
        home.mkdir()
    ports = bench.ports
    behind = multiplexer.render(
        multiplexer.Multiplexer(
            folder=homes["multiplexer"],
            site=DEFAULT_SITE,
            port=inner,
            web=f"127.0.0.1:{ports.web}",
            socketio=f"127.0.0.1:{ports.socketio}",
        )
    )
    front = local_tunnel.render(
        local_tunnel.LocalTunnel(
            folder=homes["tunnel"],
            certificate=places.certificate,
            key=places.certificate_key,
            endpoints=(local_tunnel.Endpoint(PUBLIC_TLS_PORT, f"127.0.0.1:{inner}"),),
        )
    )
    log = homes["tunnel"] / "access.log"
    counting = f"log_format counted $status; access_log {log} counted;"
    front = front.replace("access_log off;", counting).removesuffix("}\n")
    front += f"server {{ listen 127.0.0.1:{status}; access_log off; location / {{ stub_status; }} }}\n}}\n"
    asked = 0

    def count() -> Counter[str]:
        """Ask nginx; what is asked by ourselves is left out."""
        nonlocal asked
        time.sleep(0.2)  # a request is counted when it ends
        asked += 1
        connection = HTTPConnection("127.0.0.1", status, timeout=5)
        connection.request("GET", "/")
        accepted, _, requests = map(int, connection.getresponse().read().decode().splitlines()[2].split())
        connection.close()
        upgraded = log.read_text().split().count("101")
        return Counter(requests=requests - asked, connections=accepted - asked, websockets=upgraded)

    with (
        servers.nginx(homes["multiplexer"], behind, inner),
        servers.nginx(homes["tunnel"], front, PUBLIC_TLS_PORT),
    ):
        yield count


def asked(name: str) -> Callable[[Path], AbstractContextManager[Cost]]:
    """Give what a command cost."""

    @contextmanager
    def opened(_folder: Path) -> Iterator[Cost]:
        yield costs()[name]

    return opened


COMPARISON = Comparison(
    name="walk",
    title="A walk of the doctor",
    about=(
        "What `raven-realtime doctor` costs whoever waits for it, and what the public side sees: counted at the local "
        "tunnel (TLS) of a sandbox with the demo bench. Each command runs once; the seconds include Python's start and "
        "the 2.5 s for which the doctor watches a WebSocket. With a session and an event, Frappe's own callbacks go "
        "through the public side too and are counted."
    ),
    candidates=(
        Candidate(CURL, asked(CURL), "one polling handshake"),
        Candidate(OUTSIDE, asked(OUTSIDE), "the walk from outside, without credentials"),
        Candidate(EVENT, asked(EVENT), "the walk with a session, and an event published by `bench`"),
    ),
    measures=(
        Measure("seconds", lambda cost, _size: cost.seconds, rounds=1, turns=1),
        Measure(
            "HTTP requests",
            lambda cost, _size: cost.requests,
            (Target(OUTSIDE, MOST_REQUESTS, more_is_better=False),),
            rounds=1,
            turns=1,
        ),
        Measure("TCP connections", lambda cost, _size: cost.connections, rounds=1, turns=1),
        Measure("WebSockets", lambda cost, _size: cost.websockets, rounds=1, turns=1),
    ),
    rank=30,
)
