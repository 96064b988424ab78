"""Every place that names the port of Socket.IO says the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from raven_realtime.findings import explain
from raven_realtime.live.inside import Inside, look
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target
from raven_realtime.machine import CannotLook
from raven_realtime.ports import SOCKETIO_PORT

CHECK = Check(
    name="ports",
    title="Places that name the port",
    proves="The bench's and its sites' configuration, its Procfile, supervisor and nginx files and Raven's build "
    "settings name one port of Socket.IO.",
    rank=260,
    through=("realtime",),
)
_PATTERNS = {
    "Procfile": re.compile(r"FRAPPE_SOCKETIO_PORT=[\"']?(\d+)"),
    "config/supervisor.conf": re.compile(r"FRAPPE_SOCKETIO_PORT=[\"']?(\d+)"),
    "apps/raven/frontend/.env": re.compile(r"^VITE_SOCKET_PORT=[\"']?(\d+)", re.MULTILINE),
    "apps/raven/frontend/.env.local": re.compile(r"^VITE_SOCKET_PORT=[\"']?(\d+)", re.MULTILINE),
    "apps/raven/frontend/.env.production": re.compile(r"^VITE_SOCKET_PORT=[\"']?(\d+)", re.MULTILINE),
    "config/nginx.conf": re.compile(r"upstream[^{;]*socketio[^{;]*\{\s*server\s+[^\s;]*:(\d+)"),
}
"""Files of a bench, and how each writes the port (bench's templates; raven, vite's environment)."""


async def check(target: Target, inside: Inside) -> Result:
    """Read the bench's files and compare."""
    return await look(CHECK.name, lambda: _judge(target, inside))


def _judge(target: Target, inside: Inside) -> Result:
    if inside.bench is None:
        raise CannotLook("no bench is named: give --bench")
    inside.configuration  # noqa: B018 (raises why there is nothing to compare)
    named = list(_named(inside, inside.bench, target.site or target.host))
    places = "; ".join(f"{place} says {port}" for place, port in named)
    if not named:
        return Result.of(CHECK.name, f"no place names the port, so it is {SOCKETIO_PORT}", stack="bench")
    if len({port for _, port in named}) > 1:
        return Result.of(CHECK.name, places, explain("RT016").found(places, stack="bench"), stack="bench")
    said = places if len(named) == 1 else f"{len(named)} places say {named[0][1]}"
    return Result.of(CHECK.name, said, port=named[0][1], stack="bench")


def _named(inside: Inside, bench: Path, site: str) -> Iterator[tuple[str, int]]:
    """Yield every place that names the port; where the common configuration does not, the server takes 9000."""
    shared = str(inside.configuration.get("socketio_port", ""))
    if shared.isdigit():
        yield "sites/common_site_config.json", int(shared)
    else:
        yield "sites/common_site_config.json (unset)", SOCKETIO_PORT
    try:
        # Only the client reads this one: another port here splits the two (frappe, node_utils.js).
        own = json.loads(inside.machine.read(bench / "sites" / site / "site_config.json"))
        port = str(own.get("socketio_port", "")) if isinstance(own, dict) else ""
        if port.isdigit():
            yield f"sites/{site}/site_config.json", int(port)
    except (CannotLook, ValueError):
        pass
    for file, pattern in _PATTERNS.items():
        try:
            found = pattern.search(inside.machine.read(bench / file))
        except CannotLook:
            continue
        # nginx's fallback of bench's template is a finding of its own (RT018).
        if found and not (file.endswith("nginx.conf") and found[1] == "3000"):
            yield file, int(found[1])
