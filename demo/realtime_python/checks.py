"""Who may connect to a site's namespace, up to where the web is asked: pure functions of the request's headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from demo.generations import Check
from demo.realtime_python.options import Options

LOCALHOST = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Request:
    """What the handshake said, as the checks need it."""

    namespace: str
    site: str
    host: str
    origin: str
    cookie: str
    sid: str
    authorization: str

    @classmethod
    def of(cls, environ: Mapping[str, str], namespace: str, options: Options) -> Request:
        """Read a WSGI environment; the site is what the proxy says, else what the browser's address implies."""
        host, origin, cookie, authorization = (
            environ.get(f"HTTP_{name}", "") for name in ("HOST", "ORIGIN", "COOKIE", "AUTHORIZATION")
        )
        named = environ.get("HTTP_X_FRAPPE_SITE_NAME", "")
        default = options.default_site if hostname(host) in LOCALHOST else None
        morsel = SimpleCookie(cookie).get("sid")
        return cls(
            namespace.lstrip("/"),
            hostname(named) or default or hostname(origin or host),
            host,
            origin,
            cookie,
            morsel.value if morsel else "",
            authorization,
        )

    def failed(self, options: Options) -> str:
        """What the client is told by the first check that fails, or nothing."""
        return next((words for check, words in options.generation.checks if not PASSES[check](self)), "")


def hostname(address: str) -> str:
    """The host of a URL or of a Host header, without scheme, path and port."""
    authority = address.split("/")[2] if "://" in address else address
    return authority.split(":")[0]


PASSES: Mapping[Check, Callable[[Request], bool]] = {
    "namespace": lambda asked: bool(asked.site) and asked.namespace == asked.site,
    "origin": lambda asked: bool(asked.host and asked.origin) and hostname(asked.host) == hostname(asked.origin),
    "origin where sent": lambda asked: (
        bool(asked.host) and (not asked.origin or hostname(asked.host) == hostname(asked.origin))
    ),
    "cookie": lambda asked: bool(asked.cookie),
    "cookie or authorization": lambda asked: bool(asked.cookie or asked.authorization),
    "sid": lambda asked: bool(asked.sid),
    "sid or authorization": lambda asked: bool(asked.sid or asked.authorization),
}
"""Whether a connection passes a check."""


def web_url(origin: str, options: Options) -> str:
    """Where the web is asked: at ``webserver_host``, else at the Origin, as the browser sees it."""
    if options.webserver_host and options.webserver_port:
        named = options.webserver_host
        parts = urlsplit(named if "://" in named else f"http://{named}")
        port = "" if parts.port else f":{options.webserver_port}"
        return f"{parts.scheme}://{parts.netloc}{port}"
    if options.developer_mode and options.webserver_port:
        scheme, host = [*origin.split(":"), "", ""][:2]
        return f"{scheme}:{host}:{options.webserver_port}"
    return origin
