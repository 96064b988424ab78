"""Access: Require (mod_authz_core), logins, and the old Order, Allow and Deny (mod_access_compat)."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from enum import Enum
from urllib.parse import urlsplit

from raven_realtime.proxies.apache.directives import Directive
from raven_realtime.proxies.apache.exchange import Exchange
from raven_realtime.proxies.apache.unknown import Unknown
from raven_realtime.proxies.interface import Answered, Consulted
from raven_realtime.proxies.record import record

_CONTAINERS = ("requireall", "requireany", "requirenone")
_ASKING = ("valid-user", "user", "group", "file-owner", "dbm-group", "claim", "shib-session", "shibboleth")
_BY_HEADER = ("basic", "digest", "negotiate", "gssapi", "kerberos", "bearer", "jwt")
"""Kinds of login where the browser sends Authorization, and gets 401 without."""


class Answer(Enum):
    """What one Require says."""

    GRANTED = "granted"
    DENIED = "denied"
    NEUTRAL = "neutral"
    """It does not apply."""
    LOGIN = "login"
    """It depends on who asks."""


@record
class Access:
    """Whether a request may go on: the answer it gets if not, or who is asked, and what is taken for granted."""

    refused: Answered | None = None
    consulted: tuple[Consulted, ...] = ()
    assumed: tuple[str, ...] = ()


def check(layers: Sequence[Sequence[Directive]], exchange: Exchange) -> Access:
    """Tell whether a request may go on.

    Args:
        layers: the directives of the server and of each section that covers the request, in the order of merging.
        exchange: the request.

    Raises:
        Unknown: that depends on what is known only while Apache runs.
    """
    required = _required(layers)
    flat = [line for layer in layers for line in layer]
    old = _old_rules(flat, exchange)
    satisfy = _last(flat, "satisfy")
    any_is_enough = satisfy is not None and satisfy.argument(0).lower() == "any"
    answer, line = _all_required(required, exchange)
    if any_is_enough and (answer is Answer.GRANTED or (old is None and _has_old(flat))):
        return Access()
    if old is not None and not any_is_enough:
        return Access(refused=old)
    if answer is Answer.DENIED and line is not None:
        return Access(refused=Answered(403, "Require refuses it", line.location))
    if answer is Answer.LOGIN and line is not None:
        return _login(flat, line, exchange)
    return Access()


def _last(lines: Sequence[Directive], name: str) -> Directive | None:
    return next((line for line in reversed(lines) if line.name == name), None)


def _required(layers: Sequence[Sequence[Directive]]) -> tuple[Directive, ...]:
    """Return the Requires that count: those of the innermost section that has any (``AuthMerging Off``)."""
    found: tuple[Directive, ...] = ()
    for layer in layers:
        here = tuple(line for line in layer if line.name == "require" or line.name in _CONTAINERS)
        if here and any(line.name == "authmerging" and line.argument(0).lower() != "off" for line in layer):
            raise Unknown("AuthMerging is not followed", here[0].location)
        found = here or found
    return found


def _all_required(lines: tuple[Directive, ...], exchange: Exchange) -> tuple[Answer, Directive | None]:
    if not lines:
        return Answer.GRANTED, None
    return _any(lines, exchange), lines[0]


def _any(lines: Sequence[Directive], exchange: Exchange) -> Answer:
    answers = _answers(lines, exchange)
    for wanted in (Answer.GRANTED, Answer.LOGIN, Answer.DENIED):
        if wanted in answers:
            return wanted
    return Answer.NEUTRAL if not answers else Answer.DENIED


def _answers(lines: Sequence[Directive], exchange: Exchange) -> list[Answer]:
    """Ask each; one that is granted decides, whatever is unknown beside it."""
    answers: list[Answer] = []
    unknown: Unknown | None = None
    for line in lines:
        try:
            answers.append(_one(line, exchange))
        except Unknown as why:
            unknown = unknown or Unknown(why.why, why.location or line.location)
    if unknown and Answer.GRANTED not in answers:
        raise unknown
    return answers


def _one(line: Directive, exchange: Exchange) -> Answer:
    if line.name == "requireany":
        return _any(line.inside, exchange)
    if line.name in ("requireall", "requirenone"):
        answers = [_one(each, exchange) for each in line.inside if each.name == "require" or each.name in _CONTAINERS]
        if line.name == "requirenone":
            if Answer.LOGIN in answers:
                raise Unknown("RequireNone depends on who asks")
            return Answer.DENIED if Answer.GRANTED in answers else Answer.NEUTRAL
        for wanted in (Answer.DENIED, Answer.LOGIN, Answer.GRANTED):
            if wanted in answers:
                return wanted
        return Answer.NEUTRAL
    words = [word.lower() for word in line.arguments]
    negated = words[:1] == ["not"]
    if negated:
        words = words[1:]
    answer = _plain(words, exchange)
    if not negated:
        return answer
    if answer is Answer.LOGIN:
        raise Unknown("it depends on who asks")
    return Answer.DENIED if answer is Answer.GRANTED else Answer.NEUTRAL


def _plain(words: list[str], exchange: Exchange) -> Answer:
    kind, rest = (words[0], words[1:]) if words else ("", [])
    if kind == "all":
        return Answer.GRANTED if rest[:1] == ["granted"] else Answer.DENIED
    if kind == "ip":
        return Answer.GRANTED if any(within(exchange.request.client, word) for word in rest) else Answer.DENIED
    if kind == "local":
        return Answer.GRANTED if within(exchange.request.client, "127.0.0.0/8") else Answer.DENIED
    if kind == "method":
        return Answer.GRANTED if exchange.request.method.lower() in rest else Answer.DENIED
    if kind in _ASKING or kind.startswith("ldap-"):
        return Answer.LOGIN
    raise Unknown(f"Require {' '.join(words)} is known only while Apache runs")


def within(client: str, word: str) -> bool:
    """Tell whether an address is in a network, written in full, with a mask, or as its first numbers.

    Raises:
        Unknown: it is none of these.
    """
    parts = word.rstrip(".").split(".")
    if "/" not in word and ":" not in word and len(parts) < 4 and all(part.isdigit() for part in parts):
        word = ".".join((*parts, *["0"] * (4 - len(parts)))) + f"/{8 * len(parts)}"
    try:
        return ipaddress.ip_address(client) in ipaddress.ip_network(word, strict=False)
    except ValueError:
        raise Unknown(f"the address {word} is not followed") from None


def _login(lines: Sequence[Directive], required: Directive, exchange: Exchange) -> Access:
    kind = _last(lines, "authtype")
    if kind is None or kind.argument(0).lower() == "none":
        return Access(refused=Answered(500, "Require asks who it is, and there is no AuthType", required.location))
    if kind.argument(0).lower() in _BY_HEADER:
        if not exchange.has("Authorization"):
            return Access(refused=Answered(401, "a name and a password are asked for", required.location))
        return Access(assumed=("the name and the password in Authorization are right",))
    provider = next(
        (
            line
            for name in ("oidcprovidermetadataurl", "oidcproviderissuer", "casloginurl")
            if (line := _last(lines, name))
        ),
        None,
    )
    address = urlsplit(provider.argument(0)).netloc if provider and provider.argument(0).isprintable() else ""
    return Access(consulted=(Consulted(address or kind.argument(0), kind.location),))


def _has_old(lines: Sequence[Directive]) -> bool:
    return any(line.name in ("order", "allow", "deny") for line in lines)


def _old_rules(lines: Sequence[Directive], exchange: Exchange) -> Answered | None:
    """Tell whether Order, Allow and Deny refuse a request."""
    if not _has_old(lines):
        return None
    order = _last(lines, "order")
    allows = [line for line in lines if line.name == "allow"]
    denies = [line for line in lines if line.name == "deny"]
    allowed = any(_meant(line, exchange) for line in allows)
    denied = any(_meant(line, exchange) for line in denies)
    first = order.argument(0).lower().replace(" ", "") if order else "deny,allow"
    refused = (denied and not allowed) if first.startswith("deny") else (denied or not allowed)
    line = next(iter((*denies, *allows)), order)
    return Answered(403, "Order, Allow and Deny refuse it", line.location if line else None) if refused else None


def _meant(line: Directive, exchange: Exchange) -> bool:
    words = line.arguments[1:] if line.argument(0).lower() == "from" else line.arguments
    for word in words:
        if word.lower() == "all":
            return True
        if not word[:1].isdigit() and ":" not in word:
            raise Unknown(f"{line.name} from {word} is known only while Apache runs", line.location)
        if within(exchange.request.client, word):
            return True
    return False
