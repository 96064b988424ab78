"""ngrok's Traffic Policy: what its rules do to a request on the way.

Source: ngrok's documentation of Traffic Policy (how it works, actions). The options of tunnels in older configuration
files are the same actions by other names.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import field, replace

from raven_realtime.proxies.interface import (
    Answered,
    Consulted,
    Headers,
    Outcome,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.tunnels.address import split_url
from raven_realtime.proxies.tunnels.document import Element, Kind
from raven_realtime.proxies.tunnels.expressions import compiled, evaluate, interpolate
from raven_realtime.proxies.tunnels.headers import replaced, without

_NEUTRAL = (
    *("log", "set-vars", "compress-response", "rate-limit", "circuit-breaker", "http-request", "terminate-tls"),
    *("owasp-crs-request", "owasp-crs-response"),
)
"""Actions that let an ordinary request pass as it is."""
_LOGINS = ("oauth", "openid-connect", "saml")
_PROOFS = ("basic-auth", "jwt-validation")
_HEADERS = ("add-headers", "remove-headers")


@record
class Action:
    """One thing that a rule does."""

    type: str
    config: Element
    location: Location


@record
class Rule:
    """A rule of a policy: under what conditions, all of which must hold, which actions."""

    actions: tuple[Action, ...]
    expressions: tuple[str, ...] = ()
    location: Location = field(default_factory=lambda: Location(""))


@record
class Travelling:
    """A request on its way through a policy, and what is known of it by then."""

    request: Request
    """As it reached the endpoint: what expressions speak of."""
    host: str
    target: str
    headers: Headers
    scheme: str
    unknown: tuple[tuple[str, str], ...] = ()
    consulted: tuple[Consulted, ...] = ()


@record
class Forwarded:
    """The request goes on to another endpoint of the same account."""

    url: str
    location: Location


def rules_of(policy: Element | None) -> Iterator[Rule]:
    """Read the rules for requests of a policy: ``on_http_request``, or ``inbound`` as it was called before."""
    for phase in ("on_http_request", "inbound"):
        listed = policy.get(phase) if policy else None
        for item in listed.items if listed else ():
            conditions = item.get("expressions")
            yield Rule(
                actions=tuple(_actions(item.get("actions"))),
                expressions=tuple(text for text, _ in conditions.texts()) if conditions else (),
                location=item.location,
            )


def _actions(listed: Element | None) -> Iterator[Action]:
    for item in listed.items if listed else ():
        yield Action(item.string("type"), item.get("config") or Element(item.location), item.place("type"))


def applied(rules: Iterable[Rule], start: Travelling) -> Travelling | Forwarded | Outcome:
    """Apply rules in order, until one of them ends the request's way."""
    state = start
    for rule in rules:
        holds = _holds(rule, state)
        if holds is False:
            continue
        for action in rule.actions:
            result = _perhaps(action, rule, state) if holds is None else _acted(action, state)
            if not isinstance(result, Travelling):
                return result
            state = result
    return state


def _holds(rule: Rule, state: Travelling) -> bool | None:
    verdicts = [evaluate(expression, state.request, state.scheme) for expression in rule.expressions]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _perhaps(action: Action, rule: Rule, state: Travelling) -> Travelling | Undecided:
    """Apply an action of which it is not known whether its rule holds."""
    if action.type in _NEUTRAL:
        return state
    why = f"whether the rule holds cannot be told: {' && '.join(rule.expressions)}"
    if action.type in _HEADERS:
        names = [name.lower() for name, _ in header_values(action)]
        return replace(state, unknown=(*state.unknown, *((name, why) for name in names)))
    return Undecided(why[0].upper() + why[1:], rule.location)


def _acted(action: Action, state: Travelling) -> Travelling | Forwarded | Outcome:
    kind, config, place = action.type, action.config, action.location
    if kind in _NEUTRAL:
        return state
    if kind in _HEADERS:
        return _with_headers(action, state)
    if kind in _LOGINS + _PROOFS:
        return _proved(action, state)
    if kind == "restrict-ips":
        return _restricted(action, state)
    if kind == "url-rewrite":
        return _rewritten(action, state)
    if kind == "redirect":
        return _redirected(action, state)
    if kind == "deny":
        return Answered(_status(config, 403), "a rule denies it", place)
    if kind == "close-connection":
        return Answered(None, "a rule closes the connection", place)
    if kind == "custom-response":
        return Answered(_status(config, 200), "a rule answers by itself", place, body=config.string("body"))
    if kind == "forward-internal":
        url = interpolate(config.string("url"), state.request, state.scheme)
        if url is None:
            return Undecided(f"Where to is only known while ngrok runs: {config.string('url')}", place)
        return Forwarded(url, place)
    return Undecided(f'What the action "{kind}" does to the request is not known', place)


