"""The proxy's configuration is of a version that is still maintained."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt118_proxy_out_of_support import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report files of Caddy 1."""
    found = [placed.proxy for placed in world.proxies if placed.proxy.kind == "caddy"]
    if not found:
        return
    from raven_realtime.proxies.caddy.caddy import Caddy  # noqa: PLC0415 (loaded only where one is used)

    for proxy in found:
        if isinstance(proxy, Caddy) and proxy.generation == 1:
            first = next((entrance.location for entrance in proxy.entrances()), proxy.location)
            yield ENTRY.found("`proxy FROM TO` is Caddy 1, which needs its `websocket` preset for an upgrade", first)


RULE = Rule("proxy-supported", "the proxy is of a version that is still maintained", ENTRY, judge, alone=True)
