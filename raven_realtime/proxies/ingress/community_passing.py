"""What ingress-nginx does with a request once its location is chosen: redirects, rewrites, headers, balancing.

https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/ for the annotations, and
https://github.com/kubernetes/ingress-nginx/blob/main/rootfs/etc/nginx/template/nginx.tmpl for the headers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from raven_realtime.proxies.ingress import settings as known_settings
from raven_realtime.proxies.ingress.backends import CONTROLLER, address, port_number, service_of
from raven_realtime.proxies.ingress.headers import HOP_BY_HOP, replaced
from raven_realtime.proxies.ingress.hosts import bare
from raven_realtime.proxies.ingress.locations import Unmatchable, fitting
from raven_realtime.proxies.ingress.objects import Ingress, Path, Resources, Text
from raven_realtime.proxies.ingress.snippets import Snippet, expanded, read, seconds
from raven_realtime.proxies.interface import (
    Affinity,
    Answered,
    Consulted,
    Headers,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

PREFIX = "nginx.ingress.kubernetes.io/"
_ACME = "/.well-known/acme-challenge"
"""What is never redirected to https (``no-tls-redirect-locations``)."""
_BY_ADDRESS = re.compile(r"\$\{?(binary_remote_addr|remote_addr|the_real_ip)\}?\Z")


@record
class Place:
    """A path of an Ingress, with its host."""

    ingress: Ingress
    host: str
    path: Path

    def annotation(self, name: str) -> str:
        """Return one of the controller's own annotations; empty without it."""
        return self.ingress.meta.annotation(PREFIX + name)

    def line_of(self, name: str) -> Location:
        """Return where one of the controller's own annotations stands."""
        return self.ingress.meta.line_of(PREFIX + name)


@record
class _Seen:
    """What the controller takes a request for: with ``use-forwarded-headers`` it believes what is in front of it."""

    scheme: str
    host: str
    port: int
    client: str


def wants_rewrite(place: Place) -> bool:
    """Tell whether ``rewrite-target`` changes anything: not where it is the path itself."""
    target = place.annotation("rewrite-target")
    return bool(target) and target != place.path.path


def outcome(
    place: Place,
    request: Request,
    path: str,
    resources: Resources,
    *,
    canaries: tuple[Place, ...],
    settings: Mapping[str, Text],
    certificate: bool,
    assumed: tuple[str, ...],
) -> Outcome:
    """Tell what becomes of a request in its location.

    Args:
        place: The path that gets it.
        request: As it came.
        path: Its path as nginx matches it.
        resources: All objects.
        canaries: The paths of canary Ingress objects for the same host and path.
        settings: The controller's ConfigMap.
        certificate: Whether ``spec.tls`` of one of its Ingress objects lists the request's host.
        assumed: What was taken for granted so far.
    """
    seen = _seen(request, settings)
    if answer := _rewrite_phase(place, request, path, seen, settings, certificate=certificate):
        return answer
    snippet = Snippet()
    if text := place.ingress.meta.annotations.get(PREFIX + "configuration-snippet"):
        snippet = read(text)
        if snippet.unclear:
            why = f"the configuration-snippet has {snippet.unclear.name!r}, which is not followed here"
            return Undecided(why, snippet.unclear.location)
    if place.annotation("ssl-passthrough") == "true" and not request.tls:
        return Undecided(
            "ssl-passthrough hands encrypted connections on; this one is not", place.line_of("ssl-passthrough")
        )
    protocol = place.annotation("backend-protocol").upper() or "HTTP"
    if protocol not in ("HTTP", "HTTPS", "AUTO_HTTP"):
        return Undecided(f"backend-protocol {protocol} is not HTTP", place.line_of("backend-protocol"))
    if place.annotation("auth-type") == "basic" and not request.value("Authorization"):
        return Answered(401, "basic authentication asks for a password", place.line_of("auth-type"))
    target = _target(place, request, path)
    if isinstance(target, Undecided):
        return target
    to = _servers(place, canaries, request, resources)
    if not isinstance(to, tuple):
        return to
    if place.annotation("ssl-passthrough") == "true":
        return Passed(
            to, request, place.path.location, assumed=(*assumed, "ssl-passthrough is enabled in the controller")
        )
    headers = _headers(place, request, seen, snippet, settings)
    if isinstance(headers, Undecided):
        return headers
    version = place.annotation("proxy-http-version") or "1.1"
    affinity, by = _affinity(place, resources)
    return Passed(
        to,
        Request(
            host=headers[0],
            target=target,
            method=request.method,
            headers=headers[1],
            tls=protocol == "HTTPS" or (protocol == "AUTO_HTTP" and seen.scheme == "https"),
            port=port_number(to),
            client=CONTROLLER,
            version=version if version in ("1.0", "1.1") else "1.1",
        ),
        place.path.location,
        unknown=MappingProxyType(
            {} if request.value("X-Request-ID") else {"x-request-id": "made up for every request"}
        ),
        idle_seconds=_idle(place, snippet, settings),
        affinity=affinity,
        by=by,
        consulted=_consulted(place, settings),
        assumed=assumed + _granted(place),
    )


