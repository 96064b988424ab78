"""mod_rewrite: what RewriteRule and RewriteCond make of a request.

The order of steps is that of https://httpd.apache.org/docs/2.4/rewrite/tech.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from raven_realtime.proxies.apache import patterns
from raven_realtime.proxies.apache.directives import Directive
from raven_realtime.proxies.apache.exchange import Exchange, variable
from raven_realtime.proxies.apache.paths import escaped
from raven_realtime.proxies.apache.unknown import Unknown
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

_CODES = {"temp": 302, "permanent": 301, "seeother": 303, "": 302}
_ABSOLUTE = re.compile(r"(?:https?|wss?|ftp|balancer|ajp|fcgi|scgi|uwsgi|h2c?|unix|gopher|ldaps?|news|mailto):", re.I)
_MOST_STEPS = 1_000
_EVERYTHING = ("^", ".*", "(.*)", "^(.*)$", "^.*$", "^.*", "^/?(.*)", "^(.*)", "^/?(.*)$", ".", "$")


@record
class Rule:
    """A RewriteRule with its RewriteConds and flags."""

    line: Directive
    conditions: tuple[Directive, ...]
    flags: dict[str, str]

    def has(self, *names: str) -> bool:
        """Tell whether it has one of these flags, by a long or a short name."""
        return any(name in self.flags for name in names)


@record
class Rewritten:
    """What the rules make of a request: one of proxied, redirected, answered, or a path; where and by which line."""

    to: str
    """An address to pass it on to, an address to send the client to, or a path."""
    query: str | None
    location: Location
    kind: str
    """``proxy``, ``redirect``, ``status``, ``through`` (a path that other modules see), or ``file``."""
    status: int = 0


def flags(word: str) -> dict[str, str]:
    """Read flags such as ``[P,L,R=301]``: names in lower case, with what follows the equals sign."""
    found: dict[str, str] = {}
    for flag in word.strip().removeprefix("[").removesuffix("]").split(","):
        name, _, value = flag.strip().partition("=")
        if name:
            found[name.lower()] = value
    return found


def rules(directives: Iterable[Directive]) -> list[Rule]:
    """Return the rules of a server or section, in order."""
    found: list[Rule] = []
    conditions: list[Directive] = []
    for line in directives:
        if line.name == "rewritecond":
            conditions.append(line)
        elif line.name == "rewriterule":
            found.append(Rule(line, tuple(conditions), flags(line.argument(2))))
            conditions = []
    return found


@dataclass
class _State:
    filename: str
    query: str | None


def rewrite(found: list[Rule], exchange: Exchange, *, section: bool = False) -> Rewritten | None:
    """Let rules act on a request; None where they change nothing.

    Args:
        found: the rules, in order.
        exchange: the request.
        section: whether they stand in a section such as Location, where what patterns are compared with is odd.

    Raises:
        Unknown: what they do cannot be told.
    """
    state = _State(exchange.path, exchange.query)
    outcome: Rewritten | None = None
    index = steps = 0
    while index < len(found):
        steps += 1
        if steps > _MOST_STEPS:
            raise Unknown("rules are repeated without end", found[index].line.location)
        rule = found[index]
        index += 1
        try:
            step = _apply(rule, state, exchange, section=section)
        except Unknown as unknown:
            raise Unknown(unknown.why, unknown.location or rule.line.location) from None
        if step is None:
            while rule.has("c", "chain") and index < len(found):
                rule = found[index]
                index += 1
            continue
        changed, ended = step
        if changed is not None:
            outcome = changed
        if ended:
            break
        if rule.has("n", "next"):
            index = 0
        if skip := rule.flags.get("s") or rule.flags.get("skip"):
            index += int(skip[:4]) if skip.isascii() and skip.isdigit() else 0
    return _finished(outcome, state, found)


def _finished(outcome: Rewritten | None, state: _State, found: list[Rule]) -> Rewritten | None:
    if outcome is None or outcome.kind in ("status", "proxy"):
        return outcome
    outcome = replace(outcome, to=state.filename, query=state.query)
    if _ABSOLUTE.match(state.filename) and outcome.kind != "through":
        rule = next(each for each in found if each.line.location == outcome.location)
        plain = rule.has("ne", "noescape")
        address, query = state.filename, state.query
        if not plain:
            head, slashes, rest = address.partition("://")
            host, slash, path = rest.partition("/")
            address = head + slashes + host + slash + escaped(path)
            query = None if query is None else escaped(query, "$-_.+!*'(),:@&=/~;")
        return replace(
            outcome, kind="redirect", to=address + (f"?{query}" if query is not None else ""),
            status=outcome.status or 302,
        )  # fmt: skip
    return outcome


def _apply(rule: Rule, state: _State, exchange: Exchange, *, section: bool) -> tuple[Rewritten | None, bool] | None:
    """Let one rule act: what came of it, and whether it was the last one; None if it does not match."""
    line = rule.line
    pattern, substitution = line.argument(0), line.argument(1)
    if len(line.arguments) < 2 or "${" in pattern:
        raise Unknown("the rule is not followed")
    groups = _matched(rule, pattern, state.filename, section=section)
    if groups is None:
        return None
    held = _conditions(rule.conditions, groups, state, exchange)
    if held is None:
        return None
    if rule.has("b", "bctls", "bne"):
        raise Unknown("the flag B is not followed")
    if environment := rule.flags.get("e") or rule.flags.get("env"):
        name, _, value = environment.partition(":")
        exchange.environment[name] = _expanded(groups, held, state, exchange, value)
    if final := _final_status(rule):
        return Rewritten("", None, line.location, "status", final), True
    last = rule.has("l", "last", "end")
    if substitution == "-":
        return None, last
    if section and re.search(r"\$[0-9]", substitution):
        raise Unknown("what a rule in a section matches is not followed")
    state.filename = _expanded(groups, held, state, exchange, substitution)
    _split_query(rule, state)
    return _outcome(rule, state, exchange), last or rule.has("p", "proxy", "pt", "passthrough")


def _outcome(rule: Rule, state: _State, exchange: Exchange) -> Rewritten:
    """Tell what a rule has made of the request: by its flags, and by whether there is an address or a path."""
    location = rule.line.location
    if rule.has("p", "proxy"):
        address = state.filename if _ABSOLUTE.match(state.filename) else _qualified(state.filename, exchange)
        return Rewritten(address, state.query, location, "proxy")
    if code := _status(rule):
        if not _ABSOLUTE.match(state.filename):
            state.filename = _qualified(state.filename, exchange)
        return Rewritten("", None, location, "redirect", code)
    state.filename = _reduced(state.filename, exchange)
    through = rule.has("pt", "passthrough")
    if not _ABSOLUTE.match(state.filename):
        return Rewritten("", None, location, "through" if through else "file")
    return Rewritten("", None, location, "status" if through else "redirect", 400 if through else 302)


def _final_status(rule: Rule) -> int:
    """Return the status that a rule answers with: F, G, or R with one that is no redirect; 0 if it does not."""
    if rule.has("f", "forbidden"):
        return 403
    if rule.has("g", "gone"):
        return 410
    code = _status(rule)
    return 0 if 300 <= code < 400 else code


def _status(rule: Rule) -> int:
    """Return the status that the flag R gives; 0 without the flag."""
    if not rule.has("r", "redirect"):
        return 0
    given = rule.flags.get("r", rule.flags.get("redirect", "")).lower()
    if given in _CODES:
        return _CODES[given]
    if not re.fullmatch("[1-5][0-9]{2}", given):
        raise Unknown(f"the status {given} is not followed")
    return int(given)


def _matched(rule: Rule, pattern: str, text: str, *, section: bool) -> tuple[str, ...] | None:
    negated = pattern.startswith("!")
    bare = pattern.removeprefix("!")
    if section and bare not in _EVERYTHING:
        raise Unknown("what a rule in a section matches is not followed")
    groups = patterns.search(bare, text, ignore_case=rule.has("nc", "nocase"))
    if negated:
        return ("",) if groups is None else None
    return groups


def _split_query(rule: Rule, state: _State) -> None:
    """Take a query out of what was rewritten: it replaces that of the request, or comes before it (QSA)."""
    path, mark, given = state.filename.partition("?")
    if rule.has("qsd", "qsdiscard"):
        state.query = None
    if not mark:
        return
    state.filename = path
    if rule.has("qsa", "qsappend"):
        state.query = "&".join(part for part in (given, state.query or "") if part) or None
    else:
        state.query = given or None


def _qualified(path: str, exchange: Exchange) -> str:
    return exchange.origin + ("" if path.startswith("/") else "/") + path


def _reduced(address: str, exchange: Exchange) -> str:
    """Return the path of an address that is this virtual host's own; any other as it is."""
    found = re.fullmatch(r"(https?)://([^/:?#]*)(?::(\d{1,5}))?(/.*)?", address, re.I | re.S)
    if found is None or found[1].lower() != exchange.scheme:
        return address
    port = int(found[3] or (443 if exchange.tls else 80))
    ports = {each.port for each in exchange.server.addresses} or {exchange.port}
    own = exchange.server.answers(found[2].lower()) and bool({port, None} & ports)
    return (found[4] or "/") if own else address


