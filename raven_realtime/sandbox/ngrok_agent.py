"""Run the ngrok agent as supervisor's child, and mend two things about it.

The agent repeats the authtoken when a session is refused, so its output passes through here and the token does not. And
an endpoint that depends on another's random URL cannot be in its file: it is added through the agent's API at every
start::

    python -m raven_realtime.sandbox.ngrok_agent NGROK.YML THEN.JSON -- ngrok start …
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from raven_realtime.sandbox.ngrok import API, Endpoint, host_of, urls_now

ATTEMPTS = 100
PAUSE = 0.1


def main(arguments: list[str]) -> int:
    """Run ``NGROK.YML THEN.JSON -- COMMAND …`` and return the agent's exit code."""
    settings, then, _, *command = arguments
    document = YAML(typ="safe").load(Path(settings).read_text())
    token = str(document["agent"]["authtoken"])
    added = json.loads(Path(then).read_text())
    agent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: agent.send_signal(received))
    if added:
        first = str(document["endpoints"][0]["name"])
        threading.Thread(target=add_endpoint, args=(added, first), daemon=True).start()
    assert agent.stdout is not None  # noqa: S101 (a pipe was asked for)
    for line in agent.stdout:
        sys.stdout.write(line.replace(token, "[authtoken]"))
        sys.stdout.flush()
    return agent.wait()


def add_endpoint(wanted: dict[str, Any], first: str) -> None:
    """Add an endpoint whose Host header is that of the endpoint called ``first``, once that one is online."""
    for _ in range(ATTEMPTS):
        urls = urls_now(1.0) or {}
        if first in urls:
            body = Endpoint(**wanted | {"host": host_of(urls[first])}).definition()
            answer = httpx.post(f"{API}/endpoints", json=body, timeout=5, trust_env=False)
            sys.stdout.write(f"endpoint {wanted['name']}: {answer.status_code}\n")
            return
        time.sleep(PAUSE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
