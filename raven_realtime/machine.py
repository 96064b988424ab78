"""The machine that a server's parts run on: this one, or one reached over SSH; commands, files, listeners, ports."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psutil

from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record
from raven_realtime.shown import shown

SECONDS = 8.0
"""How long one command may take."""
LARGEST = 16_000_000
"""Bytes of a file or of a command's output that are looked at."""
_OURS = "RAVEN_REALTIME_"
_SECRETS = frozenset({"PULUMI_CONFIG_PASSPHRASE", "NGROK_AUTHTOKEN"})
_DESTINATION = re.compile(r"(?:ssh://)?[A-Za-z0-9_][\w.@:\-\[\]]*")
_SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5")


class CannotLook(Exception):  # noqa: N818 (the reason why something is not checked, no programming error)
    """Something could not be looked at; the message says why, in words that fit after "not checked:"."""


def environment() -> dict[str, str]:
    """Return the environment for programs that are started to look: this process's own without its secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS) and name not in _SECRETS}


@record
class Listener:
    """A socket that accepts connections, and its process where that shows."""

    address: str
    port: int
    pid: int | None = None
    process: str = ""

    @property
    def loopback(self) -> bool:
        """Whether only this machine itself reaches it."""
        return self.address.startswith("127.") or self.address in {"::1", "::ffff:127.0.0.1"}

    def __str__(self) -> str:
        """Say it as `ss` does: address, port, process."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        who = f" ({self.process}, pid {self.pid})" if self.pid else ""
        return f"{host}:{self.port}{who}"


