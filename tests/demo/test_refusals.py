"""Who is refused, with which words, in which order: as each generation of Frappe's realtime server has it."""

from __future__ import annotations

import pytest

from demo.running import RunningBench
from raven_realtime.problem import Problem
from tests.demo.conftest import SECOND_SITE, SITE
from tests.demo.polling import connect, refusal

NAMESPACE, ORIGIN = "Invalid namespace", "Invalid origin"
NO_COOKIE = "No cookie transmitted."
NO_SID = "No sid transmitted."
NO_METHOD = "No authentication method used. Use cookie or authorization header."
EITHER = "Missing cookie and authorization header. Either one needed."
NODE_EITHER = "Missing cookie and authorization header. Either one needed for authentication."
UNAUTHORIZED = "Unauthorized"
REFUSED = "Unauthorized: Error: connect ECONNREFUSED 127.0.0.1:1"
FETCH_FAILED = "Unauthorized: TypeError: fetch failed"
NO_USER = "Unauthorized: TypeError: Cannot read properties of undefined (reading 'user')"
NO_APPS = "Unauthorized: TypeError: Cannot read properties of undefined (reading 'installed_apps')"
ACCEPTED = "accepted"

HERE = f"/{SITE}"
COOKIE = {"Cookie": "sid=DEMO"}

ASKED: dict[str, tuple[str, dict[str, str]]] = {
    "all of it is wrong": ("/nowhere", {}),
    "another site's namespace": (f"/{SECOND_SITE}", {"Origin": "WEB", **COOKIE}),
    "the header names another site": (HERE, {"X-Frappe-Site-Name": SECOND_SITE, "Origin": "WEB"}),
    "the header decides": (f"/{SECOND_SITE}", {"X-Frappe-Site-Name": SECOND_SITE, "Origin": "WEB"}),
    "no default site for another host": (HERE, {"Host": "site.example", "Origin": "https://site.example"}),
    "the origin's host is the site": ("/site.example", {"Host": "site.example", "Origin": "https://site.example"}),
    "without an origin the host is the site": ("/site.example", {"Host": "site.example"}),
    "no origin, as in a browser's polling": (HERE, {}),
    "origin before cookie": (HERE, COOKIE),
    "another origin": (HERE, {"Origin": "http://elsewhere", **COOKIE}),
    "ports and schemes do not count": (HERE, {"Origin": "https://127.0.0.1:1"}),
    "no cookie": (HERE, {"Origin": "WEB"}),
    "a key without a cookie": (HERE, {"Origin": "WEB", "Authorization": "KEY"}),
    "a cookie without sid": (HERE, {"Origin": "WEB", "Cookie": "theme=dark"}),
    "any cookie and a key": (HERE, {"Origin": "WEB", "Cookie": "theme=dark", "Authorization": "KEY"}),
    "a wrong key": (HERE, {"Origin": "WEB", "Cookie": "a=b", "Authorization": "token a:b"}),
    "the callback goes to the origin": (HERE, {"Origin": "http://127.0.0.1:1", **COOKIE}),
    "a session": (HERE, {"Origin": "WEB", **COOKIE}),
    "a guest": (HERE, {"Origin": "WEB", "Cookie": "sid=Guest"}),
    "a session that ended": (HERE, {"Origin": "WEB", "Cookie": "sid=gone"}),
}
"""What is asked: the namespace and the headers."""

ON_16 = (
    (NAMESPACE, ORIGIN),
    (NAMESPACE, ACCEPTED),
    (NAMESPACE, NODE_EITHER),
    (NODE_EITHER,),
    (NAMESPACE, NODE_EITHER),
    (NODE_EITHER,),
    (ORIGIN,),
    (ORIGIN,),
    (ORIGIN,),
    (ORIGIN,),
    (NODE_EITHER,),
    (NODE_EITHER,),
    (ACCEPTED,),
    (NO_METHOD,),
    (ACCEPTED,),
    (NO_USER,),
    (FETCH_FAILED,),
    (ACCEPTED,),
    (ACCEPTED,),
    (ACCEPTED,),
)
ON_GEVENT = (
    (NAMESPACE,),
    (NAMESPACE,),
    (NAMESPACE,),
    (EITHER,),
    (NAMESPACE,),
    (EITHER,),
    (ORIGIN,),
    (ORIGIN,),
    (ORIGIN,),
    (ORIGIN,),
    (EITHER,),
    (EITHER,),
    (ACCEPTED,),
    (NO_METHOD,),
    (ACCEPTED,),
    (UNAUTHORIZED,),
    (UNAUTHORIZED,),
    (ACCEPTED,),
    (ACCEPTED,),
    (ACCEPTED,),
)


