"""A server behind an ``ssh://`` address, reached with OpenSSH's client."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record

PORT = 22


@record
class Login:
    """How somebody logs in at a server."""

    key: Path | None = None
    """The private key's file; the keys of the agent and of ssh's configuration if left out."""
    host_key: str = ""
    """The server's public key; what ssh knows of the server counts if left out."""
    options: tuple[str, ...] = ()
    """Further options of ssh."""


def remember(address: str, login: Login) -> None:
    """Keep, for this user of this machine, how to log in at an address: the steps of a stack name the address alone.

    Args:
        address: ``ssh://user@server:port``.
        login: paths and options; nothing of it is secret.
    """
    file = _kept(address)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {"key": str(login.key) if login.key else "", "host_key": login.host_key, "options": login.options}
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as new:
        json.dump(kept, new)
    Path(new.name).replace(file)


def login(address: str, key: Path | None, host_key: str, options: Sequence[str]) -> Login:
    """Return how to log in at an address: as is given; if nothing is, as this user's last `pulumi up` did."""
    if key or host_key or options:
        return Login(key, host_key, tuple(options))
    try:
        kept = json.loads(_kept(address).read_text())
        return Login(Path(kept["key"]) if kept["key"] else None, kept["host_key"], tuple(kept["options"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Login()


def _kept(address: str) -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "raven-realtime" / "logins" / f"{hashlib.sha256(address.encode()).hexdigest()[:16]}.json"


def words(address: str, options: Sequence[str]) -> list[str]:
    """Return the command line of ssh up to the server's name; what is to run there comes after it, as one word.

    Args:
        address: ``ssh://user@server:port``.
        options: further options of ssh, such as `options_for` gives.

    Raises:
        Problem: the address is none.
    """
    try:
        parts = urlsplit(address)
        port = ["-p", str(parts.port)] if parts.port else []
    except ValueError:
        parts, port = urlsplit(""), []
    if parts.scheme != "ssh" or not parts.hostname:
        raise Problem(
            f"{address!r} is not the address of a server. Accepted: ssh://user@server or ssh://user@server:22."
        )
    user = ["-l", parts.username] if parts.username else []
    return ["ssh", "-o", "BatchMode=yes", *options, *port, *user, "--", parts.hostname]


@contextmanager
def options_for(address: str, key: Path | None, host_key: str, further: Sequence[str]) -> Iterator[list[str]]:
    """Give the options of ssh for a server; its host key lies in a file of known hosts for the time of the block.

    Args:
        address: ``ssh://user@server:port``; for another one there are only ``further`` and the key.
        key: the private key's file; those of the agent and of ssh's configuration if left out.
        host_key: the server's public key; what ssh knows of the server counts if left out.
        further: options besides; a key among them does not count where one is given.
    """
    given = _without_keys(further) if key else list(further)
    given += ["-i", str(key.expanduser()), "-o", "IdentitiesOnly=yes"] if key else []
    with tempfile.TemporaryDirectory(prefix="raven-realtime-") as folder:
        if host_key and address.startswith("ssh://"):
            parts = urlsplit(address)
            known = Path(folder, "known_hosts")
            known.write_text(known_hosts(parts.hostname or "", parts.port or PORT, host_key))
            # of several values of an option ssh takes the first
            given = ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes", *given]
        yield given


def _without_keys(options: Sequence[str]) -> list[str]:
    """Return options of ssh without ``-i KEY``."""
    named = {index + shift for index, word in enumerate(options) if word == "-i" for shift in (0, 1)}
    return [word for index, word in enumerate(options) if index not in named]


PERSIST = 90
"""Seconds that a shared login outlives the step that used it last."""
ALIVE_SECONDS, ALIVE_TIMES = 15, 3
"""After how long a silent server is asked whether it is there, and after how many such questions the login ends.

Without them a connection that was lost silently (a laptop that slept, another network) stays open here: `-O check` says
that the login is there, and every step of this update and of the next ones waits for an answer that does not come.
"""


def shared(address: str, options: Sequence[str], login: Login) -> list[str]:
    """Return the options that have every step of an update use one login, which is made if there is none.

    Where it cannot be made each command logs in by itself, and says what is the matter.

    Args:
        address: ``ssh://user@server:port``.
        options: options of ssh, such as `options_for` gives.
        login: what tells this login from another one to the same address.
    """
    folder = Path(tempfile.gettempdir(), f"raven-realtime-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    made = folder.lstat()
    if made.st_uid != os.getuid() or not stat.S_ISDIR(made.st_mode) or made.st_mode & 0o077:
        return []
    agent = os.environ.get("SSH_AUTH_SOCK", "")
    key = [address, str(login.key), login.host_key, *login.options, agent]
    name = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    use = ["-o", f"ControlPath={folder / name}", "-o", "ControlMaster=no"]
    nothing = subprocess.DEVNULL
    try:
        check = [*words(address, [*options, *use, "-O", "check"])]
        if subprocess.run(check, stdin=nothing, stdout=nothing, stderr=nothing, check=False).returncode:
            master = [
                "-o",
                f"ControlPath={folder / name}",
                "-o",
                "ControlMaster=auto",
                "-o",
                f"ControlPersist={PERSIST}",
                "-o",
                f"ServerAliveInterval={ALIVE_SECONDS}",
                "-o",
                f"ServerAliveCountMax={ALIVE_TIMES}",
            ]
            open_ = [*words(address, [*options, *master]), "true"]
            # the login goes to the background and would keep a pipe of ours open
            subprocess.run(open_, stdin=nothing, stdout=nothing, stderr=nothing, check=False)
    except FileNotFoundError:
        return []
    return use


def known_hosts(host: str, port: int, key: str) -> str:
    """Return a file of known hosts with one server, as ssh names it with and without a port."""
    return f"{host} {key}\n[{host}]:{port} {key}\n"
