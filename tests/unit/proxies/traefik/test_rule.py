"""What the rule language accepts, and how a refusal points at the character."""

from __future__ import annotations

import time

import pytest

from raven_realtime.proxies.traefik.matchers import Host, Path, PathPrefix, PathRegexp
from raven_realtime.proxies.traefik.request import Request, see
from raven_realtime.proxies.traefik.rule import DEEPEST, LARGEST, RuleError, language_of, parse
from raven_realtime.proxies.traefik.tree import All, AnyOf, Not
from raven_realtime.proxies.unreadable import Unreadable

A, B, C = Host("a"), Path(b"/b"), PathPrefix(b"/c")


@pytest.mark.parametrize(
    ("rule", "tree"),
    [
        pytest.param("Host(`a`)", A, id="backticks"),
        pytest.param('Host("a")', A, id="double-quotes"),
        pytest.param(r'Host("\x61")', A, id="byte-escape"),
        pytest.param(r'Host("\141")', A, id="octal-escape"),
        pytest.param(r'Path("/\u0062")', B, id="unicode-escape"),
        pytest.param("HOST(`A`)", A, id="upper-case"),
        pytest.param("host(`a`) && pathprefix(`/c`)", All((A, C)), id="lower-case"),
        pytest.param("Pathprefix(`/c`)", C, id="one-capital"),
        pytest.param("Host(`a`) || Path(`/b`) && PathPrefix(`/c`)", AnyOf((A, All((B, C)))), id="and-binds-stronger"),
        pytest.param("(Host(`a`) || Path(`/b`)) && PathPrefix(`/c`)", All((AnyOf((A, B)), C)), id="parentheses"),
        pytest.param("!Host(`a`) && Path(`/b`)", All((Not(A), B)), id="not-binds-strongest"),
        pytest.param("!!Host(`a`)", A, id="twice-not"),
        pytest.param("Host(`a`) &&\n\n Path(`/b`)\n\n", All((A, B)), id="line-break-after-operator"),
        pytest.param("Host(\n`a`,)", A, id="trailing-comma"),
        pytest.param("Host(`a`...)", A, id="ellipsis"),
        pytest.param("Host(`a`) /* the chat */ && Path(`/b`) // all", All((A, B)), id="comments"),
        pytest.param("Host(`a\r`)", A, id="carriage-return-in-backticks"),
    ],
)
def test_accepted(rule: str, tree: object) -> None:
    assert parse(rule).tree == tree


@pytest.mark.parametrize(
    ("rule", "offset", "reason"),
    [
        pytest.param("", 0, "the rule is empty", id="empty"),
        pytest.param("Host(`a", 5, "not closed", id="open-string"),
        pytest.param("Host(`a`", 8, "the rule ends where", id="open-parenthesis"),
        pytest.param("Host(`a`) && ", 13, "the rule ends where", id="nothing-after-and"),
        pytest.param("Host(`a`)\n&& Path(`/`)", 10, "put the && at the end of that line", id="line-break-before-and"),
        pytest.param("Host(a)", 5, "an argument in backticks or double quotes is expected", id="no-quotes"),
        pytest.param("Host('a')", 5, "single quotes", id="single-quotes"),
        pytest.param("Host(1)", 5, "numbers are not accepted", id="number"),
        pytest.param("Host(`a`) & Path(`/`)", 10, "'and' is &&", id="one-ampersand"),
        pytest.param("Host(`a`) Path(`/`)", 10, "'Path' stands where", id="no-operator"),
        pytest.param("Hosts(`a`)", 0, "there is no matcher Hosts; there are ClientIP, Header", id="unknown"),
        pytest.param("Path(`/`) && hOst(`a`)", 13, "no matcher is spelled hOst", id="odd-case"),
        pytest.param("Host()", 0, "Host needs an argument", id="no-argument"),
        pytest.param("Host(`a`, `b`)", 0, "2 arguments where 1 is accepted", id="too-many"),
        pytest.param("Header(`a`)", 0, "1 arguments where 2 are accepted", id="too-few"),
        pytest.param("Host(``)", 5, "an empty argument", id="empty-argument"),
        pytest.param("Path(`a`)", 5, "a path begins with a slash", id="no-slash"),
        pytest.param("Host(`é`)", 5, "only ASCII", id="not-ascii"),
        pytest.param("PathRegexp(`(`)", 11, "not a regular expression of Go's", id="regular-expression"),
        pytest.param("PathRegexp(`(?=a)`)", 11, "not a regular expression of Go's", id="look-ahead"),
        pytest.param("ClientIP(`10.0.0.0/33`)", 9, "10.0.0.0/8 is accepted", id="network"),
        pytest.param(r'Host("\q")', 6, "Go knows no escape", id="escape"),
        pytest.param("HostHeader(`a`)", 0, "there is no matcher HostHeader", id="v2-only"),
        pytest.param("Host(`a`) ☃", 10, "has no meaning", id="snowman"),
    ],
)
def test_refused(rule: str, offset: int, reason: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(rule)
    assert caught.value.offset == offset
    assert reason in caught.value.reason
    assert isinstance(caught.value, Unreadable)


def test_a_refusal_shows_the_line_with_a_caret() -> None:
    with pytest.raises(RuleError) as caught:
        parse("Host(`a`) &&\nPathRegexp(`(`)")
    assert str(caught.value).splitlines()[1:] == ["    PathRegexp(`(`)", "               ^"]
    assert caught.value.column == 12


@pytest.mark.parametrize(
    ("rule", "tree"),
    [
        pytest.param("Host(`a`, `B`)", AnyOf((A, Host("b"))), id="several-hosts"),
        pytest.param("Path(`/b`)", B, id="plain-path"),
        pytest.param("PathPrefix(`/c`)", C, id="plain-prefix"),
    ],
)
def test_v2(rule: str, tree: object) -> None:
    assert parse(rule, "v2").tree == tree


def test_v2_template_is_a_regular_expression() -> None:
    tree = parse("Path(`/x/{id:[0-9]+}`)", "v2").tree
    assert isinstance(tree, PathRegexp)
    assert tree.pattern.matches("/x/12")
    assert not tree.pattern.matches("/x/12/")


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("Path(`/{a`)", id="braces"),
        pytest.param("Path(`/{}`)", id="no-name"),
        pytest.param("Headers(`a`)", id="odd-pairs"),
        pytest.param("Query(`a={x}`, `b={x}`)", id="name-twice"),
        pytest.param("PathRegexp(`/`)", id="v3-only"),
    ],
)
def test_v2_refused(rule: str) -> None:
    with pytest.raises(RuleError):
        parse(rule, "v2")


