"""Traefik as a `Proxy`: what becomes of a request, in the words that all proxies share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property
from types import MappingProxyType
from urllib.parse import urlsplit

from raven_realtime.proxies.interface import (
    Affinity,
    Answered,
    Consulted,
    Entrance,
    Listener,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik import decide
from raven_realtime.proxies.traefik import request as traefik_request
from raven_realtime.proxies.traefik.matchers import HostWildcard, Path, PathPrefix, required_hosts
from raven_realtime.proxies.traefik.table import EntryPoint, Middleware, Router, Service, Table, qualify
from raven_realtime.proxies.traefik.tree import leaves

_PLAIN_NAMES = frozenset({"web", "http"})
_ASKING = frozenset({"forwardauth", "basicauth", "digestauth"})


@record(eq=False)
class Traefik:
    """One Traefik: its table, and how its provider names the containers."""

    name: str
    table: Table
    location: Location
    version: str = ""
    kind: str = field(default="traefik", init=False)

    @cached_property
    def _entrances(self) -> tuple[Entrance, ...]:
        return tuple(dict.fromkeys(self._found()))

    def entrances(self) -> tuple[Entrance, ...]:
        """Return a name for each enabled router, host and entrypoint; an empty one where a rule names no host."""
        return self._entrances

    def _found(self) -> Iterator[Entrance]:
        for name, router in self.table.routers.items():
            if name in self.table.disabled or router.provider == "internal" or router.service.endswith("@internal"):
                continue
            tree = router.parsed().tree
            hosts = required_hosts(tree) or {
                leaf.name for leaf in leaves(tree, negated=False) if isinstance(leaf, HostWildcard)
            }
            where = router.location or self.location
            for entrypoint in self.table.entrypoints_of(router) or ("",):
                listener = self._listener(entrypoint, router)
                for host in sorted(hosts) if hosts else [""]:
                    yield Entrance(host, listener, where, _paths(router))

    def _listener(self, name: str, router: Router) -> Listener:
        known = self.table.entrypoints.get(name)
        tls = bool(router.tls or (known and known.tls))
        port = _port(known) if known else 80 if name in _PLAIN_NAMES and not tls else 443 if tls else 80
        return Listener(port, router.location or self.location, tls)

    def listeners(self) -> tuple[Listener, ...]:
        """Return the ports at which it has a router, those that only send clients to https among them."""
        used = {name for router in self.table.routers.values() for name in self.table.entrypoints_of(router)}
        found = []
        for name in sorted(used | set(self.table.entrypoints)) or [""]:
            for tls in (True, False):
                if routers := self.table.listening(name, tls=tls):
                    known = self.table.entrypoints.get(name)
                    port = _port(known) if known else 443 if tls else 80
                    found.append(Listener(port, routers[0].location or self.location, tls))
        return tuple(found)

    def entrypoint(self, request: Request) -> str:
        """Return the name of the entrypoint that a request arrives at; empty where it cannot be told."""
        for name, known in self.table.entrypoints.items():
            if _port(known) == request.port:
                return name
        used = {each for router in self.table.routers.values() for each in self.table.entrypoints_of(router)}
        plain = {name for name in used if name in _PLAIN_NAMES}
        fitting = sorted(plain if not request.tls else used - plain)
        return fitting[0] if len(fitting) == 1 else next((name for name in fitting if "secure" in name), "")

    def decision(self, request: Request) -> decide.Decision:
        """Tell which router gets a request, and why."""
        return decide.route(self.table, _asked(request), self.entrypoint(request))

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        entrypoint = self.entrypoint(request)
        asked = _asked(request)
        decision = self.decision(request)
        if decision.outcome is decide.Outcome.TIE:
            router = decision.tied[0]
        elif decision.router is None or decision.outcome is not decide.Outcome.ROUTED:
            status = 400 if decision.outcome is decide.Outcome.REJECTED else 404
            return Answered(status, decision.why, self.location)
        else:
            router = decision.router
        known = self.table.entrypoints.get(entrypoint)
        rules = known.paths if known else traefik_request.PathRules()
        seen = traefik_request.see(asked, rules)
        headers = tuple((name, value) for name, values in seen.headers.items() for value in values)
        target = _target(seen.escaped_path, request.target)
        return self._through(router, known, replace(request, headers=headers, target=target))

    def _through(self, router: Router, entrypoint: EntryPoint | None, request: Request) -> Outcome:
        where = router.location or self.location
        if router.provider == "internal":
            return Redirected(301, f"https://{_bare(request.host)}{request.target}", where)
        consulted: list[Consulted] = []
        assumed: list[str] = []
        names = [*(entrypoint.middlewares if entrypoint else ()), *router.middlewares]
        for middleware in self.middlewares(names):
            if isinstance(middleware, str):
                assumed.append(f"the middleware {middleware}, which is not declared here, changes nothing")
                continue
            kind = middleware.kind.lower()
            place = middleware.location or where
            if kind in _ASKING:
                address = str(middleware.options.get("address", "")) or f"a password ({middleware.name})"
                consulted.append(Consulted(address, place))
            elif kind == "redirectscheme":
                wanted = str(middleware.options.get("scheme", "https"))
                if wanted != ("https" if request.tls else "http"):
                    status = 301 if middleware.options.get("permanent") else 302
                    return Redirected(status, f"{wanted}://{_bare(request.host)}{request.target}", place)
            elif kind == "redirectregex":
                changed = _substituted(middleware, f"http{'s' * request.tls}://{request.host}{request.target}")
                if changed is None:
                    return Undecided(f"{middleware.name} is a regular expression that is not followed", place)
                if changed:
                    return Redirected(302, changed, place)
            elif kind == "plugin":
                assumed.append(f"the plugin {middleware.name} changes nothing")
            else:
                done = _rewritten(middleware, kind, request)
                if done is None:
                    return Undecided(f"{middleware.name}, a {middleware.kind}, is not followed", place)
                request = done
        return self._served(router, request, tuple(consulted), tuple(assumed))

    def middlewares(self, names: list[str]) -> Iterator[Middleware | str]:
        """Yield middlewares by their names, chains followed; the name itself where it is declared elsewhere."""
        waiting, chains = list(names), set[str]()
        while waiting:
            name = waiting.pop(0)
            found = self.table.middlewares.get(name)
            if found is None:
                yield name
            elif found.kind.lower() != "chain":
                yield found
            elif name not in chains:
                chains.add(name)
                linked = found.options.get("middlewares")
                inner = linked if isinstance(linked, list | tuple) else ()
                waiting = [*(qualify(str(each), name.rpartition("@")[2]) for each in inner), *waiting]

    def _served(
        self, router: Router, request: Request, consulted: tuple[Consulted, ...], assumed: tuple[str, ...]
    ) -> Outcome:
        services = list(self._balancers(router.service, set()))
        if not services:
            where = router.location or self.location
            return Undecided(f"the service {router.service or 'of ' + router.name} is not declared here", where)
        first = services[0]
        to = tuple(dict.fromkeys(address for service in services for address in _addresses(service)))
        if not to:
            return Undecided(f"the service {first.name} names no server", first.location or router.location)
        secure = any(
            server.scheme in {"https", "wss"} or server.url.startswith(("https:", "wss:"))
            for service in services
            for server in service.servers
        )
        host = request.host if first.pass_host_header else to[0]
        ports = {_port_of(address) for address in to}
        sticky = all(service.sticky is not None for service in services)
        by_address = any(service.kind.lower() == "highestrandomweight" for service in services) or any(
            str(service.options.get("strategy", "")).lower() == "hrw" for service in services
        )
        affinity = Affinity.COOKIE if sticky else Affinity.ADDRESS if by_address else Affinity.NONE
        return Passed(
            to,
            Request(
                host,
                request.target,
                request.method,
                request.headers,
                tls=secure,
                port=ports.pop() if len(ports) == 1 else None,
                client="127.0.0.1",
            ),
            router.location or self.location,
            MappingProxyType({"*": assumed[0]} if assumed else {}),
            affinity=affinity,
            by=first.sticky or "",
            consulted=consulted,
            assumed=assumed,
        )

    def _balancers(self, name: str, seen: set[str]) -> Iterator[Service]:
        service = self.table.services.get(name)
        if service is None or name in seen:
            return
        seen.add(name)
        if service.members:
            for member in service.members:
                yield from self._balancers(member, seen)
        else:
            yield service


def _asked(request: Request) -> traefik_request.Request:
    return traefik_request.Request(
        request.host, request.target, request.method, request.headers, request.client, tls=request.tls
    )


def _paths(router: Router) -> tuple[str, ...]:
    found = [
        (leaf.path if isinstance(leaf, Path) else leaf.prefix).decode(errors="replace")
        for leaf in leaves(router.parsed().tree, negated=False)
        if isinstance(leaf, Path | PathPrefix)
    ]
    return tuple(found)


def _port(entrypoint: EntryPoint) -> int:
    tail = entrypoint.address.partition("/")[0].rpartition(":")[2]
    return int(tail) if tail.isdigit() and len(tail) < 6 else 443 if entrypoint.tls else 80


def _addresses(service: Service) -> Iterator[str]:
    """Yield where a service's servers are: the URL's address, else the container's name and the port asked."""
    for server in service.servers:
        parts = urlsplit(server.url if "://" in server.url else f"//{server.url}") if server.url else None
        if parts and parts.netloc:
            default = "443" if parts.scheme in {"https", "wss"} else "80"
            yield parts.netloc if re.search(r":\d+$", parts.netloc) else f"{parts.netloc}:{default}"
            continue
        for owner in service.owners:
            yield f"{owner}:{server.port or 0}"
    if not service.servers:
        yield from (f"{owner}:0" for owner in service.owners)


