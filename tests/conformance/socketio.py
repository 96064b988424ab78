"""What the Socket.IO protocol asks of a server, revision 5 (https://socket.io/docs/v4/socket-io-protocol/)."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable

from tests.conformance.peer import BINARY, TEXT, Peer, Wire, opened

CONNECT_TIMEOUT = 1000
"""Milliseconds until a client that connects to no namespace is closed."""
QUIET = 0.4
SID = re.compile(r'"sid":"[^"]+"')
BLOB, OTHER = b"\x01\x02\x03\x04", bytes(range(250))
HELD = {"_placeholder": True, "num": 0}

Sent = str | bytes | float
"""A packet, an attachment, or seconds of silence."""
Case = Callable[[Peer], object]


def exchange(peer: Peer, sent: list[Sent], wanted: int) -> list[object]:
    """What a WebSocket gets for what it sends: so many packets, or all until it is closed; ids are told as SID."""
    with peer.upgraded("socket", EIO="4", transport="websocket") as wire:
        assert isinstance(wire, Wire), wire
        opened(wire.message())
        got: list[object] = []

        def receive() -> bool:
            message = wire.message()
            told = SID.sub('"sid":SID', message.removeprefix("4")) if isinstance(message, str) else message
            got.append("closed" if told is None else told)
            return told is not None

        for each in sent:
            if isinstance(each, float):
                time.sleep(each)
            elif isinstance(each, bytes):
                wire.send(BINARY, each)
            else:
                wire.send(TEXT, f"4{each}".encode())
                # A client speaks in a namespace when it is connected, and not before.
                while each.startswith("0") and receive() and not str(got[-1]).startswith(("0", "4")):
                    pass
        while len(got) < wanted and got[-1:] != ["closed"] and receive():
            pass
        return got


def asking(sent: list[Sent], expected: list[object]) -> tuple[Case, object]:
    return (lambda peer: exchange(peer, sent, len(expected))), expected


CONNECTED = ['0{"sid":SID}', '2["auth",{}]']
IN_CUSTOM = ['0/custom,{"sid":SID}', '2/custom,["auth",{}]']


def event(*arguments: object, name: str = "message") -> str:
    return "2" + json.dumps([name, *arguments], separators=(",", ":"), ensure_ascii=False)


def echoed(*arguments: object) -> tuple[Case, object]:
    return asking(["0", event(*arguments)], [*CONNECTED, event(*arguments, name="message-back")])


def binary(kind: str, count: int, *arguments: object, number: str = "", where: str = "") -> str:
    return f"{kind}{count}-{where}{number}" + json.dumps(arguments, separators=(",", ":"))


def two_sockets(peer: Peer) -> object:
    """A namespace's socket has an id of its own, and that is not the session's."""
    with peer.upgraded("socket", EIO="4", transport="websocket") as wire:
        assert isinstance(wire, Wire)
        ids = {str(opened(wire.message())["sid"])}
        for namespace in ("", "/custom,"):
            wire.send(TEXT, f"40{namespace}".encode())
            text = wire.message()
            assert isinstance(text, str)
            ids.add(json.loads(text[text.index("{") :])["sid"])
            wire.message()
        return len(ids)


def over_polling(peer: Peer) -> object:
    sid = str(opened(peer.ask("socket", EIO="4", transport="polling").text)["sid"])
    query = {"EIO": "4", "transport": "polling", "sid": sid}
    blob = base64.b64encode(BLOB).decode()
    got = ""
    for content in ("40", "\x1e".join(["4" + event("hello"), "4" + binary("5", 1, "message", HELD), f"b{blob}"])):
        peer.ask("socket", "POST", content, **query)
        wanted = got.count("\x1e") + (2 if content == "40" else 3)
        while got.count("\x1e") < wanted:
            got += peer.ask("socket", **query).text + "\x1e"
    return [SID.sub('"sid":SID', packet) for packet in got.strip("\x1e").split("\x1e")]


def in_order(peer: Peer) -> object:
    sent: list[Sent] = ["0", *(event(number) for number in range(200))]
    return exchange(peer, sent, 202)[2:] == [event(number, name="message-back") for number in range(200)]


def large(peer: Peer) -> object:
    text = "x" * 500_000
    return exchange(peer, ["0", event(text)], 3)[2] == event(text, name="message-back")


def each_on_its_own(peer: Peer) -> object:
    """Leaving one namespace leaves the other."""
    sent: list[Sent] = ["0", "0/custom,", "1/custom,", QUIET, event("kept")]
    got = exchange(peer, sent, 5)
    return sorted(map(str, got[:4])) == sorted(CONNECTED + IN_CUSTOM), got[4:]


CASES: dict[str, tuple[Case, object]] = {
    "connect": asking(["0"], list(CONNECTED)),
    "connect with a payload": asking(['0{"token":"123"}'], [CONNECTED[0], '2["auth",{"token":"123"}]']),
    "connect to a namespace": asking(["0/custom,"], list(IN_CUSTOM)),
    "connect to a namespace with a payload": asking(
        ['0/custom,{"token":"abc"}'], [IN_CUSTOM[0], '2/custom,["auth",{"token":"abc"}]']
    ),
    "connect to a namespace of a family": asking(
        ["0/dynamic-7,"], ['0/dynamic-7,{"sid":SID}', '2/dynamic-7,["auth",{}]']
    ),
    "an unknown namespace": asking(["0/random,"], ['4/random,{"message":"Invalid namespace"}']),
    "a namespace that refuses": asking(["0/closed,"], ['4/closed,{"message":"not here","data":{"code":7}}']),
    "a refusal leaves the others": asking(["0/random,", "0"], ['4/random,{"message":"Invalid namespace"}', *CONNECTED]),
    "two namespaces, two ids": (two_sockets, 3),
    "nothing connected in time": asking([], ["closed"]),
    "an event before any connect": asking([event("early")], ["closed"]),
    "no packet": asking(["abc"], ["closed"]),
    "no packet after connect": asking(["0", "abc"], [*CONNECTED, "closed"]),
    "an event that is no array": asking(["0", '2{"a":1}'], [*CONNECTED, "closed"]),
    "an event without a name": asking(["0", "2[]"], [*CONNECTED, "closed"]),
    "broken JSON": asking(["0", '2["message"'], [*CONNECTED, "closed"]),
    "an event of a reserved name": asking(["0", event(name="disconnect")], [*CONNECTED, "closed"]),
    "an unknown type of packet": asking(["0", '9["message"]'], [*CONNECTED, "closed"]),
    "an event of a namespace that was left": asking(
        ["0", "0/custom,", "1/custom,", QUIET, '2/custom,["message"]'], [*CONNECTED, *IN_CUSTOM, "closed"]
    ),
    "leave a namespace, keep another": (each_on_its_own, (True, [event("kept", name="message-back")])),
    "text": echoed("hello"),
    "no argument": echoed(),
    "an empty text": echoed(""),
    "beyond ASCII": echoed("€ ὅ 🦅"),
    "numbers, truth and nothing": echoed(1, 2.5, -3, True, False, None),
    "arrays and objects": echoed([1, [2, [3]]], {"a": {"b": [{"c": "d"}]}}),
    "several arguments": echoed("a", 1, {"b": 2}, ["c"]),
    "an event of a namespace": asking(
        ["0/custom,", '2/custom,["message","here"]'], [*IN_CUSTOM, '2/custom,["message-back","here"]']
    ),
    "acknowledged": asking(
        ["0", '2456["message-with-ack",1,"2",{"3":[false]}]'], [*CONNECTED, '3456[1,"2",{"3":[false]}]']
    ),
    "acknowledged with nothing": asking(["0", '20["message-with-ack"]'], [*CONNECTED, "30[]"]),
    "acknowledged in a namespace": asking(
        ["0/custom,", '2/custom,7["message-with-ack","x"]'], [*IN_CUSTOM, '3/custom,7["x"]']
    ),
    "several acknowledged": asking(
        ["0", *(f'2{number}["message-with-ack",{number}]' for number in (3, 1, 2))],
        [*CONNECTED, "33[3]", "31[1]", "32[2]"],
    ),
    "binary": asking(
        ["0", binary("5", 1, "message", HELD), BLOB], [*CONNECTED, binary("5", 1, "message-back", HELD), BLOB]
    ),
    "binary, twice": asking(
        ["0", binary("5", 2, "message", HELD, {"_placeholder": True, "num": 1}), BLOB, OTHER],
        [*CONNECTED, binary("5", 2, "message-back", HELD, {"_placeholder": True, "num": 1}), BLOB, OTHER],
    ),
    "binary in an object": asking(
        ["0", binary("5", 1, "message", {"a": [HELD]}), OTHER],
        [*CONNECTED, binary("5", 1, "message-back", {"a": [HELD]}), OTHER],
    ),
    "binary of a namespace": asking(
        ["0/custom,", binary("5", 1, "message", HELD, where="/custom,"), BLOB],
        [*IN_CUSTOM, binary("5", 1, "message-back", HELD, where="/custom,"), BLOB],
    ),
    "binary acknowledged": asking(
        ["0", binary("5", 1, "message-with-ack", HELD, number="789"), BLOB],
        [*CONNECTED, binary("6", 1, HELD, number="789"), BLOB],
    ),
    "an attachment that was not announced": asking(["0", BLOB], [*CONNECTED, "closed"]),
    "an attachment that is missing": asking(
        ["0", binary("5", 1, "message", HELD), event("instead")], [*CONNECTED, "closed"]
    ),
    "polling: text and binary": (
        over_polling,
        [
            *("4" + each for each in CONNECTED),
            "4" + event("hello", name="message-back"),
            "4" + binary("5", 1, "message-back", HELD),
            "bAQIDBA==",
        ],
    ),
    "the order stays": (in_order, True),
    "half a megabyte": (large, True),
}
