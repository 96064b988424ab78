"""Where a stack with the ngrok tunnel runs: names that resolve there only, and a network of its own if need be.

The stand-in agent writes the names that it serves into the file that is /etc/hosts there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOSTS = "127.0.0.1 localhost\n"


@contextmanager
def surroundings(folder: Path, hosts: Path, *, network: bool = False) -> Iterator[tuple[str, ...]]:
    """Open a mount namespace with ``hosts`` as its /etc/hosts; only root can.

    Args:
        folder: Where what runs there has its working directory.
        hosts: A file that this makes.
        network: Whether to have loopback of its own too, so that several stacks run at once.

    Yields:
        The command to put before one that is to run there.
    """
    assert os.geteuid() == 0, "The test gives names to addresses in a mount namespace: run it as root."
    hosts.write_text(HOSTS)
    script = """
        set -e
        mount --bind "$1" /etc/hosts
        if [ "$2" ]; then ip link set lo up; fi
        echo ready
        exec sleep infinity
    """
    spaces = ["--mount", *(["--net"] if network else [])]
    command = ["unshare", *spaces, "--propagation=private", "sh", "-c", script, "sh", str(hosts), "1" * network]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stderr is not None
            assert holder.stdout.readline() == "ready\n", f"no names of our own: {holder.stderr.read()}"
            yield ("nsenter", f"--target={holder.pid}", *spaces, f"--wdns={folder}", "--")
        finally:
            holder.kill()
