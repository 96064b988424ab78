"""A line run on a server as the deployment ran it: through ``ssh``, by the connection of a remote Command.

Source of the connection's keys: pulumi-command, "remote.Command", input ``connection``.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from raven_realtime.problem import Problem
from raven_realtime.ssh import PORT, known_hosts

UNSUPPORTED = ("password", "privateKeyPassword", "proxy")
"""What `ssh` takes from a terminal only, or another way; the stack's own connections have none of it."""


def run(connection: Mapping[str, Any], line: str) -> int:
    """Run a shell line on the server, on this terminal, and return its exit code; 255 when ssh itself failed.

    Raises:
        Problem: the connection needs what is not supported here, or there is no ssh on this machine.
    """
    with command(connection, line) as words:
        try:
            return subprocess.run(words, env=_environment(connection), stdin=subprocess.DEVNULL, check=False).returncode
        except FileNotFoundError:
            raise Problem("There is no ssh program on the PATH; install the OpenSSH client.") from None


@contextmanager
def command(connection: Mapping[str, Any], line: str) -> Iterator[list[str]]:
    """Give the ssh command line; the private key lies in a file of mode 0600 that goes at the end of the block.

    As with pulumi-command, nothing of the user's own ssh configuration counts, and without ``hostKey`` any server is
    taken.

    Raises:
        Problem: the connection needs what is not supported here.
    """
    for unsupported in filter(connection.get, UNSUPPORTED):
        raise Problem(f"The checks on {connection.get('host')} are reached with {unsupported}; verify cannot use that.")
    host, port = str(connection["host"]), int(connection.get("port") or PORT)
    with tempfile.TemporaryDirectory(prefix="raven-realtime-") as folder:
        words = ["ssh", "-F", "none", "-T", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=15"]
        if private := connection.get("privateKey"):
            key = Path(folder, "key")
            key.touch(0o600)
            key.write_text(f"{str(private).rstrip()}\n")  # ssh refuses a key without its last line's end
            words += ["-i", str(key), "-o", "IdentitiesOnly=yes"]
        known = Path(folder, "known_hosts")
        expected = connection.get("hostKey")
        known.write_text(known_hosts(host, port, str(expected)) if expected else "")
        words += ["-o", f"UserKnownHostsFile={known}", "-o", "GlobalKnownHostsFile=none"]
        words += ["-o", f"StrictHostKeyChecking={'yes' if expected else 'no'}"]
        yield [*words, "-p", str(port), "-l", str(connection.get("user") or "root"), "--", host, line]


def _environment(connection: Mapping[str, Any]) -> dict[str, str]:
    agent = connection.get("agentSocketPath")
    return {**os.environ, **({"SSH_AUTH_SOCK": str(agent)} if agent else {})}
