"""What RFC 6455 asks of a WebSocket: sizes, fragments, pings, closes, and frames that must not be."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable

from tests.conformance.peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, Peer, Wire, frame

Case = Callable[[Peer], object]
MEGABYTE = 1 << 20
SIZES = (0, 1, 125, 126, 127, 1000, 65_535, 65_536, MEGABYTE)
LARGE = (4 * MEGABYTE, 16 * MEGABYTE)
GOOD_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
BAD_CODES = (0, 999, 1004, 1005, 1006, 2999, 5000, 65_535)


def code(number: int, reason: str = "") -> bytes:
    return struct.pack("!H", number) + reason.encode()


def asking(talk: Callable[[Wire], object]) -> Case:
    def case(peer: Peer) -> object:
        with peer.upgraded("frames") as wire:
            assert isinstance(wire, Wire), wire
            return talk(wire)

    return case


def size(opcode: int, count: int) -> Case:
    payload = b"x" * count if opcode == TEXT else os.urandom(count)

    def talk(wire: Wire) -> object:
        wire.send(opcode, payload)
        got = wire.message()
        return (got.encode() if isinstance(got, str) else got) == payload, isinstance(got, str)

    return asking(talk)


def sending(*frames: bytes, wanted: int = 1) -> Case:
    """What comes back for frames: the first ones, or all until the end."""

    def talk(wire: Wire) -> object:
        for each in frames:
            wire.connection.sendall(each)
        got: list[object] = []
        while len(got) < wanted:
            each_got = wire.receive()
            if each_got is None:
                return [*got, "ended"]
            got.append((each_got.opcode, each_got.code if each_got.opcode == CLOSE else each_got.payload))
        return got

    return asking(talk)


def closing(payload: bytes) -> Case:
    """The close that answers a close, and the end of the connection after it."""

    def talk(wire: Wire) -> object:
        wire.send(CLOSE, payload)
        got = wire.receive()
        return (got.opcode, got.code) if got else None, wire.receive()

    return asking(talk)


def many_fragments(wire: Wire) -> object:
    for number in range(200):
        wire.send(TEXT if number == 0 else CONTINUATION, b"ab", final=number == 199)
    return wire.message() == "ab" * 200


def slow_writer(wire: Wire) -> object:
    for byte in frame(TEXT, b"slowly"):
        wire.connection.sendall(bytes([byte]))
        time.sleep(0.01)
    return wire.message()


def slow_reader(wire: Wire) -> object:
    for _ in range(8):
        wire.send(BINARY, b"z" * 200_000)
    time.sleep(1)
    return [len(wire.message() or b"") for _ in range(8)]


def silence(wire: Wire) -> object:
    time.sleep(3)
    wire.send(TEXT, b"still here")
    return wire.message()


def many(wire: Wire) -> object:
    for number in range(500):
        wire.send(TEXT, str(number).encode())
    return [wire.message() for _ in range(500)] == [str(number) for number in range(500)]


def ended_without_close(wire: Wire) -> object:
    """After a close frame nothing is echoed."""
    wire.connection.sendall(frame(CLOSE, code(1000)) + frame(TEXT, b"late"))
    got: list[Frame] = []
    while (each := wire.receive()) is not None:
        got.append(each)
    return [each.opcode for each in got]


def wrong(*frames: bytes, with_code: int = 1002) -> tuple[Case, object]:
    return sending(*frames), [(CLOSE, with_code)]


CASES: dict[str, tuple[Case, object]] = {
    **{f"text of {count} bytes": (size(TEXT, count), (True, True)) for count in SIZES},
    **{f"binary of {count} bytes": (size(BINARY, count), (True, False)) for count in SIZES},
    "text in two fragments": (
        sending(frame(TEXT, b"one ", final=False), frame(CONTINUATION, b"two")),
        [(TEXT, b"one two")],
    ),
    "binary in three fragments": (
        sending(frame(BINARY, b"\0", final=False), frame(CONTINUATION, b"\1", final=False), frame(CONTINUATION, b"\2")),
        [(BINARY, b"\0\1\2")],
    ),
    "empty fragments": (
        sending(frame(TEXT, b"", final=False), frame(CONTINUATION, b"", final=False), frame(CONTINUATION, b"")),
        [(TEXT, b"")],
    ),
    "a character in two fragments": (
        sending(frame(TEXT, "€".encode()[:1], final=False), frame(CONTINUATION, "€".encode()[1:])),
        [(TEXT, "€".encode())],
    ),
    "a ping between fragments": (
        sending(frame(TEXT, b"a", final=False), frame(PING, b"?"), frame(CONTINUATION, b"b"), wanted=2),
        [(PONG, b"?"), (TEXT, b"ab")],
    ),
    "200 fragments": (asking(many_fragments), True),
    "a ping": (sending(frame(PING, b"")), [(PONG, b"")]),
    "a ping of 125 bytes": (sending(frame(PING, b"p" * 125)), [(PONG, b"p" * 125)]),
    "three pings": (
        sending(*(frame(PING, bytes([number])) for number in range(3)), wanted=3),
        [(PONG, bytes([number])) for number in range(3)],
    ),
    "a pong that nobody asked for": (sending(frame(PONG, b"!"), frame(TEXT, b"on")), [(TEXT, b"on")]),
    "two frames in a segment": (
        sending(frame(TEXT, b"a") + frame(BINARY, b"b"), wanted=2),
        [(TEXT, b"a"), (BINARY, b"b")],
    ),
    "a frame byte by byte": (asking(slow_writer), "slowly"),
    "a reader that is slow": (asking(slow_reader), [200_000] * 8),
    "500 messages": (asking(many), True),
    "three seconds of silence": (asking(silence), "still here"),
    **{f"close {number}": (closing(code(number)), ((CLOSE, number), None)) for number in GOOD_CODES},
    "close with a reason": (closing(code(1000, "good-bye")), ((CLOSE, 1000), None)),
    "close without a code": (closing(b""), ((CLOSE, None), None)),
    "nothing after close": (asking(ended_without_close), [CLOSE]),
    **{f"close {number}, which must not be": wrong(frame(CLOSE, code(number))) for number in BAD_CODES},
    "half a close code": wrong(frame(CLOSE, b"\x03")),
    "a reason that is no UTF-8": wrong(frame(CLOSE, code(1000) + b"\xff"), with_code=1007),
    "text that is no UTF-8": wrong(frame(TEXT, b"\xff\xfe"), with_code=1007),
    "a reserved data opcode": wrong(frame(3, b"x")),
    "a reserved control opcode": wrong(frame(11, b"x")),
    **{f"reserved bit {bit}": wrong(frame(TEXT, b"x", rsv=bit)) for bit in (1, 2, 4)},
    "a frame without a mask": wrong(frame(TEXT, b"x", masked=False)),
    "a ping in fragments": wrong(frame(PING, b"x", final=False)),
    "a ping of 126 bytes": wrong(frame(PING, b"x" * 126)),
    "a fragment of nothing": wrong(frame(CONTINUATION, b"x")),
    "text amid fragments": wrong(frame(TEXT, b"a", final=False), frame(TEXT, b"b")),
    "more than the server takes": wrong(
        bytes([0x82, 0xFF]) + struct.pack("!Q", 18 * MEGABYTE) + b"\0\0\0\0", with_code=1009
    ),
}
LARGE_CASES: dict[str, tuple[Case, object]] = {
    f"{kind} of {count} bytes": (size(opcode, count), (True, opcode == TEXT))
    for count in LARGE
    for kind, opcode in (("text", TEXT), ("binary", BINARY))
}
