"""nginx-proxy (``nginxproxy/nginx-proxy``, ``jwilder/nginx-proxy``): what its template makes of a request.

Source: nginx-proxy's documentation and its template. What the owner puts beside it (``vhost.d``, ``htpasswd``,
certificates) is not seen: each outcome says what was assumed of it.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import quote, unquote

from raven_realtime.proxies.interface import (
    Affinity,
    Answered,
    Entrance,
    Headers,
    Listener,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx_proxy.containers import (
    KEEPALIVE_LABEL,
    LOADBALANCE_LABEL,
    Container,
    Environment,
    Path,
    VirtualHost,
    hosts_of,
    number,
)
from raven_realtime.proxies.record import record
from raven_realtime.proxies.tunnels.address import host_of
from raven_realtime.proxies.tunnels.expressions import compiled
from raven_realtime.proxies.tunnels.headers import appended, end_to_end, replaced, without

KIND = "nginx-proxy"

READ_SECONDS = 60.0
"""nginx's ``proxy_read_timeout``, which the template leaves as it is."""
INTERNAL = ("127.0.0.0/8", "10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12")
"""Who may reach a container with ``NETWORK_ACCESS=internal``, as the image has it."""

Release = tuple[int, ...]
_KEEPS_PORT_OF_CLIENT: Release = (1, 4)
"""Before this release Host is passed on as the client sent it."""
_ADDS_OWN_PORT: Release = (1, 5)
"""From this release on Host has the proxy's own port, where that is neither 80 nor 443."""

_NO_FILES = "no file in /etc/nginx/vhost.d or /etc/nginx/htpasswd changes how it is passed on"


