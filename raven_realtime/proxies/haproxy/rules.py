"""Rules: what ``http-request`` and ``redirect`` lines make of a request (section 4.2 of the manual)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from raven_realtime.proxies.haproxy import patterns
from raven_realtime.proxies.haproxy.conditions import holds
from raven_realtime.proxies.haproxy.exchange import Exchange
from raven_realtime.proxies.haproxy.formats import evaluate
from raven_realtime.proxies.haproxy.samples import integer, parse, text, value
from raven_realtime.proxies.haproxy.sections import Section, duration
from raven_realtime.proxies.haproxy.unknown import Unknown
from raven_realtime.proxies.haproxy.words import ENVIRONMENT, Line, known, shown
from raven_realtime.proxies.interface import Answered, Redirected

Ended = Answered | Redirected
Step = Ended | Literal["allowed"] | None
"""What one rule does: an answer, an end of the rules without one, or neither."""

_CHANGING_HEADERS = ("set-header", "add-header", "del-header", "replace-header", "replace-value")
_WITHOUT_EFFECT = (
    *("add-acl", "del-acl", "set-map", "del-map", "cache-use", "capture", "disable-l7-retry", "early-hint"),
    *("sc-add-gpc", "sc-inc-gpc", "sc-inc-gpc0", "sc-inc-gpc1", "sc-set-gpt", "sc-set-gpt0", "set-log-level"),
    *("set-mark", "set-nice", "set-priority-class", "set-priority-offset", "set-tos", "strict-mode", "set-fc-mark"),
    *(
        "set-bandwidth-limit",
        "track-sc0",
        "track-sc1",
        "track-sc2",
        "wait-for-body",
        "wait-for-handshake",
        "set-fc-tos",
    ),
    *("set-bc-mark", "set-bc-tos", "do-log", "set-retries", "pause"),
)


def split(words: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split a rule into what it does and its condition, which begins with if or unless."""
    for index, word in enumerate(words):
        if word in ("if", "unless"):
            return words[:index], words[index:]
    return words, ()


def run(section: Section, exchange: Exchange) -> Ended | None:
    """Let the rules of a section act on a request; the answer that one of them gives, or None if it goes on.

    Raises:
        Unknown: what a rule does to it cannot be told.
    """
    for line, acls in section.rules("http-request"):
        what, when = split(line.arguments)
        step = _guarded(line, what, when, acls, exchange) if what else None
        if step == "allowed":
            break
        if step is not None:
            return step
    if answered := _statistics(section, exchange):
        return answered
    for line, acls in section.rules("redirect"):
        what, when = split(line.words)
        with at(line):
            if holds(when, acls, exchange):
                return _redirect(what[1:], exchange, line, literal=True)
    return None


@contextmanager
def at(line: Line) -> Iterator[None]:
    """Give what is unknown the line of the rule that asked."""
    try:
        yield
    except Unknown as unknown:
        raise Unknown(unknown.why, unknown.location or line.location) from None


def _guarded(
    line: Line,
    what: tuple[str, ...],
    when: tuple[str, ...],
    acls: Mapping[str, tuple[Line, ...]],
    exchange: Exchange,
) -> Step:
    """Let one rule act if its condition holds; where that is unknown, so is what it would have changed."""
    action = what[0].partition("(")[0]
    if action in _WITHOUT_EFFECT:
        return None
    with at(line):
        try:
            if not holds(when, acls, exchange):
                return None
        except Unknown as unknown:
            if action in _CHANGING_HEADERS and len(what) > 1:
                exchange.unknown[what[1].lower()] = unknown.why
                return None
            if action in ("set-var", "set-var-fmt", "unset-var"):
                exchange.unknown["%" + _variable(what[0])] = unknown.why
                return None
            raise
        return _act(what, exchange, line)


def _act(words: tuple[str, ...], exchange: Exchange, line: Line) -> Step:
    action = words[0].partition("(")[0]
    if action == "allow":
        return "allowed"
    if action in ("deny", "tarpit", "reject", "silent-drop", "return", "auth"):
        return _answer(action, words[1:], exchange, line)
    if action == "redirect":
        return _redirect(words[1:], exchange, line)
    if action == "use-service":
        return Answered(200, f"the service {shown(' '.join(words[1:2]))} of HAProxy", line.location)
    if action not in _CHANGES:
        raise Unknown(f"http-request {shown(action)} is not followed")
    needed, change = _CHANGES[action]
    if len(words) <= needed:
        raise Unknown(f"http-request {action} lacks an argument")
    change(exchange, words)
    return None


