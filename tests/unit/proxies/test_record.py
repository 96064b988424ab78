"""A record is to its users what a frozen dataclass is, but for what nothing refuses at run time."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import pytest

from raven_realtime.proxies.record import record


def table(**annotated: Any) -> tuple[Any, Any]:
    """Return a record and a frozen dataclass of the same fields."""
    defaults = {name: default for name, (_, default) in annotated.items() if default is not ...}
    body = {"__annotations__": {name: kind for name, (kind, _) in annotated.items()}, "__doc__": "A class."}
    one, other = type("Made", (), body | defaults), type("Made", (), body | defaults)
    return record(one), dataclass(frozen=True)(other)


FIELDS: dict[str, dict[str, Any]] = {
    "none": {},
    "one": {"a": (int, ...)},
    "several": {"a": (int, ...), "b": (str, ""), "c": (tuple[str, ...], ())},
}
MADE: list[tuple[str, tuple[Any, ...]]] = [
    ("none", ()),
    ("one", (1,)),
    ("one", ((1, 2),)),
    ("several", (1,)),
    ("several", (1, "x")),
    ("several", (1, "x", ("y",))),
]


@pytest.mark.parametrize(("which", "given"), MADE)
def test_is_what_a_frozen_dataclass_is(which: str, given: tuple[Any, ...]) -> None:
    mine, standard = table(**FIELDS[which])
    made, same = mine(*given), mine(*given)
    assert made == same
    assert hash(made) == hash(same)
    assert made != standard(*given)
    assert repr(made) == repr(standard(*given))
    assert inspect.signature(mine) == inspect.signature(standard)
    assert mine.__match_args__ == standard.__match_args__
    assert [each.name for each in fields(mine)] == [each.name for each in fields(standard)]


def test_equal_by_each_field() -> None:
    mine, _ = table(**FIELDS["several"])
    one = mine(1, "x", ())
    assert {one, replace(one, a=2), replace(one, b="y"), replace(one, c=("z",)), replace(one)} == {
        mine(1, "x", ()),
        mine(2, "x", ()),
        mine(1, "y", ()),
        mine(1, "x", ("z",)),
    }


@record
class Secret:
    """Fields that are not compared, and not shown."""

    name: str
    line: int = field(default=0, compare=False)
    key: str = field(default="", repr=False)

    @cached_property
    def long(self) -> str:
        return self.name * 2


@record
class Told(Secret):
    """One more, and words of its own."""

    more: str = ""

    def __repr__(self) -> str:
        return "told"


@record(eq=False)
class Itself:
    """Equal to itself alone."""

    name: str


def test_options_of_fields() -> None:
    assert Secret("a", 1) == Secret("a", 2)
    assert Secret("a", key="b") != Secret("a", key="c")
    assert repr(Secret("a", 1, "hidden")).endswith("Secret(name='a', line=1)")
    assert Secret("ab").long == "abab"


def test_inherited() -> None:
    assert Told("a", 0, "", "b") != Told("a")
    assert Told("a") != Secret("a")
    assert repr(Told("a")) == "told"


def test_without_equality() -> None:
    assert Itself("a") != Itself("a")
    assert len({Itself("a"), Itself("a")}) == 2
    assert repr(Itself("a")).endswith("Itself(name='a')")
