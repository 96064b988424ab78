"""The Gateway API: HTTPRoutes, and the listeners of the Gateways that they attach to.

https://gateway-api.sigs.k8s.io/reference/spec/#httproute: the order of precedence of rules stands at ``matches``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from raven_realtime.proxies.ingress.gateway_passing import outcome
from raven_realtime.proxies.ingress.hosts import any_labels, bare
from raven_realtime.proxies.ingress.locations import Unmatchable, fitting
from raven_realtime.proxies.ingress.objects import (
    Gateway,
    GatewayListener,
    Match,
    NamedMatch,
    Parent,
    Resources,
    Route,
    RouteRule,
)
from raven_realtime.proxies.ingress.paths import below
from raven_realtime.proxies.interface import Answered, Entrance, Listener, Outcome, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record


@record
class _Place:
    """A match of a route's rule, below one of its host names."""

    route: Route
    rule: RouteRule
    host: str
    match: Match

    @property
    def rank(self) -> tuple[int, ...]:
        """What the order of precedence compares, the smallest first: the host, the path, the method, the rest."""
        exact_host = not self.host.startswith("*") and bool(self.host)
        path = {"Exact": 0, "PathPrefix": 1}.get(self.match.path_kind, 2)
        return (
            not exact_host,
            -len(self.host),
            path,
            -len(self.match.path),
            not self.match.method,
            -len(self.match.headers),
            -len(self.match.queries),
        )