@record
class Machine:
    """Where to look. Build it with `Machine.at`, which explains what it refuses."""

    ssh: str = ""
    """``user@host`` or ``ssh://user@host:port``; empty for this machine."""
    ssh_options: tuple[str, ...] = ()
    """Options of `ssh`, such as `logged_in` gives."""

    @classmethod
    def at(cls, ssh: str = "") -> Machine:
        """Return this machine, or the one behind an SSH destination.

        Raises:
            Problem: the destination is none.
        """
        if ssh and not _DESTINATION.fullmatch(ssh):
            raise Problem(f"--ssh {ssh[:100]!r} is not an SSH destination. Example: --ssh admin@chat.example.com")
        return cls(ssh)

    @property
    def prefix(self) -> tuple[str, ...]:
        """The command line of ssh up to the server's name; empty for this machine."""
        return (*_SSH, *self.ssh_options, self.ssh) if self.ssh else ()

    @contextlib.contextmanager
    def logged_in(self) -> Iterator[Machine]:
        """Give the machine with one login that all commands of the block share.

        A command logs in by itself as long as there is no such login, or when it breaks.
        """
        if not self.ssh:
            yield self
            return
        with tempfile.TemporaryDirectory(prefix="raven-realtime-") as folder, contextlib.ExitStack() as login:
            shared = ("-o", f"ControlPath={folder}/login")
            with contextlib.suppress(FileNotFoundError):  # the first command says that there is no ssh
                # Whatever the user's configuration says: it must not outlive the block in the background.
                ours = ("-o", "ControlMaster=yes", "-o", "ControlPersist=no")
                login.enter_context(_kept([*_SSH, *shared, *ours, "-N", self.ssh]))
            yield replace(self, ssh_options=(*shared, "-o", "ControlMaster=no"))

    def run(self, *command: str, stdin: str = "", seconds: float = SECONDS) -> str:
        """Run a command there and return what it printed.

        Raises:
            CannotLook: there is no such program, it failed, or it took too long; with its last line of stderr.
        """
        argv: Sequence[str] = [*self.prefix, "--", shlex.join(command)] if self.ssh else command
        try:
            done = subprocess.run(
                argv,
                env=environment(),
                input=stdin,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError:
            raise CannotLook(f"there is no {argv[0]} program here") from None
        except PermissionError:
            raise CannotLook(f"{argv[0]} may not be run by this user") from None
        except subprocess.TimeoutExpired:
            raise CannotLook(f"{command[0]} did not end within {seconds:.0f} s") from None
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            raise CannotLook(f"{command[0]} failed: {shown(lines[-1]) if lines else f'exit code {done.returncode}'}")
        return done.stdout[:LARGEST]

    def read(self, file: Path) -> str:
        """Return a text file.

        Raises:
            CannotLook: it is not there, may not be read, or is no text.
        """
        if self.ssh:
            return self.run("head", "-c", str(LARGEST), "--", str(file))
        try:
            with file.open(encoding="utf-8") as opened:
                return opened.read(LARGEST)
        except OSError as error:
            raise CannotLook(f"{file} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise CannotLook(f"{file} is no text") from None

    def listeners(self) -> list[Listener]:
        """Return every TCP socket that accepts connections.

        Raises:
            CannotLook: the machine does not tell.
        """
        if self.ssh:
            return sorted(_listed(self.run("ss", "-Hltnp")), key=str)
        try:
            connections = psutil.net_connections("tcp")
        except (psutil.AccessDenied, OSError) as error:
            raise CannotLook(f"the table of sockets cannot be read: {type(error).__name__}") from None
        found = {
            Listener(one.laddr.ip, one.laddr.port, one.pid, _name(one.pid))
            for one in connections
            if one.status == psutil.CONN_LISTEN and one.laddr
        }
        return sorted(found, key=str)

    def held(self, ports: Collection[int]) -> int:
        """Return how many connections are established to these ports of the machine.

        Raises:
            CannotLook: the machine does not tell.
        """
        if self.ssh:
            lines = self.run("ss", "-Htn", "state", "established").splitlines()
            ends = [line.split()[2].rpartition(":")[2] for line in lines if len(line.split()) > 2]
            return sum(end.isdigit() and int(end) in ports for end in ends)
        try:
            connections = psutil.net_connections("tcp")
        except (psutil.AccessDenied, OSError) as error:
            raise CannotLook(f"the table of sockets cannot be read: {type(error).__name__}") from None
        known = (one for one in connections if one.status == psutil.CONN_ESTABLISHED and one.laddr)
        return sum(getattr(one.laddr, "port", 0) in ports for one in known)

    @contextlib.contextmanager
    def reach(self, host: str, port: int) -> Iterator[tuple[str, int]]:
        """Give an address at which a port of that machine (or one that it reaches) can be asked from here.

        Raises:
            CannotLook: SSH does not forward.
        """
        if not self.ssh:
            yield host, port
            return
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            here = int(probe.getsockname()[1])
        there = f"[{host}]" if ":" in host and not host.startswith("[") else host
        forward = f"127.0.0.1:{here}:{there}:{port}"
        # A login of its own: one that is shared, also by the user's configuration, would keep the port until its end.
        own = ("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ExitOnForwardFailure=yes")
        with _kept([*_SSH, *own, "-N", "-L", forward, self.ssh]) as tunnel:
            _await(here, tunnel)
            yield "127.0.0.1", here


@contextlib.contextmanager
def _kept(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for the time of the block."""
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, env=environment(), stdin=nothing, stdout=nothing, stderr=nothing) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(port: int, tunnel: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and tunnel.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise CannotLook("SSH does not forward a port")


def _name(pid: int | None) -> str:
    try:
        return psutil.Process(pid).name() if pid else ""
    except psutil.Error:
        return ""


_SS = re.compile(r"^LISTEN\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+(?:\s+(.*))?$", re.MULTILINE)
_USERS = re.compile(r'\("([^"]*)",pid=(\d+)')


def _listed(text: str) -> Iterator[Listener]:
    """Read what `ss -Hltnp` printed: one listener a process that shares the socket."""
    for address, port, users in _SS.findall(text):
        bare = address.strip("[]").partition("%")[0].replace("*", "::")
        for process, pid in _USERS.findall(users or "") or [("", "0")]:
            yield Listener(bare, int(port), int(pid) or None, process)


def bench_configuration(machine: Machine, bench: Path) -> dict[str, object]:
    """Return a bench's sites/common_site_config.json.

    Raises:
        CannotLook: it cannot be read or is no JSON object.
    """
    file = bench / "sites" / "common_site_config.json"
    try:
        config = json.loads(machine.read(file))
    except json.JSONDecodeError as error:
        raise CannotLook(f"{file}:{error.lineno}: broken JSON: {error.msg}") from None
    if not isinstance(config, dict):
        raise CannotLook(f"{file} holds no JSON object")
    return config
