"""The throw-away server as a whole: built, asked, and removed."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from demo import node_packages
from demo.bench_folder import REDIS_PORT, Bench, create_bench
from demo.processes import programs as bench_programs
from demo.server import acme, docker, executables, sshd, traefik
from demo.server.layout import DEFAULT_HOSTS, DEFAULT_NAME, OUTSIDE, ROOT, SERVER, Layout
from demo.server.namespaces import connect, listens
from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.problem import Problem
from raven_realtime.sandbox.supervisor import Program, Supervisor
from toolchain.__main__ import path_of

READY_SECONDS = 30
LISTENS = {
    "dns": acme.DNS_PORT,
    "acme": acme.ACME_PORT,
    "redis": REDIS_PORT,
    "web": WEB_PORT,
    "socketio": SOCKETIO_PORT,
    "registry": docker.REGISTRY_PORT,
    "sshd": sshd.PORT,
    "traefik": 443,
}
"""Where each part listens when it is ready; the Docker daemon is asked instead."""


class Server:
    """A production server to try things on; see the package's docstring.

    Its parts are dns and acme (outside), redis, web, socketio, dockerd, registry, sshd, traefik: each a supervised
    process that can be stopped, started and killed by itself.
    """

    def __init__(
        self, name: str = DEFAULT_NAME, folder: Path | None = None, hosts: Sequence[str] = DEFAULT_HOSTS
    ) -> None:
        """Name a server, whether it is up or not.

        Args:
            name: lower-case letters, digits and hyphens; servers of different names do not know of each other.
            folder: where all its files go; ``.state/NAME`` if left out.
            hosts: what it is called outside, each as ``host`` or ``host=site``.

        Raises:
            Problem: the name, the folder or a host is not acceptable.
        """
        self.layout = Layout.of(name, folder, hosts)
        self.supervisor = Supervisor(self.layout.places)

    # what it is

    @property
    def hosts(self) -> tuple[str, ...]:
        """Its public names."""
        return tuple(served.host for served in self.layout.hosts)

    @property
    def url(self) -> str:
        """The address to open, from outside."""
        return f"https://{self.hosts[0]}"

    @property
    def address(self) -> str:
        """Its public IPv4 address, reachable from outside."""
        return SERVER

    @property
    def docker_host(self) -> str:
        """DOCKER_HOST of its daemon, by the socket on this machine's file system."""
        return self.layout.docker_host

    @property
    def ssh(self) -> sshd.Access:
        """How to log in from outside; ``ssh.docker_host`` and ``ssh.options`` are what pulumi-docker needs."""
        return sshd.Access(self.layout.ssh)

    @property
    def ca(self) -> Path:
        """The root certificate that its public certificates lead to, for ``curl --cacert``."""
        return self.layout.ca

    @property
    def bench(self) -> Bench:
        """The bench behind it."""
        return Bench(self.layout.bench)

    @property
    def image(self) -> str:
        """The nginx image in its registry, pinned by digest.

        Raises:
            Problem: the server is not up.
        """
        try:
            return str(json.loads(self.layout.image_note.read_text())["image"])
        except FileNotFoundError:
            raise Problem(
                f"The demo server {self.layout.name} is not up: it has no image. Bring it up first."
            ) from None

    @property
    def traefik_api(self) -> str:
        """Traefik's API, on the server's own loopback."""
        return traefik.API

    def describe(self) -> dict[str, Any]:
        """Return what a program that deploys to the server has to know; the same is in ``server.json``."""
        return {
            "name": self.layout.name,
            "url": self.url,
            "hosts": [f"{served.host}={served.site}" for served in self.layout.hosts],
            "address": SERVER,
            "outside_address": OUTSIDE,
            "server_namespace": self.layout.server.name,
            "outside_namespace": self.layout.outside.name,
            "docker_host": self.docker_host,
            "image": self.image,
            "upstream": f"{docker.BRIDGE}:{SOCKETIO_PORT}",
            "entrypoint": traefik.ENTRYPOINT,
            "cert_resolver": traefik.RESOLVER,
            "traefik_api": self.traefik_api,
            "ca": str(self.ca),
            "bench": str(self.layout.bench),
            "ssh": {
                "docker_host": self.ssh.docker_host,
                "options": list(self.ssh.options),
                "user": self.ssh.user,
                "address": self.ssh.address,
                "port": self.ssh.port,
                "key": str(self.ssh.key),
                "known_hosts": str(self.ssh.known_hosts),
            },
        }

    # its life

    def up(self, say: Callable[[str], None] = lambda _line: None) -> None:
        """Build it, or bring back whatever is missing of it; what runs as declared is left alone.

        Args:
            say: is given a line for each step.

        Raises:
            Problem: not root, a program missing, or a part that does not start; with the end of its log.
        """
        executables.require()
        path_of("traefik")
        layout = self.layout
        say(f"namespaces {layout.server.name} ({SERVER}) and {layout.outside.name} ({OUTSIDE})")
        if connect(layout.server, SERVER, layout.outside, OUTSIDE):
            self.supervisor.stop()  # what runs still is in namespaces that are gone
        self._write_files()
        self.supervisor.start()
        say("Docker, a registry of images, sshd; ACME and DNS outside")
        early = [*docker.programs(layout), *acme.programs(layout), sshd.program(layout)]
        for program in early:
            self.supervisor.apply(program, wait=False)
        say(f"the bench {layout.bench}: redis, web, Socket.IO")
        self._prepare_bench()
        self.wait_ready("dns", "acme")
        authority_changed = self._fetch_authority()
        for program in self._bench_programs():
            restarted = self.supervisor.apply(program, wait=False)
            if authority_changed and program.name == "socketio" and not restarted:
                self.supervisor.restart("socketio")  # Node reads its trusted roots when it starts
        say("Traefik, and certificates by ACME")
        self._run_traefik(authority_changed)
        say("the nginx image")
        self.wait_ready(*(program.name for program in early))
        docker.ensure_image(layout)
        self.wait_ready(*self.supervisor.declared())
        for host in self.hosts:
            self._wait_public(host)
        layout.description.write_text(json.dumps(self.describe(), indent=1) + "\n")

    def down(self, say: Callable[[str], None] = lambda _line: None) -> None:
        """Remove every process, namespace, mount, control group and file of it; nothing happens if there is none.

        Raises:
            Problem: not root, or a process that cannot be ended.
        """
        executables.require_root()
        layout = self.layout
        say("stopping containers and programs")
        docker.remove_containers(layout)
        self.supervisor.stop()
        say("removing namespaces, mounts and files")
        docker.remove_leftovers(layout)
        layout.server.delete()
        layout.outside.delete()
        if layout.folder.exists():
            shutil.rmtree(layout.folder)

    def states(self) -> dict[str, str]:
        """Return supervisor's word for each part: RUNNING, STOPPED, BACKOFF …; nothing when the server is down."""
        return self.supervisor.states()

    # its parts

    def restart(self, part: str) -> None:
        """Stop and start a part, and wait until it listens again."""
        self.supervisor.restart(part)
        self.wait_ready(part)

    def stop(self, part: str) -> None:
        """Stop a part; it stays stopped until `start` or `up`."""
        self.supervisor.stop_program(part)

    def start(self, part: str) -> None:
        """Start a part that was stopped, and wait until it listens."""
        self.restart(part)

    def pid(self, part: str) -> int:
        """Return the process of a part that runs; supervisor starts another when it is killed.

        Raises:
            Problem: it does not run.
        """
        try:
            return self.supervisor.pids()[part]
        except KeyError:
            raise Problem(f"{part} does not run on the demo server {self.layout.name}.") from None

    def wait_ready(self, *parts: str, seconds: float = READY_SECONDS) -> None:
        """Wait until parts listen, or answer in Docker's case.

        Raises:
            Problem: one does not; with the end of its log.
        """
        deadline = time.monotonic() + seconds
        for part in parts:
            while not self._ready(part):
                if time.monotonic() > deadline or self.states().get(part) == "FATAL":
                    raise Problem(f"The demo server's {part} does not start.\n{self.supervisor.log_end(part, 2000)}")
                time.sleep(0.05)

    # inside and outside

    def inside(self, *command: str) -> tuple[str, ...]:
        """Return ``command`` such that it runs on the server; for Popen, where `run_inside` is not enough."""
        return self.layout.server.command("env", *self._server_environment(), *command)

    def outside(self, *command: str) -> tuple[str, ...]:
        """Return ``command`` such that it runs in the world outside, where the server's names lead to it."""
        return self.layout.outside.command(*command)

    def run_inside(self, *command: str, check: bool = True, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command on the server, with its DOCKER_HOST and ``bench``; ``check`` raises when it fails."""
        return _run(self.inside(*command), check, seconds)

    def run_outside(self, *command: str, check: bool = True, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command in the world outside; ``check`` raises when it fails."""
        return _run(self.outside(*command), check, seconds)

    def outside_program(self, program: str) -> Path:
        """Return a script that runs ``program`` outside with whatever arguments it gets: an executable for a driver."""
        script = self.layout.bin / f"outside-{Path(program).name}"
        words = " ".join(f"'{word}'" for word in self.outside(executables.found(program)))
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        script.chmod(0o755)
        return script

    def docker(self, *arguments: str) -> str:
        """Run the docker client against the server's daemon and return its standard output."""
        return docker.run(self.layout, *arguments)

    # steps of `up`

    def _server_environment(self) -> tuple[str, ...]:
        return (f"DOCKER_HOST={self.docker_host}", f"PATH={self.layout.bin}:{executables.PATH}")

    def _write_files(self) -> None:
        layout = self.layout
        layout.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = " ".join(self.hosts)
        # written in place: the file is mounted, and a mount would go on showing a file that another one replaced
        layout.hosts_file.write_text(f"127.0.0.1 localhost\n::1 localhost\n{SERVER} {names}\n")
        layout.bin.mkdir(exist_ok=True)
        bench = layout.bin / "bench"
        if not bench.is_symlink():
            bench.symlink_to(ROOT / "demo" / "bench")

    def _prepare_bench(self) -> None:
        node_packages.install()
        sites = list(dict.fromkeys(served.site for served in self.layout.hosts))
        create_bench(self.layout.bench, sites=sites)

    def _bench_programs(self) -> list[Program]:
        each = bench_programs(self.layout.bench, web_host="0.0.0.0", socketio_host="0.0.0.0", ca=self.ca)
        enter = self.layout.server.command
        return [Program(p.name, enter(*p.command), p.directory, p.environment) for p in each]

    def _fetch_authority(self) -> bool:
        """Fetch the ACME server's root; tell whether it is another one than before."""
        root = acme.root_certificate(self.layout)
        if self.ca.exists() and self.ca.read_text() == root:
            return False
        self.ca.write_text(root)
        return True

    def _run_traefik(self, authority_changed: bool) -> None:
        program = traefik.program(self.layout)
        if authority_changed:
            self.supervisor.remove(program.name)
            traefik.forget_certificates(self.layout)
        self.supervisor.apply(program, wait=False)

    def _ready(self, part: str) -> bool:
        if part == "dockerd":
            return docker.answers(self.layout)
        pid = self.supervisor.pids().get(part)
        return pid is not None and listens(pid, LISTENS[part])

    def _wait_public(self, host: str) -> None:
        """Wait until the web answers under its public name with a certificate that its CA has signed."""
        ask = ("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "*", "--max-time", "5")
        deadline = time.monotonic() + READY_SECONDS
        while True:
            asked = self.run_outside(*ask, "--cacert", str(self.ca), f"https://{host}/", check=False)
            if asked.returncode == 0 and asked.stdout in {"200", "302", "303"}:
                return
            if time.monotonic() > deadline:
                said = asked.stderr.strip() or f"HTTP {asked.stdout}"
                raise Problem(f"https://{host}/ does not answer: {said}\n{self.supervisor.log_end('traefik', 2000)}")
            time.sleep(0.2)


def _run(command: Sequence[str], check: bool, seconds: float) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False
    )
    if check and done.returncode != 0:
        raise Problem(
            f"`{' '.join(command[-6:])}` ended with {done.returncode}: {(done.stderr or done.stdout).strip()}"
        )
    return done
