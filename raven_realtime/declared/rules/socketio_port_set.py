"""nginx does not fall back to port 3000."""

from collections.abc import Iterator

from raven_realtime.declared.passages import passages, place
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt018_nginx_asks_port_3000 import ENTRY

FALLBACK = 3000


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report an upstream for Socket.IO on the template's fallback port."""
    for passage in passages(world):
        if passage.meant and FALLBACK in passage.ports:
            passed = passage.polling.decided_by or passage.server
            yield ENTRY.found(
                f"{passage.host}: /socket.io/ is passed to {', '.join(passage.polling.upstream_servers)}",
                place(passed, passage.nginx),
            )


RULE = Rule("socketio-port-set", "nginx does not fall back to port 3000", ENTRY, judge, alone=True)
