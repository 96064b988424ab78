"""Every way to break the passing stacks is caught by the code that belongs to it, and by at most one other."""

from __future__ import annotations

from collections import Counter

import pytest

from raven_realtime.declared import judge
from raven_realtime.sidecar.pieces import Capacity
from tests.policies import declared
from tests.policies.declared import codes
from tests.policies.mutations import BASES, MUTATIONS, Mutation


@pytest.mark.parametrize("base", BASES)
def test_unbroken_stacks_pass(base: str) -> None:
    assert [finding.evidence for finding in judge(declared.world(BASES[base]()))] == []


@pytest.mark.parametrize("limit", [4_096, 20_000, 1_048_576])
def test_the_sandbox_passes_on_any_machine(limit: int) -> None:
    assert [finding.evidence for finding in judge(declared.world(declared.sandbox_of(Capacity(limit=limit))))] == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutation_is_caught(mutation: Mutation) -> None:
    found = judge(declared.world(mutation.stack))
    assert mutation.code in codes(found)
    assert len(codes(found)) <= 2, found


def test_mutations_are_many_and_different() -> None:
    assert len(MUTATIONS) >= 60
    assert [name for name, count in Counter(each.name for each in MUTATIONS).items() if count > 1] == []
    assert {each.base for each in MUTATIONS} == set(BASES)
