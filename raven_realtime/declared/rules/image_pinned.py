"""The proxy's image is pinned by digest."""

import re
from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.sidecars import sidecars
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt108_image_not_pinned import ENTRY

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$|^sha256:[0-9a-f]{64}$")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report images of nginx sidecars that a tag names."""
    for container in sidecars(world):
        if "$" not in container.image and not _DIGEST.search(container.image):
            shown = container.image or "an image whose name is not known before the update"
            yield ENTRY.found(f"{container.name} runs {shown}", container.location)


RULE = Rule("image-pinned", "the proxy's image is pinned by digest", ENTRY, judge)
