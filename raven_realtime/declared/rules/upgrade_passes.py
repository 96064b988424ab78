"""The WebSocket upgrade passes: HTTP/1.1, Upgrade and Connection are in effect where /socket.io/ is answered."""

from collections.abc import Iterator

from raven_realtime.declared.passages import forwarding
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt025_never_upgrades import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Ask for a WebSocket and look at what the upstream gets."""
    for passage in forwarding(world):
        proxied = passage.upgrade.proxied
        if proxied is None:
            continue
        sent = passage.upgrade.headers | dict.fromkeys(passage.upgrade.undecided, "?")
        lost = []
        if proxied.version != "HTTP/1.1":
            lost.append(f"{proxied.version}, not HTTP/1.1")
        if sent.get("upgrade", "").lower() not in {"websocket", "?"}:
            lost.append("no `Upgrade: websocket`")
        if "upgrade" not in sent.get("connection", "").lower() and sent.get("connection") != "?":
            lost.append(f"`Connection: {sent.get('connection', '')}`, not upgrade")
        if lost:
            said = "; ".join(lost)
            yield ENTRY.found(f"{passage.host}: the upstream of /socket.io/ gets {said}", passage.at, stack="nginx")


RULE = Rule(
    "upgrade-passes",
    "HTTP/1.1, Upgrade and Connection are in effect where /socket.io/ is answered",
    ENTRY,
    judge,
    alone=True,
)
