"""Everything that decides routing in one Traefik: routers, services, middlewares and entrypoints, of all providers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.matchers import required_hosts
from raven_realtime.proxies.traefik.request import PathRules
from raven_realtime.proxies.traefik.rule import Rule, RuleError, parse

HIGHEST_PRIORITY = 2**63 - 1
"""The highest number Traefik has for a priority; users may go up to 1000 less."""


@record
class Tls:
    """What a router or an entrypoint says about TLS. That it says anything makes a router an HTTPS router."""

    cert_resolver: str = ""
    options: str = ""


@record
class Router:
    """An HTTP router, as its provider defines it."""

    name: str
    """With its provider once it is in a table: `frappe-socketio@docker`."""
    rule: str
    service: str = ""
    """With its provider once it is in a table; empty for a router that only has children."""
    entrypoints: tuple[str, ...] = ()
    priority: int = 0
    """As set; 0 means the rule's length."""
    syntax: str = ""
    tls: Tls | None = None
    middlewares: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    default_rule: bool = False
    """Whether the rule was made from the provider's template."""
    location: Location | None = field(default=None, compare=False)
    owners: tuple[str, ...] = field(default=(), compare=False)
    """The containers, services or files that define it."""
    trouble: str = field(default="", compare=False)
    """Why the running Traefik itself says it is disabled."""

    @property
    def provider(self) -> str:
        """The part of the name behind the last @."""
        return self.name.rpartition("@")[2]

    @property
    def effective_priority(self) -> int:
        """The priority that counts: the one set, or the rule's length in bytes."""
        return self.priority or len(self.rule.encode(errors="surrogateescape"))

    @property
    def priority_reason(self) -> str:
        """The priority, and where it comes from."""
        return f"priority {self.effective_priority}" + ("" if self.priority else ", the length of its rule")

    def parsed(self) -> Rule:
        """Parse the rule.

        Raises:
            RuleError: If Traefik refuses it.
        """
        return parse(self.rule, self.syntax or "v3")


@record
class Server:
    """One server of a service: a URL, or what a label gives of one."""

    url: str = ""
    scheme: str = ""
    port: str = ""


@record
class Service:
    """A service that routers may lead to."""

    name: str
    kind: str = "loadBalancer"
    """`loadBalancer`, `weighted`, `mirroring`, `failover` or `highestRandomWeight`."""
    servers: tuple[Server, ...] = ()
    members: tuple[str, ...] = ()
    """The services that a service of another kind than `loadBalancer` leads to."""
    sticky: str | None = None
    """The name of the cookie that ties a client to a server (may be empty: Traefik makes one up); None without."""
    pass_host_header: bool = True
    options: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """All that is configured, as nested mappings."""
    location: Location | None = field(default=None, compare=False)
    owners: tuple[str, ...] = field(default=(), compare=False)


@record
class Middleware:
    """A middleware that routers may name."""

    name: str
    kind: str
    """As Traefik spells it: `stripPrefix`, `forwardAuth`, `retry` …"""
    options: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    location: Location | None = field(default=None, compare=False)


@record
class EntryPoint:
    """A port that Traefik listens on."""

    name: str
    address: str = ""
    as_default: bool = False
    tls: Tls | None = None
    middlewares: tuple[str, ...] = ()
    redirect_to: str = ""
    """The entrypoint that everything here is redirected to (`http.redirections.entryPoint.to`)."""
    redirect_priority: int = HIGHEST_PRIORITY - 1
    paths: PathRules = field(default_factory=PathRules)


@record
class Dropped:
    """Something that Traefik reads and does not use."""

    name: str
    """A router, service or container."""
    why: str
    location: Location | None = None


@record
class Contribution:
    """What one provider gives: names are without the provider."""

    provider: str
    routers: tuple[Router, ...] = ()
    services: tuple[Service, ...] = ()
    middlewares: tuple[Middleware, ...] = ()
    dropped: tuple[Dropped, ...] = ()


