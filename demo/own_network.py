"""A network of its own for a process that tests or measures: loopback and nothing else.

The sandbox's ports are fixed (8000, 8005, 9000, 443). In a namespace of its own a process can use them whatever runs on
the machine, several processes can use them at once, and the machine's packet filters take no part in what is measured.
"""

from __future__ import annotations

import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
"""From sched.h; Python has os.unshare since 3.12 only."""


def enter_own_network() -> bool:
    """Move the calling thread, and what it starts from now on, into a new network namespace with loopback up.

    Returns:
        False where this user may not (no root): the machine's own ports are used then.
    """
    if os.geteuid() != 0:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        return False
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return True
