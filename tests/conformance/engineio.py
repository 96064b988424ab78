"""What the Engine.IO protocol asks of a server, revision 4 (https://socket.io/docs/v4/engine-io-protocol/)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

from tests.conformance.peer import BINARY, TEXT, Peer, Wire, opened

PING_INTERVAL, PING_TIMEOUT = 600, 1400
"""Milliseconds; short, so that the heartbeat's cases are."""
MAX_PAYLOAD = 100_000
GONE = (400, 1)
"""The answer to a session that is no more: 400, "Session ID unknown"."""
SEPARATOR = "\x1e"

Case = Callable[[Peer], object]


def poll(peer: Peer, sid: str) -> tuple[int, object]:
    answer = peer.ask("engine", EIO="4", transport="polling", sid=sid)
    return answer.status_code, answer.text if answer.status_code == 200 else answer.json()["code"]


def push(peer: Peer, sid: str, content: str) -> tuple[int, str]:
    answer = peer.ask("engine", "POST", content, EIO="4", transport="polling", sid=sid)
    return answer.status_code, answer.text


def session(peer: Peer) -> str:
    return str(opened(peer.ask("engine", EIO="4", transport="polling").text)["sid"])


@contextmanager
def socket(peer: Peer, **query: str) -> Iterator[Wire]:
    with peer.upgraded("engine", EIO="4", transport="websocket", **query) as wire:
        assert isinstance(wire, Wire), wire
        if "sid" not in query:
            opened(wire.message())
        yield wire


def refused(peer: Peer, method: str = "GET", **query: str) -> tuple[int, object]:
    answer = peer.ask("engine", method, **query)
    return answer.status_code, answer.json().get("code")


def not_upgraded(peer: Peer, **query: str) -> object:
    """The status of a WebSocket that is refused, or what it gets before it is closed."""
    with peer.upgraded("engine", **query) as wire:
        return wire if isinstance(wire, int) else said(wire)


def said(wire: Wire, wanted: int = 1) -> list[object]:
    """The next messages, pings of the heartbeat left out; ends early with the connection."""
    got: list[object] = []
    while len(got) < wanted:
        message = wire.message()
        if message is None:
            return [*got, "closed"]
        if message != "2":
            got.append(message)
    return got


def shape(text: str | bytes | None) -> object:
    told = opened(text)
    sid = told.pop("sid")
    return isinstance(sid, str) and len(sid) > 10, told


def told(upgrades: list[str]) -> dict[str, object]:
    times = {"pingInterval": PING_INTERVAL, "pingTimeout": PING_TIMEOUT}
    return {"upgrades": upgrades, **times, "maxPayload": MAX_PAYLOAD}


def polling_opens(peer: Peer) -> object:
    return shape(peer.ask("engine", EIO="4", transport="polling").text)


def websocket_opens(peer: Peer) -> object:
    with peer.upgraded("engine", EIO="4", transport="websocket") as wire:
        assert isinstance(wire, Wire)
        return shape(wire.message())


def ids_are_unique(peer: Peer) -> object:
    return len({session(peer) for _ in range(5)})


def polling_heartbeat(peer: Peer) -> object:
    sid = session(peer)
    return [(poll(peer, sid), push(peer, sid, "3")) for _ in range(3)]


def polling_without_pong(peer: Peer) -> object:
    sid = session(peer)
    first = poll(peer, sid)
    time.sleep((PING_INTERVAL + PING_TIMEOUT) / 1000 + 0.3)
    return first, poll(peer, sid)


def websocket_heartbeat(peer: Peer) -> object:
    with socket(peer) as wire:
        got = []
        for _ in range(3):
            got.append(wire.message())
            wire.send(TEXT, b"3")
        return got


def websocket_without_pong(peer: Peer) -> object:
    with socket(peer) as wire:
        return wire.message(), wire.message()


def polling_text(peer: Peer) -> object:
    sid = session(peer)
    return push(peer, sid, "4hello"), poll(peer, sid)


def polling_unicode(peer: Peer) -> object:
    sid = session(peer)
    return push(peer, sid, "4€ ὅ 🦅"), poll(peer, sid)


def polling_several(peer: Peer) -> object:
    sid = session(peer)
    return push(peer, sid, SEPARATOR.join(["4one", "4two", "4three"])), poll(peer, sid)


