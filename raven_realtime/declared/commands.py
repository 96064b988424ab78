"""Proxies that a command line configures: `caddy reverse-proxy`, cloudflared, ngrok, Tailscale."""

from __future__ import annotations

import re
import shlex

from raven_realtime.proxies.interface import Proxy
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.unreadable import Unreadable

_CADDY = re.compile(r"\breverse-proxy\b")
_TUNNEL = re.compile(r"\b(?:cloudflared|ngrok|tailscale)\b")


def proxy_of(image: str, command: str, location: Location) -> Proxy | None:
    """Return the proxy that a command makes; None where it makes none, or takes all from a file.

    Args:
        image: of the container that runs it: its entrypoint may be the program's name already.
        command: the words, joined.
        location: where they stand.

    Raises:
        Unreadable: the program would refuse them.
    """
    if "caddy" in f"{image} {command}" and _CADDY.search(command):
        return _caddy(command, location)
    if not _TUNNEL.search(f"{image} {command}"):
        return None
    from raven_realtime.proxies.tunnels import cloudflared, ngrok  # noqa: PLC0415 (read only where one is used)

    for module, program in ((cloudflared, "cloudflared"), (ngrok, "ngrok")):
        line = command if re.search(rf"\b{program}\b", command) else f"{program} {command}"
        if program in f"{image} {command}" and module.is_command(line) and not module.config_of(line):
            proxy: Proxy = module.read_command(line, location)
            return proxy
    return None


def _caddy(command: str, location: Location) -> Proxy | None:
    """Return what `caddy reverse-proxy --from X --to Y` makes (https://caddyserver.com/docs/command-line)."""
    from raven_realtime.proxies.caddy import read  # noqa: PLC0415 (read only where it is used)

    try:
        words = shlex.split(command)
    except ValueError:
        return None
    given: dict[str, list[str]] = {}
    for name, value in zip(words, [*words[1:], ""], strict=True):
        if name.startswith("-"):
            key, equals, said = name.lstrip("-").partition("=")
            given.setdefault(key, []).append(said if equals else value)
    to = [each for each in given.get("to", []) if re.fullmatch(r"[\w.:/\[\]-]+", each)]
    site = (given.get("from") or ["localhost"])[0]
    if not to or not re.fullmatch(r"[\w.:/*\[\]-]+", site):
        return None
    host = "\n\t\theader_up Host {upstream_hostport}" if "change-host-header" in given else ""
    text = f"{site} {{\n\treverse_proxy {' '.join(to)} {{{host}\n\t}}\n}}\n"
    try:
        return read.read(text, location.path)
    except Unreadable:
        return None