def _port_of(address: str) -> int | None:
    tail = address.rpartition(":")[2]
    return int(tail) if tail.isdigit() and tail != "0" else None


def _bare(host: str) -> str:
    return host.partition(":")[0] if not host.startswith("[") else host.partition("]")[0] + "]"


def _target(path: bytes, asked: str) -> str:
    query = asked.partition("?")
    return path.decode(errors="surrogateescape") + query[1] + query[2]


def _rewritten(middleware: Middleware, kind: str, request: Request) -> Request | None:
    """Return a request as a middleware leaves it; None where that is not followed here."""
    options = middleware.options
    path, mark, query = request.target.partition("?")
    if kind == "headers":
        return _with_headers(options.get("customRequestHeaders"), request)
    if kind == "stripprefix":
        prefixes = options.get("prefixes")
        for prefix in prefixes if isinstance(prefixes, list | tuple) else ():
            if path.startswith(str(prefix)):
                return replace(request, target=_rooted(path.removeprefix(str(prefix))) + mark + query)
        return request
    if kind == "replacepath":
        return replace(request, target=_rooted(str(options.get("path", ""))) + mark + query)
    if kind == "addprefix":
        return replace(request, target=_rooted(str(options.get("prefix", "")) + path) + mark + query)
    if kind == "replacepathregex":
        changed = _substituted(middleware, path)
        return None if changed is None else replace(request, target=(changed or path) + mark + query)
    return None if kind == "stripprefixregex" else request


def _with_headers(wanted: object, request: Request) -> Request:
    """Set, or with an empty value take away, what `customRequestHeaders` says."""
    host = request.host
    headers = list(request.headers)
    for name, value in wanted.items() if isinstance(wanted, Mapping) else ():
        if str(name).lower() == "host":
            host = str(value) or host
            continue
        headers = [(given, said) for given, said in headers if given.lower() != str(name).lower()]
        if str(value):
            headers.append((str(name), str(value)))
    return replace(request, host=host, headers=tuple(headers))


def _substituted(middleware: Middleware, text: str) -> str | None:
    """Return what a regex middleware makes of a text, empty where it does not match; None where it is not followed."""
    pattern, replacement = (str(middleware.options.get(name, "")) for name in ("regex", "replacement"))
    if len(pattern) > 300 or re.search(r"[+*}]\)?[+*{]", pattern):
        return None
    try:
        found = re.search(pattern, text)
        if not found:
            return ""
        return re.sub(pattern, re.sub(r"\$\{?(\d+)\}?", r"\\\1", replacement), text, count=1)
    except (re.error, IndexError):
        return None


def _rooted(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"
