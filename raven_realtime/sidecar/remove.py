"""The last step of `pulumi destroy`: nothing of a stack is left on its Docker host, after interrupted updates too."""

from __future__ import annotations

from raven_realtime.sidecar import containers, labels
from raven_realtime.sidecar.host import Host


def everything(host: Host, stack: str) -> str:
    """Remove a stack's containers and volumes; return what there is to say."""
    containers.remove(host, containers.of_stack(host, stack))
    for volume in host.lines("volume", "ls", "--quiet", "--filter", f"label={labels.STACK}={stack}"):
        host.docker("volume", "rm", volume)
    return f"nothing of {stack} is left"


def generation(host: Host, stack: str, generation: str) -> str:
    """Remove what an interrupted update left of a generation, before its volume goes; Pulumi has removed its own."""
    left = containers.of_stack(host, stack, f"label={labels.GENERATION}={generation}")
    containers.remove(host, left)
    return f"no container of generation {generation} is left"
