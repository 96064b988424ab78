"""Garbage in the linter: whatever is read, a Problem or findings come out, never another exception."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raven_realtime.declared import clients, files, judge, resources, texts
from raven_realtime.declared.resources import JUDGED, SECRET, UNKNOWN, Resource
from raven_realtime.declared.world import Source, World
from tests.fuzz import BUDGET, told
from tests.policies import declared
from tests.policies.declared import as_resources

pytestmark = pytest.mark.fuzz

HEALTHY = sorted(path for path in (Path(__file__).parent / "healthy").rglob("*.*") if path.is_file())
CORPUS = [path.read_text() for path in HEALTHY]
NAMES = [
    *("a.conf", "a.yml", "a.toml", "a.json", "a.js", "a.vue", "site_config.json", "common_site_config.json", "a.txt")
]
PIECES = st.sampled_from(
    [
        *"{}[]()<>;:,.&*|!'\"#$%\\/-= \n\t\0\ufeff\u2028",
        *(
            "http",
            "routers:",
            "services:",
            "endpoints:",
            "tunnels:",
            "upstream",
            "addr: ",
            "io(",
            "socket.io",
            "include ",
        ),
        *("9000", "9001", "-1", "1e999", "999999999999999999999", "null", "true", "{}", "[]", "&a", "*a", "<<: *a"),
        *("${A:-b}", "location ", "server ", "map ", "listen ", "unix:", "[::1]:", "proxy_pass http://", "traefik."),
        *('"socketio_port"', '"deployment"', '"resources"', "Host(`a`)", "HostRegexp(`(`)", "PathPrefix(`/socket.io`)"),
    ]
)
JUNK = st.one_of(st.lists(PIECES, max_size=6).map("".join), st.text(max_size=10))


@st.composite
def mutated(draw: st.DrawFn, corpus: list[str]) -> str:
    """A text that somebody could have written, with a few slices of it replaced."""
    text = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(JUNK) + text[start + draw(st.sampled_from([0, 1, 2, 5, 20, 100])) :]
    return text


TEXTS = st.one_of(mutated(CORPUS), st.lists(PIECES, max_size=20).map("".join), st.text(max_size=60))
VALUES = st.recursive(
    st.one_of(
        st.sampled_from([UNKNOWN, SECRET, "", "nofile", "traefik.enable", "sha256:a", "CMD", "9001", "urn:a"]),
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.sampled_from(
                    ["name", "soft", "label", "value", "tests", "content", "contentBase64", "file", "data"]
                ),
                st.sampled_from(["containerSpec", "env", "replicated", "replicas", "networksAdvanceds", "resources"]),
                st.text(max_size=4),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)
BASES = [as_resources(stack) for stack in (declared.prod(), declared.sandbox(), declared.ngrok())]
KEYS = [
    *(
        "name",
        "image",
        "labels",
        "envs",
        "command",
        "entrypoints",
        "healthcheck",
        "uploads",
        "user",
        "ulimits",
        "ports",
    ),
    *("capabilities", "securityOpts", "networksAdvanced", "networkMode", "memory", "privileged", "readOnly"),
    *("taskSpec", "mode", "data", "stdin", "create", "update", "delete", "environment", "triggers"),
]


def _anywhere(draw: st.DrawFn, value: Any) -> Any:
    """Replace something in a value, at any depth."""
    inner: list[Any] = (
        list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    )
    if not inner or draw(st.integers(0, 3)) == 0:
        return draw(VALUES)
    key = draw(st.sampled_from(inner))
    value[key] = _anywhere(draw, value[key])
    return value


@st.composite
def odd_resources(draw: st.DrawFn) -> list[Resource]:
    """Our stacks' resources with some of their properties replaced, and some of another type."""
    listed = []
    for each in draw(st.sampled_from(BASES)):
        properties = copy.deepcopy(dict(each.properties))
        for key in draw(st.lists(st.sampled_from([*properties, *KEYS]), max_size=3)):
            properties[key] = _anywhere(draw, properties[key]) if key in properties else draw(VALUES)
        type_ = draw(st.sampled_from([each.type, each.type, each.type, *sorted(JUDGED)]))
        listed.append(Resource(type_, each.name, each.urn, properties, each.needs, each.uses, draw(st.booleans())))
    return listed


@BUDGET
@given(TEXTS)
def test_texts(text: str) -> None:
    worlds: list[World | None] = []
    said = told(lambda: worlds.append(texts.read(text, "fuzz")))
    assert said is None or "fuzz" in said
    judge(World.of([each for each in worlds if each]))


@BUDGET
@given(odd_resources())
def test_resources(listed: list[Resource]) -> None:
    judge(resources.read(listed).world)


@BUDGET
@given(
    st.one_of(odd_resources().map(lambda listed: [vars(each) | {"inputs": each.properties} for each in listed]), VALUES)
)
def test_states(listed: Any) -> None:
    worlds = []
    document = json.loads(json.dumps({"deployment": {"resources": listed}}, default=dict))
    told(lambda: worlds.append(resources.read(resources.of_state(document)).world))
    judge(World.of(worlds))


@BUDGET
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.one_of(TEXTS.map(str.encode), st.binary(max_size=60))), max_size=3)
)
def test_files(tmp_path_factory: pytest.TempPathFactory, written: list[tuple[str, bytes]]) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in written:
        (folder / name).write_bytes(content)
    for paths in ([str(folder)], [str(folder / name) for name, _ in written]):
        reading = files.read(paths)
        assert all(str(folder) in problem.value for problem in reading.problems)
        judge(reading.world)


CALLS = st.lists(
    st.one_of(
        st.sampled_from(
            ["io", "(", ")", "{", "}", ",", "[", "]", '"', "'", "`", "lookup(", "io.connect(", "path:", "\n"]
        ),
        st.sampled_from(
            ["/socket.io", "withCredentials: true", "transports", "localhost:9000", "window.location", "//"]
        ),
        st.text(max_size=5),
    ),
    max_size=30,
).map("".join)


@BUDGET
@given(CALLS)
def test_clients(code: str) -> None:
    world = World(sources=(Source("page.js", f'import "socket.io-client"; {code}'),))
    for connection in clients.connections(world):
        assert connection.address is not None
        assert connection.options is not None
    judge(world)
