"""The community's controller, ingress-nginx: which location of which host gets a request.

https://kubernetes.github.io/ingress-nginx/user-guide/ingress-path-matching/ and
https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from raven_realtime.proxies.ingress import settings
from raven_realtime.proxies.ingress.community_passing import PREFIX, Place, outcome, wants_rewrite
from raven_realtime.proxies.ingress.entering import entrances, has_certificate
from raven_realtime.proxies.ingress.hosts import bare, one_label
from raven_realtime.proxies.ingress.locations import NginxLocation, Unmatchable, choose
from raven_realtime.proxies.ingress.objects import Ingress, Path, Resources, Text
from raven_realtime.proxies.ingress.paths import normal
from raven_realtime.proxies.ingress.snippets import read as read_snippet
from raven_realtime.proxies.interface import Answered, Entrance, Outcome, Redirected, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record


@record
class IngressNginx:
    """All Ingress objects that one ingress-nginx has."""

    name: str
    location: Location
    ingresses: tuple[Ingress, ...]
    resources: Resources
    assumed: tuple[str, ...] = ()
    kind: str = "ingress-nginx"

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the hosts of its rules."""
        return entrances(ingress for ingress in self.ingresses if not _is_canary(ingress))

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        host = bare(request.host)
        path = normal(request.path)
        if path is None:
            return Answered(400, "the path leads above the root")
        if www := self._www(host, request):
            return www
        server = self._server(host)
        for ingress in self._of_server(server):
            if text := ingress.meta.annotations.get(PREFIX + "server-snippet"):
                unclear = read_snippet(text).unclear
                if unclear:
                    return Undecided(f"the server-snippet has {unclear.name!r}, not followed here", unclear.location)
        try:
            found = choose(self._locations[server], path) if server in self._locations else None
        except Unmatchable as reason:
            return Undecided(str(reason), self.location)
        if found is None:
            return Answered(404, "no rule has this host and path: the controller's default backend answers")
        place = found.holds
        return outcome(
            place,
            request,
            path,
            self.resources,
            canaries=tuple(self._canaries(place)),
            settings=self._settings,
            certificate=has_certificate(host, self.ingresses),
            assumed=self.assumed,
        )

    @cached_property
    def _settings(self) -> Mapping[str, Text]:
        return settings.community(self.resources)

    def _server(self, host: str) -> str:
        """Return the server name (as in the rules) that gets a host; empty for the default server."""
        names = list(self._locations)
        if host in names:
            return host
        for ingress in self.ingresses:
            aliases = [alias.strip() for alias in ingress.meta.annotation(PREFIX + "server-alias").lower().split(",")]
            first = next((rule.host.lower() for rule in ingress.rules), "")
            if first and any(alias and one_label(alias, host) for alias in aliases):
                return first
        return next((name for name in names if name.startswith("*.") and one_label(name, host)), "")

    def _of_server(self, server: str) -> Iterator[Ingress]:
        for ingress in self.ingresses:
            hosts = [rule.host.lower() for rule in ingress.rules]
            if server in hosts or (not hosts and not server):
                yield ingress

    def _www(self, host: str, request: Request) -> Redirected | None:
        """Follow ``from-to-www-redirect``: the name without www. to the one with it, or the other way round."""
        name = PREFIX + "from-to-www-redirect"
        other = host.removeprefix("www.") if host.startswith("www.") else "www." + host
        known = {rule.host.lower() for ingress in self.ingresses for rule in ingress.rules}
        if host in known:
            return None
        for ingress in self.ingresses:
            if ingress.meta.annotation(name) == "true" and other in [rule.host.lower() for rule in ingress.rules]:
                scheme = "https" if request.tls else "http"
                code = settings.of(self._settings, "http-redirect-code", "308")
                status = int(code) if code in ("301", "302", "307", "308") else 308
                return Redirected(status, f"{scheme}://{other}{request.target}", ingress.meta.line_of(name))
        return None

    @cached_property
    def _locations(self) -> dict[str, list[NginxLocation[Place]]]:
        """The locations of each server, in the order of its configuration."""
        places: dict[str, list[Place]] = {}
        for ingress in self.ingresses:
            if _is_canary(ingress):
                continue
            for rule in ingress.rules:
                listed = places.setdefault(rule.host.lower(), [])
                for path in rule.paths:
                    same = [
                        place
                        for place in listed
                        if place.path.path == path.path and (place.path.kind == "Exact") == (path.kind == "Exact")
                    ]
                    if not same:  # the first one that names a path has it
                        listed.append(Place(ingress, rule.host, path))
        for ingress in self.ingresses:
            if ingress.default and not _is_canary(ingress):
                for host in [rule.host.lower() for rule in ingress.rules] or [""]:
                    listed = places.setdefault(host, [])
                    if not any(place.path.path == "/" for place in listed):
                        whole = Path("/", "Prefix", ingress.default, ingress.default.location)
                        listed.append(Place(ingress, host, whole))
        return {host: _nginx(listed) for host, listed in places.items()}

    def _canaries(self, main: Place) -> Iterator[Place]:
        for ingress in self.ingresses:
            if not _is_canary(ingress):
                continue
            for rule in ingress.rules:
                if rule.host.lower() == main.host.lower():
                    yield from (Place(ingress, rule.host, path) for path in rule.paths if path.path == main.path.path)


def _is_canary(ingress: Ingress) -> bool:
    return ingress.meta.annotation(PREFIX + "canary") == "true"


def _nginx(places: list[Place]) -> list[NginxLocation[Place]]:
    """Write a host's locations as the controller does: one pattern among them makes patterns of all."""
    places = sorted(places, key=lambda place: place.path.path, reverse=True)
    places.sort(key=lambda place: len(place.path.path), reverse=True)
    if any(wants_rewrite(place) or place.annotation("use-regex") == "true" for place in places):
        return [NginxLocation("~*", "^" + (place.path.path or "/"), place) for place in places]
    exact = {place.path.path for place in places if place.path.kind == "Exact"}
    locations: list[NginxLocation[Place]] = []
    for place in places:
        path = place.path.path or "/"
        if place.path.kind == "Exact":
            locations.append(NginxLocation("=", path, place))
        elif place.path.kind == "Prefix" and path != "/":
            if path.rstrip("/") not in exact and path not in exact:
                locations.append(NginxLocation("=", path, place))
            locations.append(NginxLocation("", path.rstrip("/") + "/", place))
        else:
            locations.append(NginxLocation("", path, place))
    return locations
