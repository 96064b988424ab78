"""Every rule is fired by its fixture, silent on the other one, and has a page."""

from __future__ import annotations

import pytest

from raven_realtime.declared import judge, rules
from raven_realtime.declared.resources import UNKNOWN, Resource, read
from raven_realtime.declared.rule import Rule
from raven_realtime.findings import catalogue
from raven_realtime.findings.pages import FOLDER
from tests.policies import declared
from tests.policies.cases import CASES, ROOT, Case

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
each_rule = pytest.mark.parametrize("rule", rules().values(), ids=rules().keys())


def test_every_rule_has_a_fixture_and_every_fixture_a_rule() -> None:
    assert CASES.keys() == rules().keys()


@each_rule
def test_rule_has_a_page(rule: Rule) -> None:
    assert rule.entry is catalogue()[rule.entry.code]
    assert (ROOT / FOLDER / f"{rule.entry.code}.md").exists()


SAME = {"one-tunnel": "the cookie of another host does not arrive, as cookie-arrives says where a proxy drops it"}
"""Rules that see another cause of what another one reports."""


def test_a_rule_reports_one_code_of_its_own() -> None:
    told = [rule.entry.code for rule in rules().values() if rule.name not in SAME]
    assert sorted(told) == sorted(set(told))


@each_case
def test_rule_fires(case: Case) -> None:
    found = case.rule.findings(declared.world(case.fires))
    assert found
    assert all(finding.location and finding.evidence and finding.todo for finding in found)


@each_case
def test_rule_stays_silent(case: Case) -> None:
    assert case.rule.findings(declared.world(case.silent)) == []


@each_case
def test_nothing_else_is_wrong_with_the_silent_stack(case: Case) -> None:
    assert [f"{finding.code} {finding.evidence}" for finding in judge(declared.world(case.silent))] == []


@pytest.mark.parametrize(
    ("rule", "stack", "given", "count"),
    [
        ("idle-timeout", "sandbox", {"ping_seconds": 90_000}, 2),
        ("timeout-of-a-day", "sandbox", {"seconds": 100_000}, 2),
        ("capacity", "prod", {"sockets": 50_000}, 1),
        ("port-9000", "prod", {"port": 9100}, 1),
        ("tls-on", "prod", {"plain_entrypoints": ["websecure"]}, 1),
        ("hardened", "prod", {"requirements": []}, 0),
    ],
)
def test_parameters_decide(rule: str, stack: str, given: dict[str, object], count: int) -> None:
    made = {"prod": declared.prod, "sandbox": declared.sandbox}[stack]()
    assert len(rules()[rule].findings(declared.world(made), given)) == count


@pytest.mark.parametrize(
    ("resolver", "codes"),
    [
        pytest.param("--entrypoints.websecure.http.tls.certresolver=le", [], id="TLS is the entrypoint's"),
        pytest.param("--log.level=INFO", ["RT102"], id="nobody says so"),
    ],
)
def test_traefik_in_the_stack_is_read(resolver: str, codes: list[str]) -> None:
    command = ["--providers.docker=true", "--entrypoints.websecure.address=:443", resolver]
    traefik = declared.Declared(declared.CONTAINER, "traefik", {"image": "traefik:v3.6", "command": command})
    bare = declared.label(f"{declared.ROUTER}.tls.certresolver", None)(declared.prod())
    found = judge(declared.world((*bare, traefik)))
    assert [finding.code for finding in found] == codes


@pytest.mark.parametrize(
    ("parent", "unknown"), [("", {"create", "environment.A"}), ("raven-realtime:index:Sidecar$", set())]
)
def test_an_unknown_command_is_reported_unless_our_component_made_it(parent: str, unknown: set[str]) -> None:
    urn = f"urn:pulumi:test::any::{parent}command:local:Command::reader"
    properties = {"create": UNKNOWN, "environment": {"A": UNKNOWN}}
    found = rules()["values-known"].findings(read([Resource(declared.COMMAND, "reader", urn, properties)]).world)
    assert {finding.evidence.split()[0] for finding in found} == unknown
