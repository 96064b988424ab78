"""Run outside, as a program: log in at a site and connect to its namespace WebSocket-first, as a browser does.

``python outside_client.py HOST SITE CA PASSWORD`` prints the answer to CONNECT.
"""

from __future__ import annotations

import faulthandler
import ssl
import sys

import httpx
from websockets.sync.client import connect
from websockets.typing import Origin


def main(host: str, site: str, ca: str, password: str) -> None:
    """Log in, connect, print."""
    trust = ssl.create_default_context(cafile=ca)
    with httpx.Client(base_url=f"https://{host}", verify=trust, trust_env=False, timeout=30) as client:
        login = client.post("/api/method/login", data={"usr": "demo@example.com", "pwd": password})
        login.raise_for_status()
        cookie = f"sid={login.cookies['sid']}"
    with connect(
        f"wss://{host}/socket.io/?EIO=4&transport=websocket",
        ssl=trust,
        origin=Origin(f"https://{host}"),
        additional_headers={"Cookie": cookie},
        proxy=None,
        open_timeout=10,
    ) as socket:
        socket.recv(timeout=10)
        socket.send(f"40/{site},")
        sys.stdout.write(str(socket.recv(timeout=10)))


if __name__ == "__main__":
    faulthandler.dump_traceback_later(40, exit=True)
    main(*sys.argv[1:])
