"""Our answers against the real Traefik's, on made-up routers and requests."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from raven_realtime.proxies.traefik.claims import Reach, claimants
from raven_realtime.proxies.traefik.decide import Outcome, route
from raven_realtime.proxies.traefik.matchers import PathPrefix
from raven_realtime.proxies.traefik.request import Rejected, Request, Seen, host_without_port, see
from raven_realtime.proxies.traefik.rule import RuleError, language_of, parse
from raven_realtime.proxies.traefik.table import Contribution, EntryPoint, Middleware, Router, Service, Table, assemble
from tests.measured import Counted
from tests.traefik.cases import CASES, MATCHERS, Case, Made
from tests.traefik.running import HEADER, Answer, Traefik, traefik

ENTRYPOINTS = 50
"""Cases that Traefik holds at once: each has an entrypoint to itself."""
PREFIXES = ("/socket.io", "/api", "/")


@dataclass(frozen=True)
class Observation:
    """What Traefik did with one request, and the table it had."""

    table: Table
    entrypoint: str
    request: Request
    answer: Answer

    def agrees(self) -> bool:
        """Tell whether our evaluation gives the same answer."""
        decision = route(self.table, self.request, self.entrypoint)
        match decision.outcome:
            case Outcome.REJECTED:
                return self.answer.status == 400
            case Outcome.NOT_FOUND:
                return self.answer.status == 404
            case _:
                return self.answer.router in {router.name for router in decision.winners}

    def claims_agree(self) -> bool:
        """Tell whether *can ever* is true of the router that got the request, and *always* of no other."""
        try:
            path = see(self.request).path
        except Rejected:
            return True
        authority = re.match(r"http://([^/]*)", self.request.target)
        host = host_without_port(authority[1] if authority else self.request.host)
        for prefix in PREFIXES:
            if path == prefix.encode() or path.startswith(prefix.rstrip("/").encode() + b"/"):
                claims = claimants(self.table, host, prefix, entrypoint=self.entrypoint)
                allowed = {claim.router.name for claim in claims if claim.reach is not Reach.SHADOWED}
                always = [claim for claim in claims if claim.reach is Reach.ALWAYS]
                if self.answer.router and self.answer.router not in allowed:
                    return False
                for claim in always:
                    if self.answer.router not in {claim.router.name, *(rival.name for rival in claim.ties_with)}:
                        return False
        return True

    def __str__(self) -> str:
        """Show all that is needed to look into it."""
        routers = "\n".join(f"  {r.name} {r.syntax} {r.priority} {r.rule!r}" for r in self.table.routers.values())
        claims = [(claim.router.name, claim.reach.value) for claim in claimants(self.table, self.request.host, "/")]
        return (
            f"\n{routers}\n  {self.request}\n  Traefik: {self.answer}\n"
            f"  ours: {route(self.table, self.request, self.entrypoint).why}\n  claims: {claims}"
        )


def made_up(count: int, first_seed: int) -> list[Case]:
    """Let hypothesis make up cases: a few from each seed, as it likes to vary what it made before."""
    found: dict[tuple[Made, ...], Case] = {}
    randomness = first_seed
    while len(found) < count:
        collect(randomness, found)
        randomness += 1
    return list(found.values())[:count]


def collect(randomness: int, found: dict[tuple[Made, ...], Case]) -> None:
    """Add the cases of one seed."""

    @seed(randomness)
    @settings(max_examples=4, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(CASES)
    def example(case: Case) -> None:
        found.setdefault(case.routers, case)

    example()


def observe(server: Traefik, cases: Sequence[Case]) -> Iterator[Observation]:
    """Load the cases into Traefik, so many at a time, and send their requests."""
    language = language_of(server.version())
    for start in range(0, len(cases), ENTRYPOINTS):
        batch = cases[start : start + ENTRYPOINTS]
        tables = [_table(index, case, language) for index, case in enumerate(batch)]
        server.load(_dynamic(tables, language))
        _same_refused(server, tables)
        for index, (case, table) in enumerate(zip(batch, tables, strict=True)):
            for request in case.requests:
                answer = server.ask(f"e{index}", _raw(request), request.client_ip)
                yield Observation(table, f"e{index}", request, answer)


def _table(index: int, case: Case, language: str) -> Table:
    name = f"e{index}"
    routers = tuple(
        Router(
            f"{name}r{number}",
            made.rule,
            "backend",
            (name,),
            made.priority,
            made.syntax,
            middlewares=(f"{name}r{number}",),
        )
        for number, made in enumerate(case.routers)
    )
    markers = tuple(Middleware(router.name, "headers") for router in routers)
    declared = [Contribution("file", routers, (Service("backend"),), markers)]
    return assemble(declared, [EntryPoint(name)], default_syntax=language)


def _dynamic(tables: Sequence[Table], language: str) -> dict[str, object]:
    routers = {}
    middlewares = {}
    for router in (router for table in tables for router in table.routers.values()):
        name = router.name.partition("@")[0]
        middlewares[name] = {"headers": {"customResponseHeaders": {HEADER: router.name}}}
        routers[name] = {
            "rule": router.rule,
            "service": "backend",
            "entryPoints": list(router.entrypoints),
            "priority": router.priority,
            "middlewares": [name],
        } | ({} if router.syntax == language else {"ruleSyntax": router.syntax})
    return {"routers": routers, "middlewares": middlewares}


def _same_refused(server: Traefik, tables: Sequence[Table]) -> None:
    """Hold our list of rules that Traefik refuses against Traefik's."""
    told = server.routers()
    for table in tables:
        for name, router in table.routers.items():
            theirs = told[name]["status"] == "disabled"
            try:
                parse(router.rule, router.syntax)
                ours = False
            except RuleError:
                ours = True
            assert ours == theirs, f"{router.syntax} {router.rule!r}: Traefik says {told[name].get('error')}"


