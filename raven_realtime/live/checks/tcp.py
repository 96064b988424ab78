"""A TCP connection to the public port."""

from __future__ import annotations

import time

from raven_realtime.live.engineio import Unanswered, reach
from raven_realtime.live.refusals import finding
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target

CHECK = Check(
    name="tcp",
    title="TCP connection",
    proves="Something listens on the public port and no firewall on the way drops the connection.",
    rank=20,
    through=("edge",),
)


async def check(target: Target) -> Result:
    """Connect to the target's port; the result's fact ``address`` is the one that answered first."""
    started = time.monotonic()
    try:
        address = await reach(target)
    except Unanswered as error:
        result = Result.of(CHECK.name, error.said, finding(error))
    else:
        took = (time.monotonic() - started) * 1000
        result = Result.of(CHECK.name, f"{address} port {target.port} accepts, {took:.0f} ms", address=address)
    return result.taking(time.monotonic() - started)
