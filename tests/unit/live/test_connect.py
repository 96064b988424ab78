"""What the answer to CONNECT means, in the words of each Frappe."""

from __future__ import annotations

import json

import pytest

from raven_realtime.live.answer import Answer
from raven_realtime.live.checks import connect
from raven_realtime.live.packets import Packet, read, write
from raven_realtime.live.web import USER_INFO, WHO, Said, Web

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
    "no sid, 14's words": ([error("No sid transmitted.")], False, []),
    "the callback failed, and no word says why": ([error("Unauthorized")], True, ["RT012"]),
    "the web says something odd": ([error("Unauthorized: TypeError: Cannot read properties")], True, ["RT012"]),
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


def told(path: str, status: int = 200, message: object = None, text: str = "") -> Said:
    body = text or json.dumps({"message": message} if status == 200 else {"exc_type": "X"})
    return Said(path, Answer(status, {"content-type": "application/json"}, body.encode()))


USER, SOMEBODY = "demo@example.com", {"user": "demo@example.com", "installed_apps": ["frappe"]}
KNOWS = Web(told(WHO, message=USER), told(USER_INFO, message=SOMEBODY))
OLD = Web(told(WHO, message=USER), told(USER_INFO, message={"user": USER}))
SECRETIVE = Web(told(WHO, message=USER), told(USER_INFO, message={}))
STRANGER = Web(told(WHO, 403), told(USER_INFO, message={"user": "Guest", "installed_apps": []}))
SECRETIVE_STRANGER = Web(told(WHO, 403), told(USER_INFO, message={}))
WRONG_KEY = Web(told(WHO, 401), told(USER_INFO, 401))
DOWN = Web(told(WHO, 502, text="<html>Bad Gateway"), told(USER_INFO, 502, text="<html>Bad Gateway"))
BROKEN = Web(told(WHO, message=USER), told(USER_INFO, 500))
HANGS = Web(told(WHO, message=USER), Said(USER_INFO, None, "no complete answer within 2 s"))
GONE = Web(Said(WHO, None, "refused"), Said(USER_INFO, None, "refused"))
PAGE = Web(told(WHO, text="<html>Log in"), told(USER_INFO, text="<html>Log in"))

CERTIFICATE = "Unauthorized: Error: self-signed certificate in certificate chain"
FAILED = "Unauthorized: TypeError: fetch failed"
NOTHING = "Unauthorized: TypeError: Cannot read properties of undefined (reading 'user')"
HTML = "Unauthorized: SyntaxError: Unexpected token '<'"

# the realtime process's words (none: silence), what the web says, a guest's or not, Python or not: the code
CAUSES: dict[str, tuple[str, Web, bool, bool, str]] = {
    "14, 15: certificate": (CERTIFICATE, OLD, False, False, "RT012"),
    "16: fetch failed": (FAILED, KNOWS, False, False, "RT012"),
    "16: fetch failed, a guest": (FAILED, STRANGER, True, False, "RT012"),
    "Node with the secret: fetch failed": (FAILED, SECRETIVE, False, False, "RT012"),
    "16: a page instead of JSON": (HTML, PAGE, False, False, "RT012"),
    "Python: the bare word": ("Unauthorized", SECRETIVE, False, True, "RT012"),
    "Python: the bare word, a guest": ("Unauthorized", SECRETIVE_STRANGER, True, True, "RT012"),
    "Node: the secret differs": ("Unauthorized", SECRETIVE, False, False, "RT045"),
    "Node: the secret differs, a guest": ("Unauthorized", SECRETIVE_STRANGER, True, False, "RT045"),
    "an old process beside a new web": (NOTHING, SECRETIVE, False, False, "RT045"),
    "the web is down": (HTML, DOWN, False, False, "RT044"),
    "the web is down, a guest, Python": ("Unauthorized", DOWN, True, True, "RT044"),
    "the web answers nothing at all": ("", GONE, False, False, "RT044"),
    "get_user_info answers 500": ("Unauthorized", BROKEN, False, True, "RT012"),
    "get_user_info hangs": ("", HANGS, False, False, "RT012"),
    "get_user_info hangs, and Python gave up": ("Unauthorized", HANGS, False, True, "RT012"),
    "silence, and the web answers": ("", SECRETIVE, False, True, "RT046"),
    "a wrong API key": ("Unauthorized: Error: Unauthorized", WRONG_KEY, False, False, "RT042"),
    "a session that ended": ("Unauthorized", SECRETIVE_STRANGER, False, True, "RT042"),
}


@pytest.mark.parametrize(("said", "web", "guest", "python", "code"), CAUSES.values(), ids=CAUSES.keys())
def test_a_callback_that_fails(said: str, web: Web, guest: bool, python: bool, code: str) -> None:
    packets = (Packet("44", SITE, {"message": said}),) if said else ()
    tried = connect.Tried(SITE, packets, "" if said else "CONNECT: no answer within 4 s")
    assert tried.of_the_callback
    found = connect.callback_failed(tried, web, guest=guest, python=python)
    assert found.code == code
    assert not guest or found.code != "RT042"


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ('40{"sid":"x"}', False),
        ('44{"message":"Invalid namespace"}', False),
        ('44{"message":"Invalid origin"}', True),
        ('44{"message":"No cookie transmitted."}', True),
    ],
    ids=["15 and later", "Python", "14, no Origin", "14"],
)
def test_only_14_asks_on_the_root_namespace(text: str, root: bool) -> None:
    packet = read(text)
    assert packet is not None
    assert connect.asks_at_root([packet]) is root


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


def test_the_root_namespace_is_not_written() -> None:
    assert (write("40", "/"), write("42", "/", ["x"])) == ("40", '42["x"]')


@pytest.mark.parametrize("data", [None, ["doc_subscribe", "Raven Channel", "general"], {"sid": "x"}])
def test_read_what_was_written(data: object) -> None:
    assert read(write("42", "/site", data)) == Packet("42", "/site", data)
