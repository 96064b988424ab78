"""What is asked: an address, the site behind it, and how to reach it."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import httpx
import idna

from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record

SOCKET_PATH = "/socket.io/"
"""The path of Socket.IO, with its slash: the client library's default."""
DEFAULT_PORTS = {"http": 80, "https": 443}


class Place(StrEnum):
    """Where on the path a handshake is taken."""

    ORIGIN = "origin"
    MULTIPLEXER = "multiplexer"
    SIDECAR = "sidecar"
    PUBLIC = "public"


COOKIE_CHARACTERS = r"[!#-+\--:<-\[\]-~]*"
"""What a cookie's value may hold (RFC 6265, section 4.1.1)."""
KEY_CHARACTERS = r"[!-9;-~]*"
"""Visible ASCII without the colon, by which Frappe parts key and secret."""


@record
class Credentials:
    """A Frappe account: the ``sid`` cookie of a session, or an API key with its secret. Never printed.

    Raises:
        Problem: a value holds what its request header cannot carry; an HTTP library's own error would quote it.
    """

    sid: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    api_secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what no header can carry, without quoting it."""
        for name, value, accepted, said in (
            ("sid cookie", self.sid, COOKIE_CHARACTERS, "space, quote, comma, semicolon and backslash"),
            ("API key", self.api_key, KEY_CHARACTERS, "space and colon"),
            ("API secret", self.api_secret, KEY_CHARACTERS, "space and colon"),
        ):
            if re.fullmatch(accepted, value) is None:
                raise Problem(
                    f"The {name} holds a character that its header cannot carry. "
                    f"Accepted: visible ASCII characters without {said}. Copy it again, and nothing around it."
                )

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ, file: Path | None = None) -> Credentials | None:
        """Read them from the environment or from a file with the same names, one ``NAME=value`` a line.

        Args:
            environment: RAVEN_REALTIME_SID, or RAVEN_REALTIME_API_KEY with RAVEN_REALTIME_API_SECRET.
            file: read instead of the environment.

        Raises:
            Problem: the file cannot be read or holds none of the names; a key without its secret.
        """
        values = environment if file is None else _lines(file)
        sid, key, secret = (values.get(f"RAVEN_REALTIME_{name}", "") for name in ("SID", "API_KEY", "API_SECRET"))
        if bool(key) != bool(secret):
            raise Problem("RAVEN_REALTIME_API_KEY and RAVEN_REALTIME_API_SECRET belong together; one of them is empty.")
        if sid or key:
            return cls(sid, key, secret)
        if file is not None:
            raise Problem(
                f"{file} holds no credentials. Accepted: a line RAVEN_REALTIME_SID=…, "
                "or RAVEN_REALTIME_API_KEY=… and RAVEN_REALTIME_API_SECRET=…"
            )
        return None

    @property
    def headers(self) -> dict[str, str]:
        """The request headers that carry them; a browser sends the cookie, an API client the token."""
        if self.api_key:
            # Frappe before 2026 asks for a cookie first, whatever is in it, even of a client that has a token.
            return {"Authorization": f"token {self.api_key}:{self.api_secret}", "Cookie": "client=raven-realtime"}
        return {"Cookie": f"sid={self.sid}"} if self.sid else {}


def _lines(file: Path) -> dict[str, str]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Problem(f"The credentials file {file} cannot be read: {reason}.") from None
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


@record
class Target:
    """One end of a question: scheme, host and port, and how to get there.

    Build it with `Target.parse`, which explains what it refuses.
    """

    scheme: str
    host: str
    port: int
    site: str = ""
    """The Frappe site, whose name is the Socket.IO namespace; the host where it is empty."""
    ca: Path | None = None
    """A CA certificate to trust besides the system's."""
    insecure: bool = False
    """Take any certificate."""
    resolve: str = ""
    """The address to connect to instead of what the name resolves to."""
    credentials: Credentials | None = field(default=None, repr=False)
    page: str = ""
    """The origin of the page, where it is not this one: then the client is cross-origin (RT019)."""
    timeout: float = 10.0
    """Seconds that one check may take in all, what it waits for on purpose not counted."""
    root: bool = False
    """Whether the realtime process has one namespace for all sites, ``/``, as Frappe's 14 does."""

    @classmethod
    def parse(
        cls,
        url: str,
        *,
        site: str = "",
        ca: Path | None = None,
        insecure: bool = False,
        resolve: str = "",
        credentials: Credentials | None = None,
        page: str = "",
        timeout: float = 10.0,
    ) -> Target:
        """Read a URL such as ``https://chat.example.com`` or ``127.0.0.1:9000``; a path and query are ignored.

        Raises:
            Problem: no http(s) URL, a port out of range, a CA file that is none, an override that is no IP address.
        """
        scheme, host, port = _origin(url)
        if resolve:
            try:
                ipaddress.ip_address(resolve)
            except ValueError:
                raise Problem(f"--resolve {resolve!r} is not an IP address. Example: --resolve 127.0.0.1") from None
        if page:
            page_scheme, page_host, page_port = _origin(page)
            page = _join(page_scheme, page_host, page_port)
        target = cls(scheme, host, port, site, ca, insecure, resolve, credentials, page, timeout)
        if ca is not None:
            target.shared_tls()
        return replace(target, page="" if page == target.origin else page)

    @property
    def origin(self) -> str:
        """Scheme, host and port as a browser writes an origin: the default port left out."""
        return _join(self.scheme, self.host, self.port)

    @property
    def namespace(self) -> str:
        """The Socket.IO namespace that Frappe's clients connect to: a slash and the site's name (14: the slash)."""
        if self.root:
            return "/"
        return f"/{self.site or self.host}"

    @property
    def own_port(self) -> bool:
        """Whether the URL has a port of its own, which frappe-react-sdk then replaces by its socket port (RT017)."""
        return self.port != DEFAULT_PORTS[self.scheme]

    @property
    def addressed(self) -> bool:
        """Whether the URL names an address instead of a host."""
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True

    def url(self, **query: str) -> str:
        """Return the address of Socket.IO with a query, in the client library's order."""
        return f"{self.origin}{SOCKET_PATH}?{urlencode({'EIO': '4', **query})}"

    def tls(self) -> ssl.SSLContext:
        """Return how TLS is verified, made anew.

        Raises:
            Problem: the CA file is absent or holds no certificate.
        """
        return _context(self.ca, self.insecure)

    def shared_tls(self) -> ssl.SSLContext:
        """Return the same, for whoever changes nothing of it; reading the system's certificates each time costs most.

        Raises:
            Problem: as `tls`.
        """
        changed = self.ca.stat().st_mtime_ns if self.ca is not None and self.ca.exists() else 0
        return _shared_context(self.ca, self.insecure, changed)


