"""Where frontend code, or the bundle made of it, opens a socket: the calls of socket.io-client's `io(…)`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from raven_realtime.declared.world import World
from raven_realtime.findings.rt015_app_builds_its_own_url import OWN_ADDRESS
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

_CALL = re.compile(r"(?<![\w.$])(?:io(?:\.connect)?|lookup)\s*\(")
LONGEST = 2_000
"""Characters of one call that are read."""


@record
class Connection:
    """One call of `io(…)`."""

    arguments: str
    location: Location

    @property
    def address(self) -> str:
        """The first argument; empty without one, or where it is the options."""
        first = re.split(r",(?![^({\[]*[)}\]])", self.arguments, maxsplit=1)[0].strip()
        return "" if first.startswith("{") else first

    @property
    def options(self) -> str:
        """The rest: an object, as it is written."""
        return self.arguments[self.arguments.find("{") :] if "{" in self.arguments else ""


@record
class OwnAddress:
    """A place where a script puts the address of a socket together by itself."""

    said: str
    port: str
    """Empty where it names none."""
    location: Location


def own_addresses(world: World) -> Iterator[OwnAddress]:
    """Yield the places in sources that are about sockets where an address is put together."""
    for source in world.sources:
        if not re.search(r"\bio\(|socket", source.text, re.IGNORECASE):
            continue
        for found in OWN_ADDRESS.finditer(source.text):
            said = source.text[found.start() : found.end() + 20].partition("\n")[0]
            yield OwnAddress(said, found["port"] or "", source.line(found.start()))


def connections(world: World) -> Iterator[Connection]:
    """Yield the calls in all sources; those of server code (`new Server`, `require('socket.io')`) are no clients."""
    for source in world.sources:
        if not re.search(r"socket\.io", source.text):
            continue
        for call in _CALL.finditer(source.text):
            yield Connection(_arguments(source.text, call.end()), source.line(call.start()))


def _arguments(text: str, start: int) -> str:
    depth = 1
    for position in range(start, min(len(text), start + LONGEST)):
        depth += (text[position] in "([{") - (text[position] in ")]}")
        if depth == 0:
            return text[start:position]
    return text[start : start + LONGEST]
