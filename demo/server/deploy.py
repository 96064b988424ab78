"""``python -m demo.server.deploy NAME CONFIG-FILE WORDS…``: run the engine on a demo server, configured by its facts.

What another team sets by hand in Pulumi.prod.yaml (image, address, authority, service account) is written into the
given copy of it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from demo.server.opening import opening
from demo.server.server import Server
from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.settings import PROJECT

STACK = "prod"
CAPACITY = 8_000
"""What fits the file limits of small machines, where the default may not."""


def facts(server: Server) -> Iterator[tuple[str, str]]:
    """Yield what the server adds to the stack's configuration."""
    key = server.bench.api_key(server.layout.hosts[0].site)
    yield "image", server.image
    yield "publicAddress", server.address
    yield "caFile", str(server.ca)
    yield "capacity", str(CAPACITY)
    yield "benchPath", str(server.layout.bench)
    yield "apiKey", key.key
    yield "apiSecret", key.secret


def main(arguments: list[str]) -> int:
    """Configure, then run ``pulumi WORDS…`` on the server; return its exit code."""
    name, file, *words = arguments
    server = Server(name)
    if words[0] == "destroy" and not server.layout.image_note.exists():
        print(f"nothing is deployed to {name}: it was never up")  # so a server that was built half-way can be removed
        return 0
    stack = ("--stack", STACK, "--config-file", str(Path(file).absolute()))
    for key, value in facts(server):
        secret = ["--secret"] if key.startswith("api") else []
        # the value goes through standard input: a secret must not be in the process list
        asked = subprocess.run(
            ["pulumi", "config", "set", *stack, *secret, f"{PROJECT}:{key}"], input=value, text=True, check=False
        )
        if asked.returncode:
            return asked.returncode
    code = subprocess.run(server.inside("pulumi", *words, *stack), check=False).returncode
    if words[0] == "up" and code == 0:
        print(f"\n{opening(server)}")
    return code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Problem, Unreadable) as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