def _set_header(exchange: Exchange, words: tuple[str, ...]) -> None:
    name = known(words[1])
    try:
        written = evaluate(words[2], exchange)
    except Unknown as unknown:
        exchange.remove(name)
        _hidden(exchange, name, words[2], unknown)
    else:
        exchange.remove(name)
        exchange.headers.append((name, written))


def _add_header(exchange: Exchange, words: tuple[str, ...]) -> None:
    name = known(words[1])
    try:
        exchange.headers.append((name, evaluate(words[2], exchange)))
    except Unknown as unknown:
        _hidden(exchange, name, words[2], unknown)


def _hidden(exchange: Exchange, name: str, template: str, unknown: Unknown) -> None:
    """Keep a header whose value is known only while HAProxy runs, as it is written."""
    exchange.headers.append((name, shown(template)))
    exchange.unknown[name.lower()] = unknown.why


def _delete_header(exchange: Exchange, words: tuple[str, ...]) -> None:
    name = known(words[1]).lower()
    method = words[3] if len(words) > 3 and words[2] == "-m" else "str"
    tests: dict[str, Callable[[str], bool]] = {
        "str": lambda given: given == name,
        "beg": lambda given: given.startswith(name),
        "end": lambda given: given.endswith(name),
        "sub": lambda given: name in given,
        "reg": lambda given: patterns.search(words[1], given, ignore_case=True) is not None,
    }
    if method not in tests:
        raise Unknown(f"http-request del-header -m {method} is not followed")
    for given in {given.lower() for given, _ in exchange.headers}:
        if tests[method](given):
            exchange.remove(given)


def _replace(exchange: Exchange, words: tuple[str, ...], *, each: bool) -> None:
    """Replace the values of a header that match; ``each`` of those between commas, or the line as a whole."""
    name, pattern, template = known(words[1]).lower(), known(words[2]), words[3]
    exchange.lines(name)  # an unknown header stays unknown
    try:
        written = evaluate(template, exchange)
    except Unknown as unknown:
        if any(given.lower() == name and patterns.search(pattern, old) for given, old in exchange.headers):
            exchange.unknown[name] = unknown.why
        return

    def changed(old: str) -> str:
        found = patterns.search(pattern, old)
        return old if found is None else patterns.expand(written, found)

    exchange.headers = [
        (given, old)
        if given.lower() != name
        else (given, ",".join(changed(part) for part in old.split(",")) if each else changed(old))
        for given, old in exchange.headers
    ]


def _set_path(exchange: Exchange, words: tuple[str, ...]) -> None:
    _, mark, query = exchange.target.partition("?")
    exchange.target = evaluate(words[1], exchange) + mark + query


def _set_target(exchange: Exchange, words: tuple[str, ...]) -> None:
    _address(exchange, evaluate(words[1], exchange))


def _set_query(exchange: Exchange, words: tuple[str, ...]) -> None:
    query = evaluate(words[1], exchange)
    mark = "?" if query or "?" in exchange.target else ""  # one that is there stays, even before nothing
    exchange.target = exchange.path + mark + query


def _replace_path(exchange: Exchange, words: tuple[str, ...]) -> None:
    _, mark, query = exchange.target.partition("?")
    if (found := patterns.search(known(words[1]), exchange.path)) is not None:
        exchange.target = patterns.expand(evaluate(words[2], exchange), found) + mark + query


def _replace_target(exchange: Exchange, words: tuple[str, ...]) -> None:
    if (found := patterns.search(known(words[1]), exchange.target)) is not None:
        _address(exchange, patterns.expand(evaluate(words[2], exchange), found))


def _address(exchange: Exchange, target: str) -> None:
    if not target.startswith("/"):
        raise Unknown(f"the address {target} of a request is not a path")
    exchange.target = target


def _set_method(exchange: Exchange, words: tuple[str, ...]) -> None:
    exchange.method = evaluate(words[1], exchange)


def _variable(word: str) -> str:
    return word.partition("(")[2].rstrip(")").partition(",")[0].strip()


