"""The sandbox's nginx on 127.0.0.1:8005: one address for Frappe's web process and Socket.IO (the seed's Option A)."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.commands import local_command, raven_realtime
from raven_realtime.ports import MULTIPLEXER_PORT
from raven_realtime.proxies.nginx.fingerprint import configuration_hash
from raven_realtime.sandbox import multiplexer
from raven_realtime.sandbox.nginx_program import capacity, owner
from raven_realtime.sandbox.places import Places
from raven_realtime.settings import PROJECT, Sandbox

PROGRAM = "multiplexer"


class Multiplexer(pulumi.ComponentResource):
    """nginx, supervised; its configuration is in the plan, and a change of it drops no connection."""

    url: str
    """Where it answers on loopback."""
    configuration: str
    """The hash of its configuration."""

    def __init__(
        self,
        name: str,
        *,
        places: Places,
        settings: Sandbox,
        site: str,
        web_port: int,
        environment: dict[str, str],
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the multiplexer.

        Args:
            name: the component's name.
            places: the sandbox's folder.
            settings: the stack's settings.
            site: the Frappe site that every request belongs to.
            web_port: where the bench's web process listens.
            environment: what every command of the sandbox has in its environment.
            after: supervisord.
            opts: Pulumi's options.
        """
        super().__init__("raven-realtime:index:Multiplexer", name, {}, opts)
        room = capacity(settings.capacity)
        if room.fits < room.sockets:
            pulumi.log.warn(
                f"capacity {room.sockets} needs more files than this machine lets a process have ({room.limit}): "
                f"nginx holds about {room.fits} sockets. Raise that limit (`ulimit -Hn` shows it), or say so: "
                f"pulumi config set {PROJECT}:capacity {room.fits}",
                self,
            )
        text = multiplexer.render(
            multiplexer.Multiplexer(
                folder=places.run(PROGRAM),
                site=site,
                web=f"127.0.0.1:{web_port}",
                timeout=settings.proxy_timeout,
                body_size=settings.client_max_body_size,
                capacity=room,
                user=owner(),
            )
        )
        self.url = f"http://127.0.0.1:{MULTIPLEXER_PORT}"
        self.configuration = configuration_hash(text)
        self.nginx = local_command(
            f"{name}-nginx",
            raven_realtime("sandbox", "nginx", PROGRAM, "--url", self.url),
            parent=self,
            after=after,
            stdin=text,
            environment=environment,
            delete=raven_realtime("sandbox", "remove", PROGRAM),
        )
        self.register_outputs({"url": self.url})
