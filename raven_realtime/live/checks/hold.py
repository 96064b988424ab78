"""A WebSocket held open for long: idle timeouts of proxies show only with time."""

from __future__ import annotations

from raven_realtime.live.checks import upgrade
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Place, Target

CHECK = Check(
    name="hold",
    title="WebSocket held open",
    proves="A WebSocket on which nothing but the server's pings is sent stays open for the time asked, "
    "and the pings that are due come.",
    rank=85,
    through=("edge", "proxy"),
)


async def check(target: Target, seconds: float, place: Place = Place.PUBLIC) -> Result:
    """Hold a WebSocket for so many seconds; 90 s are three pings of a server with Engine.IO's defaults.

    Longer than the client's patience, the pings due in that time are required too; see `upgrade.pings_due`.
    """
    return await upgrade.keep(target, seconds, hold=False, hop=f"{CHECK.name} ({place})", place=place)
