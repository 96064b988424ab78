"""One HTTP answer as it came, from a live question or from what ``curl -i`` printed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from raven_realtime.proxies.record import record
from raven_realtime.shown import shown

BODY_LIMIT = 65_536
"""Bytes of a body that are read: an open packet has about 120, an error page a few thousand."""

_STATUS_LINE = re.compile(rb"HTTP/(\d(?:\.\d)?) (\d{3})[^\r\n]*")


@record
class OpenPacket:
    """What Engine.IO says first: packet type 0 (engine.io-protocol, "Handshake")."""

    sid: str
    ping_interval: int
    ping_timeout: int
    max_payload: int
    upgrades: tuple[str, ...]

    @property
    def parameters(self) -> dict[str, object]:
        """What is the same for every session of one server, by the protocol's names: everything but the sid."""
        return {
            "pingInterval": self.ping_interval,
            "pingTimeout": self.ping_timeout,
            "maxPayload": self.max_payload,
            "upgrades": list(self.upgrades),
        }


@record
class Answer:
    """Status, headers (names in lower case, the last of equal names) and the first `BODY_LIMIT` bytes of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    version: str = "1.1"
    truncated: bool = False

    @classmethod
    def from_curl(cls, printed: bytes) -> Answer | None:
        """Read what ``curl -sS -i`` printed: the last answer if there are several (100 Continue, a proxy's CONNECT).

        Returns:
            None when it printed nothing that is an HTTP answer: curl reached nobody.
        """
        rest, found = printed, None
        while match := _STATUS_LINE.match(rest):
            head, separator, after = rest[match.end() :].partition(b"\r\n\r\n")
            if not separator:
                head, separator, after = rest[match.end() :].partition(b"\n\n")
            headers = dict(_header(line) for line in head.decode("latin-1").splitlines() if ":" in line)
            body = after[:BODY_LIMIT]
            found = cls(int(match[2]), headers, body, match[1].decode(), truncated=len(after) > BODY_LIMIT)
            rest = after
        return found

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    @property
    def is_html(self) -> bool:
        """Whether the answer is a page."""
        return "html" in self.headers.get("content-type", "") or self.text.lstrip()[:15].lower().startswith(
            ("<!doctype", "<html")
        )

    @property
    def open_packet(self) -> OpenPacket | None:
        """The open packet, if the body starts with a complete one."""
        first = self.text.split("\x1e")[0]
        if not first.startswith("0{"):
            return None
        try:
            said = json.loads(first[1:])
            return OpenPacket(
                str(said["sid"]),
                int(said["pingInterval"]),
                int(said["pingTimeout"]),
                int(said.get("maxPayload", 0)),
                tuple(str(name) for name in said["upgrades"]),
            )
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def engine_error(self) -> tuple[int, str] | None:
        """Code and message of an Engine.IO error body: ``{"code": 1, "message": "Session ID unknown"}``.

        A Python server (python-engineio) sends the message alone, as a JSON string; its code is given here.
        """
        try:
            said = json.loads(self.text)
        except ValueError:
            return None
        if isinstance(said, dict) and isinstance(said.get("code"), int):
            return said["code"], str(said.get("message", ""))
        if isinstance(said, str):
            python = {"Invalid session": 1, "Invalid transport": 0}
            return next((code for text, code in python.items() if said.startswith(text)), 3), said
        return None

    @property
    def telling(self) -> str:
        """The answer in one line: status, who says so, and the start of the body; nothing that could be a secret."""
        server = self.headers.get("server", "")
        kind = self.headers.get("content-type", "").split(";")[0]
        place = self.headers.get("location", "").split("?")[0]
        title = re.search(r"<title[^>]*>([^<]{1,80})", self.text, re.IGNORECASE)
        said = title[1] if title else self.text[:120]
        parts = [
            str(self.status),
            f"server {server[:40]}" if server else "",
            kind[:40],
            f"to {place[:100]}" if place else "",
            f"“{shown(said)}”" if said.strip() else "no body",
        ]
        return ", ".join(part for part in parts if part)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
