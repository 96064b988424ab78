"""reverse_proxy and its kin as a Caddyfile writes them.

Sources: https://caddyserver.com/docs/caddyfile/directives/reverse_proxy, …/forward_auth and …/php_fastcgi.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from raven_realtime.proxies.caddy.headers import Changes, operation, together
from raven_realtime.proxies.caddy.matcher_syntax import ranges
from raven_realtime.proxies.caddy.proxying import Intercepted, ReverseProxy, Transport, Upstream
from raven_realtime.proxies.caddy.responding import HeaderChanges, Passive
from raven_realtime.proxies.caddy.rewriting import Rewrite
from raven_realtime.proxies.caddy.routes import Route
from raven_realtime.proxies.caddy.tokens import Token
from raven_realtime.proxies.caddy.tree import Directive
from raven_realtime.proxies.caddy.values import seconds

Block = Callable[[Directive], tuple[Route, ...]]
"""Builds the routes of a block."""

_SCHEME = re.compile(r"(https?|h2c|wss?)://(.*)", re.DOTALL)
_MANY_PORTS = 1000


def reverse_proxy(line: Directive, block: Block) -> ReverseProxy:  # noqa: PLR0912 - a branch for each word
    """Return what a reverse_proxy, its matcher taken off, says."""
    upstreams: list[Upstream] = []
    schemes: set[str] = set()
    _add(line.tokens[1:], upstreams, schemes)
    made = ReverseProxy(line.location)
    changes: list[Changes] = []
    answers: dict[str, Directive] = {}
    for each in line.lines:
        words = each.arguments
        first, second, third = (*words, "", "", "")[:3]
        match each.name:
            case "to":
                _add(each.tokens[1:], upstreams, schemes)
            case "dynamic":
                made = replace(made, dynamic=first or "dynamic")
            case "lb_policy":
                made = replace(made, policy=first, policy_by=second)
            case "header_up" if words:
                changes.append(operation(first, second, third))
            case "method" | "rewrite":
                rewrite = made.rewrite or Rewrite(each.location)
                changed = replace(rewrite, method=first) if each.name == "method" else replace(rewrite, uri=first)
                made = replace(made, rewrite=changed)
            case "trusted_proxies":
                made = replace(made, trusted=made.trusted + ranges(words))
            case "transport":
                made = replace(made, transport=_transport(each))
            case "stream_timeout":
                made = replace(made, stream_seconds=seconds(first))
            case "handle_response":
                made = replace(made, intercepted=(*made.intercepted, _intercepted(each, answers, block)))
            case name if name.startswith("@"):
                answers[name] = each
    transport = made.transport
    if transport.protocol == "http":
        tls = transport.tls or bool(schemes & {"https", "wss"})
        transport = replace(transport, tls=tls, versions=("h2c", "2") if "h2c" in schemes else transport.versions)
    if any(upstream.dial.startswith("srv+") for upstream in upstreams):
        made, upstreams = replace(made, dynamic="srv"), []
    with_matchers_first = sorted(made.intercepted, key=lambda each: not each.matched)
    return replace(
        made,
        upstreams=tuple(upstreams),
        transport=transport,
        headers=together(changes),
        intercepted=tuple(with_matchers_first),
    )


def _add(tokens: tuple[Token, ...], upstreams: list[Upstream], schemes: set[str]) -> None:
    """Take addresses of upstreams: ``host``, ``:port``, ``http://host``, ``unix//path``, a range of ports."""
    for token in tokens:
        text = token.text
        scheme = ""
        if found := _SCHEME.fullmatch(text):
            scheme, text = found[1], found[2].partition("/")[0]
        elif text.startswith("unix+h2c/"):
            scheme = "h2c"
        schemes.add(scheme)
        for dial in dials(text, "443" if scheme in ("https", "wss") else "80"):
            upstreams.append(Upstream(dial, token.location))


def dials(address: str, usual: str) -> list[str]:
    """Return the address, or addresses, that are dialled: with its port, and one for each port of a range."""
    network, slash, rest = address.partition("/")
    if slash and network.startswith("unix"):
        return [address]
    prefix, rest = (f"{network}/", rest) if slash else ("", address)
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):(\d{1,5})-(\d{1,5})", rest)
    if found and int(found[2]) <= int(found[3]) < int(found[2]) + _MANY_PORTS:
        return [f"{prefix}{found[1]}:{port}" for port in range(int(found[2]), int(found[3]) + 1)]
    without_variables = re.sub(r"\{[^}]*\}", "", rest)
    has_port = re.search(r":[^\]:]+$", without_variables) or re.search(r":\{[^}]*\}$", rest)
    if has_port or "{" in rest:
        return [address]
    return [f"{prefix}{rest.removesuffix(':')}:{usual}"]


def _transport(line: Directive) -> Transport:
    made = Transport(line.arguments[0] if line.arguments else "http")
    for each in line.lines:
        words = each.arguments
        first = words[0] if words else ""
        match each.name:
            case "versions":
                made = replace(made, versions=words)
            case "read_timeout":
                made = replace(made, read_seconds=seconds(first))
            case "response_header_timeout":
                made = replace(made, answer_seconds=seconds(first))
            case "compression":
                made = replace(made, compression=first != "off")
            case "tls_except_ports":
                made = replace(made, tls=True, except_ports=words)
            case name if name == "tls" or name.startswith("tls_"):
                made = replace(made, tls=True)
    return made


def _intercepted(line: Directive, answers: dict[str, Directive], block: Block) -> Intercepted:
    """Return what a handle_response says."""
    named = answers.get(line.arguments[0]) if line.arguments else None
    if named is None:
        return Intercepted(bool(line.arguments), (), block(line))
    lines = (Directive(named.tokens[1:], named.block, named.location),) if named.arguments else named.lines
    words = [word for each in lines if each.name == "status" for word in each.arguments]
    found = (re.fullmatch(r"(\d)xx|(\d{3})", word) for word in words)
    statuses = tuple(int(each[1] or each[2]) for each in found if each)
    only_headers = not words
    return Intercepted(True, (2,) if only_headers else statuses, block(line))


def forward_auth(line: Directive, block: Block) -> ReverseProxy:
    """Return the proxy that a forward_auth, its matcher taken off, stands for."""
    uri, copied = "", []
    rest = []
    for each in line.lines:
        if each.name == "uri":
            uri = "".join(each.arguments[:1])
        elif each.name == "copy_headers":
            copied += [*each.arguments, *(inner.name for inner in each.lines)]
        else:
            rest.append(each)
    made = reverse_proxy(replace(line, block=tuple(rest)), block)
    location = line.location
    pairs = [(given, renamed or given) for given, _, renamed in (name.partition(">") for name in copied)]
    changes = Changes(set=tuple((name, f"{{http.reverse_proxy.header.{given}}}") for given, name in pairs))
    passes = Route((), (Passive(location), HeaderChanges(location, changes)), location)
    told = Changes(set=(("X-Forwarded-Method", "{http.request.method}"), ("X-Forwarded-Uri", "{http.request.uri}")))
    rewrite = Rewrite(location, method="GET", uri=uri)
    return replace(
        made,
        headers=together([told, made.headers]),
        rewrite=replace(rewrite, uri=made.rewrite.uri) if made.rewrite and made.rewrite.uri else rewrite,
        intercepted=(Intercepted(True, (2,), (passes,)), *made.intercepted),
    )
