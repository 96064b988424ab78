"""Who is refused, with which words, in which order: as Frappe's realtime/middlewares/authenticate.js has it."""

from __future__ import annotations

import pytest

from demo.running import RunningBench
from raven_realtime.problem import Problem
from tests.demo.polling import connect, refusal

NAMESPACE, ORIGIN = "Invalid namespace", "Invalid origin"
NO_COOKIE = "No cookie transmitted."
NO_METHOD = "No authentication method used. Use cookie or authorization header."
FETCH_FAILED = "Unauthorized: TypeError: fetch failed"
ACCEPTED = "accepted"

SITE = "/raven.localhost"

TABLE = {
    "all of it is wrong": ("/nowhere", {}, NAMESPACE),
    "namespace before origin": ("/nowhere", {"Origin": "http://elsewhere"}, NAMESPACE),
    "another site's namespace": ("/second.localhost", {"Origin": "WEB"}, NAMESPACE),
    "the header names another site": (SITE, {"X-Frappe-Site-Name": "second.localhost", "Origin": "WEB"}, NAMESPACE),
    "the header decides": ("/second.localhost", {"X-Frappe-Site-Name": "second.localhost", "Origin": "WEB"}, NO_COOKIE),
    "no default site for another host": (SITE, {"Host": "site.example", "Origin": "https://site.example"}, NAMESPACE),
    "the origin's host is the site": (
        "/site.example",
        {"Host": "site.example", "Origin": "https://site.example"},
        NO_COOKIE,
    ),
    "without an origin the host is the site": ("/site.example", {"Host": "site.example"}, ORIGIN),
    "no origin, as in a browser's polling": (SITE, {}, ORIGIN),
    "origin before cookie": (SITE, {"Cookie": "sid=DEMO"}, ORIGIN),
    "another origin": (SITE, {"Origin": "http://elsewhere", "Cookie": "sid=DEMO"}, ORIGIN),
    "ports and schemes do not count": (SITE, {"Origin": "https://127.0.0.1:1"}, NO_COOKIE),
    "no cookie": (SITE, {"Origin": "WEB"}, NO_COOKIE),
    "a key does not replace the cookie": (SITE, {"Origin": "WEB", "Authorization": "KEY"}, NO_COOKIE),
    "a cookie without sid": (SITE, {"Origin": "WEB", "Cookie": "theme=dark"}, NO_METHOD),
    "any cookie and a key": (SITE, {"Origin": "WEB", "Cookie": "theme=dark", "Authorization": "KEY"}, ACCEPTED),
    "a wrong key": (
        SITE,
        {"Origin": "WEB", "Cookie": "a=b", "Authorization": "token a:b"},
        "Unauthorized: TypeError: ",
    ),
    "the callback goes to the origin": (SITE, {"Origin": "http://127.0.0.1:1", "Cookie": "sid=DEMO"}, FETCH_FAILED),
    "a session": (SITE, {"Origin": "WEB", "Cookie": "sid=DEMO"}, ACCEPTED),
    "a session that ended": (SITE, {"Origin": "WEB", "Cookie": "sid=gone"}, ACCEPTED),
    "the root namespace is nobody's": ("/", {}, ACCEPTED),
}


@pytest.mark.parametrize(("namespace", "headers", "expected"), TABLE.values(), ids=TABLE.keys())
def test_refusal(
    bench: RunningBench, sids: dict[str, str], namespace: str, headers: dict[str, str], expected: str
) -> None:
    known = {
        "WEB": bench.web_url,
        "KEY": bench.bench.api_key("raven.localhost").header,
        "sid=DEMO": f"sid={sids['demo']}",
    }
    packets = connect(bench.socketio_url, namespace, {name: known.get(value, value) for name, value in headers.items()})
    assert [refusal(packet)[: len(expected)] for packet in packets] == [expected]


def test_old_frappe_connects_to_a_dead_namespace(bench: RunningBench, sids: dict[str, str]) -> None:
    bench.stop("socketio")
    bench.start("socketio", {"REALTIME_CONTINUE_AFTER_INVALID_NAMESPACE": "1"})
    try:
        headers = {"Origin": bench.web_url, "Cookie": f"sid={sids['demo']}"}
        packets = connect(bench.socketio_url, "/nowhere", headers)
    finally:
        bench.stop("socketio")
        bench.start("socketio")
    assert [refusal(packet) for packet in packets] == [NAMESPACE, ACCEPTED]


def test_without_redis_the_process_dies(bench: RunningBench) -> None:
    bench.stop("socketio")
    try:
        with pytest.raises(Problem, match=r"(?s)socketio ended with 1.*ECONNREFUSED"):
            bench.start("socketio", {"FRAPPE_REDIS_QUEUE": "redis://127.0.0.1:1"})
    finally:
        bench.stop("socketio")
        bench.start("socketio")