def changed(row: tuple[tuple[str, ...], ...], **answers: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The answers of another generation, but for some; the case is told by its words joined with _."""
    known = {asked.replace(" ", "_").replace(",", "").replace("'", ""): number for number, asked in enumerate(ASKED)}
    row_of = list(row)
    for case, answer in answers.items():
        row_of[known[case]] = answer
    return tuple(row_of)


ANSWERED: dict[str, tuple[tuple[str, ...], ...]] = {
    # It has no namespaces: the client connects to `/`, and Socket.IO itself refuses every other.
    "14": (
        (NAMESPACE,),
        (NAMESPACE,),
        (NO_COOKIE,),
        (NAMESPACE,),
        (NO_COOKIE,),
        (NAMESPACE,),
        (NAMESPACE,),
        (ORIGIN,),
        (ORIGIN,),
        (ORIGIN,),
        (NO_COOKIE,),
        (NO_COOKIE,),
        (NO_COOKIE,),
        (NO_SID,),
        (NO_SID,),
        (NO_SID,),
        (REFUSED,),
        (ACCEPTED,),
        (ACCEPTED,),
        (ACCEPTED,),
    ),
    "15": changed(
        tuple(tuple(words.replace(NODE_EITHER, NO_COOKIE) for words in row) for row in ON_16),
        a_key_without_a_cookie=(NO_COOKIE,),
        a_wrong_key=("Unauthorized: Error: Unauthorized",),
        the_callback_goes_to_the_origin=(REFUSED,),
    ),
    "16": ON_16,
    "secret": changed(ON_16, a_wrong_key=(NO_APPS,)),
    "python-gevent": ON_GEVENT,
    # Without an Origin it asks the web at a URL without a host.
    "python-asyncio": changed(
        ON_GEVENT,
        without_an_origin_the_host_is_the_site=(EITHER,),
        no_origin_as_in_a_browsers_polling=(EITHER,),
        origin_before_cookie=(UNAUTHORIZED,),
    ),
}


def test_words(each: RunningBench) -> None:
    known = {
        "WEB": each.web_url,
        "KEY": each.bench.api_key(SITE).header,
        "sid=DEMO": f"sid={each.sign_in()}",
    }
    generation = each.bench.generation

    def said(namespace: str, headers: dict[str, str], expected: tuple[str, ...]) -> tuple[str, ...]:
        namespace = "/" if namespace == HERE and not generation.namespaces else namespace
        filled = {name: known.get(value, value) for name, value in headers.items()}
        seconds = 0.3 if len(expected) > 1 or NAMESPACE in expected else 0.02
        return tuple(map(refusal, connect(each.socketio_url, namespace, filled, seconds=seconds)))

    expected = dict(zip(ASKED, ANSWERED[generation.name], strict=True))
    assert {case: said(*asked, expected[case]) for case, asked in ASKED.items()} == expected


def test_the_root_namespace_is_nobodys(bench: RunningBench) -> None:
    assert [refusal(packet) for packet in connect(bench.socketio_url, "/", {})] == [ACCEPTED]


def test_without_redis_node_ends(bench: RunningBench) -> None:
    bench.stop("socketio")
    try:
        with pytest.raises(Problem, match=r"(?s)socketio ended with 1.*ECONNREFUSED"):
            bench.start("socketio", {"FRAPPE_REDIS_QUEUE": "redis://127.0.0.1:1"})
    finally:
        bench.stop("socketio")
        bench.start("socketio")
