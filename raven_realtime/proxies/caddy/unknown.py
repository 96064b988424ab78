"""What a configuration does not tell."""

from __future__ import annotations

from raven_realtime.proxies.location import Location


class NotKnown(Exception):  # noqa: N818 (an answer about a configuration, not a programming error)
    """Something is only known while Caddy runs, or is not followed here: what, and where."""

    def __init__(self, why: str, location: Location | None = None) -> None:
        """Take the reason, a sentence without a full stop, and the line."""
        super().__init__(why)
        self.why = why
        self.location = location