def _seen(request: Request, settings: Mapping[str, Text]) -> _Seen:
    scheme = "https" if request.tls else "http"
    port = request.port or (443 if request.tls else 80)
    if known_settings.of(settings, "use-forwarded-headers") != "true":
        return _Seen(scheme, request.host, port, request.client)
    given = request.value("X-Forwarded-Port")
    client = request.value("X-Forwarded-For").partition(",")[0].strip()
    return _Seen(
        request.value("X-Forwarded-Proto") or scheme,
        request.value("X-Forwarded-Host") or request.host,
        int(given) if given.isascii() and given.isdigit() and len(given) < 6 else port,
        client or request.client,
    )


def _rewrite_phase(
    place: Place, request: Request, path: str, seen: _Seen, settings: Mapping[str, Text], *, certificate: bool
) -> Answered | Redirected | Undecided | None:
    """Follow what answers before access is checked and a server is asked."""
    if (root := place.annotation("app-root")) and path == "/":
        return Redirected(302, f"{seen.scheme}://{request.host}{root}", place.line_of("app-root"))
    for name, status in (("temporal-redirect", 302), ("permanent-redirect", 301)):
        if to := place.annotation(name):
            code = place.annotation(f"{name}-code")
            whole = expanded(to, request, _variables(request, seen))
            if whole is None:
                return Undecided(f"{name} has a variable that is not followed here: {to}", place.line_of(name))
            return Redirected(int(code) if re.fullmatch("3[0-9][0-9]", code) else status, whole, place.line_of(name))
    if place.annotation("enable-cors") == "true" and request.method == "OPTIONS":
        return Answered(204, "the controller answers preflight requests", place.line_of("enable-cors"))
    if seen.scheme != "http" or path.startswith(_ACME):
        return None
    forced = place.annotation("force-ssl-redirect") or known_settings.of(settings, "force-ssl-redirect", "false")
    wanted = place.annotation("ssl-redirect") or known_settings.of(settings, "ssl-redirect", "true")
    if forced == "true" or (wanted != "false" and certificate):
        code = known_settings.of(settings, "http-redirect-code", "308")
        reason = "force-ssl-redirect" if forced == "true" else "ssl-redirect"
        status = int(code) if code in ("301", "302", "307", "308") else 308
        return Redirected(status, f"https://{bare(seen.host)}{request.target}", place.line_of(reason))
    return None


