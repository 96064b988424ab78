"""Controllers whose ways are not followed here: HAProxy's, Kong, Contour, and those that nobody names."""

from __future__ import annotations

from raven_realtime.proxies.ingress.entering import entrances
from raven_realtime.proxies.ingress.objects import Ingress
from raven_realtime.proxies.interface import Entrance, Outcome, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record


@record
class Unfollowed:
    """Ingress objects whose controller is not known, or not known well enough."""

    kind: str
    name: str
    location: Location
    ingresses: tuple[Ingress, ...]
    why: str

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the hosts of its rules."""
        return entrances(self.ingresses)

    def handle(self, request: Request) -> Outcome:  # noqa: ARG002 (every request alike)
        """Say why it cannot be told."""
        return Undecided(self.why, self.location)