def _conditions(
    conditions: tuple[Directive, ...], groups: tuple[str, ...], state: _State, exchange: Exchange
) -> tuple[str, ...] | None:
    """Return the groups of the last condition that matched, if all hold (those joined by OR: one of each row)."""
    held: tuple[str, ...] = ()
    index = 0
    unknown: Unknown | None = None
    while index < len(conditions):
        line = conditions[index]
        index += 1
        given = flags(line.argument(2))
        alternative = "or" in given or "ornext" in given
        try:
            found = _condition(line, given, partial(_expanded, groups, held, state, exchange), exchange)
        except Unknown as why:
            if alternative:
                raise Unknown(why.why, line.location) from None
            unknown = unknown or Unknown(why.why, line.location)
            continue
        if found is not None:
            held = found or held
            while alternative and index < len(conditions):
                follows = flags(conditions[index].argument(2))
                alternative = "or" in follows or "ornext" in follows
                index += 1
        elif not alternative:
            return None
    if unknown:
        raise unknown
    return held


def _condition(
    line: Directive,
    given: dict[str, str],
    expand: Callable[[str], str],
    exchange: Exchange,
) -> tuple[str, ...] | None:
    """Return the groups of a condition that holds, () if it has none; None if it does not hold."""
    if len(line.arguments) < 2 or line.argument(0) == "expr":
        raise Unknown("the condition is not followed")
    text = expand(line.argument(0))
    pattern = line.argument(1)
    negated = pattern.startswith("!")
    pattern = pattern.removeprefix("!")
    ignore_case = "nc" in given or "nocase" in given
    found: tuple[str, ...] | None
    if pattern in ("-f", "-d", "-s", "-l", "-F", "-x", "-h", "-L"):
        if pattern == "-F":
            raise Unknown("the condition -F is not followed")
        exchange.assumed.append("there is no file of the requested name on the server")
        found = None
    elif numbers := re.fullmatch(r"-(eq|ge|gt|le|lt|ne)\s*(-?\d{1,15})", pattern):
        found = () if _compared(numbers[1], text, int(numbers[2])) else None
    elif pattern.startswith("-") and len(pattern) > 1:
        raise Unknown(f"the condition {pattern} is not followed")
    elif pattern[:1] in ("=", "<", ">"):
        found = () if _ordered(pattern, text, ignore_case=ignore_case) else None
    else:
        found = patterns.search(pattern, text, ignore_case=ignore_case)
    if negated:
        return () if found is None else None
    return found