@record
class NginxProxy:
    """A running nginx-proxy, and the hosts that containers ask it for."""

    name: str
    location: Location
    hosts: Mapping[str, VirtualHost]
    environment: Environment
    """The proxy's own variables."""
    release: Release | None = None
    """None where it is not known: the newest then."""

    @property
    def kind(self) -> str:
        """``nginx-proxy``."""
        return KIND

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the hosts in the order of their names, as the template writes them."""
        found = []
        for name in sorted(self.hosts):
            host, method = self.hosts[name], self._method(self.hosts[name])
            shown = name if not name.startswith("~") and "*" not in name.removeprefix("*.") else ""
            paths = () if "/" in host.paths else tuple(path for path in host.paths if path.startswith("/"))
            if method != "nohttp":
                found.append(Entrance(shown, Listener(host.http_port, self.location), host.location, paths))
            if method != "nohttps":
                found.append(Entrance(shown, Listener(host.https_port, self.location, tls=True), host.location, paths))
        return tuple(found)

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        ports = {(host.http_port, False) for host in self.hosts.values()}
        ports |= {(host.https_port, True) for host in self.hosts.values()}
        ports |= {(self._own_port("HTTP_PORT", 80), False), (self._own_port("HTTPS_PORT", 443), True)}
        if request.port is not None and (request.port, request.tls) not in ports:
            return Answered(None, f"nginx-proxy does not listen on port {request.port} for this", self.location)
        host = self._host(request)
        if host is None:
            status = None if request.tls else 503
            return Answered(status, f"no container asks for {host_of(request.host)}", self.location)
        return self._redirected(host, request) or self._located(host, request)

    def _own_port(self, variable: str, otherwise: int) -> int:
        return number(self._own(variable)) or otherwise

    def _own(self, variable: str) -> str:
        return self.environment.get(variable, ("", self.location))[0].strip()

    def _method(self, host: VirtualHost) -> str:
        return host.first("HTTPS_METHOD") or self._own("HTTPS_METHOD") or "redirect"

    def _host(self, request: Request) -> VirtualHost | None:
        """Choose the server as nginx does: the name, the longest wildcard, the first expression; else the default."""
        listening = {
            name: host
            for name, host in sorted(self.hosts.items())
            if request.port in (None, host.https_port if request.tls else host.http_port)
            and self._method(host) != ("nohttps" if request.tls else "nohttp")
        }
        wanted = host_of(request.host)
        ranked = [(rank, name) for name in listening if (rank := _rank(name, wanted)) is not None]
        if ranked:
            return listening[min(ranked)[1]]
        return listening.get(self._own("DEFAULT_HOST"))

    def _redirected(self, host: VirtualHost, request: Request) -> Outcome | None:
        if request.tls or self._method(host) != "redirect" or not _has_certificate(host, request):
            return None
        port = "" if host.https_port == 443 else f":{host.https_port}"
        status = number(self._own("NON_GET_REDIRECT")) if request.method not in ("GET", "HEAD") else None
        return Redirected(status or 301, f"https://{host_of(request.host)}{port}{request.target}", host.location)

    def _located(self, host: VirtualHost, request: Request) -> Outcome:
        path = _normal(request.path)
        found = _location(host, path)
        if found is None:
            return self._root(host, path)
        if isinstance(found, Redirected):
            query = request.target.partition("?")[1:]
            scheme, port = "https" if request.tls else "http", self._port(host, request)
            # nginx names the port that it listens on, whatever the client dialled (port_in_redirect).
            own = "" if port == (443 if request.tls else 80) else f":{port}"
            return replace(found, to=f"{scheme}://{host_of(request.host)}{own}{found.to}{''.join(query)}")
        if found.first("NETWORK_ACCESS") == "internal" and not _is_internal(request.client):
            return Answered(403, "only the internal network is let in", found.location)
        if found.protocol not in ("http", "https"):
            return Undecided(f"The container is spoken to in {found.protocol}", found.location)
        return self._passed(found, host, path, request)

    def _root(self, host: VirtualHost, path: str) -> Outcome:
        answer = self._own("DEFAULT_ROOT") or "404"
        status, _, rest = answer.partition(" ")
        if status.isascii() and status.isdigit() and len(status) == 3:
            if rest and status.startswith("3") and "$" not in rest:
                return Redirected(int(status), rest.strip(), host.location)
            if not rest:
                return Answered(int(status), f"no container asks for {path}", host.location)
        return Undecided(f"What is not asked for by a container gets: {answer}", host.location)

    def _passed(self, found: Path, host: VirtualHost, path: str, request: Request) -> Passed:
        ports = {server.port for server in found.servers}
        affinity, by = _affinity(found.label(LOADBALANCE_LABEL))
        assumed = [_NO_FILES]
        if not request.tls and self._method(host) in ("redirect", "nohttp"):
            assumed.append(f"no certificate for {host.name} is in /etc/nginx/certs, so that plain HTTP is served")
        if request.tls and not _has_certificate(host, request):
            assumed.append(f"a certificate for {host.name} is in /etc/nginx/certs")
        return Passed(
            to=tuple(server.address for server in found.servers),
            request=Request(
                host=self._host_header(host, request),
                target=_target(found, path, request),
                method=request.method,
                headers=self._headers(found, host, request),
                tls=found.protocol == "https",
                port=ports.pop() if len(ports) == 1 else None,
                client=self.name,
                version="1.1",
            ),
            location=found.servers[0].location,
            idle_seconds=READ_SECONDS,
            affinity=affinity,
            by=by,
            assumed=tuple(assumed),
        )

    def _port(self, host: VirtualHost, request: Request) -> int:
        return request.port or (host.https_port if request.tls else host.http_port)

    def _host_header(self, host: VirtualHost, request: Request) -> str:
        if self.release is not None and self.release < _KEEPS_PORT_OF_CLIENT:
            return request.host
        name, port = host_of(request.host), self._port(host, request)
        name = f"[{name}]" if ":" in name else name
        if port in (80, 443) or (self.release is not None and self.release < _ADDS_OWN_PORT):
            return name
        return f"{name}:{port}"

    def _headers(self, found: Path, host: VirtualHost, request: Request) -> Headers:
        trusts = self._own("TRUST_DOWNSTREAM_PROXY").lower() not in ("false", "0", "f")

        def told(name: str, own: str) -> str:
            return (request.value(name) if trusts else "") or own

        scheme = told("X-Forwarded-Proto", "https" if request.tls else "http")
        headers = without(end_to_end(request), "Proxy")
        forwarded = appended(headers, "X-Forwarded-For", request.client) if trusts else headers
        headers = replaced(
            forwarded,
            *(() if trusts else (("X-Forwarded-For", request.client),)),
            ("X-Real-IP", request.client),
            ("X-Forwarded-Host", told("X-Forwarded-Host", host_of(request.host))),
            ("X-Forwarded-Proto", scheme),
            ("X-Forwarded-Ssl", "on" if scheme == "https" else "off"),
            ("X-Forwarded-Port", told("X-Forwarded-Port", str(self._port(host, request)))),
            ("X-Original-URI", request.target),
        )
        # Whatever a client asks to upgrade to is passed on, with a Connection of nginx's own.
        if request.value("Upgrade"):
            return (*headers, ("Upgrade", request.value("Upgrade")), ("Connection", "upgrade"))
        return (*headers, ("Connection", "close")) if found.label(KEEPALIVE_LABEL) == "disabled" else headers


def is_nginx_proxy(image: str) -> bool:
    """Tell whether an image is nginx-proxy's."""
    repository = image.partition("@")[0]
    return re.search(r"(^|/)(nginxproxy|jwilder)/nginx-proxy(:[^/]*)?$", repository) is not None


