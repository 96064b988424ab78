"""Traefik, asked as a client asks it: who answers there, and with whose certificate.

It is asked with `curl`, where DNS says or at an address of the settings, whatever certificate it shows.
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace

from raven_realtime.machine import environment
from raven_realtime.ports import PUBLIC_TLS_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record
from raven_realtime.sidecar.host import HANDSHAKE
from raven_realtime.sidecar.nginx import WHO

ROUTE_SECONDS = 20.0
"""How long Traefik may take to lead to a container that is healthy."""
CERTIFICATE_SECONDS = 15.0
"""How long Traefik may take to get a certificate for a host that is new."""
BRIDGE_HEADER = "X-Raven-Realtime-Bridge"
"""What a bridging container's router adds to each answer."""
ID = 12
"""How much of a container's id is its hostname (Docker's default)."""
_DEFAULT = "TRAEFIK DEFAULT CERT"


@record
class Answer:
    """What came back."""

    status: int
    """0 where nobody answered."""
    headers: str
    body: str

    @property
    def is_open(self) -> bool:
        """Whether it is an open packet of Socket.IO."""
        return self.status == 200 and '"sid"' in self.body


@record
class Way:
    """One host's way through Traefik."""

    host: str
    address: str = ""
    """Where Traefik is asked; where DNS says if empty."""

    def at(self, host: str) -> Way:
        """Return another host's way through the same Traefik."""
        return replace(self, host=host)

    def ask(self, path: str = HANDSHAKE) -> Answer:
        """Ask once."""
        done = self._curl("-i", "--http1.1", "--max-time", "5", f"https://{self.host}{path}")
        head, _, body = done.stdout.partition("\n\n")  # text: line ends are translated
        found = re.match(r"HTTP/\S+ (\d+)", head)
        return Answer(int(found[1]) if found else 0, head, body)

    def leads_to(self, container: str) -> bool:
        """Tell whether the sidecar that answers now is a container; others may take turns with it."""
        return self.ask(WHO).body.strip() == container[:ID]

    def leads_over_bridge(self) -> bool:
        """Tell whether a bridging container answers."""
        return BRIDGE_HEADER.lower() in self.ask().headers.lower()

    def certificate(self) -> list[str]:
        """Return whose certificate it shows, as lines of ``subject …`` and ``issuer …``."""
        said = self._curl("-v", "-o", "/dev/null", "--max-time", "10", f"https://{self.host}/").stderr
        return [f"{name} {value.strip()}" for name, value in re.findall(r"^\* +(subject|issuer): (.*)", said, re.M)]

    def shows_default_certificate(self) -> bool:
        """Tell whether it shows the certificate that Traefik makes for itself."""
        return any(_DEFAULT in line for line in self.certificate())

    def _curl(self, *options: str) -> subprocess.CompletedProcess[str]:
        pinned = ("--resolve", f"{self.host}:{PUBLIC_TLS_PORT}:{self.address}") if self.address else ()
        try:
            return subprocess.run(
                ["curl", "-ksS", "--noproxy", "*", *pinned, *options],
                capture_output=True,
                text=True,
                errors="replace",
                env=environment(),
                check=False,
            )
        except FileNotFoundError:
            raise Problem("There is no curl program on the PATH; install curl.") from None


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Ask again until something holds; tell whether it did in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.25)
    return True


def default_certificate(host: str, resolver: str) -> list[str]:
    """Say that Traefik has no other certificate than its own."""
    return [
        f"For {host} Traefik shows the certificate that it makes for itself: it has no certificate resolver {resolver}",
        "(raven-realtime:certResolver), or that has not got a certificate yet.",
        "  do:   compare the name with certificatesResolvers in Traefik's configuration "
        "(--certificatesresolvers.NAME.acme…);",
        '        Traefik\'s log says "nonexistent certificate resolver", or why the authority refused. '
        "Then run pulumi up again.",
    ]
