"""What the throw-away server is called and where everything of it lies: one folder, which ``down`` removes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.server.namespaces import Namespace
from raven_realtime.problem import Problem
from raven_realtime.sandbox.places import Places
from raven_realtime.settings import ServedHost

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_NAME = "demo-prod"
DEFAULT_HOSTS = ("v2.sysmayal.cloud",)

SERVER = "10.44.0.1"
"""The server's public address. It exists in its own namespaces only, so every server may have the same."""
OUTSIDE = "10.44.0.2"
"""The address of the world outside, where browsers, the ACME server and DNS are."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?")


@dataclass(frozen=True)
class Layout:
    """Names and places of one server; ``folder`` is absolute."""

    name: str
    folder: Path
    hosts: tuple[ServedHost, ...]

    @classmethod
    def of(cls, name: str, folder: Path | None, hosts: Sequence[str]) -> Layout:
        """Return the layout of the server ``name`` in ``folder``, or in ``.state/NAME``.

        Args:
            name: lower-case letters, digits and hyphens; namespaces and control groups are called after it.
            folder: where all its files go.
            hosts: what it is called outside, each as ``host`` or ``host=site``; the first site is the bench's default.

        Raises:
            Problem: the name or a host is not acceptable.
        """
        if not _NAME.fullmatch(name):
            raise Problem(
                f"A server cannot be called {name!r}; accepted: up to 30 of a-z, 0-9 and -, such as demo-prod."
            )
        try:
            served = tuple(ServedHost.parse(host) for host in hosts)
        except ValueError as refused:
            raise Problem(f"The hosts {', '.join(hosts)} cannot be served: {refused}.") from None
        if len({each.host for each in served}) != len(served) or not served:
            raise Problem(f"The hosts {', '.join(hosts) or '(none)'} cannot be served: name one or more, each once.")
        return cls(name, (folder or ROOT / ".state" / name).absolute(), served)

    @property
    def places(self) -> Places:
        """Where supervisor and its programs have their files."""
        return Places.at(self.folder)

    @property
    def server(self) -> Namespace:
        """The server's namespace."""
        return Namespace(f"rr-{self.name}", self.hosts_file)

    @property
    def outside(self) -> Namespace:
        """The namespace of everybody else."""
        return Namespace(f"rr-{self.name}-outside", self.hosts_file)

    @property
    def control_group(self) -> str:
        """The parent of the control groups of all its containers."""
        return f"rr-{self.name}"

    @property
    def hosts_file(self) -> Path:
        """The /etc/hosts of both namespaces."""
        return self.folder / "hosts"

    @property
    def bin(self) -> Path:
        """What the server has on its PATH in front: ``bench``."""
        return self.folder / "bin"

    @property
    def bench(self) -> Path:
        """The demo bench."""
        return self.folder / "bench"

    @property
    def docker_socket(self) -> Path:
        """Where its Docker daemon is asked."""
        return self.folder / "docker.sock"

    @property
    def docker_host(self) -> str:
        """The value for DOCKER_HOST on this machine."""
        return f"unix://{self.docker_socket}"

    @property
    def ca(self) -> Path:
        """The root certificate (PEM) that signed, through an intermediate, what Traefik got by ACME."""
        return self.folder / "ca.pem"

    @property
    def acme(self) -> Path:
        """The ACME server's configuration and own certificate."""
        return self.folder / "acme"

    @property
    def traefik(self) -> Path:
        """Traefik's configuration and certificates."""
        return self.folder / "traefik"

    @property
    def home(self) -> Path:
        """The home of who logs in by ssh."""
        return self.folder / "home"

    @property
    def ssh(self) -> Path:
        """sshd's configuration, its host key and the client's key."""
        return self.folder / "ssh"

    @property
    def image_note(self) -> Path:
        """Which image was pushed to the server's registry under which pinned name."""
        return self.folder / "image.json"

    @property
    def description(self) -> Path:
        """What a program that deploys to the server has to know, as JSON."""
        return self.folder / "server.json"
