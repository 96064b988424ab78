"""The demo bench: a stand-in for Frappe and Raven, where the user has no bench of their own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import pulumi

from components.commands import local_command, raven_realtime, tool
from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.sandbox.places import Places

PREFIX = "demo-"


class DemoBench(pulumi.ComponentResource):
    """Web on :8000, Socket.IO on :9000 and redis, supervised, with a chat page to look at."""

    def __init__(
        self,
        name: str,
        *,
        places: Places,
        site: str,
        ca: str,
        public: bool,
        environment: dict[str, str],
        after: Sequence[pulumi.Resource] = (),
        folder_after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the bench's folder and its programs.

        Args:
            name: the component's name.
            places: the sandbox's folder.
            site: the Frappe site to create.
            ca: the certificate authority of the public URL, which the Socket.IO process calls back.
            public: whether others than this machine can ask for it: then its users get a password of their own.
            environment: what every command of the sandbox has in its environment.
            after: supervisord, and the certificate that the Socket.IO process has to trust.
            folder_after: what has to be there before so much as the folder is made.
            opts: Pulumi's options.
        """
        super().__init__("raven-realtime:index:DemoBench", name, {}, opts)
        demo = f"{tool(Path(sys.executable).name)} -m demo"
        here = places.demo_bench.relative_to(Path.cwd())
        ports = f"--web-port {WEB_PORT} --socketio-port {SOCKETIO_PORT}"
        folder = local_command(
            f"{name}-folder",
            f"{demo} create {here} --install --site {site} {ports}{' --own-password' if public else ''}",
            parent=self,
            after=folder_after,
            environment=environment,
        )
        self.programs = local_command(
            f"{name}-programs",
            f"{demo} programs {here} {f'--ca {shlex.quote(ca)} ' if ca else ''}"
            f"| {raven_realtime('sandbox', 'programs', '--prefix', PREFIX)}",
            parent=self,
            after=[folder, *after],
            environment=environment,
            delete=raven_realtime("sandbox", "remove", *(f"{PREFIX}{part}" for part in ("socketio", "web", "redis"))),
        )
        self.register_outputs({"path": str(here), "site": site})
