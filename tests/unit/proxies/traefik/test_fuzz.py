"""Garbage in: a Unreadable or an answer, never another exception, and soon."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.claims import claimants
from raven_realtime.proxies.traefik.compose import read_compose
from raven_realtime.proxies.traefik.containers import Container, contribution
from raven_realtime.proxies.traefik.decide import route
from raven_realtime.proxies.traefik.elements import Label, yaml_element
from raven_realtime.proxies.traefik.file import read_dynamic
from raven_realtime.proxies.traefik.goregexp import BadPattern, GoRegexp
from raven_realtime.proxies.traefik.overrides import projects
from raven_realtime.proxies.traefik.request import Rejected, Request, see
from raven_realtime.proxies.traefik.rule import parse
from raven_realtime.proxies.traefik.static import static_of
from raven_realtime.proxies.traefik.table import Contribution, EntryPoint, Router, assemble
from tests.fuzz import BUDGET, told

pytestmark = pytest.mark.fuzz

HERE = Location("fuzz")
PIECES = st.sampled_from(
    [
        "Host",
        "HostRegexp",
        "Path",
        "PathPrefix",
        "PathRegexp",
        "Query",
        "Headers",
        "ClientIP",
        "(",
        ")",
        "(",
        ")",
        ",",
        "&&",
        "||",
        "!",
        "...",
        "`a`",
        "`/`",
        "`/{x:[a-z]+}`",
        "`10.0.0.0/8`",
        "`[`",
        '"\\x"',
        '"a"',
        "//",
        "/*",
        "*/",
        "`",
        '"',
        "\\",
        "=",
        "==",
        "1",
        "\ufeff",
        "\u2028",
        "\x00",
    ]
)
RULES = st.one_of(
    st.lists(PIECES, max_size=25).map("".join), st.lists(PIECES, max_size=25).map(" ".join), st.text(max_size=80)
)
WORDS = st.sampled_from(
    [
        "http",
        "routers",
        "services",
        "middlewares",
        "a",
        "rule",
        "tls",
        "priority",
        "entryPoints",
        "service",
        "loadBalancer",
        "servers",
        "server",
        "url",
        "port",
        "sticky",
        "cookie",
        "retry",
        "attempts",
        "weighted",
        "80",
        "true",
        "[0]",
        "docker",
        "network",
        "enable",
        "null",
        "{}",
        "tcp",
    ]
)
TREES = st.recursive(
    st.one_of(WORDS, st.none(), st.integers(), st.booleans(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)

KEYS = st.sampled_from(["image", "labels", "environment", "networks", "command", "deploy", "ports", "healthcheck"])
COMPOSED = st.one_of(TREES, st.dictionaries(KEYS, TREES, max_size=4))


@BUDGET
@given(RULES, st.sampled_from(["v2", "v3"]))
def test_rules(rule: str, syntax: str) -> None:
    said = told(lambda: parse(rule, syntax))
    assert said is None or re.search(r"\n    .*\n +\^$", said, re.DOTALL)


@BUDGET
@given(RULES, RULES, st.text(max_size=30), st.text(max_size=30), st.text(max_size=6))
def test_routing(first: str, second: str, host: str, target: str, method: str) -> None:
    routers = (Router("a", first), Router("b", second, syntax="v2"))
    table = assemble([Contribution("file", routers)], [EntryPoint("web")])
    route(table, Request(host, target, method, ((host, target),), client_ip=host), "web")
    claimants(table, host, "/" + target)


@BUDGET
@given(st.one_of(st.text(st.sampled_from("ab.1-\\d^$[]{}()?*+|:i,z"), max_size=30), st.text(max_size=20)))
def test_hosts_of_patterns(pattern: str) -> None:
    try:
        compiled = GoRegexp(pattern)
    except BadPattern:
        return
    host = compiled.example_host()
    assert host is None or compiled.matches(host)


@BUDGET
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b"]), COMPOSED, max_size=2), min_size=1, max_size=3))
def test_overrides(files: list[dict[str, object]]) -> None:
    listed = []
    for number, services in enumerate(files):
        listed.append(
            (Path(f"fuzz-{number}.yml"), yaml_element(json.dumps({"services": services}), f"fuzz-{number}.yml"))
        )
    found = projects(listed)
    assert {project.path for project in found} <= {path for path, _ in listed}
    for project in found:
        said = told(lambda: read_compose(project.path, root=project.root, environment={}))  # noqa: B023 (called at once)
        assert said is None or said.startswith("fuzz-")


@BUDGET
@given(st.binary(max_size=60))
def test_paths(raw: bytes) -> None:
    try:
        seen = see(Request("a", "/" + raw.decode(errors="surrogateescape")))
    except Rejected:
        return
    assert seen.path.startswith(b"/")
    assert b"/../" not in seen.path.replace(b"%2F", b"")


@BUDGET
@given(st.lists(st.tuples(st.lists(WORDS, max_size=6).map(".".join), st.one_of(WORDS, RULES)), max_size=6))
def test_labels(pairs: list[tuple[str, str]]) -> None:
    labels = tuple(Label(f"traefik.{key}", value, HERE) for key, value in pairs)
    assemble([contribution([Container("c", labels, HERE, networks={"n": "1.2.3.4"}, ports=(80,))])])


@BUDGET
@given(
    st.one_of(TREES.map(repr), st.text(max_size=60), st.text(st.sampled_from("{}[]:,-&*a<>|!'\"%#? \n"), max_size=40))
)
def test_yaml(content: str) -> None:
    said = told(lambda: static_of(yaml_element(content, "fuzz.yml")))
    assert said is None or said.startswith("fuzz.yml")


@BUDGET
@given(st.one_of(TREES.map(repr), TREES.map(lambda tree: repr({"http": tree})), st.binary(max_size=60)))
def test_files(tmp_path_factory: pytest.TempPathFactory, content: str | bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(errors="replace"))
    for said in (told(lambda: read_dynamic([path])), told(lambda: read_compose(path, environment={}))):
        assert said is None or "fuzz.yml" in said
