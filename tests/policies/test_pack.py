"""The pack by the real engine: each policy fires on its fixture and is silent on the other; our stacks pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.policies import declared
from tests.policies.cases import CASES
from tests.policies.mutations import MUTATIONS, Mutation
from tests.policies.previews import Violation, apart, preview

ADVISING = {"known-holes-closed", "nginx-defaults-said", "one-tunnel", "public-port", "slash-kept", "values-known"}
"""What somebody may want as it is, or cannot know yet; all others stop an update."""


@pytest.fixture(scope="module")
def fired(tmp_path_factory: pytest.TempPathFactory) -> list[Violation]:
    """All fixtures that fire, side by side in one stack; those that bring a Traefik each in a stack of its own."""
    alone = [case for case in CASES.values() if brings_traefik(case.fires)]
    whole = [each for case in CASES.values() if case not in alone for each in apart(case.name, case.fires)]
    run, found = preview(tmp_path_factory.mktemp("fires"), whole)
    assert run.code != 0
    for case in alone:
        _, violations = preview(tmp_path_factory.mktemp(case.name), case.fires)
        found += [replace(each, resource=f"{case.name}.{each.resource}") for each in violations]
    return found


def brings_traefik(stack: declared.Stack) -> bool:
    """Whether a stack has a Traefik: there is one on a host, so its entrypoints would be everybody's."""
    return any(str(each.properties.get("image", "")).startswith("traefik:") for each in stack)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> list[Violation]:
    """All fixtures that must not fire, side by side in one stack."""
    whole = [each for case in CASES.values() for each in apart(case.name, case.silent)]
    run, violations = preview(tmp_path_factory.mktemp("silent"), whole)
    assert run.code == 0, run.text
    return violations


@pytest.mark.parametrize("name", CASES)
def test_policy_fires(name: str, fired: list[Violation]) -> None:
    mine = [each for each in fired if each.policy == name and each.resource.startswith(f"{name}.")]
    assert mine
    entry = CASES[name].rule.entry
    assert {each.level for each in mine} == {"advisory" if name in ADVISING else "mandatory"}
    assert {entry.code in each.message for each in mine} == {True}


def test_policies_stay_silent(silent: list[Violation]) -> None:
    assert silent == []


def test_no_message_shows_a_secret(fired: Iterable[Violation]) -> None:
    assert [each for each in fired if "hunter2" in each.message] == []


@pytest.mark.full
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutation_is_caught_by_the_engine(mutation: Mutation, tmp_path: Path) -> None:
    _, violations = preview(tmp_path, mutation.stack)
    named = {CASES[each.policy].rule.entry.code for each in violations}
    assert mutation.code in named
    assert len(named) <= 2, violations


@pytest.mark.full
@pytest.mark.parametrize("base", ["prod", "sandbox", "ngrok"])
def test_unbroken_stack_passes(base: str, tmp_path: Path) -> None:
    made = {"prod": declared.prod, "sandbox": declared.sandbox, "ngrok": declared.ngrok}[base]()
    run, violations = preview(tmp_path, made)
    assert (run.code, violations) == (0, [])