def _target(place: Place, request: Request, path: str) -> str | Undecided:
    """Follow ``rewrite-target``: the first place where the path's pattern fits is looked for, and all is replaced.

    https://kubernetes.github.io/ingress-nginx/examples/rewrite/
    """
    if not wants_rewrite(place):
        return request.target
    to = place.annotation("rewrite-target")
    here = place.line_of("rewrite-target")
    try:
        found = fitting(place.path.path, path, fold=True)
    except Unmatchable as reason:
        return Undecided(str(reason), place.path.location)
    if found is None:
        return request.target
    unknown = re.search(r"\$\{?[A-Za-z_]", to)
    if unknown:
        return Undecided(f"rewrite-target has a variable that is not followed here: {to}", here)

    def group(number: re.Match[str]) -> str:
        index = int(number[1])
        return (found[index] or "") if index <= found.re.groups else ""

    whole = re.sub(r"\$([0-9])", group, to)
    if re.match("https?://", whole):
        return Undecided("rewrite-target is a URL, so nginx redirects instead of rewriting", here)
    query = request.target.partition("?")[2]
    if query and not whole.endswith("?"):
        whole += ("&" if "?" in whole else "?") + query
    return whole.removesuffix("?")


def _servers(
    place: Place, canaries: tuple[Place, ...], request: Request, resources: Resources
) -> tuple[str, ...] | Answered | Undecided:
    """Return the Services that may get a request: the path's, and a canary's.

    https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary
    """
    main = address(resources, place.path.backend, place.ingress.meta.namespace)
    if not isinstance(main, str):
        return main
    to = [main]
    for canary in canaries:
        other = address(resources, canary.path.backend, canary.ingress.meta.namespace)
        if not isinstance(other, str):
            continue
        if header := canary.annotation("canary-by-header"):
            value, wanted = request.value(header), canary.annotation("canary-by-header-value") or "always"
            if value == wanted:
                return (other,)
            if value == "never":
                continue
        if cookie := canary.annotation("canary-by-cookie"):
            crumbs = [crumb.strip() for line in request.values("Cookie") for crumb in line.split(";")]
            if f"{cookie}=always" in crumbs:
                return (other,)
            if f"{cookie}=never" in crumbs:
                continue
        if canary.annotation("canary-weight") not in ("", "0"):
            to.append(other)
    return tuple(dict.fromkeys(to))


def _variables(request: Request, seen: _Seen) -> dict[str, str]:
    """Return nginx's variables whose value is known before a request is passed on."""
    return {
        "host": bare(request.host),
        "best_http_host": seen.host,
        "scheme": "https" if request.tls else "http",
        "pass_access_scheme": seen.scheme,
        "remote_addr": seen.client,
        "proxy_add_x_forwarded_for": ", ".join([*request.values("X-Forwarded-For"), seen.client]),
        "request_uri": request.target,
        "uri": request.path,
        "request_method": request.method,
        "connection_upgrade": "upgrade" if request.value("Upgrade") else "",
        "server_port": str(request.port or (443 if request.tls else 80)),
        "pass_port": str(seen.port),
        "args": request.target.partition("?")[2],
        "is_args": "?" if "?" in request.target else "",
    }


def _headers(
    place: Place, request: Request, seen: _Seen, snippet: Snippet, settings: Mapping[str, Text]
) -> tuple[str, Headers] | Undecided:
    """Return the Host and the other headers that the server gets."""
    full = (
        known_settings.of(settings, "use-forwarded-headers") == "true"
        and known_settings.of(settings, "compute-full-forwarded-for") == "true"
    )
    forwarded = [*request.values("X-Forwarded-For"), request.client] if full else [seen.client]
    sets = [
        ("Upgrade", request.value("Upgrade")),
        ("Connection", place.annotation("connection-proxy-header") or ("upgrade" if request.value("Upgrade") else "")),
        ("X-Request-ID", request.value("X-Request-ID")),
        ("X-Real-IP", seen.client),
        ("X-Forwarded-For", ", ".join(forwarded)),
        ("X-Forwarded-Host", seen.host),
        ("X-Forwarded-Port", str(seen.port)),
        ("X-Forwarded-Proto", seen.scheme),
        ("X-Forwarded-Scheme", seen.scheme),
        ("X-Scheme", seen.scheme),
        ("X-Original-Forwarded-For", request.value("X-Forwarded-For")),
        ("X-Original-Forwarded-Host", request.value("X-Forwarded-Host")),
        ("Proxy", ""),
    ]
    if prefix := place.annotation("x-forwarded-prefix"):
        sets.append(("X-Forwarded-Prefix", prefix))
    host = place.annotation("upstream-vhost") or seen.host
    host_filled = expanded(host, request, _variables(request, seen))
    if host_filled is None:
        return Undecided("upstream-vhost has a variable that is not followed here", place.line_of("upstream-vhost"))
    given = [(name, value) for name, value in request.headers if "_" not in name]  # nginx drops names with one
    added: list[tuple[str, str]] = []
    for directive in snippet.headers:
        name, value = _set(directive.words)
        filled = expanded(value, request, _variables(request, seen))
        if filled is None:
            return Undecided(f"the value of {name} in the snippet is not followed here", directive.location)
        if directive.name == "more_set_input_headers":
            given = list(replaced(tuple(given), [(name, filled)]))
        elif name.lower() == "host":
            return Undecided("a snippet sets Host, which the controller sets too", directive.location)
        elif filled:
            # beside the controller's own of the same name: nginx sends both
            added.append((name, filled))
    headers = replaced(tuple(given), sets, HOP_BY_HOP | {name.lower() for name, _ in added})
    return host_filled, headers + tuple(added)


