"""A firewall in the symptom bench's network."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


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