def polling_binary(peer: Peer) -> object:
    sid = session(peer)
    return push(peer, sid, "bAQIDBA=="), poll(peer, sid)


def polling_mixed(peer: Peer) -> object:
    sid = session(peer)
    return push(peer, sid, SEPARATOR.join(["4text", "bAQIDBA=="])), poll(peer, sid)


def polling_waits(peer: Peer) -> object:
    """A poll with nothing to say waits for a message."""
    sid = session(peer)
    poll(peer, sid)
    push(peer, sid, "3")
    got: list[object] = []
    waiting = Thread(target=lambda: got.append(poll(peer, sid)))
    waiting.start()
    time.sleep(0.1)
    push(peer, sid, "4late")
    waiting.join()
    return got


def polling_nonsense(peer: Peer) -> object:
    sid = session(peer)
    push(peer, sid, "abc")
    return poll(peer, sid)


def polling_twice(peer: Peer) -> object:
    """A second poll beside one that waits ends the session."""
    sid = session(peer)
    waiting = Thread(target=poll, args=(peer, sid))
    waiting.start()
    time.sleep(0.1)
    status = peer.ask("engine", EIO="4", transport="polling", sid=sid).status_code
    waiting.join()
    return status, poll(peer, sid)


def polling_too_much(peer: Peer) -> object:
    sid = session(peer)
    return peer.ask("engine", "POST", "4" + "x" * MAX_PAYLOAD, EIO="4", transport="polling", sid=sid).status_code


def polling_much(peer: Peer) -> object:
    sid = session(peer)
    sent = "4" + "x" * (MAX_PAYLOAD - 1)
    return push(peer, sid, sent), poll(peer, sid) == (200, sent)


def websocket_text(peer: Peer) -> object:
    with socket(peer) as wire:
        wire.send(TEXT, b"4hello")
        return said(wire)


def websocket_binary(peer: Peer) -> object:
    with socket(peer) as wire:
        wire.send(BINARY, bytes(range(256)))
        return said(wire)


def websocket_order(peer: Peer) -> object:
    with socket(peer) as wire:
        for number in range(100):
            wire.send(TEXT, f"4{number}".encode())
        return said(wire, 100) == [f"4{number}" for number in range(100)]


def websocket_nonsense(peer: Peer) -> object:
    with socket(peer) as wire:
        wire.send(TEXT, b"abc")
        return said(wire)


def polling_closes(peer: Peer) -> object:
    sid = session(peer)
    got: list[object] = []
    waiting = Thread(target=lambda: got.append(poll(peer, sid)))
    waiting.start()
    time.sleep(0.1)
    pushed = push(peer, sid, "1")
    waiting.join()
    return pushed, got, poll(peer, sid)


def websocket_closes(peer: Peer) -> object:
    with socket(peer) as wire:
        wire.send(TEXT, b"1")
        return said(wire)


@contextmanager
def upgraded(peer: Peer) -> Iterator[tuple[str, Wire]]:
    sid = session(peer)
    with socket(peer, sid=sid) as wire:
        wire.send(TEXT, b"2probe")
        assert wire.message() == "3probe"
        wire.send(TEXT, b"5")
        yield sid, wire


def upgrades(peer: Peer) -> object:
    with upgraded(peer) as (_, wire):
        wire.send(TEXT, b"4hello")
        return said(wire)


def upgrade_frees_the_poll(peer: Peer) -> object:
    """A poll that waits is answered with a noop when the probe comes."""
    sid = session(peer)
    got: list[object] = []
    waiting = Thread(target=lambda: got.append(poll(peer, sid)))
    waiting.start()
    time.sleep(0.1)
    with socket(peer, sid=sid) as wire:
        wire.send(TEXT, b"2probe")
        answer = wire.message()
        waiting.join()
        wire.send(TEXT, b"5")
        wire.send(TEXT, b"4hello")
        return answer, got, said(wire)


def no_polling_after_the_upgrade(peer: Peer) -> object:
    with upgraded(peer) as (sid, wire):
        wire.send(TEXT, b"4hello")
        said(wire)
        status = peer.ask("engine", EIO="4", transport="polling", sid=sid).status_code
        wire.send(TEXT, b"4still here")
        return status, said(wire)


