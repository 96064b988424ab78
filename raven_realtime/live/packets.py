"""Socket.IO packets inside Engine.IO messages (socket.io-protocol, version 5): read and write the few that we use."""

from __future__ import annotations

import json
import re

from raven_realtime.proxies.record import record

CONNECT, DISCONNECT, EVENT, CONNECT_ERROR = "40", "41", "42", "44"
PING, PONG = "2", "3"

_PACKET = re.compile(r"(4[0-6])(?:(/[^,]*),)?(\d*)(.*)", re.DOTALL)


@record
class Packet:
    """One packet: its kind with Engine.IO's ``4`` in front, its namespace, and what it carries."""

    kind: str
    namespace: str
    data: object

    @property
    def message(self) -> str:
        """The text of a connect error: ``{"message": "Invalid origin"}``, or the text alone as older servers do."""
        if isinstance(self.data, dict):
            return str(self.data.get("message", ""))
        return "" if self.data is None else str(self.data)


def read(text: str) -> Packet | None:
    """Return the packet, or None where ``text`` is none or its data is no JSON."""
    match = _PACKET.fullmatch(text)
    if match is None:
        return None
    kind, namespace, _, data = match.groups()
    try:
        return Packet(kind, namespace or "/", json.loads(data) if data else None)
    except ValueError:
        return None


def write(kind: str, namespace: str, data: object = None) -> str:
    """Return the packet as text: ``42/site,["doc_subscribe","Raven Channel","general"]``."""
    to = "" if namespace == "/" else f"{namespace},"
    return f"{kind}{to}{'' if data is None else json.dumps(data)}"
