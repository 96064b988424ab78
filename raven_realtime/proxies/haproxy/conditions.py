"""Conditions: ACLs, by name or in braces, put together with "and", "or" and "not" (section 7 of the manual)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from raven_realtime.proxies.haproxy import patterns
from raven_realtime.proxies.haproxy.exchange import Exchange
from raven_realtime.proxies.haproxy.samples import (
    DOMAIN,
    FOLDER,
    Call,
    Value,
    integer,
    is_fetch,
    parse,
    text,
    values,
    within,
)
from raven_realtime.proxies.haproxy.unknown import Unknown
from raven_realtime.proxies.haproxy.words import Line, known
from raven_realtime.proxies.record import record

T = TypeVar("T")

METHODS = ("beg", "dir", "dom", "end", "len", "reg", "sub", "ip", "str", "int", "found", "bool")
"""What a fetch's name may end in, and ``-m`` may say."""
_NUMBERS = {"dst_port", "src_port", "hdr_cnt", "fhdr_cnt", "cook_cnt", "hdr_val", "cook_val", "urlp_val", "int"}
_TRUTHS = {
    "always_true",
    "always_false",
    "bool",
    "ssl_fc",
    "ssl_fc_has_sni",
    "http_auth",
    "proto_http",
    "req_proto_http",
}
_OPERATORS: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda given, wanted: given == wanted,
    "ge": lambda given, wanted: given >= wanted,
    "gt": lambda given, wanted: given > wanted,
    "le": lambda given, wanted: given <= wanted,
    "lt": lambda given, wanted: given < wanted,
}
_PREDEFINED: dict[str, tuple[str, ...]] = {
    "FALSE": ("always_false",),
    "TRUE": ("always_true",),
    "HTTP": ("req_proto_http",),
    "HTTP_1.0": ("req_ver", "1.0"),
    "HTTP_1.1": ("req_ver", "1.1"),
    "HTTP_2.0": ("req_ver", "2.0"),
    "HTTP_URL_ABS": ("url_reg", "^[^/:]*://"),
    "HTTP_URL_SLASH": ("url_beg", "/"),
    "HTTP_URL_STAR": ("url", "*"),
    "LOCALHOST": ("src", "127.0.0.1/8", "::1"),
    "METH_CONNECT": ("method", "CONNECT"),
    "METH_DELETE": ("method", "DELETE"),
    "METH_GET": ("method", "GET", "HEAD"),
    "METH_HEAD": ("method", "HEAD"),
    "METH_OPTIONS": ("method", "OPTIONS"),
    "METH_POST": ("method", "POST"),
    "METH_PUT": ("method", "PUT"),
    "METH_TRACE": ("method", "TRACE"),
    "WAIT_END": ("always_true",),
}


@record
class Criterion:
    """What one line of an ACL asks: a sample, how it is compared, and with what."""

    calls: tuple[Call, ...]
    method: str
    values: tuple[str, ...]
    """As written; for numbers with their operators."""
    ignore_case: bool = False
    files: tuple[str, ...] = ()

    @property
    def fetch(self) -> str:
        """The name of what it looks at, without ``req.``."""
        return self.calls[0].name.removeprefix("req.")

    def holds(self, exchange: Exchange) -> bool:
        """Tell whether a request meets it.

        Raises:
            Unknown: that cannot be told.
        """
        found = values(self.calls, exchange)
        if self.method == "found":
            return bool(found)
        wanted = [known(value) for value in self.values]
        for file in self.files:
            if file not in exchange.files:
                raise Unknown(f"the file {file} with the values of an ACL was not given")
            lines = (line.strip() for line in exchange.files[file].splitlines())
            wanted += [line for line in lines if line and not line.startswith("#")]
        return any(self._matches(value, wanted) for value in found)

    def _matches(self, value: Value, wanted: list[str]) -> bool:
        if self.method == "bool":
            return bool(integer(text(value)))
        if self.method in ("int", "len"):
            return _in_numbers(len(text(value)) if self.method == "len" else integer(text(value)), wanted)
        if self.method == "ip":
            return any(_in_network(text(value), each) for each in wanted)
        given = text(value)
        if self.method == "reg":
            return any(patterns.search(each, given, ignore_case=self.ignore_case) is not None for each in wanted)
        if self.ignore_case:
            given, wanted = given.lower(), [each.lower() for each in wanted]
        return any(_COMPARISONS[self.method](given, each) for each in wanted)


_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "str": lambda given, wanted: given == wanted,
    "beg": str.startswith,
    "end": str.endswith,
    "sub": lambda given, wanted: wanted in given,
    "dir": lambda given, wanted: within(wanted, given, FOLDER),
    "dom": lambda given, wanted: within(wanted, given, DOMAIN),
}


def _in_numbers(given: int, wanted: list[str]) -> bool:
    compare = _OPERATORS["eq"]
    for word in wanted:
        if word in _OPERATORS:
            compare = _OPERATORS[word]
        elif found := re.fullmatch(r"([0-9]{0,18}):([0-9]{0,18})", word):
            low, high = found.groups()
            if (not low or given >= int(low)) and (not high or given <= int(high)):
                return True
        elif not re.fullmatch(r"-?[0-9]{1,18}", word):
            raise Unknown(f"the number {word} is not followed")
        elif compare(given, int(word)):
            return True
    return False


