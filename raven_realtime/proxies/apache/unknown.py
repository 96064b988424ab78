"""What cannot be told from the configuration alone."""

from __future__ import annotations

from raven_realtime.proxies.location import Location


class Unknown(Exception):  # noqa: N818 (an answer, which becomes Undecided, not an error)
    """A value, a condition or a rule is not known before Apache runs, or is not followed here."""

    def __init__(self, why: str, location: Location | None = None) -> None:
        """Take the reason, without a full stop, and the line where it is known."""
        super().__init__(why)
        self.why = why
        self.location = location
