"""Our evaluator against the real Caddy, on generated Caddyfiles and requests: no disagreement is allowed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from demo.ports import free_ports
from raven_realtime.proxies.caddy import directives, matchers, order, proxying, rewriting, sites
from raven_realtime.proxies.caddy import read as reading
from raven_realtime.proxies.caddy.exchange import Exchange
from raven_realtime.proxies.caddy.proxying import ReverseProxy
from raven_realtime.proxies.caddy.servers import Server
from raven_realtime.proxies.caddy.unknown import NotKnown
from raven_realtime.proxies.interface import Answered, Passed, Redirected
from tests.caddy.generated import Recorded, disagreements, record
from tests.caddy.program import version
from tests.caddy.upstream import Upstreams
from tests.measured import Counted
from toolchain import newest

SITES, ASKED = 40, 260


def generate(seeds: range, upstreams: Upstreams, folder: Path) -> list[Recorded]:
    """Make up a Caddyfile for each seed, with requests to it, and let the real Caddy answer them."""
    recorded: list[Recorded] = []
    ports = free_ports(3)
    for seed in seeds:
        own = folder / str(seed)
        own.mkdir()
        recorded += record(seed, own, ports, upstreams, sites=SITES, asked=ASKED)
    return recorded


@pytest.fixture(scope="module")
def recorded(upstreams: Upstreams, tmp_path_factory: pytest.TempPathFactory) -> list[Recorded]:
    return generate(range(2), upstreams, tmp_path_factory.mktemp("caddy"))


def _expect(recorded: list[Recorded], wrong: list[str], count: int, which: str) -> None:
    cases, told = len(recorded), "\n".join(wrong[:5])  # not in the assertions: pytest would write it all out
    assert cases >= count
    assert not told, f"{which}{len(wrong)} of {2 * cases}:\n{told}"


def test_no_disagreement(recorded: list[Recorded]) -> None:
    _expect(recorded, list(disagreements(recorded)), 500, "")


def test_the_cases_are_not_all_alike(recorded: list[Recorded]) -> None:
    files = {each.files[0] for each in recorded}
    readings = {(name, text): reading.read(text, name, version=version()) for name, text in files}
    outcomes = [readings[each.files[0]].handle(each.request) for each in recorded]
    seen = Counter(type(outcome) for outcome in outcomes)
    cases = len(recorded)
    assert seen[Passed] > 0.25 * cases
    assert min(seen[Answered], seen[Redirected]) >= 20
    asked = sum(isinstance(each, Passed) and bool(each.consulted) for each in outcomes)
    lines = len({str(getattr(each, "location", "")) for each in outcomes})
    assert asked >= 5
    assert lines >= 50
    upgraded = sum(each.reply.status == 101 for each in recorded)
    assert upgraded >= 10


@pytest.fixture
def the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the newest Caddy first on the path."""
    monkeypatch.setenv("PATH", str(newest.program("caddy").parent), prepend=":")


@pytest.fixture(params=["the system's", "newest"])
def program(request: pytest.FixtureRequest) -> None:
    """Have a version of Caddy first on the path."""
    if request.param == "newest":
        request.getfixturevalue("the_newest")


@pytest.mark.usefixtures("the_newest")
def test_no_disagreement_with_the_newest(upstreams: Upstreams, tmp_path: Path) -> None:
    recorded = generate(range(2), upstreams, tmp_path)
    _expect(recorded, list(disagreements(recorded)), 500, f"{version()}: ")


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("program")
def test_no_disagreement_in_volume(upstreams: Upstreams, tmp_path: Path, counted: Counted) -> None:
    first = random.SystemRandom().randrange(1_000_000)
    recorded = generate(range(first, first + 20), upstreams, tmp_path)
    counted(f"caddy {version()}: {len(recorded):,} requests to 20 Caddyfiles, from seed {first}")
    _expect(recorded, list(disagreements(recorded)), 5_000, f"seed {first}, ")


def _as_written(found: list[order.Ordered], *_: object) -> list[order.Ordered]:
    return found


def _as_configured(servers: tuple[Server, ...], *_: object) -> tuple[Server, ...]:
    return servers


def _upstreams_host(_: ReverseProxy, exchange: Exchange) -> None:
    exchange.host = exchange.static.get("http.reverse_proxy.upstream.hostport", "")


BROKEN: dict[str, tuple[object, str, Any]] = {
    "directives keep the order of the file": (directives, "in_their_order", _as_written),
    "longer paths do not come first": (order, "_more_specific", lambda one, other, version: False),
    "of two handles both count": (order, "_EXCLUSIVE", ()),
    "neighbours stay apart": (order, "_consolidated", tuple),
    "a site for all comes where it stands": (sites._Part, "comes_before", lambda one, other: False),
    "paths are not cleaned": (matchers, "clean", lambda path, merge_slashes=True: path),
    "a prefix is not stripped": (rewriting, "without_prefix", lambda path, prefix: path),
    "every proxy is trusted": (proxying, "within", lambda address, ranges: True),
    "all headers are sent on": (proxying, "HOP_BY_HOP", ()),
    "upstreams get their own address as Host": (ReverseProxy, "_default_host", _upstreams_host),
    "nobody is asked first": (ReverseProxy, "asks", property(lambda proxy: False)),
    "HTTPS is not automatic": (reading, "with_automatic_https", _as_configured),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_evaluator_is_found_out(recorded: list[Recorded], monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    owner, name, broken = BROKEN[fault]
    monkeypatch.setattr(owner, name, broken)
    found = next(disagreements(recorded), "")
    assert found


def test_undecided_counts_as_a_disagreement(recorded: list[Recorded], monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluator that shrugs is no evaluator."""

    def shrug(*_: object) -> None:
        raise NotKnown("who knows")

    handle: Callable[..., object] = shrug
    monkeypatch.setattr(ReverseProxy, "handle", handle)
    wrong, cases = len(list(disagreements(recorded))), len(recorded)
    assert wrong > 0.25 * cases
