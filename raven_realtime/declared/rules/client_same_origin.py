"""Browser code connects to the page's own origin."""

import re
from collections.abc import Iterator

from raven_realtime.declared.clients import connections
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.rules.client_without_port import _PORT as PORT
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt015_app_builds_its_own_url import ENTRY

_BUILT = re.compile(r"""^['"`](?:https?|wss?)://|\bprotocol\b.*\+|location\.hostname|\$\{.*host""")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report addresses that are put together or written out."""
    for connection in connections(world):
        address = connection.address
        if _BUILT.search(address) and not PORT.search(connection.arguments):
            yield ENTRY.found(f"the client connects to {address[:80]}", connection.location)


RULE = Rule("client-same-origin", "browser code connects to the page's own origin", ENTRY, judge)
