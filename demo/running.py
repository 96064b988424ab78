"""Run a demo bench in the foreground, for tests and for a look without Pulumi."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from demo import node_packages
from demo import ports as choosing
from demo.bench_folder import DEFAULT_SITE, PASSWORD, Bench, Ports, create_bench
from demo.generations import DEFAULT
from demo.processes import LOOPBACK, ROOT, Program, programs
from raven_realtime.problem import Problem

READY_SECONDS = 30
STOP_SECONDS = 5
SIGN_IN_SECONDS = 30


@dataclass
class RunningBench:
    """A bench whose programs run; ``stop`` and ``start`` take one of redis, web, socketio."""

    bench: Bench
    programs: dict[str, Program]
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The bench folder."""
        return self.bench.path

    @property
    def ports(self) -> Ports:
        """Where the programs listen."""
        return self.bench.ports

    @property
    def web_url(self) -> str:
        """The web application, asked directly."""
        return f"http://{LOOPBACK}:{self.ports.web}"

    @property
    def socketio_url(self) -> str:
        """The Socket.IO process, asked directly."""
        return f"http://{LOOPBACK}:{self.ports.socketio}"

    def pid(self, name: str) -> int:
        """The process id of a running program."""
        return self._processes[name].pid

    def ended(self, name: str) -> int:
        """Wait for a program to end by itself, and give its exit code.

        Raises:
            subprocess.TimeoutExpired: it goes on.
        """
        return self._processes[name].wait(STOP_SECONDS)

    def log(self, name: str) -> str:
        """All that a program has written."""
        return self._log_file(name).read_text(errors="replace")

    def start(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Start a program, with more in its environment if so wished, and wait until its port is open.

        Raises:
            Problem: the port is taken, or the program ended or did not listen in time; with the end of its log.
        """
        program = self.programs[name]
        if _listens(program):
            where = program.unix_socket or f"Port {program.port}"
            raise Problem(f"{where} is taken, and the demo's {name} needs it. Stop that, or use another.")
        with self._log_file(name).open("ab") as log:
            process = subprocess.Popen(
                program.command,
                cwd=program.directory,
                env={**os.environ, **program.environment, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes[name] = process
        deadline = time.monotonic() + READY_SECONDS
        while not _listens(program):
            if process.poll() is not None or time.monotonic() > deadline:
                ended = f"ended with {process.returncode}" if process.returncode is not None else "does not listen"
                raise Problem(
                    f"The demo's {name} {ended}. Its log, {self._log_file(name)}, ends:\n{self.log(name)[-2000:]}"
                )
            time.sleep(0.05)

    def stop(self, name: str) -> None:
        """Stop a program and what it started, in the end by SIGKILL. Not running is no error."""
        process = self._processes.pop(name, None)
        if process is None:
            return
        for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, None)):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                process.wait()
                return
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue

    def sign_in(self, user: str = "demo@example.com", site: str | None = None) -> str:
        """Open a session at the web application and return its ``sid``.

        Raises:
            httpx.HTTPError: it did not answer within `SIGN_IN_SECONDS`, or refused.
        """
        answer = httpx.post(
            f"{self.web_url}/api/method/login",
            data={"usr": user, "pwd": PASSWORD},
            headers={"X-Frappe-Site-Name": site or self.bench.default_site},
            timeout=SIGN_IN_SECONDS,
            trust_env=False,
        )
        return answer.raise_for_status().cookies["sid"]

    def publish(self, kwargs: Mapping[str, object], *, site: str | None = None) -> None:
        """Run ``bench --site SITE execute frappe.publish_realtime --kwargs …`` in the bench folder."""
        self.bench_command("--site", site or self.bench.default_site, *_EXECUTE, repr(dict(kwargs)))

    def bench_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the demo's ``bench`` in the bench folder.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        command = [str(ROOT / "demo" / "bench"), *arguments]
        return subprocess.run(command, cwd=self.path, check=True, capture_output=True, text=True, timeout=60)

    def _log_file(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"


_EXECUTE = ("execute", "frappe.publish_realtime", "--kwargs")


@contextmanager
def running_bench(
    path: Path,
    *,
    ports: Ports | None = None,
    sites: Sequence[str] = (DEFAULT_SITE,),
    socketio_host: str = LOOPBACK,
    web_host: str = LOOPBACK,
    ca: Path | None = None,
    options: Mapping[str, str] | None = None,
    generation: str = DEFAULT,
    config: Mapping[str, object] | None = None,
) -> Iterator[RunningBench]:
    """Lay out a bench at ``path``, run its programs, and stop them at the end.

    The arguments are those of ``create_bench`` and ``programs``. Without ``ports`` three free ones are taken.

    Raises:
        Problem: something that a program needs is missing, or one of them did not start.
    """
    node_packages.install()
    bench = create_bench(path, sites=sites, ports=ports or free_ports(), generation=generation, config=config)
    each = programs(bench.path, web_host=web_host, socketio_host=socketio_host, ca=ca, options=options)
    running = RunningBench(bench, {program.name: program for program in each})
    with ExitStack() as stack:
        for program in each:
            stack.callback(running.stop, program.name)
            running.start(program.name)
        yield running


def free_ports() -> Ports:
    """Three ports for a bench, kept by this process: a program that is started again finds its port free."""
    return Ports(*choosing.free_ports(3))


def _listens(program: Program) -> bool:
    family = socket.AF_UNIX if program.unix_socket else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(1)
        return probe.connect_ex(str(program.unix_socket) if program.unix_socket else (LOOPBACK, program.port)) == 0
