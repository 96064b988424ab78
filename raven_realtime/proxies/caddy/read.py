"""Reading Caddy's configuration, whichever of its forms it has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from raven_realtime.proxies.caddy import caddy1, config, directives, jsontext, options, sites, tree, versions
from raven_realtime.proxies.caddy.caddy import Caddy, Elsewhere
from raven_realtime.proxies.caddy.servers import with_automatic_https
from raven_realtime.proxies.caddy.tree import Directive, Site
from raven_realtime.proxies.unreadable import Unreadable

_NOTHING: Mapping[str, str] = MappingProxyType({})
_ADDRESS = re.compile(
    r"""(?:https?://)?(?:
        \[[0-9A-Fa-f:.]+\](?::\d{1,5})?             # an IPv6 address
        | localhost(?::\d{1,5})?
        | :\d{1,5}
        | (?:\*|[\w-]+)(?:\.(?:\*|[\w-]+))+\.?(?::\d{1,5})?   # a name with a dot
        | [\w-]+:\d{1,5}
        | \S*\{\$[^}]+\}\S*                          # the environment has it
    )(?:/\S*)?
    | https?://(?:[\w.-]+(?::\d{1,5})?)?(?:/\S*)?""",
    re.VERBOSE,
)
_TELLING = {
    "basic_auth",
    "basicauth",
    "encode",
    "file_server",
    "forward_auth",
    "handle",
    "handle_path",
    "php_fastcgi",
    "proxy",
    "redir",
    "respond",
    "reverse_proxy",
    "route",
    "tls",
}
"""Directives of which a Caddyfile has at least one."""
_BARE = {"encode", "file_server"}
"""Those that may stand alone."""
_BLOCKS = {"handle", "handle_path", "route"}
"""Those that are nothing without a block."""
_FOREIGN = re.compile(r".*;|=|=>|:|.*\($")
"""Words that other languages have, and a Caddyfile has not."""


def read(
    text: str,
    name: str,
    *,
    version: str = "",
    files: Mapping[str, str] = _NOTHING,
    environment: Mapping[str, str] = _NOTHING,
) -> Caddy:
    """Read a Caddyfile of Caddy 2 or 1, or Caddy's JSON, as ``caddy adapt`` prints it.

    Args:
        text: the file's content.
        name: its name, for locations and for relative imports.
        version: Caddy's, such as ``2.6.2``; empty where it is not known.
        files: the content of other files, by name, for ``import``.
        environment: the values of variables for ``{$NAME}``, by name.

    Raises:
        Unreadable: it is malformed: braces or quotes do not pair, a port is none, or it nests endlessly.
    """
    number = versions.parse(version)
    text = text.removeprefix("\ufeff")
    if re.match(r'\s*\{\s*(?:"|\}\s*$)', text):
        configured, http, https = config.servers(jsontext.parse(text, name), name)
        return Caddy(name, with_automatic_https(configured, http, https), number)
    file = tree.parse(text, name, files, environment)
    elsewhere = [
        Elsewhere(f"the file {' '.join(line.arguments[:1])} is imported, and is not at hand", line.location)
        for line in file.missing
    ]
    assumed = tuple(f"the environment has no {each}, so that its default holds" for each in file.defaults)
    if caddy1.is_caddy1(file):
        old = with_automatic_https(caddy1.servers(file), status=301)
        return Caddy(name, old, (1,), 1, tuple(elsewhere), assumed)
    found = sites.build(file, number)
    elsewhere += [
        Elsewhere(f"the environment has the port of a site: {key.host}:{key.port}", key.location)
        for key in found.unplaced
    ]
    servers = with_automatic_https(found.servers, found.options.http_port, found.options.https_port)
    return Caddy(name, servers, number, 2, tuple(elsewhere), assumed)


def is_caddy_json(text: str) -> bool:
    """Whether a text is a configuration of Caddy's as JSON: it has an HTTP app with servers that listen or route."""
    if not text.lstrip("\ufeff \t\r\n").startswith("{") or '"apps"' not in text:
        return False
    try:
        parsed = jsontext.parse(text.removeprefix("\ufeff"), "")
    except Unreadable:
        return False
    apps = parsed.get("apps") if isinstance(parsed, dict) else None
    http = apps.get("http") if isinstance(apps, dict) else None
    servers = http.get("servers") if isinstance(http, dict) else None
    return (
        isinstance(servers, dict)
        and bool(servers)
        and all(isinstance(each, dict) and isinstance(each.get("listen", []), list) for each in servers.values())
        and any("listen" in each or "routes" in each for each in servers.values())
    )


def is_caddyfile(text: str) -> bool:
    """Whether a text is a Caddyfile, of Caddy 2 or 1, told by its content.

    It is one if its sites have addresses, all blocks pair, and its directives are Caddy's; a directive of a plugin may
    be among them. A file that only imports others is not told from other languages.
    """
    if not re.search(rf"(?m)^[ \t]*+(?:{'|'.join(sorted(_TELLING))})\b", text):
        return False
    try:
        file = tree.parse(text.removeprefix("\ufeff"), "", {}, {})
    except Unreadable:
        return False
    if any(line.name not in options.KNOWN for line in file.options):
        return False
    return bool(file.sites) and all(map(_is_site, file.sites)) and any(map(_is_telling, file.sites))


def _is_site(site: Site) -> bool:
    names = {line.name for line in site.directives if not line.name.startswith("@")}
    known = names <= directives.KNOWN | caddy1.KNOWN | {"import"}
    words = (token.text for line in site.directives for token in line.tokens if not token.quoted)
    return (
        bool(site.addresses)
        and all(_ADDRESS.fullmatch(token.text) for token in site.addresses)
        and not any(map(_FOREIGN.fullmatch, words))
        and (known or (site.braces and bool(names & _TELLING)))
    )


def _is_telling(site: Site) -> bool:
    return any(_tells(line) if site.braces else _tells_alone(line) for line in site.directives)


def _tells(line: Directive) -> bool:
    """Whether a line in a block is a Caddyfile's."""
    if line.name in _BLOCKS:
        return line.block is not None
    return line.name in _BARE or (line.name in _TELLING and bool(line.arguments or line.block))


def _tells_alone(line: Directive) -> bool:
    """Whether a line that no brace is about is a Caddyfile's: prose has such words too, but not such arguments."""
    if line.name in ("reverse_proxy", "php_fastcgi", "proxy"):
        return line.block is not None or any(re.search(r"[\w}\]]:\d|^:\d|^unix/|://", word) for word in line.arguments)
    if line.name == "file_server":
        return line.arguments in ((), ("browse",))
    return line.name in ("respond", "handle", "route") and (line.block is not None or line.tokens[-1].quoted)
