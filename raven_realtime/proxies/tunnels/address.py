"""Where a tunnel passes requests on to: a URL, a name and a port, or a port alone."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from raven_realtime.proxies.record import record

DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443, "https+insecure": 443}
"""The port of a URL that names none, by scheme."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@record
class Address:
    """A server, and how it is spoken to."""

    scheme: str
    host: str
    """Without the brackets of IPv6."""
    port: int | None
    """None where the scheme has no usual port and the address names none."""
    path: str = ""
    query: str = ""

    @property
    def netloc(self) -> str:
        """``host:port``, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def authority(self) -> str:
        """What a client's Host header says: ``netloc`` without the scheme's usual port."""
        return self.netloc.rpartition(":")[0] if self.port == DEFAULT_PORTS.get(self.scheme, 0) else self.netloc

    @property
    def tls(self) -> bool:
        """Whether it is spoken to over TLS."""
        return self.scheme in ("https", "wss", "https+insecure")


def read_address(text: str, *, local: str = "localhost", scheme: str = "http") -> Address | None:
    """Read an address.

    Args:
        text: ``http://localhost:8000``, ``localhost:8000``, ``8000``, or ``https://`` (the local machine then).
        local: What a port alone, or a scheme alone, stands for.
        scheme: Of an address without one.

    Returns:
        The address; None for a text that is none.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return Address(scheme, local, int(text)) if int(text) < 65536 else None
    url = split_url(text if _SCHEME.match(text) else f"{scheme}://{text}")
    if url is None:
        return None
    host, port = url.hostname or local, _port(url)
    if port == 0 or any(character.isspace() for character in host):
        return None
    return Address(url.scheme, host, port, url.path, url.query)


def split_url(text: str) -> SplitResult | None:
    """Split a URL whose port is a number; None for a text that is no URL."""
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError:
        return None
    return url


def _port(url: SplitResult) -> int | None:
    return DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port


def host_of(value: str) -> str:
    """Return the name in a Host header, without its port, in lower case."""
    value = value.strip().lower()
    if value.startswith("["):
        return value[1:].partition("]")[0]
    return value.partition(":")[0] if value.count(":") == 1 else value


def covers(pattern: str, host: str) -> bool:
    """Tell whether a name, or ``*.example.com``, covers a host; the star stands for any number of labels."""
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern)
    return pattern == host