@record
class Table:
    """All routers, services, middlewares and entrypoints of one Traefik, by qualified name."""

    routers: Mapping[str, Router]
    services: Mapping[str, Service]
    middlewares: Mapping[str, Middleware]
    entrypoints: Mapping[str, EntryPoint]
    """Empty where Traefik's static configuration is not known; then any entrypoint a router names exists."""
    dropped: tuple[Dropped, ...] = ()
    providers: frozenset[str] = frozenset()
    """Those whose configuration is known; a name of another provider is taken to exist."""
    partial: bool = False
    """Whether Traefik sees more containers than these: a middleware that they do not define is then another's."""

    @cached_property
    def disabled(self) -> Mapping[str, str]:
        """The routers that exist but take no request, and why not."""
        found = {name: why for name, router in self.routers.items() if (why := self._fault(router))}
        return MappingProxyType(found)

    @cached_property
    def children(self) -> Mapping[str, tuple[Router, ...]]:
        """The enabled routers below a parent, by the parent's name."""
        found: dict[str, tuple[Router, ...]] = {}
        for router in self.routers.values():
            for parent in router.parents:
                if router.name not in self.disabled:
                    found[parent] = (*found.get(parent, ()), router)
        return MappingProxyType(found)

    def entrypoints_of(self, router: Router) -> tuple[str, ...]:
        """Tell which entrypoints a router listens on: its own, or the default ones."""
        return router.entrypoints or self.default_entrypoints

    @cached_property
    def default_entrypoints(self) -> tuple[str, ...]:
        """The entrypoints of a router that names none."""
        marked = tuple(name for name, entrypoint in self.entrypoints.items() if entrypoint.as_default)
        return marked or tuple(name for name in self.entrypoints if name != "traefik")

    def listening(self, entrypoint: str, *, tls: bool, host: str = "") -> tuple[Router, ...]:
        """List the enabled routers without parents that a connection on an entrypoint is matched with.

        Args:
            entrypoint: Its name.
            tls: Whether the connection is encrypted.
            host: Leave out routers that can never match this host, in lower case and without port.
        """
        found: list[Router] = []
        for name in (entrypoint, ""):
            by_host = self._listening.get((name, tls), {})
            if host:
                found += by_host.get(None, []) + by_host.get(host.removesuffix("."), [])
            else:
                found += {router.name: router for routers in by_host.values() for router in routers}.values()
        return tuple(found)

    @cached_property
    def _listening(self) -> Mapping[tuple[str, bool], Mapping[str | None, list[Router]]]:
        """The routers by entrypoint and TLS, then by the hosts they name (None: any host)."""
        found: dict[tuple[str, bool], dict[str | None, list[Router]]] = {}
        for router in self.routers.values():
            if router.parents or router.name in self.disabled:
                continue
            hosts = required_hosts(router.parsed().tree)
            for name in self.entrypoints_of(router) or ("",):
                entrypoint = self.entrypoints.get(name)
                encrypted = bool(router.tls or (entrypoint and entrypoint.tls))
                place = found.setdefault((name, encrypted), {})
                for host in [None] if hosts is None else hosts:
                    place.setdefault(host, []).append(router)
        return found

    def _fault(self, router: Router) -> str:
        if router.trouble:
            return router.trouble
        try:
            router.parsed()
        except RuleError as error:
            return f"its rule is refused: {error.reason}"
        if router.priority > HIGHEST_PRIORITY - 1000 and router.provider != "internal":
            return f"its priority {router.priority} is above the highest that users may set"
        if router.service and self._missing(router.service, self.services):
            return f"its service {router.service} does not exist"
        for middleware in router.middlewares:
            if self._missing(middleware, self.middlewares) and not (self.partial and _of_containers(middleware)):
                return f"its middleware {middleware} does not exist"
        if self.entrypoints and not router.parents and not set(self.entrypoints_of(router)) & set(self.entrypoints):
            return f"none of its entrypoints exists: {', '.join(router.entrypoints)}"
        return ""

    def _missing(self, name: str, known: Mapping[str, object]) -> bool:
        provider = name.rpartition("@")[2]
        return provider in self.providers and name not in known


def _of_containers(name: str) -> bool:
    return name.rpartition("@")[2] in {"docker", "swarm"}


T = TypeVar("T", Router, Service, Middleware)


def assemble(
    contributions: Iterable[Contribution],
    entrypoints: Iterable[EntryPoint] = (),
    *,
    default_syntax: str = "v3",
    partial: bool = False,
) -> Table:
    """Put the providers' contributions together as Traefik does.

    Args:
        contributions: One for each provider.
        entrypoints: Of the static configuration; none if it is not known.
        default_syntax: `core.defaultRuleSyntax`.
        partial: Whether Traefik sees more containers than these, such as those of the stack that it is itself part of.
    """
    listed = {entrypoint.name: entrypoint for entrypoint in entrypoints}
    routers: dict[str, Router] = {}
    services: dict[str, Service] = {}
    middlewares: dict[str, Middleware] = {}
    dropped: list[Dropped] = []
    providers: set[str] = set()
    for part in contributions:
        providers.add(part.provider)
        for router in part.routers:
            named = _qualified(router, part.provider, default_syntax)
            routers[named.name] = named
        for service in part.services:
            name = qualify(service.name, part.provider)
            members = tuple(qualify(member, part.provider) for member in service.members)
            services[name] = replace(service, name=name, members=members)
        for middleware in part.middlewares:
            name = qualify(middleware.name, part.provider)
            middlewares[name] = replace(middleware, name=name)
        dropped.extend(part.dropped)
    routers |= {router.name: router for router in map(_redirection, listed.values()) if router}
    return Table(
        MappingProxyType(routers),
        MappingProxyType(services),
        MappingProxyType(middlewares),
        MappingProxyType(listed),
        tuple(dropped),
        frozenset(providers),
        partial,
    )


def qualify(name: str, provider: str) -> str:
    """Add the provider to a name that has none."""
    return name if not name or "@" in name else f"{name}@{provider}"


def _qualified(router: Router, provider: str, default_syntax: str) -> Router:
    return replace(
        router,
        name=qualify(router.name, provider),
        service=qualify(router.service, provider),
        middlewares=tuple(qualify(name, provider) for name in router.middlewares),
        parents=tuple(qualify(name, provider) for name in router.parents),
        syntax=_language(router, default_syntax),
    )


def _language(router: Router, default: str) -> str:
    """Return the rule language that counts: any but version 2 is that of this Traefik, which may know more than 3.0."""
    if router.syntax == "v2":
        return "v2"
    return default if default != "v2" or not (router.syntax or router.default_rule) else "v3"


def _redirection(entrypoint: EntryPoint) -> Router | None:
    """Return the router by which an entrypoint sends everything to another one."""
    if not entrypoint.redirect_to:
        return None
    return Router(
        f"{entrypoint.name}-to-{entrypoint.redirect_to}@internal",
        rule="HostRegexp(`^.+$`)",
        service="noop@internal",
        entrypoints=(entrypoint.name,),
        priority=entrypoint.redirect_priority,
        syntax="v3",
        middlewares=(f"redirect-{entrypoint.name}-to-{entrypoint.redirect_to}@internal",),
    )
