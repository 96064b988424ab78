"""The sets of pinned requirements agree: what is in a smaller set is in the larger one, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from toolchain.environment import SETS

REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def pinned(name: str) -> dict[str, frozenset[str]]:
    """The hashes of each version that a set names."""
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    entries = re.findall(r"^(\S+==\S+) \\\n((?:    --hash=\S+(?: \\)?\n?)+)", text, re.MULTILINE)
    assert len(entries) == len(re.findall(r"^\S+==", text, re.MULTILINE))
    return {version: frozenset(hashes.replace("\\", "").split()) for version, hashes in entries}


@pytest.mark.parametrize(("name", "larger"), [(name, each) for name, having in SETS.items() for each in having[1:]])
def test_a_larger_set_has_all_of_a_smaller_one(name: str, larger: str) -> None:
    assert pinned(name).items() <= pinned(larger).items()
