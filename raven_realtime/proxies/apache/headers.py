"""RequestHeader (mod_headers): what it makes of the headers that go on."""

from __future__ import annotations

import re
from collections.abc import Iterable

from raven_realtime.proxies.apache import patterns
from raven_realtime.proxies.apache.directives import Directive
from raven_realtime.proxies.apache.exchange import Exchange, variable
from raven_realtime.proxies.apache.unknown import Unknown

_ACTIONS = ("set", "append", "add", "unset", "merge", "setifempty", "edit", "edit*", "note", "echo")


def change(lines: Iterable[Directive], exchange: Exchange, *, early: bool) -> None:
    """Let RequestHeader lines act in order: those marked ``early``, or the others."""
    for line in lines:
        arguments = list(line.arguments)
        is_early = bool(arguments) and arguments[-1].lower() == "early"
        if is_early:
            arguments.pop()
        if is_early == early and len(arguments) > 1:
            _change(arguments[0].lower(), arguments[1].rstrip(":"), arguments[2:], exchange)


def _change(action: str, name: str, rest: list[str], exchange: Exchange) -> None:
    wanted = 0 if action == "unset" else 2 if action.startswith("edit") else 1
    values, conditions = rest[:wanted], rest[wanted:]
    try:
        if conditions and not _holds(conditions[0], exchange):
            return
    except Unknown as unknown:
        exchange.unknown[name.lower()] = unknown.why
        return
    if action == "unset":
        exchange.remove(name)
        return
    if len(values) < wanted or action not in _ACTIONS:
        exchange.unknown[name.lower()] = f"RequestHeader {action} is not followed"
        return
    if action.startswith("edit"):
        _edit(action, name, values, exchange)
        return
    if action == "setifempty" and exchange.has(name):
        return
    try:
        value = _value(values[0], exchange)
    except Unknown as unknown:
        if action in ("set", "setifempty") or not exchange.has(name):
            exchange.put(name, values[0])
        exchange.unknown[name.lower()] = unknown.why
        return
    if action in ("set", "setifempty"):
        exchange.put(name, value)
    elif action == "add":
        exchange.headers.append((name, value))
    elif action == "append" or value not in [each.strip() for each in exchange.value(name).split(",")]:
        exchange.merge(name, value)


def _edit(action: str, name: str, values: list[str], exchange: Exchange) -> None:
    if not exchange.has(name) or name.lower() in exchange.unknown:
        return
    try:
        old = exchange.value(name)
        found = patterns.search(values[0], old)
        if found is None:
            return
        if action != "edit" or not found[0] or "%" in values[1]:
            exchange.unknown[name.lower()] = f"RequestHeader {action} is not followed"
            return
        exchange.put(name, old.replace(found[0], patterns.expand(values[1], found), 1))
    except Unknown as unknown:
        exchange.unknown[name.lower()] = unknown.why


def _holds(condition: str, exchange: Exchange) -> bool:
    """Tell whether ``env=NAME`` holds: HTTPS is on where mod_ssl speaks, and a rule may have set another."""
    kind, _, name = condition.partition("=")
    negated = name.startswith("!")
    name = name.removeprefix("!")
    if kind.lower() != "env":
        raise Unknown(f"the condition {condition} is known only while Apache runs")
    if name == "HTTPS":
        return exchange.tls != negated
    if name in exchange.environment:
        return not negated
    raise Unknown(f"the variable {name} is known only while Apache runs")


def _value(word: str, exchange: Exchange) -> str:
    """Write a value out: ``%%``, and of expressions those that are made of plain variables."""
    if word.lower().startswith("expr="):
        return _expression(word[5:], exchange)
    if "${" in word:
        raise Unknown(f"{word} depends on the environment of Apache")
    if re.search("%(?!%)", word.replace("%%", "")):
        if word == "%{HTTPS}s":
            return "on" if exchange.tls else "(null)"
        raise Unknown(f"{word} is known only while Apache runs")
    return word.replace("%%", "%")


def _expression(text: str, exchange: Exchange) -> str:
    if not re.fullmatch(r"(?:[^%]|%\{[A-Za-z_:-]+\})*", text) or "${" in text:
        raise Unknown(f"{text} is known only while Apache runs")
    return re.sub(r"%\{([^}]+)\}", lambda found: variable(found[1], exchange), text)