@lru_cache(maxsize=8)
def _shared_context(ca: Path | None, insecure: bool, _changed: int) -> ssl.SSLContext:
    return _context(ca, insecure)


def _context(ca: Path | None, insecure: bool) -> ssl.SSLContext:
    known = ssl.get_default_verify_paths()
    # A Python without the system's certificates (some macOS builds) takes those that come with httpx.
    context = ssl.create_default_context() if known.cafile or known.capath else httpx.create_ssl_context()
    if ca is not None:
        try:
            context.load_verify_locations(ca)
        except (OSError, ssl.SSLError) as error:
            reason = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise Problem(f"--ca {ca} cannot be used: {reason}. Give a file with a PEM certificate.") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _origin(url: str) -> tuple[str, str, int]:
    """Split a URL into scheme, host and port; without a scheme it is https, or http at a port that is not TLS's."""
    text = url.strip()
    if "://" not in text:
        bare = text.split("/")[0]
        plain = bare == "localhost" or (":" in bare and not bare.endswith((":443", ":8443")))
        text = f"{'http' if plain else 'https'}://{text}"
    # As the browser's console names it.
    text = re.sub(r"^ws(s?)://", r"http\1://", text, flags=re.IGNORECASE)
    accepted = "Accepted: an http or https URL. Example: https://chat.example.com"
    try:
        parts = urlsplit(text)
    except ValueError:
        raise Problem(f"{_shown(url)} is not a URL to ask. {accepted}") from None
    try:
        port = DEFAULT_PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        raise Problem(f"{_shown(url)} has a port that is none: ports are 1 to 65535. {accepted}") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise Problem(f"{_shown(url)} is not a URL to ask. {accepted}")
    if port == 0:
        raise Problem(f"{_shown(url)} has a port that is none: ports are 1 to 65535. {accepted}")
    if parts.username or parts.password:
        raise Problem(
            f"The URL of {parts.hostname} carries a user name or password. Leave it out; credentials are read from "
            "RAVEN_REALTIME_SID, or RAVEN_REALTIME_API_KEY and RAVEN_REALTIME_API_SECRET."
        )
    if any(character.isspace() or not character.isprintable() for character in parts.hostname):
        raise Problem(f"{_shown(url)} has a host that is none. {accepted}")
    return parts.scheme, _ascii(parts.hostname, url, accepted), port


def _ascii(host: str, url: str, accepted: str) -> str:
    """Return a host as browsers send it: an international one in punycode (UTS 46)."""
    if host.isascii():
        return host
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise Problem(f"{_shown(url)} has a host that is none: {error}. {accepted}") from None


def _shown(url: str) -> str:
    """Return a URL fit for a message: no user information, no query, not longer than a line."""
    return repr(url.split("?", maxsplit=1)[0].rpartition("@")[2][:100])


def _join(scheme: str, host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port == DEFAULT_PORTS[scheme] else f"{scheme}://{name}:{port}"
