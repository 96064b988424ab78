"""What a text is, told by its content, for everything that is not YAML, TOML or JSON by its ending: one row a kind."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import PurePath
from typing import Any

from raven_realtime.declared.world import Placed, World
from raven_realtime.proxies.interface import Proxy
from raven_realtime.proxies.record import record


@record
class Kind:
    """A kind of configuration, and who reads it."""

    name: str
    module: str
    """Below `raven_realtime.proxies`: imported only where the text may be of the kind."""
    told_by: str
    """The function of the module that tells the kind by a text."""
    hint: re.Pattern[str]
    """What each text of the kind has in it: cheap, and true of other texts too."""
    read: str = "read"

    def take(self, text: str, name: str) -> Proxy | None:
        """Read a text; None where it is of another kind.

        Raises:
            Unreadable: it is of the kind, and malformed.
        """
        if not self.hint.search(text):
            return None
        module: Any = import_module(f"raven_realtime.proxies.{self.module}")
        if not getattr(module, self.told_by)(text):
            return None
        proxy: Proxy = getattr(module, self.read)(text, name)
        return proxy


PLAIN = (
    Kind(
        "HAProxy",
        "haproxy.read",
        "is_haproxy",
        re.compile(r"^[ \t]*+(?:frontend|backend|listen|defaults)\b(?![^\n]*;)", re.MULTILINE),
    ),
    Kind(
        "Apache",
        "apache.read",
        "is_apache",
        re.compile(r"^[ \t]*+(?:<VirtualHost|ProxyPass|ServerName|Listen\s)", re.MULTILINE),
    ),
    Kind(
        "Caddy",
        "caddy.read",
        "is_caddyfile",
        re.compile(
            r"^[ \t]*+(?:basic_?auth|encode|file_server|forward_auth|handle(?:_path)?|php_fastcgi|proxy|redir|respond|"
            r"reverse_proxy|route|tls)\b",
            re.MULTILINE,
        ),
    ),
)
"""Files of a syntax of their own; nginx is asked after these, since a Caddyfile has braces too."""
YAML = (
    Kind("cloudflared", "tunnels.cloudflared", "is_cloudflared", re.compile(r"^(?:ingress|tunnel|url):", re.MULTILINE)),
    Kind("ngrok", "tunnels.ngrok", "is_ngrok", re.compile(r"^(?:endpoints|tunnels):", re.MULTILINE)),
)
JSON = (
    Kind("Tailscale", "tunnels.tailscale", "is_tailscale", re.compile(r'"(?:TCP|Web|AllowFunnel)"')),
    Kind("Caddy", "caddy.read", "is_caddy_json", re.compile(r'"apps"|"routes"')),
)


def take(kinds: tuple[Kind, ...], text: str, path: PurePath) -> World | None:
    """Return the world of a text of one of several kinds; None where it is of none.

    Raises:
        Unreadable: it is of a kind, and malformed.
    """
    for kind in kinds:
        if proxy := kind.take(text, str(path)):
            return World(proxies=(Placed(proxy),))
    return None
