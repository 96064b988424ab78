"""A tunnel leads to an address that takes polls too, not WebSockets only."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt117_tunnel_speaks_websocket_only import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report services of cloudflared that begin with ws:// or wss://."""
    found = [placed.proxy for placed in world.proxies if placed.proxy.kind == "cloudflared"]
    if not found:
        return
    from raven_realtime.proxies.tunnels.cloudflared import Cloudflared  # noqa: PLC0415 (loaded only where one is used)

    for proxy in found:
        for rule in proxy.rules if isinstance(proxy, Cloudflared) else ():
            if rule.scheme in {"ws", "wss"}:
                where = rule.service_location
                yield ENTRY.found(
                    f"{rule.hostname or 'any host'}: the service is {rule.service}", where, host=rule.hostname
                )


RULE = Rule("tunnel-scheme", "a tunnel leads to an address that takes polls too", ENTRY, judge, alone=True)
