"""The page and Socket.IO share one public address."""

from collections.abc import Iterator

from raven_realtime.declared.journey import apart, said_at
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt111_two_tunnels import ENTRY
from raven_realtime.ports import SOCKETIO_PORT


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report a tunnel straight to Socket.IO, by ngrok or by nginx."""
    for tunnel in world.tunnels:
        if tunnel.port == SOCKETIO_PORT:
            yield ENTRY.found(f"the tunnel {tunnel.name} leads straight to port {SOCKETIO_PORT}", tunnel.location)
    for way in apart(world):
        said = f"port {way.entrance.listener.port} leads straight to port {SOCKETIO_PORT}, and another to the web"
        yield ENTRY.found(said, said_at(way.poll))


RULE = Rule("one-tunnel", "the page and Socket.IO share one public address", ENTRY, judge, advises=True)
