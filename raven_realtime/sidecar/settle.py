"""The new container becomes the only one.

Nothing is stopped before the one that stays is healthy and has been seen to answer through Traefik. Pulumi removes the
generation before it; a second container of the same generation is an orphan of an interrupted update, which Pulumi does
not know, and is removed here.
"""

from __future__ import annotations

import time

from raven_realtime.proxies.record import record
from raven_realtime.sidecar import containers, sizes
from raven_realtime.sidecar.check import Wrong, require_healthy, running
from raven_realtime.sidecar.containers import TRAEFIK_LISTS_SECONDS, Standing
from raven_realtime.sidecar.host import Host
from raven_realtime.sidecar.way import CERTIFICATE_SECONDS, ROUTE_SECONDS, Way, default_certificate, within


@record
class Wanted:
    """What is to be the only sidecar, and how it is seen."""

    stack: str
    keep: str
    generation: str
    resolver: str
    way: Way
    trust: bool = True
    """Whether its certificate has to be another than the one Traefik makes for itself."""


def settle(host: Host, wanted: Wanted) -> list[str]:
    """Make a container the only one of its stack; return what there is to say.

    Raises:
        Wrong: it does not serve; the one before goes on, or serves again.
    """
    kept = running(host, wanted.stack, wanted.keep, wanted.way)
    host.docker("update", "--pids-limit", str(sizes.PIDS), kept.id)
    require_healthy(host, wanted.stack, kept)
    others = [one for one in _others(host, wanted, kept) if one.running]
    said: list[str] = []
    if others:
        containers.require_parent()
        said.append(_seen(host, wanted, kept, others))
        containers.require_parent()
        said.append(f"stopping {containers.names(others)}")
        containers.remove_bridges(host, wanted.stack)
        containers.stop(host, others)
    containers.remove_bridges(host, wanted.stack)
    for orphan in _others(host, wanted, kept):
        if orphan.generation == wanted.generation:
            said.append(f"removing an orphan: {orphan.name}")
            containers.remove(host, [orphan])
    return [*said, f"one sidecar serves: {kept.name}"]


def _others(host: Host, wanted: Wanted, kept: Standing) -> list[Standing]:
    standing = containers.of_stack(host, wanted.stack)
    return [one for one in standing if one.id != kept.id and not one.bridges]


def _seen(host: Host, wanted: Wanted, kept: Standing, others: list[Standing]) -> str:
    """Have Traefik lead to the new container and send nothing new to the others.

    Where the routing labels are the same, both serve meanwhile and the others leave last. Where they differ, Traefik
    has no router as long as both define it: the others leave first, and a bridge carries their route.
    """
    former = wanted.way.at(others[-1].host or wanted.way.host)
    judged = former.ask().is_open
    apart = any(one.routing != kept.routing for one in others)
    if apart:
        containers.leave(host, others)
    if not judged:
        time.sleep(TRAEFIK_LISTS_SECONDS)
        said = (
            f"Traefik does not answer for {former.host}, asked from here: waited {TRAEFIK_LISTS_SECONDS:.0f} s for "
            f"it to list {kept.name}, which nobody has seen"
        )
    elif within(ROUTE_SECONDS, lambda: wanted.way.leads_to(kept.id)):
        said = f"Traefik leads to {kept.name}"
        if wanted.trust and not within(CERTIFICATE_SECONDS, lambda: not wanted.way.shows_default_certificate()):
            lines = default_certificate(wanted.way.host, wanted.resolver)
            raise Wrong("\n".join([*lines, containers.step_back(host, wanted.stack, kept)]).rstrip())
    else:
        answer = wanted.way.ask()
        lines = [
            f"✗ traefik  RT001: Traefik on this host does not lead https://{wanted.way.host}/socket.io/ to the new "
            "container",
            f"  seen: {' '.join(answer.body.split())[-200:]} {answer.status}",
            "  do:   compare raven-realtime:entrypoint, middlewares and networks with what Traefik has; its log names "
            "a router that it drops",
            "  more: raven-realtime explain RT001",
        ]
        raise Wrong("\n".join([*lines, containers.step_back(host, wanted.stack, kept)]).rstrip())
    if not apart:
        containers.leave(host, others)
    time.sleep(TRAEFIK_LISTS_SECONDS)
    return said
