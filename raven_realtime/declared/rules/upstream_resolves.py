"""A proxy in a container knows the name that it passes /socket.io/ to."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared import names
from raven_realtime.declared.journey import Leg, called, judged, share_network
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import Container, World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt003_origin_unreachable_from_proxy import ENTRY
from raven_realtime.proxies.interface import Passed


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Look every name up as Docker does: on the networks of the container that asks."""
    for way in judged(world):
        for leg in way.poll.legs:
            outcome, asking = leg.outcome, leg.node.container
            if asking and isinstance(outcome, Passed) and (why := _unknown(world, outcome.to[0], asking, leg)):
                said = f"{way.shown}: {why}"
                yield ENTRY.found(said, outcome.location, _REMEDY, level=way.worst, host=way.host)


def _unknown(world: World, address: str, asking: Container, leg: Leg) -> str:
    """Say why a name means nothing to a container; empty where it means something, or may."""
    host, _ = names.split(address)
    if address.startswith("unix:") or names.is_address(host) or names.is_loopback(host) or host in names.MACHINE:
        return ""
    if asking.swarm or host in asking.extra_hosts or leg.node.proxy.kind == "traefik":
        return ""
    if asking.routing.network_mode not in {"", "bridge"}:  # pulumi-docker says bridge where networks are listed
        return ""
    known = called(world, host)
    if any(share_network(each, asking) for each in known):
        return ""
    if known:
        return f"{leg.node.title} passes /socket.io/ to {address}, and shares no network with {host}"
    beside = (each for each in world.containers if each.group == asking.group and not each.is_frontend)
    if asking.closed and "." not in host and any(each.is_frappe for each in beside):
        return f"{leg.node.title} passes /socket.io/ to {address}, and nothing on its networks is called {host}"
    return ""


_REMEDY = """\
Name the service of the realtime process, and put both on one network: `docker compose config` shows what each is on.
nginx does not start with a name that it cannot resolve.
"""

RULE = Rule("upstream-resolves", "proxies know the name that they pass /socket.io/ to", ENTRY, judge)
