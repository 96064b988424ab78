"""The tunnel that needs no account: TLS on loopback as the public side."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.commands import local_command, raven_realtime
from raven_realtime.ports import PUBLIC_TLS_PORT
from raven_realtime.proxies.nginx.fingerprint import configuration_hash
from raven_realtime.sandbox import local_tunnel
from raven_realtime.sandbox.nginx_program import capacity, owner
from raven_realtime.sandbox.places import Places

PROGRAM = "tunnel"
HOST = "localhost"


def public_url(port: int) -> str:
    """Return the URL of a port of the local tunnel; 443 goes without saying."""
    return f"https://{HOST}" if port == PUBLIC_TLS_PORT else f"https://{HOST}:{port}"


class LocalTunnel(pulumi.ComponentResource):
    """nginx with a certificate of its own, supervised; one public port for each endpoint."""

    urls: list[str]
    """The public URL of each endpoint, in their order."""
    configuration: str
    """The hash of its configuration."""

    def __init__(
        self,
        name: str,
        *,
        places: Places,
        endpoints: Sequence[local_tunnel.Endpoint],
        sockets: int,
        environment: dict[str, str],
        after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the tunnel.

        Args:
            name: the component's name.
            places: the sandbox's folder, with the certificate.
            endpoints: the public ports and where each leads.
            sockets: how many to hold.
            environment: what every command of the sandbox has in its environment.
            after: supervisord and the certificate.
            opts: Pulumi's options.
        """
        super().__init__("raven-realtime:index:LocalTunnel", name, {}, opts)
        text = local_tunnel.render(
            local_tunnel.LocalTunnel(
                folder=places.run(PROGRAM),
                certificate=places.certificate,
                key=places.certificate_key,
                endpoints=tuple(endpoints),
                capacity=capacity(sockets),
                user=owner(),
            )
        )
        self.configuration = configuration_hash(text)
        self.nginx = local_command(
            f"{name}-nginx",
            raven_realtime("sandbox", "nginx", PROGRAM, "--url", f"https://127.0.0.1:{endpoints[0].port}"),
            parent=self,
            after=after,
            stdin=text,
            environment=environment,
            delete=raven_realtime("sandbox", "remove", PROGRAM),
        )
        self.urls = [public_url(endpoint.port) for endpoint in endpoints]
        self.register_outputs({"urls": self.urls})
