"""Which site answers, and where it listens."""

from __future__ import annotations

import pytest

from raven_realtime.proxies.caddy.read import read
from raven_realtime.proxies.interface import Answered, Passed, Redirected, Request, Undecided
from raven_realtime.proxies.location import Location


@pytest.mark.parametrize(
    ("head", "entrances"),
    [
        ("example.com", [("example.com", 443, True), ("example.com", 80, False)]),
        ("http://example.com", [("example.com", 80, False)]),
        ("example.com:8443", [("example.com", 8443, True), ("example.com", 80, False)]),
        ("localhost", [("localhost", 443, True), ("localhost", 80, False)]),
        ("192.0.2.1", [("192.0.2.1", 443, True), ("192.0.2.1", 80, False)]),
        (":8080", [("", 8080, False)]),
        (":443", [("", 443, True)]),
        ("*.example.com", [("*.example.com", 443, True), ("*.example.com", 80, False)]),
        (
            "a.example, b.example",
            [("a.example", 443, True), ("b.example", 443, True), ("a.example", 80, False), ("b.example", 80, False)],
        ),
        ("{\nauto_https off\n}\nexample.com", [("example.com", 443, True)]),
        ("{\nauto_https disable_redirects\n}\nexample.com", [("example.com", 443, True)]),
        (
            "{\nhttp_port 8080\nhttps_port 8443\n}\nexample.com",
            [("example.com", 8443, True), ("example.com", 8080, False)],
        ),
    ],
)
def test_where_it_may_be_entered(head: str, entrances: list[tuple[str, int, bool]]) -> None:
    caddy = read(f"{head} {{\nreverse_proxy a:1\n}}\n", "Caddyfile")
    assert [(each.host, each.listener.port, each.listener.tls) for each in caddy.entrances()] == entrances


def test_entrances_know_their_lines_and_paths() -> None:
    caddy = read("a.example {\nreverse_proxy /api/* a:1\n}\n\nb.example {\nreverse_proxy b:1\n}\n", "Caddyfile")
    found = {(each.host, each.listener.port): (each.location, each.paths) for each in caddy.entrances()}
    assert found["a.example", 443] == (Location("Caddyfile", 1), ("/api/",))
    assert found["b.example", 443] == (Location("Caddyfile", 5), ())
    assert (caddy.kind, caddy.name, caddy.location, caddy.generation) == (
        "caddy",
        "Caddyfile",
        Location("Caddyfile"),
        2,
    )


SITES = """
:80 {
	reverse_proxy rest:1
}
http://*.example.com {
	reverse_proxy wild:1
}
http://a.example.com {
	reverse_proxy named:1
}
secure.example.com {
	reverse_proxy secure:1
}
"""


@pytest.mark.parametrize(
    ("host", "to"),
    [
        ("a.example.com", "named:1"),
        ("A.Example.Com:80", "named:1"),
        ("b.example.com", "wild:1"),
        ("b.c.example.com", "rest:1"),
        ("192.0.2.7", "rest:1"),
    ],
)
def test_the_most_specific_site_answers(host: str, to: str) -> None:
    outcome = read(SITES, "Caddyfile").handle(Request(host, port=80))
    assert isinstance(outcome, Passed)
    assert outcome.to == (to,)


def test_a_redirect_comes_after_sites_with_names_and_before_those_for_all() -> None:
    only = "secure.example.com {\nrespond ok\n}\n:80 {\nrespond rest\n}\n"
    outcome = read(only, "Caddyfile").handle(Request("secure.example.com", "/x", port=80))
    assert outcome == Redirected(308, "https://secure.example.com/x", Location("Caddyfile", 1))


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (Request("secure.example.com", port=443), 400),
        (Request("other.example.com", port=443, tls=True), None),
        (Request("secure.example.com", port=80, tls=True), None),
        (Request("secure.example.com", port=8080), None),
        (Request("secure.example.com", "/%zz", port=443, tls=True), 400),
    ],
)
def test_who_does_not_come_in(request_: Request, status: int | None) -> None:
    outcome = read(SITES, "Caddyfile").handle(request_)
    assert isinstance(outcome, Answered)
    assert outcome.status == status


def test_without_a_port_the_first_listener_that_speaks_so_is_asked() -> None:
    caddy = read("example.com {\nreverse_proxy a:1\n}\n", "Caddyfile")
    assert isinstance(caddy.handle(Request("example.com", tls=True)), Passed)
    assert isinstance(caddy.handle(Request("example.com")), Redirected)


def test_imports_are_resolved_where_the_files_are_at_hand() -> None:
    main, more = "import sites/*.caddy\n", "b.example {\nreverse_proxy b:1\n}\n"
    outcome = read(main, "etc/Caddyfile", files={"etc/sites/b.caddy": more}).handle(Request("b.example", tls=True))
    assert isinstance(outcome, Passed)
    assert outcome.location == Location("etc/sites/b.caddy", 2)
    assert isinstance(read(main, "etc/Caddyfile").handle(Request("b.example", tls=True)), Undecided)


def test_a_site_at_hand_needs_no_import() -> None:
    text = "import sites/*\na.example {\nreverse_proxy a:1\n}\n"
    caddy = read(text, "Caddyfile")
    assert isinstance(caddy.handle(Request("a.example", tls=True)), Passed)
    assert isinstance(caddy.handle(Request("b.example", tls=True)), Undecided)


@pytest.mark.parametrize(
    ("environment", "kind"), [({"DOMAIN": "a.example"}, Passed), ({"DOMAIN": "b.example"}, Answered), ({}, Undecided)]
)
def test_a_name_from_the_environment(environment: dict[str, str], kind: type) -> None:
    text = "{$DOMAIN} {\nreverse_proxy a:1\n}\n"
    assert isinstance(read(text, "Caddyfile", environment=environment).handle(Request("a.example", tls=True)), kind)


TRUSTED = "{\nservers {\ntrusted_proxies static 10.0.0.0/8\n}\n}\n:80 {\nreverse_proxy a:1\n}\n"


@pytest.mark.parametrize(("client", "proto"), [("10.0.0.7", "https"), ("192.0.2.1", "http")])
def test_a_server_trusts_the_proxies_that_it_names(client: str, proto: str) -> None:
    request = Request("a.example", headers=(("X-Forwarded-Proto", "https"),), client=client, port=80)
    outcome = read(TRUSTED, "Caddyfile").handle(request)
    assert isinstance(outcome, Passed)
    assert outcome.request.value("X-Forwarded-Proto") == proto


def test_one_site_needs_no_braces() -> None:
    outcome = read("example.com\n\nreverse_proxy a:1\n", "Caddyfile").handle(Request("example.com", tls=True))
    assert isinstance(outcome, Passed)
    assert outcome.location == Location("Caddyfile", 3)
