"""A request on its way through Apache."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from raven_realtime.proxies.apache.servers import Server
from raven_realtime.proxies.apache.unknown import Unknown
from raven_realtime.proxies.interface import Request

_JOINED = ", "


@dataclass
class Exchange:
    """The request as Apache has read it, and what directives have made of it so far."""

    request: Request
    server: Server
    port: int
    tls: bool
    path: str
    """Decoded."""
    query: str | None
    """None without a question mark."""
    headers: list[tuple[str, str]]
    """All but Host; a header that came in several lines is one line with commas."""
    host: str
    unknown: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    """What RewriteRule sets with E."""
    assumed: list[str] = field(default_factory=list)

    @property
    def scheme(self) -> str:
        """By which the client speaks: http or https."""
        return "https" if self.tls else "http"

    @property
    def hostname(self) -> str:
        """The name that the server thinks it was called by (UseCanonicalName)."""
        if self.server.setting("usecanonicalname") == "on":
            return self.server.name
        return re.sub(r":\d*$", "", self.request.host).lower().removesuffix(".")

    @property
    def origin(self) -> str:
        """Scheme, host, and the port where it is not the scheme's own, as Apache writes addresses of itself."""
        given = re.search(r":(\d+)$", self.request.host)
        default = 443 if self.tls else 80
        if given and self.server.setting("usecanonicalname") != "on":
            port = int(given[1])
        elif self.server.canonical_port is None and self.server.setting("usecanonicalphysicalport") == "on":
            port = self.port
        else:
            port = self.server.canonical_port or default
        return f"{self.scheme}://{self.hostname}" + ("" if port == default else f":{port}")

    def value(self, name: str) -> str:
        """Return the value of a header; empty without one.

        Raises:
            Unknown: it is known only while Apache runs.
        """
        if why := self.unknown.get(name.lower()):
            raise Unknown(why)
        if name.lower() == "host":
            return self.host
        return next((value for given, value in self.headers if given.lower() == name.lower()), "")

    def has(self, name: str) -> bool:
        """Tell whether there is such a header."""
        return name.lower() == "host" or any(given.lower() == name.lower() for given, _ in self.headers)

    def remove(self, name: str) -> None:
        """Drop a header."""
        self.headers = [(given, value) for given, value in self.headers if given.lower() != name.lower()]
        self.unknown.pop(name.lower(), None)

    def put(self, name: str, value: str) -> None:
        """Set a header."""
        self.remove(name)
        if name.lower() == "host":
            self.host = value
        else:
            self.headers.append((name, value))

    def merge(self, name: str, value: str) -> None:
        """Add a value to a header after a comma, or set it."""
        for index, (given, old) in enumerate(self.headers):
            if given.lower() == name.lower():
                self.headers[index] = (given, f"{old}{_JOINED}{value}")
                return
        if name.lower() == "host":
            self.host = f"{self.host}{_JOINED}{value}"
        else:
            self.headers.append((name, value))


def merged(request: Request) -> list[tuple[str, str]]:
    """Return the headers of a request as Apache reads them: those of one name joined by commas."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in request.headers:
        if name.lower() in found:
            first, old = found[name.lower()]
            found[name.lower()] = (first, f"{old}{_JOINED}{value}")
        else:
            found[name.lower()] = (name, value)
    return list(found.values())


def variable(name: str, exchange: Exchange, filename: str = "") -> str:
    """Return a variable of mod_rewrite and of expressions, such as ``REQUEST_URI`` or ``HTTP:Upgrade``.

    Raises:
        Unknown: it is known only while Apache runs, or is not followed.
    """
    upper = name.upper()
    for prefix, of in (("HTTP:", exchange.value), ("REQ:", exchange.value)):
        if upper.startswith(prefix):
            return of(name[len(prefix) :])
    if upper.startswith("ENV:") and name[4:] in exchange.environment:
        return exchange.environment[name[4:]]
    simple = {
        "HTTP_ACCEPT": "accept",
        "HTTP_COOKIE": "cookie",
        "HTTP_FORWARDED": "forwarded",
        "HTTP_HOST": "host",
        "HTTP_REFERER": "referer",
        "HTTP_USER_AGENT": "user-agent",
        "HTTP_PROXY_CONNECTION": "proxy-connection",
    }
    if upper in simple:
        return exchange.value(simple[upper])
    known = {
        "HTTPS": "on" if exchange.tls else "off",
        "QUERY_STRING": exchange.query or "",
        "REMOTE_ADDR": exchange.request.client,
        "REQUEST_FILENAME": filename,
        "REQUEST_METHOD": exchange.request.method,
        "REQUEST_SCHEME": exchange.scheme,
        "REQUEST_URI": exchange.path,
        "SCRIPT_FILENAME": filename,
        "SERVER_NAME": exchange.hostname,
        "SERVER_PROTOCOL": f"HTTP/{exchange.request.version}",
        "THE_REQUEST": f"{exchange.request.method} {exchange.request.target} HTTP/{exchange.request.version}",
    }
    if upper in known:
        return known[upper]
    if upper == "SERVER_PORT":
        found = re.search(r":(\d+)$", exchange.origin)
        return found[1] if found else "443" if exchange.tls else "80"
    raise Unknown(f"%{{{name}}} is known only while Apache runs, or is not followed")
