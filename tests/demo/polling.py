"""Connect to a namespace with plain HTTP requests, as a browser's polling transport does."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping

import httpx

SEPARATOR = "\x1e"


def connect(
    url: str,
    namespace: str,
    headers: Mapping[str, str],
    *,
    seconds: float = 0.3,
    timeout: float = 10,
    verify: ssl.SSLContext | bool = True,
) -> list[str]:
    """The packets that answer a CONNECT to ``namespace``, gathered for ``seconds`` after the first."""
    with httpx.Client(base_url=url, headers=dict(headers), timeout=timeout, verify=verify) as client:
        query = {"EIO": "4", "transport": "polling"}
        opened = client.get("/socket.io/", params=query)
        query["sid"] = json.loads(opened.text[1:])["sid"]
        client.post("/socket.io/", params=query, content="40" if namespace == "/" else f"40{namespace},")
        packets = client.get("/socket.io/", params=query).text.split(SEPARATOR)
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                packets += client.get("/socket.io/", params=query, timeout=left).text.split(SEPARATOR)
            except httpx.ReadTimeout:
                break
        return packets


def refusal(packet: str) -> str:
    """The message of a CONNECT_ERROR packet, or "accepted" for a CONNECT."""
    if packet.startswith("40"):
        return "accepted"
    assert packet.startswith("44"), packet
    message = json.loads(packet[packet.index("{") :])["message"]
    assert isinstance(message, str)
    return message