def _raw(request: Request) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {request.host}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    return "\r\n".join([*lines, "", ""]).encode()


def disagreements(observations: Sequence[Observation]) -> list[Observation]:
    """List the observations on which our evaluation is wrong."""
    return [observation for observation in observations if not observation.agrees()]


def _assert_same(observations: Sequence[Observation]) -> None:
    wrong = disagreements(observations)
    assert not wrong, f"{len(wrong)} of {len(observations)}:" + "".join(map(str, wrong[:5]))
    wrong = [observation for observation in observations if not observation.claims_agree()]
    assert not wrong, f"claims, {len(wrong)} of {len(observations)}:" + "".join(map(str, wrong[:5]))


def _used(cases: Sequence[Case]) -> Counter[str]:
    """Count how often each matcher of each language occurs in the rules."""
    used: Counter[str] = Counter()
    for made in (made for case in cases for made in case.routers):
        syntax = "v2" if made.syntax == "v2" else "v3"
        names = {name.lower(): name for name in MATCHERS[syntax]}
        for word in re.findall(r"\w+(?= ?\()", made.rule):
            used[f"{syntax} {names.get(word.lower(), '?')}"] += 1
    return used


def _matching(observations: Sequence[Observation]) -> float:
    return sum(bool(observation.answer.router) for observation in observations) / len(observations)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traefik]:
    with traefik(tmp_path_factory.mktemp("traefik"), ENTRYPOINTS) as running:
        yield running


@pytest.fixture(scope="module")
def observed(server: Traefik) -> list[Observation]:
    """The share of every test run: 100 sets of routers, 500 requests."""
    cases = made_up(100, 1)
    return list(observe(server, cases))


def test_same_answer_as_traefik(observed: list[Observation]) -> None:
    assert len(observed) >= 500
    assert 0.3 <= _matching(observed) <= 0.7
    _assert_same(observed)


def test_a_broken_evaluator_is_noticed(observed: list[Observation], monkeypatch: pytest.MonkeyPatch) -> None:
    def by_segment(self: PathPrefix, seen: Seen) -> bool:
        return seen.path == self.prefix or seen.path.startswith(self.prefix + b"/")

    monkeypatch.setattr(PathPrefix, "test", by_segment)
    assert disagreements(observed)


def test_a_blind_claim_is_noticed(observed: list[Observation], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.traefik.test_differential.claimants", lambda *_, **__: [])
    assert not all(observation.claims_agree() for observation in observed)


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_same_answer_as_traefik_in_volume(server: Traefik, counted: Counted) -> None:
    cases = made_up(1200, 10_000)
    observations = list(observe(server, cases))
    used = _used(cases)
    rules = {made.rule for case in cases for made in case.routers}
    rarest = min(used[f"{syntax} {name}"] for syntax in MATCHERS for name in MATCHERS[syntax])
    counted(
        f"Traefik: {len(observations):,} cases of a rule and a request, {len(rules):,} distinct rules, "
        f"{_matching(observations):.0%} matching, the rarest matcher {rarest} times"
    )
    assert len(observations) >= 5000
    assert len(rules) >= 1000
    assert rarest >= 100, used
    assert 0.3 <= _matching(observations) <= 0.7
    assert sum(len(case.routers) > 1 for case in cases) > len(cases) / 2
    _assert_same(observations)