def _in_network(given: str, wanted: str) -> bool:
    try:
        network = ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        raise Unknown(f"the address {wanted} is not followed") from None
    try:
        return ipaddress.ip_address(given) in network
    except ValueError:
        return False


def criterion(words: tuple[str, ...]) -> Criterion:
    """Read what follows the name in an ``acl`` line, or stands in braces.

    Raises:
        Unknown: it is not followed.
    """
    if not words:
        raise Unknown("an ACL without a criterion")
    first, *converters = parse(known(words[0]))
    name, method = first.name, ""
    if not is_fetch(name):
        stem, _, ending = name.rpartition("_")
        if ending not in METHODS or not is_fetch(stem):
            raise Unknown(f"{first.name} is known only while HAProxy runs, or is not followed")
        name, method = stem, ending
    bare = name.removeprefix("req.")
    files: list[str] = []
    ignore_case = False
    rest = list(words[1:])
    while rest and rest[0].startswith("-") and len(rest[0]) == 2:
        flag = rest.pop(0)
        if flag == "--":
            break
        if flag == "-i":
            ignore_case = True
        elif flag in ("-m", "-f") and rest:
            argument = rest.pop(0)
            if flag == "-f":
                files.append(argument)
            elif argument in METHODS:
                method = argument
            else:
                raise Unknown(f"the comparison {argument} of an ACL is not followed")
        else:
            raise Unknown(f"the flag {flag} of an ACL is not followed")
    calls = (Call(name, first.arguments), *converters)
    if not method:
        method = _default_method(bare, [call.name for call in converters])
    return Criterion(calls, method, tuple(rest), ignore_case, tuple(files))


def _default_method(name: str, converters: list[str]) -> str:
    if converters:
        last = converters[-1]
        if last in ("not", "bool"):
            return "bool"
        if last == "length":
            return "int"
        return "str"
    if name in _TRUTHS:
        return "bool"
    if name in _NUMBERS:
        return "int"
    return "ip" if name in ("src", "hdr_ip") else "str"


@record
class Term:
    """One word of a condition: an ACL by name, or what stands in braces."""

    negated: bool
    name: str
    words: tuple[str, ...] = ()

    def lines(self, acls: Mapping[str, tuple[Line, ...]]) -> list[tuple[str, ...]]:
        """Return the words of each of its criteria, one of which must be met.

        Raises:
            Unknown: there is no such ACL.
        """
        if not self.name:
            return [self.words]
        if self.name in acls:
            return [line.words[2:] for line in acls[self.name]]
        if self.name in _PREDEFINED:
            return [_PREDEFINED[self.name]]
        raise Unknown(f"there is no ACL {self.name}")


Condition = tuple[tuple[Term, ...], ...]
"""Alternatives, of which each is a list of terms that must all hold."""


def condition(words: tuple[str, ...]) -> Condition:
    """Read the words after ``if`` or ``unless``.

    Raises:
        Unknown: a brace is not closed, or a term is missing.
    """
    alternatives: list[list[Term]] = [[]]
    negated = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("or", "||"):
            alternatives.append([])
            continue
        while word.startswith("!"):
            negated = not negated
            word = word[1:]
        if not word:
            continue
        if word == "{":
            if "}" not in rest:
                raise Unknown("a brace of a condition is not closed")
            end = rest.index("}")
            alternatives[-1].append(Term(negated, "", tuple(rest[:end])))
            del rest[: end + 1]
        else:
            alternatives[-1].append(Term(negated, word))
        negated = False
    if not all(alternatives):
        raise Unknown("a condition lacks a term")
    return tuple(tuple(terms) for terms in alternatives)


def holds(words: tuple[str, ...], acls: Mapping[str, tuple[Line, ...]], exchange: Exchange) -> bool:
    """Tell whether the words ``if …`` or ``unless …`` let a rule act; no words always do.

    Raises:
        Unknown: that cannot be told.
    """
    if not words:
        return True
    met = _any(lambda terms: _all_hold(terms, acls, exchange), condition(words[1:]))
    return met == (words[0] == "if")


def _all_hold(terms: tuple[Term, ...], acls: Mapping[str, tuple[Line, ...]], exchange: Exchange) -> bool:
    """Tell whether all terms hold: one that does not decides, whatever is unknown beside it."""
    return not _any(lambda term: not _holds(term, acls, exchange), terms)


def _holds(term: Term, acls: Mapping[str, tuple[Line, ...]], exchange: Exchange) -> bool:
    return _any(lambda words: criterion(words).holds(exchange), term.lines(acls)) != term.negated


def _any(test: Callable[[T], bool], items: tuple[T, ...] | list[T]) -> bool:
    unknown: Unknown | None = None
    for item in items:
        try:
            if test(item):
                return True
        except Unknown as why:
            unknown = unknown or why
    if unknown:
        raise unknown
    return False
