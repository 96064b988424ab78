"""What a reader says of a file that it cannot read."""

from __future__ import annotations

from raven_realtime.proxies.location import Location


class Unreadable(Exception):  # noqa: N818 (an answer about a file, not a programming error)
    """A configuration cannot be read: where, and why. The message has both."""

    def __init__(self, reason: str, location: Location | None = None) -> None:
        """Take the reason, a sentence with a full stop, and the place."""
        super().__init__(f"{location}: {reason}" if location else reason)
        self.reason = reason
        self.location = location
