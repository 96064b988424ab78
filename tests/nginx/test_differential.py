"""Our evaluator against three versions of the real nginx, on made-up configurations and requests: none may disagree."""

from __future__ import annotations

import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from demo.ports import free_port
from raven_realtime.proxies.nginx import proxying, rewriting, routing, variables
from raven_realtime.proxies.nginx.escaping import normalize
from raven_realtime.proxies.nginx.exchange import Exchange
from raven_realtime.proxies.nginx.locations import Found, Kind, Location, Locations
from raven_realtime.proxies.nginx.regex import Undecided, search
from raven_realtime.proxies.nginx.routing import Action, Configuration
from raven_realtime.proxies.nginx.servers import Names
from raven_realtime.sandbox import nginx_check
from raven_realtime.versions import SERVER
from tests.measured import Counted
from tests.nginx.backend import Backend
from tests.nginx.generated import Recorded, batches, disagreements, record, told
from toolchain import newest, nginx

CASES, ASKED = 10, 8


def generate(backend: Backend, batch_count: int, *, program: Path, same_every_time: bool) -> list[Recorded]:
    """Let hypothesis make up batches, and a real nginx answer them."""
    port = free_port()
    recorded: list[Recorded] = []

    @settings(
        max_examples=batch_count,
        derandomize=same_every_time,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(batches(port, backend.port, CASES, ASKED))
    def run(batch: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            recorded.extend(record(batch, Path(folder), port, backend.port, program))

    run()
    return recorded


def version_of(program: Path) -> str:
    """Return what an nginx says of itself."""
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    found = SERVER.search(said)
    assert found, said
    return found[1]


PROGRAMS: dict[str, Callable[[], Path]] = {
    "the system's": lambda: Path(nginx_check.find()),
    "1.28": lambda: nginx.BINARY,
    "newest": lambda: newest.program("nginx"),
}


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Path:
    """Each nginx that there is."""
    return PROGRAMS[request.param]()


@pytest.fixture(scope="module")
def recorded(backend: Backend) -> list[Recorded]:
    return generate(backend, 7, program=Path(nginx_check.find()), same_every_time=True)


def test_no_disagreement(backend: Backend, program: Path) -> None:
    recorded = generate(backend, 7, program=program, same_every_time=True)
    assert len(recorded) >= 500
    wrong = disagreements(recorded, version_of(program))
    assert not wrong, f"{len(wrong)} of {len(recorded)}:\n{told(wrong)}"


def test_the_cases_are_not_all_alike(recorded: list[Recorded]) -> None:
    configurations = {id(each.tree): Configuration(each.tree) for each in recorded}
    seen = Counter(configurations[id(each.tree)].answer(each.request).action for each in recorded)
    assert seen[Action.PROXIED] > 0.25 * len(recorded)
    assert min(seen[Action.RETURNED], seen[Action.REDIRECT], seen[Action.STATIC], seen[Action.REFUSED]) >= 10
    assert len({each.part for each in recorded}) >= 50


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_no_disagreement_in_volume(backend: Backend, program: Path, counted: Counted) -> None:
    recorded = generate(backend, 70, program=program, same_every_time=False)
    configurations, version = len({id(each.tree) for each in recorded}), version_of(program)
    counted(f"nginx {version}: {len(recorded):,} cases of a configuration and a request, {configurations} of them")
    assert len(recorded) >= 5_000
    wrong = disagreements(recorded, version)
    assert not wrong, f"{len(wrong)} of {len(recorded)}:\n{told(wrong)}"


def test_versions_differ(backend: Backend) -> None:
    """One that is told another version is found out: the defaults of 1.29.7 count."""
    recorded = generate(backend, 2, program=newest.program("nginx"), same_every_time=True)
    assert disagreements(recorded, "1.28.3")


def _outermost_first(exchange: Exchange, name: str) -> Any:
    return next((found for level in exchange.levels if (found := tuple(level.children(name)))), ())


def _regex_in_spite_of_caret(locations: Locations, uri: str) -> Found:
    for location in locations._regexes:
        if match := search(location.name, uri, ignore_case=location.kind is Kind.REGEX_IGNORING_CASE):
            return Found((location,), match=match, final=True)
    return locations._static(uri)


def _first_prefix(locations: Locations, uri: str) -> Found:
    return Found(tuple(each for each in locations.all if not each.is_regex and uri.startswith(each.name))[:1])


BROKEN: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "escapes are not decoded": (routing, "normalize", lambda path, merge_slashes: path),
    "slashes are always merged": (
        routing,
        "normalize",
        lambda path, merge_slashes: normalize(path, merge_slashes=True),
    ),
    "outer directives win": (Exchange, "effective", _outermost_first),
    "proxy_pass ignores its URI": (proxying, "_uri", lambda path, exchange, in_variables: exchange.request.target),
    "names are not compared": (Names, "find", lambda names, host: None),
    "regular expressions beat ^~": (Locations, "find", _regex_in_spite_of_caret),
    "the first prefix wins": (Locations, "_static", _first_prefix),
    "rewrite does nothing": (rewriting, "_rewrite", lambda directive, exchange: None),
    "ifs are always true": (rewriting, "holds", lambda directive, exchange: True),
    "maps give their default": (variables, "_by_map", lambda definition, exchange: "none"),
    "a slash is never added": (Location, "adds_slash", property(lambda location: False)),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_evaluator_is_found_out(recorded: list[Recorded], monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    owner, name, broken = BROKEN[fault]
    monkeypatch.setattr(owner, name, broken)
    assert disagreements(recorded)


def test_undecided_counts_as_a_disagreement(recorded: list[Recorded], monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluator that shrugs is no evaluator."""

    def shrug(*_: object) -> None:
        raise Undecided("who knows")

    monkeypatch.setattr(proxying, "_uri", shrug)
    monkeypatch.setattr(routing, "proxied", shrug)
    assert len(disagreements(recorded)) > 0.25 * len(recorded)
