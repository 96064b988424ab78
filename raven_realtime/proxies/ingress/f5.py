"""F5's controller, nginx-ingress: WebSockets pass only to what ``nginx.org/websocket-services`` lists.

https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-annotations/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from raven_realtime.proxies.ingress import settings
from raven_realtime.proxies.ingress.backends import CONTROLLER, address, port_number
from raven_realtime.proxies.ingress.entering import entrances, has_certificate
from raven_realtime.proxies.ingress.headers import HOP_BY_HOP, replaced
from raven_realtime.proxies.ingress.hosts import any_labels, bare
from raven_realtime.proxies.ingress.locations import NginxLocation, Unmatchable, choose
from raven_realtime.proxies.ingress.objects import Ingress, Path, Resources, Text
from raven_realtime.proxies.ingress.paths import normal
from raven_realtime.proxies.ingress.snippets import Snippet, expanded, read, seconds
from raven_realtime.proxies.interface import (
    Affinity,
    Answered,
    Consulted,
    Entrance,
    Headers,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

_ADDRESSES = ("$binary_remote_addr", "$remote_addr")


@record
class _Place:
    """A path of an Ingress; for a mergeable minion, with the master that has the host."""

    ingress: Ingress
    path: Path
    master: Ingress

    def text(self, name: str) -> Text | None:
        """Return an annotation ``nginx.org/NAME``, the path's own before the master's."""
        for ingress in (self.ingress, self.master):
            if found := ingress.meta.annotations.get(f"nginx.org/{name}"):
                return found
        return None

    def value(self, name: str) -> str:
        """Return its value; empty without it."""
        found = self.text(name)
        return found.value.strip() if found else ""


@record
class NginxIngress:
    """All Ingress objects that one nginx-ingress of F5 has."""

    name: str
    location: Location
    ingresses: tuple[Ingress, ...]
    resources: Resources
    assumed: tuple[str, ...] = ()
    kind: str = "nginx-ingress"

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the hosts of its rules; of mergeable objects, the masters'."""
        return entrances(ingress for ingress in self.ingresses if _mergeable(ingress) != "minion")

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        path = normal(request.path)
        if path is None:
            return Answered(400, "the path leads above the root")
        host = bare(request.host)
        names = list(self._locations)
        wild = [name for name in names if name.startswith("*.") and any_labels(name, host)]
        server = host if host in names else max(wild, key=len, default=None)
        if server is None or not server:
            return Answered(404, "no rule has this host: the controller's default server answers")
        if answer := self._server_answers(server, host, request):
            return answer
        try:
            found = choose(self._locations[server], path)
        except Unmatchable as reason:
            return Undecided(str(reason), self.location)
        if found is None:
            return Answered(404, "no rule of this host has this path")
        return self._pass(found.holds, request, path, found)

    @cached_property
    def _settings(self) -> Mapping[str, Text]:
        return settings.f5(self.resources)

    @cached_property
    def _locations(self) -> dict[str, list[NginxLocation[_Place]]]:
        """The locations of each host; the first Ingress that names a host has it, but for mergeable minions."""
        owners: dict[str, Ingress] = {}
        locations: dict[str, list[NginxLocation[_Place]]] = {}
        for ingress in self.ingresses:
            if _mergeable(ingress) == "minion":
                continue
            for rule in ingress.rules:
                if rule.host and owners.setdefault(rule.host.lower(), ingress) is ingress:
                    places = (_Place(ingress, path, ingress) for path in rule.paths)
                    locations.setdefault(rule.host.lower(), []).extend(_location(place) for place in places)
                    if ingress.default and not any(path.path == "/" for path in rule.paths):
                        whole = Path("/", "Prefix", ingress.default, ingress.default.location)
                        locations[rule.host.lower()].append(NginxLocation("", "/", _Place(ingress, whole, ingress)))
        for ingress in self.ingresses:
            if _mergeable(ingress) != "minion":
                continue
            for rule in ingress.rules:
                owner = owners.get(rule.host.lower())
                if owner and _mergeable(owner) == "master":
                    minions = (_Place(ingress, path, owner) for path in rule.paths)
                    locations[rule.host.lower()].extend(_location(place) for place in minions)
        return locations

    def _server_answers(self, server: str, host: str, request: Request) -> Redirected | Undecided | None:
        """Follow what is written for the whole host: redirects to https, a server-snippet."""
        owner = self._locations[server][0].holds.master if self._locations[server] else None
        if owner is None:
            return None
        secure = has_certificate(host, [owner])
        wanted = owner.meta.annotation("nginx.org/ssl-redirect") or owner.meta.annotation(
            "ingress.kubernetes.io/ssl-redirect"
        )
        if (
            secure
            and not request.tls
            and (wanted or settings.of(self._settings, "ssl-redirect", "true")).lower() != "false"
        ):
            place = owner.meta.line_of("nginx.org/ssl-redirect")
            return Redirected(301, f"https://{host}:443{request.target}", place)
        redirect = owner.meta.annotation("nginx.org/redirect-to-https")
        if redirect.lower() == "true" and request.value("X-Forwarded-Proto") == "http":
            return Redirected(301, f"https://{host}{request.target}", owner.meta.line_of("nginx.org/redirect-to-https"))
        if text := owner.meta.annotations.get("nginx.org/server-snippets"):
            unclear = read(text).unclear
            if unclear:
                return Undecided(f"the server-snippets have {unclear.name!r}, not followed here", unclear.location)
        return None

    def _pass(self, place: _Place, request: Request, path: str, location: NginxLocation[_Place]) -> Outcome:
        snippet = Snippet()
        if text := place.text("location-snippets"):
            snippet = read(text)
            if snippet.unclear:
                why = f"the location-snippets have {snippet.unclear.name!r}, which is not followed here"
                return Undecided(why, snippet.unclear.location)
        service = place.path.backend.service
        if service in _listed(place.value("grpc-services")):
            return Undecided(f"{service} is spoken to by gRPC", place.path.location)
        if place.value("basic-auth-secret") and not request.value("Authorization"):
            auth = place.text("basic-auth-secret")
            return Answered(401, "basic authentication asks for a password", auth.location if auth else None)
        to = address(self.resources, place.path.backend, place.ingress.meta.namespace)
        if not isinstance(to, str):
            return to
        target = _target(place, request, path, location)
        if isinstance(target, Undecided):
            return target
        headers = self._headers(place, request, snippet)
        if isinstance(headers, Undecided):
            return headers
        host, sent = headers
        read_timeout = seconds(snippet.read_timeout.words[0]) if snippet.read_timeout else None
        if read_timeout is None:
            written = place.value("proxy-read-timeout") or settings.of(self._settings, "proxy-read-timeout")
            read_timeout = seconds(written)
        affinity, by = self._affinity(place)
        passed = Request(
            host=host,
            target=target,
            method=request.method,
            headers=sent,
            tls=service in _listed(place.value("ssl-services")),
            port=port_number((to,)),
            client=CONTROLLER,
        )
        return Passed(
            (to,),
            passed,
            place.path.location,
            idle_seconds=60.0 if read_timeout is None else read_timeout,
            affinity=affinity,
            by=by,
            consulted=tuple(_consulted(place)),
            assumed=self.assumed,
        )

    def _headers(self, place: _Place, request: Request, snippet: Snippet) -> tuple[str, Headers] | Undecided:
        """Return the Host, without a port, and the other headers that the server gets.

        https://github.com/nginx/kubernetes-ingress/blob/main/internal/configs/version1/nginx.ingress.tmpl
        """
        host = bare(request.host)
        scheme = "https" if request.tls or place.value("redirect-to-https").lower() == "true" else "http"
        forwarded = ", ".join([*request.values("X-Forwarded-For"), request.client])
        port = str(request.port or (443 if request.tls else 80))
        sets = [
            ("X-Real-IP", request.client),
            ("X-Forwarded-For", forwarded),
            ("X-Forwarded-Host", host),
            ("X-Forwarded-Port", port),
            ("X-Forwarded-Proto", scheme),
        ]
        upgrade = request.value("Upgrade")
        if place.path.backend.service in _listed(place.value("websocket-services")):
            sets += [("Upgrade", upgrade), ("Connection", "upgrade" if upgrade else "close")]
        elif (place.value("keepalive") or settings.of(self._settings, "keepalive", "0")) == "0":
            sets.append(("Connection", "close"))
        variables = {
            "host": host,
            "scheme": "https" if request.tls else "http",
            "remote_addr": request.client,
            "proxy_add_x_forwarded_for": forwarded,
            "server_port": port,
            "request_uri": request.target,
            "connection_upgrade": "upgrade" if upgrade else "close",
        }
        added: list[tuple[str, str]] = []
        for directive in snippet.headers:
            if directive.name != "proxy_set_header":
                return Undecided(f"{directive.name} is not a directive of this nginx", directive.location)
            value = expanded(directive.words[1], request, variables)
            if value is None or directive.words[0].lower() == "host":
                why = f"what the snippet makes of {directive.words[0]} is not followed here"
                return Undecided(why, directive.location)
            if directive.words[0].lower() == "connection":
                # the default applies only where no directive names the header
                sets = [pair for pair in sets if pair != ("Connection", "close")]
            added.append((directive.words[0], value))
        for written in _listed_headers(place.value("proxy-set-headers")):
            name, _, value = written.partition(":")
            header = name.strip()
            added.append((header, value.strip() or request.value(header)))
        given = tuple((name, value) for name, value in request.headers if "_" not in name)
        kept = replaced(given, sets, HOP_BY_HOP | {name.lower() for name, _ in added})
        return host, kept + tuple(pair for pair in added if pair[1])

    def _affinity(self, place: _Place) -> tuple[Affinity, str]:
        """Return by what a pod is chosen: NGINX Plus has cookies, every edition ``lb-method``."""
        for ingress in (place.ingress, place.master):
            for part in ingress.meta.annotation("nginx.com/sticky-cookie-services").split(";"):
                found = re.search(r"serviceName=(\S+)\s+(\S+)", part)
                if found and found[1] == place.path.backend.service:
                    return Affinity.COOKIE, found[2]
        method = place.value("lb-method") or settings.of(self._settings, "lb-method")
        if method == "ip_hash":
            return Affinity.ADDRESS, method
        if method.startswith("hash "):
            key = method.split()[1]
            return (Affinity.ADDRESS if key in _ADDRESSES else Affinity.OTHER), key
        return Affinity.NONE, ""


