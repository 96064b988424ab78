"""nginx does not fall back to port 3000."""

from collections.abc import Iterator

from raven_realtime.declared.journey import bench_ports, frappes, said_at
from raven_realtime.declared.remedies import port_of
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt018_nginx_asks_port_3000 import ENTRY, code_of
from raven_realtime.ports import SOCKETIO_PORT


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report an upstream for Socket.IO on the template's fallback port."""
    for way in frappes(world):
        end = way.poll.destination
        told = next(iter(bench_ports(world, "socketio_port")), None)
        if way.names_socketio and end and end.port and way.poll.passed and code_of(end.port, told) == ENTRY.code:
            said = f"{way.shown}: /socket.io/ is passed to {', '.join(way.poll.passed.to)}"
            remedy = port_of(way.poll, end.port, told or SOCKETIO_PORT)
            yield ENTRY.found(said, said_at(way.poll, "proxy_pass"), remedy, host=way.host)


RULE = Rule("socketio-port-set", "nginx does not fall back to port 3000", ENTRY, judge, alone=True)
