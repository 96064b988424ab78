"""Who can ever get a request under /socket.io: decided on the rules."""

from __future__ import annotations

import time

import pytest

from raven_realtime.proxies.traefik.claims import Reach, claimants
from raven_realtime.proxies.traefik.table import Contribution, Router, Table, assemble

HOST = "chat.example"


def table(*rules: tuple[str, int] | str) -> Table:
    pairs = [(rule, 0) if isinstance(rule, str) else rule for rule in rules]
    routers = tuple(
        Router(f"r{index}", rule, entrypoints=("web",), priority=p) for index, (rule, p) in enumerate(pairs)
    )
    return assemble([Contribution("docker", routers)])


def reaches(given: Table) -> dict[str, str]:
    return {claim.router.name.partition("@")[0]: claim.reach.value for claim in claimants(given, HOST)}


@pytest.mark.parametrize(
    ("rule", "reach"),
    [
        pytest.param("Host(`chat.example`)", "always", id="whole-host"),
        pytest.param("Host(`other.example`)", None, id="other-host"),
        pytest.param("PathPrefix(`/socket.io`)", "always", id="any-host"),
        pytest.param("PathPrefix(`/s`)", "always", id="shorter-prefix"),
        pytest.param("PathPrefix(`/socket.io/`)", "may", id="slash-at-the-end"),
        pytest.param("PathPrefix(`/socket.io/`) || Path(`/socket.io`)", "always", id="with-and-without-slash"),
        pytest.param("PathPrefix(`/socket.iox`)", None, id="another-segment"),
        pytest.param("Path(`/socket.io/`)", "may", id="one-path"),
        pytest.param("Path(`/api`)", None, id="other-path"),
        pytest.param("!PathPrefix(`/socket.io`)", None, id="all-but"),
        pytest.param("!PathPrefix(`/socket.io/admin`)", "may", id="all-but-a-part"),
        pytest.param("PathPrefix(`/socket.io/a`) && PathPrefix(`/socket.io/b`)", None, id="contradiction"),
        pytest.param("PathPrefix(`/socket.io/a`) && !Path(`/socket.io/a`)", "may", id="prefix-without-its-path"),
        pytest.param("Path(`/socket.io/a`) && !PathPrefix(`/socket.io/a`)", None, id="path-without-its-prefix"),
        pytest.param("PathRegexp(`^/socket\\.io`)", "always", id="regexp-all"),
        pytest.param("PathRegexp(`^/socket\\.io(/|$)`)", "always", id="regexp-with-end"),
        pytest.param("PathRegexp(`^/socket\\.io$`)", "may", id="regexp-exact"),
        pytest.param("PathRegexp(`^/api`)", None, id="regexp-elsewhere"),
        pytest.param("PathRegexp(`^/(api|files)/`)", None, id="regexp-alternatives-elsewhere"),
        pytest.param("PathRegexp(`\\.js$`)", "may", id="regexp-undecided"),
        pytest.param("PathRegexp(`.*`)", "always", id="regexp-everything"),
        pytest.param("HostRegexp(`^.+\\.example$`)", "always", id="host-regexp"),
        pytest.param("HostRegexp(`^.+\\.org$`)", None, id="host-regexp-elsewhere"),
        pytest.param("Method(`GET`)", "may", id="method"),
        pytest.param("Method(`GET`) && Method(`POST`)", None, id="two-methods"),
        pytest.param("Header(`A`, `1`)", "may", id="header"),
        pytest.param("Header(`A`, `1`) && !Header(`a`, `1`)", None, id="header-contradiction"),
        pytest.param("Header(`A`, `1`) || !Header(`a`, `1`)", "always", id="header-either-way"),
    ],
)
def test_one_router(rule: str, reach: str | None) -> None:
    assert reaches(table(rule)) == ({"r0": reach} if reach else {})


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param(["Host(`chat.example`)", "Host(`chat.example`) && PathPrefix(`/socket.io`)"],
                     {"r0": "shadowed", "r1": "always"}, id="own-router-shadows-the-web"),
        pytest.param([("Host(`chat.example`)", 1000), "Host(`chat.example`) && PathPrefix(`/socket.io`)"],
                     {"r0": "always", "r1": "shadowed"}, id="web-with-a-high-priority"),
        pytest.param(["Host(`chat.example`)", "Host(`chat.example`) && PathPrefix(`/socket.io/`)"],
                     {"r0": "may", "r1": "may"}, id="the-path-without-slash-is-left"),
        pytest.param(["Host(`chat.example`)", "PathPrefix(`/socket.io`) && Header(`A`, `1`)"],
                     {"r0": "may", "r1": "may"}, id="a-header-decides"),
        pytest.param(["Host(`chat.example`)", ("HostRegexp(`.+`)", 100), ("PathPrefix(`/socket.io`)", 50)],
                     {"r0": "shadowed", "r1": "always", "r2": "shadowed"}, id="regexp-above-all"),
        pytest.param(["Host(`chat.example`)", ("Method(`GET`)", 50), ("!Method(`GET`)", 40)],
                     {"r0": "shadowed", "r1": "may", "r2": "may"}, id="two-cover-together"),
    ],
)  # fmt: skip
def test_shadows(rules: list[tuple[str, int] | str], expected: dict[str, str]) -> None:
    assert reaches(table(*rules)) == expected


def test_tie() -> None:
    claims = claimants(table(("PathPrefix(`/socket.io`)", 5), ("Host(`chat.example`)", 5)), HOST)
    assert [[router.name for router in claim.ties_with] for claim in claims] == [["r1@docker"], ["r0@docker"]]


def test_no_tie_where_rules_exclude_each_other() -> None:
    claims = claimants(table(("PathPrefix(`/socket.io/a`)", 5), ("!PathPrefix(`/socket.io/a`)", 5)), HOST)
    assert [claim.ties_with for claim in claims] == [(), ()]


def test_other_entrypoint_shadows_nothing() -> None:
    routers = (
        Router("a", "PathPrefix(`/socket.io`)", entrypoints=("web",), priority=9),
        Router("b", "Host(`chat.example`)", entrypoints=("websecure",), priority=1),
    )
    claims = claimants(assemble([Contribution("docker", routers)]), HOST)
    assert [claim.reach for claim in claims] == [Reach.ALWAYS, Reach.ALWAYS]


def test_too_many_free_matchers_end_in_may() -> None:
    rule = " || ".join(f"(Header(`A{n}`, `1`) && Header(`B{n}`, `1`))" for n in range(30))
    start = time.process_time()
    assert reaches(table(rule)) == {"r0": "may"}
    assert time.process_time() - start < 2


def test_grows_with_the_number_of_routers() -> None:
    def seconds(count: int) -> float:
        rules = [f"Host(`h{n}.example`) && PathPrefix(`/socket.io`)" for n in range(count)]
        given = table(*rules)
        assert not claimants(given, "nobody.example")
        start = time.process_time()
        for n in range(count):
            assert len(claimants(given, f"h{n}.example", entrypoint="web", tls=False)) == 1
        return time.process_time() - start

    assert min(seconds(1600) for _ in range(3)) < 10 * max(seconds(400), 0.02)
