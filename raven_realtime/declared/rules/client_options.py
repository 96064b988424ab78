"""Browser code asks the path that the proxies serve, with credentials."""

import re
from collections.abc import Iterator

from raven_realtime.declared.clients import connections
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt113_client_options_differ import ENTRY

_PATH = re.compile(r"""\bpath\s*:\s*['"`]([^'"`]*)['"`]""")
_CREDENTIALS = re.compile(r"\bwithCredentials\s*:\s*(?:true|!0)\b")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report another path, and credentials that are not asked for."""
    for connection in connections(world):
        path = _PATH.search(connection.options)
        if path and path[1].strip("/") != "socket.io":
            yield ENTRY.found(f"the client asks the path {path[1]}", connection.location)
        if not _CREDENTIALS.search(connection.options):
            yield ENTRY.found("the client connects without withCredentials: true", connection.location)


RULE = Rule("client-options", "browser code asks /socket.io/, with credentials", ENTRY, judge)
