"""Global options of a Caddyfile (https://caddyserver.com/docs/caddyfile/options)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from raven_realtime.proxies.caddy.matcher_syntax import ranges
from raven_realtime.proxies.caddy.order import DIRECTIVES
from raven_realtime.proxies.caddy.servers import HTTP, HTTPS
from raven_realtime.proxies.caddy.tree import Directive
from raven_realtime.proxies.caddy.values import seconds
from raven_realtime.proxies.record import record

KNOWN = frozenset(
    {
        "acme_ca",
        "acme_ca_root",
        "acme_dns",
        "acme_eab",
        "admin",
        "auto_https",
        "cert_issuer",
        "cert_lifetime",
        "debug",
        "default_bind",
        "default_sni",
        "dns",
        "ech",
        "email",
        "events",
        "fallback_sni",
        "filesystem",
        "grace_period",
        "http_port",
        "https_port",
        "key_type",
        "layer4",
        "local_certs",
        "log",
        "metrics",
        "ocsp_interval",
        "ocsp_stapling",
        "on_demand_tls",
        "order",
        "persist_config",
        "pki",
        "preferred_chains",
        "renew_interval",
        "renewal_window_ratio",
        "resolvers",
        "servers",
        "shutdown_delay",
        "skip_install_trust",
        "storage",
        "storage_check",
        "storage_clean_interval",
        "tls_resolvers",
    }
)
"""Every global option."""


@record
class ServerOptions:
    """What ``servers`` says."""

    trusted: tuple[str, ...] = ()
    trusted_source: str = ""
    strict: bool = False
    client_ip_headers: tuple[str, ...] = ("X-Forwarded-For",)
    write_seconds: float | None = None


@record
class Options:
    """The global options that matter here."""

    http_port: int = HTTP
    https_port: int = HTTPS
    auto_https: frozenset[str] = frozenset()
    """``off``, ``disable_redirects`` and so on."""
    bind: tuple[str, ...] = ()
    default_sni: str = ""
    order: tuple[str, ...] = DIRECTIVES
    servers: Mapping[str, ServerOptions] = field(default_factory=dict)
    """By address; empty for all that have none of their own."""

    def of_server(self, address: str) -> ServerOptions:
        """Return what holds for the server of an address."""
        return self.servers.get(address) or self.servers.get("") or ServerOptions()


def read(lines: tuple[Directive, ...]) -> Options:
    """Read the block of global options."""
    words: dict[str, tuple[str, ...]] = {line.name: line.arguments for line in lines}
    order = list(DIRECTIVES)
    for line in lines:
        if line.name == "order":
            order = _ordered(order, line.arguments)
    return Options(
        _port(words.get("http_port", ()), HTTP),
        _port(words.get("https_port", ()), HTTPS),
        frozenset(words.get("auto_https", ())),
        words.get("default_bind", ()),
        "".join(words.get("default_sni", ())[:1]),
        tuple(order),
        {"".join(line.arguments[:1]): _servers(line) for line in lines if line.name == "servers"},
    )


def _port(words: tuple[str, ...], usual: int) -> int:
    text = words[0] if words else ""
    return int(text) if text.isdecimal() and len(text) < 6 else usual


def _ordered(order: list[str], words: tuple[str, ...]) -> list[str]:
    """Move a directive: ``order NAME first``, ``last``, ``before OTHER`` or ``after OTHER``."""
    match words:
        case (name, "first"):
            return [name, *(each for each in order if each != name)]
        case (name, "last"):
            return [*(each for each in order if each != name), name]
        case (name, "before" | "after" as side, other) if other in order and other != name:
            rest = [each for each in order if each != name]
            rest.insert(rest.index(other) + (side == "after"), name)
            return rest
    return order


def _servers(line: Directive) -> ServerOptions:
    words = {each.name: each.arguments for each in line.lines}
    timeouts = next((each.lines for each in line.lines if each.name == "timeouts"), ())
    source, *trusted = words.get("trusted_proxies") or ("static",)
    return ServerOptions(
        ranges(tuple(trusted)) if source == "static" else (),
        "" if source == "static" else source,
        "trusted_proxies_strict" in words,
        words.get("client_ip_headers") or ("X-Forwarded-For",),
        next((seconds("".join(each.arguments[:1])) for each in timeouts if each.name == "write"), None),
    )
