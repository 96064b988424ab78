"""Several Socket.IO processes share clients' events through an adapter."""

from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt032_replicas_without_adapter import ENTRY

LABEL = "raven-realtime.adapter"
ACCEPTED = ("redis-local", "none")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report a Socket.IO service of several processes that does not say what is between them."""
    for container in world.containers:
        if container.replicas > 1 and container.is_socketio and container.routing.label(LABEL) not in ACCEPTED:
            yield ENTRY.found(
                f"{container.name} runs {container.replicas} processes, and no label {LABEL} says what joins them",
                container.location,
                f"Use an adapter with `.local` emits and say so: label `{LABEL}=redis-local`; or accept that typing "
                f"indicators reach one process only: `{LABEL}=none`; or run one process.",
            )


RULE = Rule("adapter-between-replicas", "several Socket.IO processes declare what joins them", ENTRY, judge)
