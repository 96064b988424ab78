"""The way of a request through Apache: rewriting, mapping, access, headers, and the server it is passed on to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final, Literal

from raven_realtime.proxies.apache import access, headers, patterns, redirecting, rewriting
from raven_realtime.proxies.apache.directives import Directive
from raven_realtime.proxies.apache.exchange import Exchange, merged
from raven_realtime.proxies.apache.paths import covered, decoded, encoded
from raven_realtime.proxies.apache.sections import locations, proxied, refuse_conditions
from raven_realtime.proxies.apache.servers import Server, choose
from raven_realtime.proxies.apache.unknown import Unknown
from raven_realtime.proxies.apache.workers import Worker, address, balancer, passes, target, worker_for, workers
from raven_realtime.proxies.interface import Affinity, Answered, Listener, Outcome, Passed, Redirected, Request
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

UPGRADES_SINCE = (2, 4, 47)
"""The version from which mod_proxy_http itself relays an upgrade, and takes ``ws://`` for plain requests too."""
FILE: Final = "a file"
"""What a rule without P, R or PT makes of a request, whatever ProxyPass says."""
_HOP_BY_HOP = ("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "mi": 60.0, "min": 60.0, "h": 3600.0}


@record
class Mapped:
    """The address that a request is mapped to, and by which line."""

    address: str
    line: Directive | None
    location: Location
    query: str | None


def handle(
    servers: tuple[Server, ...],
    listeners: tuple[Listener, ...],
    request: Request,
    *,
    version: tuple[int, ...],
    assumed: tuple[str, ...],
) -> Outcome:
    """Tell what becomes of a request.

    Raises:
        Unknown: that cannot be told.
    """
    listener = _listener(listeners, request)
    if listener is None:
        return Answered(None, f"nobody listens on port {request.port}")
    server = choose(servers, listener.port, request.host)
    if listener.tls != request.tls:
        if request.tls:
            return Answered(None, "an encrypted request on an unencrypted port", listener.location)
        return Answered(400, "an unencrypted request on an encrypted port", listener.location)
    if not request.host and request.version != "1.0":
        return Answered(400, "a request without a Host header")
    raw, mark, query = request.target.partition("?")
    path = decoded(
        raw,
        merge=server.setting("mergeslashes") != "off",
        slashes=server.setting("allowencodedslashes") in ("on", "nodecode"),
    )
    if isinstance(path, int):
        return Answered(path, "a path that Apache does not take")
    exchange = Exchange(
        request, server, listener.port, listener.tls, path, query if mark else None, merged(request), request.host
    )
    exchange.assumed += assumed
    return _mapped(exchange, version)


def _listener(listeners: tuple[Listener, ...], request: Request) -> Listener | None:
    if request.port is None:
        return next((each for each in listeners if each.tls == request.tls), listeners[0])
    there = [each for each in listeners if each.port == request.port]
    return next((each for each in there if not each.address), there[0] if there else None)


def _mapped(exchange: Exchange, version: tuple[int, ...]) -> Outcome:
    server = exchange.server
    refuse_conditions(tuple(server.all("if", "elseif", "else", "use")))
    headers.change(server.all("requestheader"), exchange, early=True)
    sections = list(locations(server, exchange.path))  # of the path that was asked for: rules come after this
    mapped = _rewritten(exchange, sections)
    if isinstance(mapped, Answered | Redirected):
        return mapped
    if mapped == FILE:
        return _within_sections(exchange, None, version)
    found = mapped if isinstance(mapped, Mapped) else _passed_by_path(exchange, sections)
    if found is None:
        whole = [line for section in sections for line in section.inside if redirecting.is_whole(line)]
        main = server.main.own(*redirecting.NAMES) if server.main else ()
        if answer := redirecting.redirected((*whole[-1:], *server.own(*redirecting.NAMES), *main), exchange):
            return answer
    return _within_sections(exchange, found, version)


def _rewritten(
    exchange: Exchange, sections: Sequence[Directive]
) -> Mapped | Answered | Redirected | Literal["a file"] | None:
    """Let the rules of the server act: before all else, and on the path that the client asked for."""
    server = exchange.server
    if any("inherit" in " ".join(line.arguments).lower() for line in server.all("rewriteoptions")):
        raise Unknown("RewriteOptions with Inherit is not followed")
    found = rewriting.rules(server.own("rewritecond", "rewriterule"))
    if not found or not _rewriting(server, sections):
        return None
    outcome = rewriting.rewrite(found, exchange)
    if outcome is None:
        return None
    if outcome.kind == "status":
        return Answered(outcome.status, f"RewriteRule answers {outcome.status}", outcome.location)
    if outcome.kind == "redirect":
        return Redirected(outcome.status, outcome.to, outcome.location)
    if outcome.kind == "proxy":
        exchange.query = outcome.query
        return Mapped(outcome.to, None, outcome.location, outcome.query)
    if not outcome.to.startswith("/"):
        return Answered(400, "RewriteRule makes a path without a slash", outcome.location)
    exchange.query = outcome.query
    if outcome.kind == "file":
        return FILE
    exchange.path = outcome.to
    return None


def _is_rewriting(line: Directive) -> bool:
    return line.name in ("rewriteengine", "rewriterule", "rewritecond", "rewritebase", "rewriteoptions")


def _rewriting(server: Server, sections: Sequence[Directive]) -> bool:
    """Tell whether rules act: the innermost section that covers the request and says so decides, for all of them."""
    inside = [line for section in sections for line in section.inside if line.name == "rewriteengine"]
    return (inside[-1].argument(0).lower() if inside else server.setting("rewriteengine")) == "on"


def _file(exchange: Exchange, location: Location | None) -> Answered:
    assumed = dict.fromkeys((*exchange.assumed, "there is no such file"))
    return Answered(404, "a file, since nothing passes it on", location, assumed=tuple(assumed))


def _passed_by_path(exchange: Exchange, sections: Sequence[Directive]) -> Mapped | None:
    """Find the ProxyPass that covers the path: one in a section that covers it, else the first one of the server."""
    inner: tuple[Directive, Directive] | None = None
    for section in sections:
        for line in section.inside:
            if line.name in ("proxypass", "proxypassmatch"):
                inner = section, line
    if inner:
        found = _try(inner[1], inner[0].argument(len(inner[0].arguments) - 1), exchange, section=inner[0])
        if found == "excluded":
            return None
        if isinstance(found, Mapped):
            return found
    for line, inside in passes(exchange.server):
        if not inside:
            found = _try(line, line.argument(0), exchange, section=None)
            if found == "excluded":
                return None
            if isinstance(found, Mapped):
                return found
    return None


def _try(line: Directive, wanted: str, exchange: Exchange, *, section: Directive | None) -> Mapped | str | None:
    to, words = target(line, inside=section is not None)
    if not to:
        return None
    if any(word.lower() in ("nocanon", "interpolate") or word.lower().startswith("mapping=") for word in words):
        raise Unknown("nocanon, interpolate or mapping of a ProxyPass is not followed", line.location)
    by_pattern = line.name == "proxypassmatch" or (
        section is not None and (section.name == "locationmatch" or section.argument(0) == "~")
    )
    if by_pattern:
        groups = patterns.search(wanted, exchange.path)
        if groups is None:
            return None
        if to == "!":
            return "excluded"
        whole = patterns.expand(to, groups)
        return Mapped(whole + (exchange.path if whole == to else ""), line, line.location, exchange.query)
    if section is not None and re.search(r"[*?\[]", wanted):
        raise Unknown("a ProxyPass in a section with a pattern is not followed", line.location)
    length = covered(exchange.path, wanted)
    if not length:
        return None
    if to == "!":
        return "excluded"
    return Mapped(to + exchange.path[length:], line, line.location, exchange.query)


def _within_sections(exchange: Exchange, mapped: Mapped | None, version: tuple[int, ...]) -> Outcome:
    """Let the sections that cover a request act: who may come in, then what they rewrite, then the headers."""
    server = exchange.server
    layers: list[Sequence[Directive]] = [tuple(server.all(*_PLAIN))]
    if mapped:
        layers += [section.inside for section in proxied(server, mapped.address)]
    covering = list(locations(server, exchange.path))
    for section in covering:
        refuse_conditions(section.inside)
        layers.append(section.inside)
    allowed = access.check(layers, exchange)
    if allowed.refused:
        return allowed.refused
    exchange.assumed += allowed.assumed
    rewritten = _rewritten_in(covering, exchange)
    whole = [line for section in covering for line in section.inside if redirecting.is_whole(line)]
    redirects = [line for section in reversed(covering) for line in section.inside if line.name in redirecting.NAMES]
    partial = [line for line in redirects if not redirecting.is_whole(line)]
    if answer := redirecting.redirected((*whole[-1:], *partial), exchange):
        return answer
    if isinstance(rewritten, Answered | Redirected):
        return rewritten
    mapped = rewritten or mapped
    if mapped is None:
        return _file(exchange, None)
    lines = [line for layer in layers for line in layer if line.name == "requestheader"]
    headers.change(lines, exchange, early=False)
    return _passed(exchange, mapped, version, allowed)


_PLAIN = (
    *("requestheader", "require", "requireall", "requireany", "requirenone", "authtype", "order", "allow", "deny"),
    *("satisfy", "authmerging", "oidcprovidermetadataurl", "oidcproviderissuer", "casloginurl"),
)


def _rewritten_in(covering: list[Directive], exchange: Exchange) -> Mapped | Answered | Redirected | None:
    """Let the rules of the innermost section that has some act."""
    innermost = next((each for each in reversed(covering) if any(map(_is_rewriting, each.inside))), None)
    found = rewriting.rules(innermost.inside) if innermost else []
    if found and _rewriting(exchange.server, covering):
        outcome = rewriting.rewrite(found, exchange, section=True)
        if outcome is None:
            return None
        if outcome.kind == "status":
            return Answered(outcome.status, f"RewriteRule answers {outcome.status}", outcome.location)
        if outcome.kind == "redirect":
            return Redirected(outcome.status, outcome.to, outcome.location)
        if outcome.kind == "proxy":
            return Mapped(outcome.to, None, outcome.location, outcome.query)
        raise Unknown("a rule in a section that makes a path is not followed", outcome.location)
    return None


def _passed(exchange: Exchange, mapped: Mapped, version: tuple[int, ...], allowed: access.Access) -> Outcome:
    server = exchange.server
    line = mapped.line or Directive("rewriterule", (), mapped.location)
    affinity, by = Affinity.NONE, ""
    if mapped.address.lower().startswith("balancer://"):
        found, path = balancer(server, mapped.address, line)
        members = found.usable
        if not members:
            return Answered(503, "no member of the balancer is in use", mapped.location)
        if session := found.parameters.get("stickysession"):
            affinity, by = Affinity.COOKIE, session.partition("|")[0]
        whole = [member.address.rstrip("/") + path for member in members]
        chosen: list[tuple[str, Worker | None]] = list(zip(whole, members, strict=True))
    else:
        parts = address(mapped.address, line)
        chosen = [(mapped.address, worker_for(workers(server), f"{parts.origin}{encoded(parts.path)}"))]
    addresses = [address(text, line) for text, _ in chosen]
    first, worker = addresses[0], chosen[0][1]
    if len({each.path for each in addresses}) > 1:
        raise Unknown("members of a balancer have paths of their own", mapped.location)
    if first.path and first.path[0] not in "/?":
        return Answered(500, "the address lacks a slash between the port and the path", mapped.location)
    parameters = worker.parameters if worker else {}
    upgraded = _upgraded(exchange, first.scheme, parameters.get("upgrade", ""), version)
    if upgraded is None:
        return Answered(500, "mod_proxy_wstunnel takes no request that is no upgrade", mapped.location)
    preserved = _preserves_host(exchange)
    if not preserved:
        if len({each.authority for each in addresses}) > 1:
            exchange.unknown["host"] = "it is that of the server that is chosen"
        else:
            exchange.unknown.pop("host", None)
    sent = _sent(exchange, upgraded)
    ports = {each.port for each in addresses}
    old = _seconds(parameters.get("timeout", "")) or _seconds(server.setting("proxytimeout"))
    own = _seconds(server.setting("timeout")) or 60.0
    return Passed(
        to=tuple(f"{each.host}:{each.port}" for each in addresses),
        request=Request(
            host=exchange.host if preserved else first.authority,
            target=(encoded(first.path) or "/") + (f"?{mapped.query}" if mapped.query is not None else ""),
            method=exchange.request.method,
            headers=sent,
            tls=first.tls,
            port=ports.pop() if len(ports) == 1 else None,
            client=exchange.request.client,
            version="1.1",
        ),
        location=mapped.location,
        unknown=MappingProxyType(dict(exchange.unknown)),
        relays_upgrade=_relays(first.scheme, parameters.get("upgrade", ""), version),
        idle_seconds=max(own, old or own) if upgraded else old or own,
        affinity=affinity,
        by=by,
        consulted=allowed.consulted,
        assumed=tuple(dict.fromkeys(exchange.assumed)),
    )


def _relays(scheme: str, wanted: str, version: tuple[int, ...]) -> bool:
    """Tell whether an upgrade to WebSocket is relayed to an address of this scheme."""
    if scheme in ("ws", "wss"):
        return wanted.lower() not in ("none",)
    return version >= UPGRADES_SINCE and wanted.lower() in ("websocket", "any")


def _upgraded(exchange: Exchange, scheme: str, wanted: str, version: tuple[int, ...]) -> str | None:
    """Return the Upgrade header that is sent on; empty where none is, None where the request is refused."""
    asked = exchange.value("Upgrade")
    relays = _relays(scheme, wanted, version) and bool(asked)
    if relays and wanted.lower() != "any" and asked.lower() != "websocket":
        relays = False
    if scheme in ("ws", "wss") and version < UPGRADES_SINCE and not relays:
        return None
    return asked if relays else ""


def _preserves_host(exchange: Exchange) -> bool:
    preserved = exchange.server.setting("proxypreservehost") == "on"
    for section in locations(exchange.server, exchange.path):
        for line in section.inside:
            if line.name == "proxypreservehost":
                preserved = line.argument(0).lower() == "on"
    return preserved


def _sent(exchange: Exchange, upgraded: str) -> tuple[tuple[str, str], ...]:
    """Return the headers that are sent on: none of this connection only, and those that mod_proxy adds."""
    named = {option.strip().lower() for option in exchange.value("Connection").split(",")}
    for name in (*_HOP_BY_HOP, *named):
        if name and name != "host":
            exchange.remove(name)
    if exchange.server.setting("proxyaddheaders") != "off":
        _merge(exchange, "X-Forwarded-For", exchange.request.client)
        _merge(exchange, "X-Forwarded-Host", exchange.host)
        _merge(exchange, "X-Forwarded-Server", exchange.server.name)
        if not exchange.server.name:
            exchange.unknown["x-forwarded-server"] = "there is no ServerName"
    if exchange.server.setting("proxyvia") in ("on", "full", "block"):
        exchange.unknown["via"] = "ProxyVia writes it"
    if upgraded:
        exchange.headers += [("Connection", "Upgrade"), ("Upgrade", upgraded)]
    return tuple(exchange.headers)


def _merge(exchange: Exchange, name: str, value: str) -> None:
    if value:
        exchange.merge(name, value)


def _seconds(word: str) -> float | None:
    found = re.fullmatch(r"([0-9]{1,9})(ms|s|mi|min|h|)", word)
    return int(found[1]) * _UNITS[found[2]] if found else None
