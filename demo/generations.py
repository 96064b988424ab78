"""What Frappe's realtime servers do, by generation: the table ``generations.json``, which the Node process reads too.

Where each trait was read is told in docs/generations.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from raven_realtime.problem import Problem

TABLE = Path(__file__).with_suffix(".json")

Check = Literal[
    "namespace",
    "origin",
    "origin where sent",
    "cookie",
    "cookie or authorization",
    "sid",
    "sid or authorization",
]
"""What is asked of a connection."""


@dataclass(frozen=True)
class Callback:
    """How the realtime process asks the web who somebody is."""

    client: Literal["superagent", "fetch", "requests", "httpx"]
    sid: Literal["query", "cookie"]
    """Where the session's id goes: what is in the query survives a redirect, a cookie does not."""
    refusal: str
    """What the client is told when the callback fails; ``{error}`` is the cause."""
    authorization: bool = True
    """Whether an ``Authorization`` header is passed on."""
    secret: bool = False
    """Whether redis' ``socketio_auth_secret`` goes along as ``X-Frappe-Socket-Secret``."""
    site_header: bool = False
    """Whether the site goes along as ``X-Frappe-Site-Name``."""
    asks_again: bool = False
    """Whether an answer without installed apps is asked for a second time."""
    webserver_host: bool = False
    """Whether ``webserver_host`` with ``webserver_port`` is asked instead of the Origin."""
    developer_mode: bool = False
    """Whether ``developer_mode`` puts ``webserver_port`` in the place of the Origin's port."""


@dataclass(frozen=True)
class Generation:
    """One generation of Frappe's realtime server, and what the web of its time does for it."""

    name: str
    frappe: str
    """The version of Frappe that the bench says it has."""
    program: Literal["node", "gevent", "asyncio"]
    redis: Literal["redis_socketio", "redis_queue"]
    """The setting that names the redis with the channel ``events``."""
    namespaces: bool
    """Whether each site is a namespace; else all are on ``/``, and the rooms' names begin with the site's."""
    checks: tuple[tuple[Check, str], ...]
    """What is asked of a connection, in this order, and what it is told when it fails."""
    goes_on_after: tuple[Check, ...]
    """Checks whose failure is told, and then forgotten: the client is connected to a namespace of no use."""
    callback: Callback
    permission: Literal["can_subscribe", "has_permission"]
    user_info: tuple[str, ...]
    """What ``get_user_info`` answers."""
    handlers: tuple[Literal["frappe", "apps", "doc_typing", "ping"], ...]
    """Frappe's own events only, or those of every installed app; who types in a document; System Health's ping."""
    unix_socket: bool = False
    """Whether ``socketio_uds`` is obeyed."""
    health: bool = False
    """Whether ``/health`` is answered."""
    embeds: bool = False
    """Whether ``socketio_backend: python-embedded`` puts it into the web process."""

    @property
    def is_python(self) -> bool:
        """Whether it runs in Python."""
        return self.program != "node"


@cache
def table() -> Mapping[str, Generation]:
    """Every generation by its name, the oldest first."""
    return {name: _generation(name, traits) for name, traits in json.loads(TABLE.read_text()).items()}


def _generation(name: str, traits: dict[str, Any]) -> Generation:
    return Generation(
        **traits
        | {
            "name": name,
            "checks": tuple((check, words) for check, words in traits["checks"]),
            "callback": Callback(**traits["callback"]),
            **{key: tuple(traits[key]) for key in ("goes_on_after", "user_info", "handlers")},
        }
    )


NAMES = tuple(table())
NEWEST = NAMES[-1]
DEFAULT = "16"
"""What a bench gets that is not told otherwise: the stacks are tested on it, and most benches run it."""


def named(name: str) -> Generation:
    """The generation of that name.

    Raises:
        Problem: there is none.
    """
    if name not in table():
        raise Problem(f"generation: there is no {name!r}. Accepted: {', '.join(NAMES)}.")
    return table()[name]