def _set(words: tuple[str, ...]) -> tuple[str, str]:
    if len(words) == 2:
        return words[0], words[1]
    name, _, value = words[0].partition(":")
    return name.strip(), value.strip()


def _idle(place: Place, snippet: Snippet, settings: Mapping[str, Text]) -> float:
    """Return ``proxy-read-timeout``: seconds as a whole number; what is none counts as not set."""
    if snippet.read_timeout:
        return seconds(snippet.read_timeout.words[0]) or 60.0
    for text in (place.annotation("proxy-read-timeout"), known_settings.of(settings, "proxy-read-timeout")):
        if re.fullmatch("[0-9]{1,9}", text):
            return float(text)
    return 60.0


def _affinity(place: Place, resources: Resources) -> tuple[Affinity, str]:
    """Return by what a pod is chosen; a Service's own sessionAffinity counts with ``service-upstream`` only."""
    if place.annotation("service-upstream") == "true":
        service = service_of(resources, place.path.backend, place.ingress.meta.namespace)
        return (Affinity.OTHER, "the controller's address") if service and service.by_address else (Affinity.NONE, "")
    if place.annotation("affinity") == "cookie":
        return Affinity.COOKIE, place.annotation("session-cookie-name") or "INGRESSCOOKIE"
    by = place.annotation("upstream-hash-by")
    if not by:
        return Affinity.NONE, ""
    return (Affinity.ADDRESS, by) if _BY_ADDRESS.match(by) else (Affinity.OTHER, by)


def _consulted(place: Place, settings: Mapping[str, Text]) -> tuple[Consulted, ...]:
    """Return whom the controller asks first: ``auth-url``, or the ConfigMap's ``global-auth-url``."""
    if url := place.annotation("auth-url"):
        return (Consulted(url, place.line_of("auth-url")),)
    everywhere = settings.get("global-auth-url")
    if everywhere and place.annotation("enable-global-auth") != "false":
        skipped = [part.strip() for part in known_settings.of(settings, "no-auth-locations").split(",")]
        if place.path.path not in skipped:
            return (Consulted(everywhere.value.strip(), everywhere.location),)
    return ()


def _granted(place: Place) -> tuple[str, ...]:
    """Return what is taken for granted about access."""
    assumed: list[str] = []
    for name in ("whitelist-source-range", "allowlist-source-range"):
        if place.annotation(name):
            assumed.append(f"the client's address is in {name} of {place.line_of(name)}")
    if place.annotation("denylist-source-range"):
        assumed.append(
            f"the client's address is not in denylist-source-range of {place.line_of('denylist-source-range')}"
        )
    if place.annotation("auth-tls-secret") and place.annotation("auth-tls-verify-client") in ("", "on"):
        assumed.append(f"the client has a certificate, as {place.line_of('auth-tls-secret')} asks")
    if place.annotation("auth-type"):
        assumed.append(f"the password is right that {place.line_of('auth-type')} asks for")
    return tuple(assumed)
