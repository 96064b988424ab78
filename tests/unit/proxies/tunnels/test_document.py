"""YAML and JSON with lines: what is where, and what a broken text is told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raven_realtime.proxies.tunnels.document import Element, Kind, read_json, read_yaml
from raven_realtime.proxies.unreadable import Unreadable

Reader = Callable[[str, str], Element]


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        pytest.param(read_yaml, "a:\n  b: 1\n  c:\n    - x\n    - y\n", id="yaml"),
        pytest.param(read_json, '{"a":\n  {"b": 1,\n   "c": [\n     "x",\n     "y"]}}', id="json"),
    ],
)
def test_every_value_knows_its_line(reader: Reader, text: str) -> None:
    document = reader(text, "f")
    assert document.string("a", "b") == "1"
    assert str(document.place("a", "b")) == "f:2"
    assert str(document.place("a", "c")) == "f:3"
    listed = document.get("a", "c")
    assert listed is not None
    assert [(item, str(place)) for item, place in listed.texts()] == [("x", "f:4"), ("y", "f:5")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("base: &b {k: 1, l: 2}\nown: {<<: *b, k: 3}", {"k": "3", "l": "2"}, id="own keys first"),
        pytest.param("own:\n  k: 3\n  <<: {k: 1, l: 2}", {"k": "3", "l": "2"}, id="wherever the merge stands"),
        pytest.param("a: &a {k: 1}\nb: &b {k: 2}\nown: {<<: [*a, *b]}", {"k": "1"}, id="the first of several"),
        pytest.param('own: {"<<": {k: 1}}', {"<<": ""}, id="a quoted key is only a key"),
    ],
)
def test_merge_keys(text: str, expected: dict[str, str]) -> None:
    own = read_yaml(text, "f").get("own")
    assert own is not None
    assert {key: value.text for key, value in own.entries} == expected


def test_aliases_are_not_copied() -> None:
    """Nine aliases on each of thirty levels: a copy each would be more than any machine holds."""
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 31))
    assert read_yaml(f"l0: &l0 x\n{levels}", "f").get("l30") is not None
    merges = "".join(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 31))
    assert read_yaml(f"m0: &m0 {{k: v}}\n{merges}", "f").string("m30", "k") == "v"


@pytest.mark.parametrize(
    ("reader", "text", "message"),
    [
        pytest.param(read_yaml, "a: 1\nb: [", "f:2: This is not YAML", id="yaml, open bracket"),
        pytest.param(read_yaml, "a:\n\t- b", "f:2: This is not YAML", id="yaml, tab"),
        pytest.param(
            read_yaml, "[" * 100_000, "f:1: Values nest more than 64 deep.", id="yaml, deeper than it has time for"
        ),
        pytest.param(read_yaml, "[" * 400 + "]" * 400, "f:1: Values nest more than 64 deep.", id="yaml, deep"),
        pytest.param(read_yaml, "- " * 5000, "f:1: Values nest more than 64 deep.", id="yaml, deep without brackets"),
        pytest.param(read_yaml, "&a [*a]", "f:1: Values nest more than 64 deep.", id="yaml, in itself"),
        pytest.param(read_yaml, "a: \x00", "f: This is not YAML", id="yaml, zero byte"),
        pytest.param(read_json, '{\n "a": 1,\n}', "f:3: This is not JSON", id="json, comma"),
        pytest.param(read_json, "", "f:1: This is not JSON", id="json, empty"),
        pytest.param(read_json, "[" * 100_000, "f: Values nest more than 64 deep.", id="json, deeper than Python goes"),
        pytest.param(read_json, "[" * 70 + "]" * 70, "f:1: Values nest more than 64 deep.", id="json, deep"),
        pytest.param(read_json, "[NaN]", "f: This is not JSON: NaN is no value.", id="json, NaN"),
    ],
)
def test_unreadable(reader: Reader, text: str, message: str) -> None:
    with pytest.raises(Unreadable) as raised:
        reader(text, "f")
    assert str(raised.value).startswith(message)


def test_a_text_inside_another_file_has_one_place() -> None:
    outer = read_yaml("policy: |\n  a:\n    b: 1\n", "f").get("policy")
    assert outer is not None
    assert str(read_yaml(outer.text, "f", outer.location).place("a", "b")) == "f:1"


def test_no_value_is_no_element() -> None:
    assert read_yaml("a:\nb: 1", "f").get("a") is None
    assert read_json('{"a": null, "b": {}}', "f").get("a") is None
    assert read_yaml("", "f").kind is Kind.NULL


@settings(max_examples=60)
@given(st.text(alphabet="ab01:-[]{}&*!|>'\"\\\n\t #,<%", max_size=80))
def test_any_text_is_read_or_unreadable(text: str) -> None:
    for reader in (read_yaml, read_json):
        with contextlib.suppress(Unreadable):
            reader(text, "f")
