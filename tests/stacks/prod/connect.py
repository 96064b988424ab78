"""Run outside, as a program: a polling session as a browser opens it, and CONNECT to a namespace without a cookie.

``python connect.py URL NAMESPACE CA HEADER…`` prints the server's answer.
"""

from __future__ import annotations

import ssl
import sys

import httpx


def main(url: str, namespace: str, ca: str, *headers: str) -> None:
    """Ask and print."""
    given = dict(header.split(": ", 1) for header in headers)
    trust = ssl.create_default_context(cafile=ca)
    with httpx.Client(base_url=url, verify=trust, headers=given, trust_env=False, timeout=30) as client:
        path = "/socket.io/?EIO=4&transport=polling"
        sid = client.get(path).text.split('"')[3]
        client.post(f"{path}&sid={sid}", content=f"40/{namespace},").raise_for_status()
        sys.stdout.write(client.get(f"{path}&sid={sid}").text)


if __name__ == "__main__":
    main(*sys.argv[1:])
