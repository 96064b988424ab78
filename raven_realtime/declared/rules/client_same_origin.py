"""Browser code connects to the page's own origin."""

import re
from collections.abc import Iterator

from raven_realtime.declared.clients import connections, own_addresses
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.rules.client_without_port import _PORT as PORT
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt015_app_builds_its_own_url import ENTRY, OWN_ADDRESS, SECOND_BENCH

_BUILT = re.compile(r"""^['"`](?:https?|wss?)://|\bprotocol\b.*\+|location\.hostname|\$\{.*host""")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report addresses that are put together or written out."""
    built = [each for each in own_addresses(world) if each.port != SECOND_BENCH]
    for each in built:
        yield ENTRY.found(f"the client puts its address together: {each.said[:80]}", each.location)
    for connection in connections(world):
        address = connection.address
        known = PORT.search(connection.arguments) or OWN_ADDRESS.search(f"io({connection.arguments}")
        if _BUILT.search(address) and not known:
            yield ENTRY.found(f"the client connects to {address[:80]}", connection.location)


RULE = Rule("client-same-origin", "browser code connects to the page's own origin", ENTRY, judge)
