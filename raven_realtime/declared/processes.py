"""The world of processes that a Procfile or systemd starts on a machine."""

from __future__ import annotations

from collections.abc import Sequence

from raven_realtime.declared import commands, texts
from raven_realtime.declared.world import Placed, World
from raven_realtime.places.process import Process


def world_of(found: Sequence[Process]) -> World:
    """Return what processes declare: themselves, and the proxies and tunnels that their command lines make."""
    parts = [World(processes=tuple(found))]
    for each in found:
        parts.append(texts.command(each.command, each.location))
        if proxy := commands.proxy_of("", each.command, each.location):
            parts.append(World(proxies=(Placed(proxy),)))
    return World.of(parts)
