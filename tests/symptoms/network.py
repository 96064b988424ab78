"""A network of its own for the symptom bench, so that its ports are the real ones; and a firewall in it."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from demo.own_network import CLONE_NEWNET, enter_own_network


@contextmanager
def network_of_its_own() -> Iterator[None]:
    """Put this thread into a new network namespace, and back at the end.

    Raises:
        PermissionError: not root.
    """
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if not enter_own_network():
            raise PermissionError("The symptom bench needs root: it makes a network namespace of its own.")
        yield
    finally:
        if ctypes.CDLL(None, use_errno=True).setns(before, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "the network namespace from before cannot be entered again")
        os.close(before)


@contextmanager
def dropping(*places: str) -> Iterator[None]:
    """Let the firewall drop what is sent to the places, each ``address:port``."""
    rules = [
        ["INPUT", "-p", "tcp", "-d", address, "--dport", port, "-j", "DROP"]
        for address, port in (place.split(":") for place in places)
    ]
    for rule in rules:
        subprocess.run(["iptables", "-A", *rule], check=True)
    try:
        yield
    finally:
        for rule in rules:
            subprocess.run(["iptables", "-D", *rule], check=True)
