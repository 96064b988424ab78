"""The annotations of an Ingress are read by the controller that runs."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt119_annotation_of_another_controller import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report annotations that another controller reads, or where it is not known which controller runs."""
    if not world.clusters:
        return
    from raven_realtime.proxies.ingress.annotations import (  # noqa: PLC0415 (loaded only where there is a cluster)
        controller_of,
        reader_of,
        unread,
    )

    for objects in world.clusters:
        for ingress in objects.ingresses:
            for each in unread(ingress, objects):
                said = (
                    f"{ingress.meta.name}: {each.name} is read by {each.reader}, and the class is {each.controller}'s"
                )
                yield ENTRY.found(said, each.location)
            chosen = controller_of(ingress, objects)
            read = [
                (name, text) for name, text in ingress.meta.annotations.items() if reader_of(name) == chosen.controller
            ]
            if chosen.assumed and read:
                name, text = read[0]
                said = f"{ingress.meta.name}: {name} is read by {chosen.controller} alone, and {chosen.assumed}"
                yield ENTRY.found(said, text.location)


RULE = Rule("annotations-read", "an Ingress has the annotations of the controller that runs", ENTRY, judge)