@pytest.mark.parametrize(
    ("version", "language"),
    [
        ("v2.11", "v2"),
        ("2", "v2"),
        ("v3.6.2", "v3"),
        ("3.0", "v3"),
        ("v3.7", "v3.7.7"),
        ("v3.7.6", "v3.7"),
        ("v3.7.7", "v3.7.7"),
        ("v3.8.1", "v3.7.7"),
        ("v3", "v3.7.7"),
        ("latest", "v3.7.7"),
        ("", "v3.7.7"),
    ],
)
def test_the_language_of_a_version(version: str, language: str) -> None:
    assert language_of(version) == language


@pytest.mark.parametrize(
    ("rule", "host", "languages"),
    [
        ("Host(`*.example.com`)", "chat.example.com", {"v3.7", "v3.7.7"}),
        ("Host(`*.example.com`)", "CHAT.example.com:443", {"v3.7", "v3.7.7"}),
        ("Host(`*.example.com`)", ".example.com", {"v3.7", "v3.7.7"}),
        ("Host(`*.example.com`)", "example.com", set()),
        ("Host(`*.example.com`)", "a.chat.example.com", set()),
        ("Host(`*.example.com`)", "chatXexample.com", set()),
        ("Host(`*`)", "chat.example.com", {"v3.7.7"}),
        ("Host(`chat.example.com`)", "chat.example.com", {"v3", "v3.7", "v3.7.7"}),
    ],
)
def test_wildcards_of_hosts(rule: str, host: str, languages: set[str]) -> None:
    seen = see(Request(host, "/"))
    assert {each for each in ("v3", "v3.7", "v3.7.7") if parse(rule, each).matches(seen)} == languages


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("(" * (DEEPEST + 1), id="parentheses"),
        pytest.param("!(" * 20_000 + "Host(`a`)", id="negations"),
        pytest.param("Host(`" + "a" * LARGEST + "`)", id="long"),
        pytest.param("PathRegexp(`" + "(a{1000}){1000}" + "`)", id="repetition"),
        pytest.param("PathRegexp(`" + "(" * 20_000 + "`)", id="open-groups"),
        pytest.param("PathRegexp(`" + "((((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}){9})`)", id="nested-repetition"),
    ],
)
def test_monsters_are_refused_at_once(rule: str) -> None:
    start = time.process_time()
    with pytest.raises(RuleError):
        parse(rule)
    assert time.process_time() - start < 2


def test_a_pathological_expression_matches_in_linear_time() -> None:
    rule = parse("PathRegexp(`^(a+)+$`)")
    assert isinstance(rule.tree, PathRegexp)
    start = time.process_time()
    assert not rule.tree.pattern.matches("a" * 100_000 + "b")
    assert time.process_time() - start < 1


def test_a_long_rule_is_parsed_quickly() -> None:
    start = time.process_time()
    rule = " || ".join(f"Host(`host{number}.example`)" for number in range(2000))
    assert parse(rule).length == len(rule)
    assert time.process_time() - start < 5