def no_second_websocket(peer: Peer) -> object:
    with upgraded(peer) as (sid, wire):
        wire.send(TEXT, b"4hello")
        said(wire)
        with peer.upgraded("engine", EIO="4", transport="websocket", sid=sid) as second:
            ended = second.message() if isinstance(second, Wire) else None
        wire.send(TEXT, b"4still here")
        return ended, said(wire)


def a_wrong_probe(peer: Peer) -> object:
    sid = session(peer)
    with socket(peer, sid=sid) as wire:
        wire.send(TEXT, b"2nothing")
        ended = wire.message()
    return ended, push(peer, sid, "4hello"), poll(peer, sid)[0]


ECHOED = (200, "ok")
CASES: dict[str, tuple[Case, object]] = {
    "polling opens": (polling_opens, (True, told(["websocket"]))),
    "polling without EIO": (lambda peer: refused(peer, transport="polling"), (400, 5)),
    "polling with another EIO": (lambda peer: refused(peer, EIO="3", transport="polling"), (400, 5)),
    "polling with no transport": (lambda peer: refused(peer, EIO="4"), (400, 0)),
    "an unknown transport": (lambda peer: refused(peer, EIO="4", transport="abc"), (400, 0)),
    "a handshake by POST": (lambda peer: refused(peer, "POST", EIO="4", transport="polling"), (400, 2)),
    "a handshake by PUT": (lambda peer: refused(peer, "PUT", EIO="4", transport="polling"), (400, 2)),
    "an unknown session": (lambda peer: refused(peer, EIO="4", transport="polling", sid="nobody"), GONE),
    "sessions have ids of their own": (ids_are_unique, 5),
    "websocket opens": (websocket_opens, (True, told([]))),
    "websocket without EIO": (lambda peer: not_upgraded(peer, transport="websocket"), ["closed"]),
    "websocket with another EIO": (lambda peer: not_upgraded(peer, EIO="abc", transport="websocket"), ["closed"]),
    "websocket of an unknown transport": (lambda peer: not_upgraded(peer, EIO="4", transport="abc"), 400),
    "websocket of an unknown session": (
        lambda peer: not_upgraded(peer, EIO="4", transport="websocket", sid="nobody"),
        400,
    ),
    "polling: ping and pong": (polling_heartbeat, [((200, "2"), ECHOED)] * 3),
    "polling: no pong": (polling_without_pong, ((200, "2"), GONE)),
    "websocket: ping and pong": (websocket_heartbeat, ["2", "2", "2"]),
    "websocket: no pong": (websocket_without_pong, ("2", None)),
    "polling: text": (polling_text, (ECHOED, (200, "4hello"))),
    "polling: beyond ASCII": (polling_unicode, (ECHOED, (200, "4€ ὅ 🦅"))),
    "polling: several packets": (polling_several, (ECHOED, (200, SEPARATOR.join(["4one", "4two", "4three"])))),
    "polling: binary": (polling_binary, (ECHOED, (200, "bAQIDBA=="))),
    "polling: text and binary": (polling_mixed, (ECHOED, (200, f"4text{SEPARATOR}bAQIDBA=="))),
    "polling: a poll waits": (polling_waits, [(200, "4late")]),
    "polling: no packet": (polling_nonsense, GONE),
    "polling: two polls at once": (polling_twice, (400, GONE)),
    "polling: as much as is allowed": (polling_much, (ECHOED, True)),
    "polling: more than is allowed": (polling_too_much, 413),
    "websocket: text": (websocket_text, ["4hello"]),
    "websocket: binary": (websocket_binary, [bytes(range(256))]),
    "websocket: order": (websocket_order, True),
    "websocket: no packet": (websocket_nonsense, ["closed"]),
    "polling: close": (polling_closes, (ECHOED, [(200, "6")], GONE)),
    "websocket: close": (websocket_closes, ["closed"]),
    "upgrade": (upgrades, ["4hello"]),
    "upgrade frees the poll": (upgrade_frees_the_poll, ("3probe", [(200, "6")], ["4hello"])),
    "after the upgrade no polling": (no_polling_after_the_upgrade, (400, ["4still here"])),
    "after the upgrade no second WebSocket": (no_second_websocket, (None, ["4still here"])),
    "a wrong probe harms nobody": (a_wrong_probe, (None, ECHOED, 200)),
}
