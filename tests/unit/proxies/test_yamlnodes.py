"""YAML's nodes: what a text comes to, and that no text costs more than it is worth."""

from __future__ import annotations

import json
import time

import pytest

from raven_realtime.proxies.traefik.elements import yaml_element
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.proxies.yamlnodes import Node, NotYaml, TooDeep, compose_all

FACE = {"face": "\U0001f600", "not": "\\ud83d"}


def plain(node: Node | None) -> object:
    """What a node comes to as lists, pairs and texts."""
    if node is None or node.is_null:
        return None
    if node.entries is not None:
        return {str(plain(key)): plain(value) for key, value in node.entries}
    return node.value if node.items is None else [plain(item) for item in node.items]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("a: 1\nb: [x, 'y', \"z\"]", [{"a": "1", "b": ["x", "y", "z"]}], id="map"),
        pytest.param("a:\nb: ~\nc: null\nd: 'null'", [{"a": None, "b": None, "c": None, "d": "null"}], id="null"),
        pytest.param("a: &x {k: v}\nb: *x", [{"a": {"k": "v"}, "b": {"k": "v"}}], id="alias"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x", [{"a": "1", "b": "2", "c": "2"}], id="anchor-twice"),
        pytest.param("a\n---\nb\n...\n", ["a", "b"], id="documents"),
        pytest.param("", [], id="empty"),
        pytest.param(json.dumps(FACE), [FACE], id="json"),
    ],
)  # fmt: skip
def test_what_a_text_comes_to(text: str, found: list[object]) -> None:
    assert [plain(node) for node in compose_all(text, 10)] == found


def test_every_node_knows_its_line() -> None:
    (root,) = compose_all("a: 1\nb:\n  - x\n  - y\n", 10)
    assert root is not None
    assert root.entries is not None
    assert [(key.line, value.line) for key, value in root.entries] == [(1, 1), (2, 3)]


@pytest.mark.parametrize(
    ("text", "line"), [("a: [1,\nb: 2\n", 2), ("a: *x", 1), ("a: 1\n\t- b", 2), ('a: "\\ud800"', 1), ("a: \x00", None)]
)
def test_what_is_not_yaml_is_said_with_its_line(text: str, line: int | None) -> None:
    with pytest.raises(NotYaml) as caught:
        list(compose_all(text, 10))
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 200_000, id="open"),
        pytest.param("[" * 100_000 + "]" * 100_000, id="closed"),
        pytest.param("{a: " * 50_000, id="maps"),
        pytest.param("- " * 100_000, id="dashes"),
        pytest.param("? " * 100_000, id="questions"),
    ],
)
def test_deep_nesting_is_left_at_once(text: str) -> None:
    start = time.process_time()
    with pytest.raises(TooDeep):
        list(compose_all(text, 40))
    with pytest.raises(Unreadable, match="more than 40 levels"):
        yaml_element(text, "deep.yml")
    assert time.process_time() - start < 2


def test_a_long_flat_text_takes_linear_time() -> None:
    start = time.process_time()
    list(compose_all("[" + "[a, {b: c}], " * 20_000 + "]", 10))
    assert time.process_time() - start < 10
