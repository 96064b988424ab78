"""Browser code names no port of its own for Socket.IO."""

import re
from collections.abc import Iterator

from raven_realtime.declared.clients import connections
from raven_realtime.declared.journey import frappes
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt014_page_asks_port_9000 import DEVELOPMENT, ENTRY
from raven_realtime.findings.rt015_app_builds_its_own_url import OWN_ADDRESS, SECOND_BENCH
from raven_realtime.ports import SOCKETIO_PORT

_PORT = re.compile(rf":(?:{SOCKETIO_PORT}|{SECOND_BENCH})\b|\b(?:localhost|127\.0\.0\.1):\d+")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report connections to an address with the port of a bench in it."""
    for connection in connections(world):
        if (found := _PORT.search(connection.arguments)) and not OWN_ADDRESS.search(f"io({connection.arguments}"):
            yield ENTRY.found(f"the client connects to an address with {found[0]}", connection.location)
    for source in world.sources:
        if found := DEVELOPMENT.search(source.text):
            yield ENTRY.found(f"the page holds {found[0]}: it was made in development", source.line(found.start()))
    yield from _developing(world)


def _developing(world: World) -> Iterator[Finding]:
    """Note what developer_mode means for pages that a proxy shows: under `bench start` they ask the port themselves."""
    said = next((found for file in world.bench if (found := file.setting("developer_mode"))), None)
    if said and said.value in {"1", "true", "True"} and frappes(world):
        yield ENTRY.found(
            f"with developer_mode, pages of a bench that `bench start` runs ask port {SOCKETIO_PORT} themselves",
            said.location,
            level=Level.NOTE,
        )


RULE = Rule("client-without-port", "browser code names no port of its own for Socket.IO", ENTRY, judge)
