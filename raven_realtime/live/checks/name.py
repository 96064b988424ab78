"""The public name in DNS."""

from __future__ import annotations

import time

from raven_realtime.live.engineio import Unanswered, addresses
from raven_realtime.live.refusals import finding
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target

CHECK = Check(
    name="name",
    title="Name",
    proves="The name resolves here, to the addresses shown.",
    rank=10,
    through=("name",),
)


async def check(target: Target) -> Result:
    """Resolve the target's name, unless it is an address or overridden."""
    started = time.monotonic()
    try:
        found = await addresses(target)
    except Unanswered as error:
        said = f"{target.host}: {error.said}"
        result = Result.of(CHECK.name, said, finding(Unanswered(error.stage, said)))
    else:
        how = " (given by --resolve)" if target.resolve else ""
        named = f"{target.host} is {', '.join(found[:4])}{how}"
        result = Result.of(CHECK.name, named if found != [target.host] else "an address, not a name", addresses=found)
    return result.taking(time.monotonic() - started)