@record
class GatewayRoutes:
    """The routes that attach to one Gateway."""

    name: str
    location: Location
    gateway: Gateway | None
    """None where it is not in these files."""
    parent: Parent
    routes: tuple[Route, ...]
    resources: Resources
    controller: str = ""
    """Of its GatewayClass; empty where that is not known."""
    kind: str = "gateway"

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the host names of its routes on each listener that takes them, encrypted ones first."""
        found: list[Entrance] = []
        for route in self.routes:
            paths = tuple(dict.fromkeys(match.path for rule in route.rules for match in rule.matches))
            if "/" in paths or any(not rule.matches for rule in route.rules):
                paths = ()
            for host, location in [(name.value, name.location) for name in route.hostnames] or [
                ("", route.meta.location)
            ]:
                for listener, wanted in self._listeners:
                    if self._attached(route, wanted) and (shared := _shared(host, wanted.hostname if wanted else "")):
                        found.append(Entrance(shared[0], listener, location, paths))
        return tuple(sorted(found, key=lambda entrance: not entrance.listener.tls))

    @cached_property
    def _listeners(self) -> tuple[tuple[Listener, GatewayListener | None], ...]:
        if self.gateway is None:
            place = self.parent.location
            if self.parent.port:
                return ((Listener(self.parent.port, place, tls=self.parent.port in (443, 8443)), None),)
            return ((Listener(443, place, tls=True), None), (Listener(80, place), None))
        return tuple(
            (Listener(listener.port, listener.location, tls=listener.protocol in ("HTTPS", "TLS")), listener)
            for listener in self.gateway.listeners
            if listener.protocol in ("HTTP", "HTTPS")
        )

    def _attached(self, route: Route, listener: GatewayListener | None) -> bool:
        """Tell whether a route names this listener, or the whole Gateway."""
        if listener is None:
            return True
        return any(
            parent.name == self.parent.name
            and parent.section in ("", listener.name)
            and parent.port in (None, listener.port)
            for parent in route.parents
        )

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        host = bare(request.host)
        listeners = [
            (listener, wanted)
            for listener, wanted in self._listeners
            if listener.tls == request.tls
            and request.port in (None, listener.port)
            and (wanted is None or not wanted.hostname or any_labels(wanted.hostname, host))
        ]
        if not listeners:
            return Answered(None, "no listener of the Gateway takes this host, port and scheme", self.location)
        # the listener with the most specific host name has the request
        listener, wanted = max(listeners, key=lambda pair: len(pair[1].hostname) if pair[1] else 0)
        try:
            place = self._choose(request, host, wanted)
        except Unmatchable as reason:
            return Undecided(str(reason), self.location)
        if place is None:
            return Answered(404, "no rule of the Gateway's routes matches")
        assumed = () if self.gateway else (f"the Gateway {self.parent.name!r} has a listener for this host",)
        return outcome(
            place.rule,
            place.match,
            request,
            listener,
            resources=self.resources,
            namespace=place.route.meta.namespace,
            controller=self.controller,
            assumed=assumed,
        )

    def _choose(self, request: Request, host: str, listener: GatewayListener | None) -> _Place | None:
        places = [place for place in self._places if not place.host or any_labels(place.host, host)]
        meeting = [
            place for place in places if self._attached(place.route, listener) and _matches(place.match, request)
        ]
        best = min(meeting, key=lambda place: place.rank, default=None)
        patterns = [place for place in meeting if place.match.path_kind == "RegularExpression"]
        if best and best.match.path_kind == "PathPrefix" and any(place.host == best.host for place in patterns):
            raise Unmatchable("a pattern and a prefix match: which of them goes first, each implementation says itself")
        return best

    @cached_property
    def _places(self) -> tuple[_Place, ...]:
        return tuple(
            _Place(route, rule, host.lower(), match)
            for route in self.routes
            for host in [name.value for name in route.hostnames] or [""]
            for rule in route.rules
            for match in rule.matches or (Match(rule.location),)
        )


def _shared(route: str, listener: str) -> tuple[str] | None:
    """Return the host that a route and a listener have in common; None if they have none."""
    if not route or not listener:
        return (route or listener,)
    if route.lower() == listener.lower():
        return (route,)
    if any_labels(listener, route.lower().removeprefix("*.")) and listener.startswith("*."):
        return (route,)
    return (listener,) if route.startswith("*.") and any_labels(route, listener.lower()) else None


def _matches(match: Match, request: Request) -> bool:
    """Tell whether a request meets all that a match asks for.

    Raises:
        Unmatchable: If it has a pattern that cannot be tried here.
    """
    if match.method and match.method != request.method:
        return False
    path = request.path
    if match.path_kind == "Exact":
        fits = path == match.path
    elif match.path_kind == "RegularExpression":
        fits = fitting(match.path, path, whole=True) is not None
    else:
        fits = below(match.path, path)
    return (
        fits
        and all(_one(header, request.values(header.name)) for header in match.headers)
        and all(_one(query, _query(request, query.name)) for query in match.queries)
    )


def _one(wanted: NamedMatch, values: list[str]) -> bool:
    if wanted.regular:
        return any(fitting(wanted.value, value, whole=True) for value in values)
    return wanted.value in values


def _query(request: Request, name: str) -> list[str]:
    pairs = (pair.partition("=") for pair in request.target.partition("?")[2].split("&"))
    return [value for key, _, value in pairs if key == name][:1]


def gateways(resources: Resources) -> Iterator[GatewayRoutes]:
    """Make a proxy of each Gateway that routes attach to, and of each that has routes and is not in these files."""
    controllers = {found.meta.name: found.controller for found in resources.gateway_classes}
    seen: dict[tuple[str, str], list[Route]] = {}
    parents: dict[tuple[str, str], Parent] = {}
    for route in resources.routes:
        for parent in route.parents:
            if parent.kind not in ("", "Gateway"):
                continue
            key = (parent.name, parent.namespace or route.meta.namespace)
            parents.setdefault(key, parent)
            known = seen.setdefault(key, [])
            if route not in known:
                known.append(route)
    for key, routes in seen.items():
        name, namespace = key
        gateway = next(
            (
                found
                for found in resources.gateways
                if found.meta.name == name
                and (not namespace or not found.meta.namespace or found.meta.namespace == namespace)
            ),
            None,
        )
        location = gateway.meta.location if gateway else parents[key].location
        controller = controllers.get(gateway.class_name, gateway.class_name) if gateway else ""
        yield GatewayRoutes(f"Gateway {name}", location, gateway, parents[key], tuple(routes), resources, controller)