def _status(config: Element, otherwise: int) -> int:
    text = config.string("status_code")
    return int(text) if text.isascii() and text.isdigit() and len(text) == 3 else otherwise


def header_values(action: Action) -> list[tuple[str, str]]:
    """Return the headers that an action adds, with their values as they are written, or those that it removes."""
    listed = action.config.get("headers")
    if listed is None:
        return []
    if listed.kind is Kind.MAPPING:
        return [(name, value.text) for name, value in listed.entries]
    return [(text, "") for text, _ in listed.texts()]


def _with_headers(action: Action, state: Travelling) -> Travelling:
    given = header_values(action)
    if action.type == "remove-headers":
        names = [name for name, _ in given if name.lower() not in ("host", "user-agent")]
        unknown = tuple(entry for entry in state.unknown if entry[0] not in {name.lower() for name in names})
        return replace(state, headers=without(state.headers, *names), unknown=unknown)
    for name, template in given:
        value = interpolate(template, state.request, state.scheme)
        if value is None:
            state = replace(state, unknown=(*state.unknown, (name.lower(), f"ngrok makes it of {template}")))
        elif name.lower() == "host":
            state = replace(state, host=value)
        else:
            state = replace(state, headers=(*state.headers, (name, value)))
    return state


def _proved(action: Action, state: Travelling) -> Travelling:
    if action.config.string("enforce").lower() == "false":
        return state
    address = "idp.ngrok.com" if action.type in _LOGINS else f"ngrok ({action.type})"
    return replace(state, consulted=(*state.consulted, Consulted(address, action.location)))


def _restricted(action: Action, state: Travelling) -> Travelling | Outcome:
    config = action.config
    if config.string("enforce").lower() == "false":
        return state
    if config.get("ip_policies") is not None:
        return Undecided("The IP policies are in ngrok's dashboard", action.location)
    allowed, denied = _covered(config.get("allow"), state), _covered(config.get("deny"), state)
    if allowed is None or denied is None:
        return Undecided("The address ranges cannot be read", action.location)
    if denied or (config.get("allow") is not None and not allowed):
        return Answered(403, f"the address {state.request.client} is not let in", action.location)
    return state


def _covered(ranges: Element | None, state: Travelling) -> bool | None:
    try:
        client = ipaddress.ip_address(state.request.client)
        networks = [ipaddress.ip_network(text, strict=False) for text, _ in (ranges.texts() if ranges else ())]
    except ValueError:
        return None
    return any(client.version == network.version and client in network for network in networks)


def _changed_url(action: Action, state: Travelling) -> str | Undecided:
    """Replace the parts of the whole URL that ``from`` matches; all of it without one."""
    url = f"{state.scheme}://{state.host}{state.target}"
    source = interpolate(action.config.string("from"), state.request, state.scheme)
    target = interpolate(action.config.string("to"), state.request, state.scheme)
    if source is None or target is None:
        return Undecided("The new URL is only known while ngrok runs", action.location)
    if not source:
        return target
    pattern = compiled(source)
    if pattern is None:
        return Undecided(f'"{source}" is no regular expression that Go reads', action.location)
    template = re.sub(r"\\|\$\$|\$\{?(\d)\}?", _as_re2_writes_it, target)
    try:
        return str(pattern.sub(template, url))
    except (ValueError, IndexError, UnicodeError, LookupError):
        return Undecided(f'What "{target}" makes of the URL is not known', action.location)


def _as_re2_writes_it(match: re.Match[str]) -> str:
    """Turn ``$1`` into what RE2 for Python writes for it, and keep what would be taken for that."""
    if match[1]:
        return "\\" + match[1]
    return "$" if match[0] == "$$" else "\\\\"


def _rewritten(action: Action, state: Travelling) -> Travelling | Undecided:
    url = _changed_url(action, state)
    if isinstance(url, Undecided):
        return url
    parts = split_url(url)
    if parts is None:
        return Undecided(f'"{url}" is no URL', action.location)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return replace(state, target=target, host=parts.netloc or state.host)


def _redirected(action: Action, state: Travelling) -> Travelling | Outcome:
    url = _changed_url(action, state)
    if isinstance(url, Undecided):
        return url
    if url == f"{state.scheme}://{state.host}{state.target}":
        return state
    return Redirected(_status(action.config, 302), url, action.location)


def with_forwarded(state: Travelling, client: str) -> Travelling:
    """Add what ngrok tells the server of the client ("Upstream headers"): each appended to what the client sent."""
    headers = state.headers
    for name, value in (("X-Forwarded-For", client), ("X-Forwarded-Proto", state.scheme)):
        sent = [old for given, old in headers if given.lower() == name.lower()]
        headers = replaced(headers, (name, ", ".join([*sent, value])))
    if not any(name.lower() == "x-forwarded-host" for name, _ in headers):
        headers = (*headers, ("X-Forwarded-Host", state.host))
    return replace(state, headers=headers)