def release_of(image: str) -> Release | None:
    """Return the release that an image's tag names; None where it names none."""
    match = re.search(r":v?(\d{1,4}(?:\.\d{1,4}){1,2})(?:-[\w.]+)?$", image.partition("@")[0])
    return tuple(int(part) for part in match[1].split(".")) if match else None


def read(
    containers: Iterable[Container],
    name: str,
    location: Location,
    environment: Environment = MappingProxyType({}),
    release: Release | None = None,
) -> NginxProxy:
    """Make nginx-proxy of the containers that it sees.

    Args:
        containers: All containers in its networks, with their environments.
        name: What findings call the proxy: its container's name.
        location: Where the proxy itself is declared.
        environment: The proxy's own environment.
        release: The proxy's release (`release_of`), where it is known.
    """
    ports = {key: number(environment.get(key, ("",))[0].strip()) for key in ("HTTP_PORT", "HTTPS_PORT")}
    hosts = hosts_of(containers, ports["HTTP_PORT"] or 80, ports["HTTPS_PORT"] or 443)
    return NginxProxy(name, location, MappingProxyType(hosts), environment, release)


def _rank(name: str, wanted: str) -> tuple[int, int] | None:
    """Rank how well a ``server_name`` fits, the best first (nginx, "Server names"); None where it does not."""
    lowered = name.lower()
    if lowered == wanted:
        return 0, 0
    if lowered.startswith((".", "*.")):
        suffix = lowered.lstrip("*")
        fits = wanted.endswith(suffix) or (name.startswith(".") and wanted == suffix[1:])
        return (1, -len(name)) if fits else None
    if lowered.endswith(".*"):
        return (2, -len(name)) if wanted.startswith(lowered[:-1]) else None
    if name.startswith("~"):
        return (3, 0) if _found(f"(?i){name[1:]}", wanted) else None
    return None


def _found(pattern: str, text: str) -> bool:
    expression = compiled(pattern)
    return expression is not None and expression.search(text) is not None


def _location(host: VirtualHost, path: str) -> Path | Redirected | None:
    """Choose the location as nginx does: the exact path, a ``^~`` prefix, an expression, the longest prefix."""
    exact = [key for key in host.paths if key.startswith("=") and key[1:].strip() == path]
    prefixes = [key for key in host.paths if path.startswith(_prefix(key))]
    longest = max(prefixes, key=lambda key: len(_prefix(key)), default=None)
    if exact:
        return host.paths[exact[0]]
    if longest is not None and longest.startswith("^~"):
        return host.paths[longest]
    for key, found in host.paths.items():
        either_case = "(?i)" if key.startswith("~*") else ""
        if key.startswith("~") and _found(either_case + key.lstrip("~* "), path):
            return found
    # nginx redirects to a prefix that ends with a slash, where only the slash is missing.
    slash = next((key for key in host.paths if key == path + "/"), None)
    if slash is not None:
        return Redirected(301, slash, host.paths[slash].location)
    return host.paths[longest] if longest is not None else None


def _prefix(key: str) -> str:
    if key.startswith(("=", "~")):
        return "\0"  # no path has it
    return key.removeprefix("^~").strip()


def _normal(path: str) -> str:
    """Return a path as nginx compares it: decoded, with single slashes and without dot segments."""
    decoded = "/" + unquote(path).lstrip("/")
    normal = posixpath.normpath(decoded)
    return normal + "/" if decoded.endswith(("/", "/.", "/..")) and normal != "/" else normal


def _target(found: Path, path: str, request: Request) -> str:
    if not found.destination or not found.path.startswith("/"):
        return request.target
    query = request.target.partition("?")[1:]
    return quote(found.destination + path[len(found.path) :], safe="/:@!$&'()*+,;=~-._") + "".join(query)


def _has_certificate(host: VirtualHost, request: Request) -> bool:
    """Tell whether the environment speaks of a certificate for the host: one by name, or of the ACME companion."""
    wanted = {name.strip() for name in host.first("LETSENCRYPT_HOST").split(",")}
    return bool(host.first("CERT_NAME")) or not wanted.isdisjoint((host.name, host_of(request.host)))


def _is_internal(client: str) -> bool:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in INTERNAL if address.version == 4)


def _affinity(directive: str) -> tuple[Affinity, str]:
    words = directive.replace(";", " ").split()
    if "ip_hash" in words or words[:2] == ["hash", "$remote_addr"]:
        return Affinity.ADDRESS, ""
    if words[:1] == ["hash"] and len(words) > 1:
        return Affinity.OTHER, words[1]
    return (Affinity.COOKIE, " ".join(words)) if words[:2] == ["sticky", "cookie"] else (Affinity.NONE, "")