def _set_variable(exchange: Exchange, words: tuple[str, ...]) -> None:
    name = _variable(words[0])
    exchange.unknown.pop(f"%{name}", None)
    try:
        if words[0].startswith("set-var-fmt"):
            exchange.variables[name] = evaluate(words[1], exchange)
        else:
            found = value(parse(known(words[1])), exchange)
            exchange.variables.pop(name, None)
            if found is not None:
                exchange.variables[name] = text(found)
    except Unknown as unknown:
        exchange.unknown[f"%{name}"] = unknown.why


def _unset_variable(exchange: Exchange, words: tuple[str, ...]) -> None:
    exchange.variables.pop(_variable(words[0]), None)
    exchange.unknown.pop(f"%{_variable(words[0])}", None)


def _set_source(exchange: Exchange, words: tuple[str, ...]) -> None:
    found = text(value(parse(known(words[1])), exchange))
    if found:
        exchange.client = found


def _set_timeout(exchange: Exchange, words: tuple[str, ...]) -> None:
    seconds = duration(words[2])
    if seconds is None:
        raise Unknown(f"the timeout {shown(words[2])} is not followed")
    exchange.timeouts[words[1]] = seconds


_Change = Callable[[Exchange, tuple[str, ...]], None]
_CHANGES: dict[str, tuple[int, _Change]] = {
    "add-header": (2, _add_header),
    "del-header": (1, _delete_header),
    "replace-header": (3, lambda exchange, words: _replace(exchange, words, each=False)),
    "replace-path": (2, _replace_path),
    "replace-pathq": (2, _replace_target),
    "replace-uri": (2, _replace_target),
    "replace-value": (3, lambda exchange, words: _replace(exchange, words, each=True)),
    "set-header": (2, _set_header),
    "set-method": (1, _set_method),
    "set-path": (1, _set_path),
    "set-pathq": (1, _set_target),
    "set-query": (1, _set_query),
    "set-src": (1, _set_source),
    "set-timeout": (2, _set_timeout),
    "set-uri": (1, _set_target),
    "set-var": (1, _set_variable),
    "set-var-fmt": (1, _set_variable),
    "unset-var": (0, _unset_variable),
}
"""Actions after which the request goes on: how many arguments they need, and what they do."""


def _options(words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    return zip(words, (*words[1:], ""), strict=False)


def _answer(action: str, words: tuple[str, ...], exchange: Exchange, line: Line) -> Answered:
    if action in ("reject", "silent-drop"):
        return Answered(None, f"http-request {action}", line.location)
    if action == "auth":
        return Answered(401, "a name and a password are asked for", line.location)
    status = {"deny": 403, "tarpit": 500, "return": 200}[action]
    body = ""
    for option, given in _options(words):
        if option in ("status", "deny_status"):
            status = integer(known(given))
        elif option in ("string", "lf-string"):
            body = _body(option, given, exchange)
    return Answered(status, f"http-request {action}", line.location, body=body)


def _body(option: str, template: str, exchange: Exchange) -> str:
    try:
        return evaluate(template, exchange) if option == "lf-string" else known(template)
    except Unknown:
        return ""


def _redirect(words: tuple[str, ...], exchange: Exchange, line: Line, *, literal: bool = False) -> Redirected:
    """Tell where a redirect leads; ``literal`` for the old ``redirect`` line, which takes no log format."""
    if len(words) < 2 or words[0] not in ("location", "prefix", "scheme"):
        raise Unknown("the redirect is not followed")
    kind, given = words[0], words[1]
    options = dict(_options(words[2:]))
    code = integer(known(options.get("code", "302")))
    to = known(given) if literal else evaluate(given, exchange)
    if kind == "location":
        return Redirected(code, to, line.location)
    target = exchange.path if "drop-query" in options else exchange.target
    if kind == "prefix":
        if "drop-query" in options and "append-slash" in options and not target.endswith("/"):
            target += "/"
        return Redirected(code, target if to == "/" else to + target, line.location)
    host = next(iter(exchange.lines("host")), "")
    if "append-slash" in options and "drop-query" in options and not target.endswith("/"):
        target += "/"
    return Redirected(code, f"{to}://{host}{target}", line.location)


def _statistics(section: Section, exchange: Exchange) -> Answered | None:
    """Answer with HAProxy's own page of statistics where a section has it (``stats uri``)."""
    line = section.last("stats", "uri") or section.last("stats", "enable")
    if line is None:
        return None
    uri = section.setting("stats", "uri") or "/haproxy?stats"
    if ENVIRONMENT in uri or not exchange.target.startswith(uri):
        return None
    return Answered(200, "HAProxy's page of statistics", line.location)
