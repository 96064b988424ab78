"""A request as it reaches nginx."""

from __future__ import annotations

from raven_realtime.proxies.record import record

Headers = tuple[tuple[str, str], ...]


@record
class Request:
    """A request, and the connection that it comes by."""

    host: str | None = None
    """The Host header to the letter; None to send none."""
    target: str = "/"
    """Path and query as they stand in the request line."""
    method: str = "GET"
    headers: Headers = ()
    """All other headers, in order."""
    port: int | None = None
    """The port it arrives at; None for the configuration's only one, or the first server's."""
    address: str | None = None
    """The address it arrives at; None for one that no ``listen`` names in particular."""
    client: str = "127.0.0.1"
    """The address it comes from."""
    version: str = "HTTP/1.1"

    def values(self, name: str) -> list[str]:
        """Return the values of a header, in order; the name in any case."""
        return [value for given, value in self.headers if given.lower() == name.lower()]


def bare_host(host: str) -> str | None:
    """Return a Host header in lower case without port and trailing dot; None if nginx answers it with 400.

    ngx_http_validate_host.
    """
    name, rest = host, ""
    if host.startswith("["):
        name, closed, rest = host.partition("]")
        name += closed
    elif ":" in host:
        name, _, rest = host.partition(":")
        rest = f":{rest}"
    if any(char <= " " or char in "/\x7f" for char in host) or ".." in host:
        return None
    if rest and not rest.startswith(":"):
        return None
    name = name.removesuffix(".").lower()
    return name or None