def _mergeable(ingress: Ingress) -> str:
    return ingress.meta.annotation("nginx.org/mergeable-ingress-type").lower()


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _listed_headers(text: str) -> list[str]:
    return _listed(text.replace("\n", ","))


def _location(place: _Place) -> NginxLocation[_Place]:
    """Write a path as nginx's location: of a Prefix too, ``/a`` has ``/ab``."""
    path = place.path.path or "/"
    match place.ingress.meta.annotation("nginx.org/path-regex"):
        case "case_sensitive":
            return NginxLocation("~", "^" + path, place)
        case "case_insensitive":
            return NginxLocation("~*", "^" + path, place)
        case "exact":
            return NginxLocation("=", path, place)
    return NginxLocation("=" if place.path.kind == "Exact" else "", path, place)


def _target(place: _Place, request: Request, path: str, location: NginxLocation[_Place]) -> str | Undecided:
    """Follow ``nginx.org/rewrites``: what a prefix matched is replaced by the given path."""
    if text := place.text("rewrite-target"):
        return Undecided("nginx.org/rewrite-target is not followed here", text.location)
    text = place.text("rewrites")
    for part in text.value.split(";") if text else ():
        found = re.search(r"serviceName=(\S+)\s+rewrite=(\S*)", part)
        if text and found and found[1] == place.path.backend.service:
            if location.modifier not in ("", "="):
                return Undecided("a rewrite of a path that is a pattern is not followed here", text.location)
            query = request.target.partition("?")[2]
            return found[2] + path[len(location.path) :] + (f"?{query}" if query else "")
    return request.target


def _consulted(place: _Place) -> Iterator[Consulted]:
    for ingress in (place.ingress, place.master):
        for name in ("nginx.com/jwt-key", "nginx.org/policies"):
            if text := ingress.meta.annotations.get(name):
                yield Consulted(f"{name} {text.value.strip()}", text.location)
        if ingress is place.master:
            return
