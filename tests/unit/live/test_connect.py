"""What the answer to CONNECT means, in the words of each Frappe."""

from __future__ import annotations

import pytest

from raven_realtime.live.checks import connect
from raven_realtime.live.packets import Packet, read, write

SITE = "/chat.example.com"


def error(message: str) -> str:
    return f'44{SITE},{{"message":"{message}"}}'


ACCEPTED = f'40{SITE},{{"sid":"abcdefghijklmnopqrst"}}'
NO_COOKIE = error("No cookie transmitted.")
NO_METHOD = error("No authentication method used. Use cookie or authorization header.")
EITHER = error("Missing cookie and authorization header. Either one needed.")
FETCH = error("Unauthorized: TypeError: fetch failed")

# packets, with credentials or not: the codes (none: passed)
TABLE: dict[str, tuple[list[str], bool, list[str]]] = {
    "no cookie": ([NO_COOKIE], False, []),
    "no method": ([NO_METHOD], False, []),
    "either one, Python's and newer Node's": ([EITHER], False, []),
    "accepted without a cookie": ([ACCEPTED], False, []),
    "accepted with credentials": ([ACCEPTED], True, []),
    "origin": ([error("Invalid origin")], False, ["RT008"]),
    "namespace": ([error("Invalid namespace")], False, ["RT009"]),
    "namespace, and connected all the same": ([error("Invalid namespace"), ACCEPTED], False, ["RT009"]),
    "no answer from the web": ([FETCH], True, ["RT012"]),
    "the web says no": ([error("Unauthorized")], True, ["RT042"]),
    "the web says something odd": ([error("Unauthorized: TypeError: Cannot read properties")], True, ["RT042"]),
    "the cookie was sent and lost": ([NO_COOKIE], True, ["RT013"]),
    "words that nobody knows": ([error("xhr")], False, ["RT041"]),
    "text instead of an object": ([f'44{SITE},"Unable to connect"'], False, ["RT041"]),
}


@pytest.mark.parametrize(("packets", "with_credentials", "codes"), TABLE.values(), ids=TABLE.keys())
def test_judge(packets: list[str], with_credentials: bool, codes: list[str]) -> None:
    held = [packet for text in packets if (packet := read(text)) is not None]
    assert len(held) == len(packets)
    result = connect.judge("connect", SITE, held, with_credentials=with_credentials)
    assert [finding.code for finding in result.findings] == codes
    assert result.ok is not bool(codes)
    assert "abcdefghijklmnopqrst" not in repr(result)


def test_a_dead_namespace_is_named() -> None:
    packets = [Packet("44", SITE, {"message": "Invalid namespace"}), Packet("40", SITE, {})]
    result = connect.judge("connect", SITE, packets, with_credentials=False)
    assert "dead namespace" in result.findings[0].evidence


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("40", Packet("40", "/", None)),
        ('40{"sid":"x"}', Packet("40", "/", {"sid": "x"})),
        ("40/site,", Packet("40", "/site", None)),
        ('42/site,["event",{"a":1}]', Packet("42", "/site", ["event", {"a": 1}])),
        ('42/site,7["event"]', Packet("42", "/site", ["event"])),
        ("3probe", None),
        ("6", None),
        ("4", None),
        ("42/site,[broken", None),
        ("", None),
    ],
)
def test_read(text: str, packet: Packet | None) -> None:
    assert read(text) == packet


@pytest.mark.parametrize("data", [None, ["doc_subscribe", "Raven Channel", "general"], {"sid": "x"}])
def test_read_what_was_written(data: object) -> None:
    assert read(write("42", "/site", data)) == Packet("42", "/site", data)
