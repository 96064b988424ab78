"""What a doctor may look at on the server, and how the inward checks share what they see."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from pathlib import Path

from raven_realtime.docker_host import DockerHost, read_containers
from raven_realtime.live.result import Result
from raven_realtime.machine import CannotLook, Machine, bench_configuration
from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.containers import Container
from raven_realtime.proxies.unreadable import Unreadable

_VERSION = re.compile(r"""^__version__\s*=\s*["'](\d+)""", re.MULTILINE)
NGINX = Path("/etc/nginx/nginx.conf")
NO_ROUTER = ("RT001", "RT005", "RT026", "RT037", "RT040")
"""What shows outside when the right router does not get the handshake: whoever gets it answers, or Traefik itself."""
NO_SERVER = ("RT002", "RT003", "RT004", "RT038")
"""What shows outside when the route leads to an address at which nobody answers."""


@record
class Inside:
    """What to look at; what is left out is found by itself where it can be, and otherwise not checked."""

    machine: Machine = field(default_factory=Machine)
    bench: Path | None = None
    nginx: Path | None = None
    """The configuration of the nginx before Socket.IO, on that machine."""
    docker: str | None = None
    """As `docker -H` takes it; empty for what the environment says; None: no Docker is asked."""
    traefik_api: str = field(default="", repr=False)
    redis: str = field(default="", repr=False)
    """The URL of the redis that Frappe publishes to; the bench's by default."""
    outside: tuple[str, ...] = ()
    """The codes that the walk from the outside found before."""
    answered: tuple[str, ...] = ()
    """Who answered where it failed: traefik, nginx …, as far as that showed."""

    @cached_property
    def configuration(self) -> dict[str, object]:
        """The bench's common_site_config.json.

        Raises:
            CannotLook: no bench is named, or it cannot be read.
        """
        if self.bench is None:
            raise CannotLook("no bench is named: give --bench")
        return bench_configuration(self.machine, self.bench)

    @cached_property
    def port(self) -> int:
        """The port of Socket.IO by the bench's configuration; 9000 where it names none or there is no bench."""
        try:
            value = self.configuration.get("socketio_port")
        except CannotLook:
            return SOCKETIO_PORT
        return int(str(value)) if str(value).isdigit() else SOCKETIO_PORT

    @cached_property
    def frappe(self) -> int | None:
        """The major version of the bench's Frappe, by its files; None where they do not say it."""
        if self.bench is None:
            return None
        try:
            told = self.machine.read(self.bench / "apps" / "frappe" / "frappe" / "__init__.py")
        except CannotLook:
            return None
        match = _VERSION.search(told)
        return int(match[1]) if match else None

    def site(self, host: str) -> str:
        """Return the bench's site that a host leads to: the one of its name, the default one, or the only one."""
        if self.bench is None:
            return ""
        sites = self.bench / "sites"
        try:
            depth = ("-mindepth", "2", "-maxdepth", "2")
            found = self.machine.run("find", str(sites), *depth, "-name", "site_config.json")
            default = self.configuration.get("default_site")
        except CannotLook:
            return ""
        names = sorted(Path(line).parent.name for line in found.splitlines())
        if host in names or not names:
            return host if names else ""
        if isinstance(default, str) and default in names:
            return default
        return names[0] if len(names) == 1 else ""

    @cached_property
    def docker_host(self) -> str:
        """The Docker host to ask.

        Raises:
            CannotLook: none is to be asked.
        """
        if self.docker is None:
            raise CannotLook("no Docker is named: give --docker")
        return self.docker or (f"ssh://{self.machine.ssh.removeprefix('ssh://')}" if self.machine.ssh else "")

    @property
    def _docker_options(self) -> tuple[str, ...]:
        """The options of ssh for the Docker host: the machine's, where it is the same."""
        return () if self.docker else self.machine.ssh_options

    @cached_property
    def containers(self) -> list[Container]:
        """The containers of the Docker host.

        Raises:
            CannotLook: Docker cannot be asked.
        """
        try:
            return read_containers(DockerHost(self.docker_host, self._docker_options), timeout=10)
        except (Problem, Unreadable) as problem:
            raise CannotLook(str(problem)) from None

    def in_docker(self, *arguments: str, stdin: str = "") -> str:
        """Run `docker` for the Docker host; behind ``ssh://`` the server's own program.

        Raises:
            CannotLook: it failed.
        """
        if self.docker_host.startswith("ssh://"):
            return Machine(self.docker_host, self._docker_options).run("docker", *arguments, stdin=stdin)
        host = ("-H", self.docker_host) if self.docker_host else ()
        return Machine().run("docker", *host, *arguments, stdin=stdin)


async def look(check: str, judge: Callable[[], Result]) -> Result:
    """Make one inward check in a thread: what cannot be looked at is not checked, with the reason."""
    started = time.monotonic()
    try:
        result = await asyncio.to_thread(judge)
    except CannotLook as reason:
        result = Result.not_checked(check, str(reason))
    except (Problem, Unreadable) as problem:
        result = Result.not_checked(check, str(problem))
    return result.taking(time.monotonic() - started)