def _compared(operator: str, text: str, wanted: int) -> bool:
    given = re.match(r"\s*([+-]?\d{1,15})", text)
    number = int(given[1]) if given else 0
    return {
        "eq": number == wanted,
        "ge": number >= wanted,
        "gt": number > wanted,
        "le": number <= wanted,
        "lt": number < wanted,
        "ne": number != wanted,
    }[operator]


def _ordered(pattern: str, text: str, *, ignore_case: bool) -> bool:
    wanted = pattern[1:]
    operator = pattern[0]
    if wanted.startswith("=") and operator in "<>":
        operator, wanted = operator + "=", wanted[1:]
    if operator == "=" and wanted == '""':
        wanted = ""
    if ignore_case:
        text, wanted = text.lower(), wanted.lower()
    return {
        "=": text == wanted,
        "<": text < wanted,
        ">": text > wanted,
        "<=": text <= wanted,
        ">=": text >= wanted,
    }[operator]


_REFERENCE = re.compile(r"\\(.)|\$([0-9])|%([0-9])|%\{([^{}]+)\}|(\$\{|%\{)")


def _expanded(groups: tuple[str, ...], held: tuple[str, ...], state: _State, exchange: Exchange, template: str) -> str:
    """Put in groups of the rule (``$1``) and of the condition (``%1``), and variables."""

    def meaning(found: re.Match[str]) -> str:
        if found[1] is not None:
            return found[1]
        if found[2] is not None or found[3] is not None:
            among, number = (groups, int(found[2])) if found[2] is not None else (held, int(found[3]))
            return among[number] if number < len(among) else ""
        if found[4] is not None and not found[4].startswith("LA-"):
            return variable(found[4], exchange, state.filename)
        raise Unknown(f"{template} is not followed")

    return _REFERENCE.sub(meaning, template)
