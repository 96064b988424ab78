"""The page and Socket.IO share one public address."""

from collections.abc import Iterator

from raven_realtime.declared.journey import apart, said_at
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt013_cookie_missing import ENTRY
from raven_realtime.ports import SOCKETIO_PORT


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report a tunnel straight to Socket.IO, by ngrok or by nginx."""
    for tunnel in world.tunnels:
        if tunnel.port == SOCKETIO_PORT:
            said = f"the tunnel {tunnel.name} leads straight to port {SOCKETIO_PORT}"
            yield ENTRY.found(said, tunnel.location, level=Level.WARNING, stack="ngrok")
    for way in apart(world):
        said = f"port {way.entrance.listener.port} leads straight to port {SOCKETIO_PORT}, and another to the web"
        yield ENTRY.found(said, said_at(way.poll), level=Level.WARNING)


RULE = Rule("one-tunnel", "the page and Socket.IO share one public address", ENTRY, judge, advises=True)
