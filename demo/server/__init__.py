"""A throw-away production server: Docker, Traefik, an ACME server and a bench, in a network namespace of its own.

``Server("name").up()`` builds it, ``down()`` removes every trace; `python -m demo.server` does the same from a shell.
The sidecar is not part of it: that is what is deployed *to* it.
"""

from __future__ import annotations

from demo.server.server import Server

__all__ = ["Server"]
