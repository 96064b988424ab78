"""Where the sandbox keeps its files: all below one folder, which `pulumi destroy` removes."""

from __future__ import annotations

from pathlib import Path

from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record

DEFAULT = Path(".sandbox")
SOCKET_PATH_LIMIT = 107
"""Longest path of a Unix socket: sun_path has 108 bytes, one is the terminator (unix(7))."""


@record
class Places:
    """The sandbox's folder and what lies where in it. ``root`` is absolute."""

    root: Path

    @classmethod
    def at(cls, root: Path = DEFAULT) -> Places:
        """Return the places below ``root``, made absolute.

        Raises:
            Problem: the path is too long for the Unix sockets that have to lie in it.
        """
        places = cls(root.absolute())
        longest = len(str(places.supervisor_socket)) + len(
            ".12345"
        )  # supervisord binds under a name with its pid first
        if longest > SOCKET_PATH_LIMIT:
            raise Problem(
                f"The sandbox's folder {places.root} is too deep: a Unix socket's path in it would have {longest} "
                f"characters, and Linux accepts {SOCKET_PATH_LIMIT}. Move the project to a shorter path."
            )
        return places

    @property
    def supervisor_conf(self) -> Path:
        """supervisord's own configuration."""
        return self.root / "supervisord.conf"

    @property
    def programs(self) -> Path:
        """One file a supervised program."""
        return self.root / "programs"

    @property
    def supervisor_socket(self) -> Path:
        """Where supervisord is asked."""
        return self.root / "supervisor.sock"

    @property
    def supervisor_pid(self) -> Path:
        """supervisord's process id."""
        return self.root / "supervisord.pid"

    @property
    def logs(self) -> Path:
        """Every program's log, and supervisord's."""
        return self.root / "logs"

    @property
    def incarnation(self) -> Path:
        """The number of the sandbox's present life (see incarnation.py)."""
        return self.root / "incarnation"

    def run(self, program: str) -> Path:
        """Return the folder that belongs to one program."""
        return self.root / "run" / program

    def nginx_conf(self, program: str) -> Path:
        """Return the configuration of one of our nginx processes."""
        return self.run(program) / "nginx.conf"

    def started(self, program: str) -> Path:
        """Return the record of the program's last start (see clean_start.py)."""
        return self.run(program) / "started.json"

    @property
    def certificate(self) -> Path:
        """The local tunnel's certificate, which is its own authority."""
        return self.root / "tls" / "certificate.pem"

    @property
    def certificate_key(self) -> Path:
        """The certificate's key."""
        return self.root / "tls" / "key.pem"

    @property
    def ngrok_conf(self) -> Path:
        """The ngrok agent's configuration, with the authtoken: mode 0600."""
        return self.run("ngrok") / "ngrok.yml"

    @property
    def demo_bench(self) -> Path:
        """The demo bench's folder."""
        return self.root / "bench"
