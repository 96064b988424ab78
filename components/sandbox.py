"""The sandbox as one component: a bench, nginx or two tunnels in front of it, and the proof that realtime works."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

import pulumi

from components import sandbox_checks
from components.checks import PostDeployChecks
from components.commands import local_command, raven_realtime
from components.demo_bench import DemoBench
from components.local_tunnel import LocalTunnel, public_url
from components.multiplexer import Multiplexer
from raven_realtime.nginx.local_tunnel import Endpoint
from raven_realtime.problem import Problem
from raven_realtime.sandbox.places import Places
from raven_realtime.sandbox.survey import Found, look
from raven_realtime.settings import (
    MULTIPLEXER_PORT,
    PUBLIC_TLS_PORT,
    SOCKET_TUNNEL_PORT,
    SOCKETIO_PORT,
    Sandbox,
    load_sandbox,
)

TWO_TUNNELS = (
    "topology two-tunnels (the seed's Option B): the page and Socket.IO have different hosts. Stock Frappe refuses such "
    "a browser, because its `sid` cookie is bound to the page's host, and stock Raven cannot be told another address for "
    "its socket. It works for clients that send an API token, and for Frappe from before the origin check."
)
"""Said as a warning wherever Option B is chosen (facts, "Option B of the seed")."""
ODD_PORT = (
    "The public port is {port}, because 443 is taken or not permitted. frappe-react-sdk appends socketio_port to the "
    "address when the page's own has a port, so a stock Raven frontend asks https://localhost:9000 and fails (RT017). "
    "The demo's chat page is not affected. Free port 443, or permit it: sysctl net.ipv4.ip_unprivileged_port_start=443"
)


class RealtimeSandboxArgs(TypedDict, total=False):
    """What may be configured; everything has a default."""

    bench: str
    """"demo" (default) for the bench that comes with the project, or the path of your own."""
    site: str
    """The Frappe site behind the tunnel; the bench's default_site if left out."""
    align_ports: bool
    """Correct a socketio_port other than 9000 with `bench set-config`."""
    topology: str
    """"multiplexer" (default, the seed's Option A) or "two-tunnels" (Option B)."""
    tunnel: str
    """"local" (default) or "ngrok"."""
    public_port: int
    """Port of the local tunnel; 443 if it is free and permitted, else 8443."""
    ngrok_authtoken: pulumi.Input[str]
    """The ngrok account's authtoken; a secret."""
    ngrok_url: str
    """A reserved ngrok URL; a random one is read from the agent if left out."""
    ngrok_socket_url: str
    """A second reserved ngrok URL, for Socket.IO in the two-tunnels topology."""
    ngrok_path: str
    """The ngrok agent: a name on PATH (default), or a path."""
    channel: str
    """The Raven channel whose room the event check subscribes to."""
    proxy_timeout: int
    """Seconds that nginx keeps a silent connection."""
    client_max_body_size: str
    """The largest upload, in nginx's notation."""
    capacity: int
    """Sockets to hold at once."""
    stay_seconds: int
    """How long the upgrade check keeps a WebSocket open."""
    api_key: pulumi.Input[str]
    """API key of the account that the event check logs in with; a secret."""
    api_secret: pulumi.Input[str]
    """API secret that belongs to api_key."""


SECRETS = ("ngrok_authtoken", "api_key", "api_secret")


class RealtimeSandbox(pulumi.ComponentResource):
    """A bench on this machine, reachable at a public URL, with every hop of the realtime path checked."""

    public_url: pulumi.Output[str]
    """Where the browser opens Frappe and Raven."""
    socket_url: pulumi.Output[str]
    """Where Socket.IO is asked; the same as public_url, except in the two-tunnels topology."""
    checks: pulumi.Output[dict[str, str]]
    """For each check the line that it printed, and when it last passed."""

    def __init__(self, name: str, args: RealtimeSandboxArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the sandbox.

        Args:
            name: the component's name; its children are called ``<name>-<part>``.
            args: the settings; see `RealtimeSandboxArgs`.
            opts: Pulumi's options.

        Raises:
            pulumi.RunError: something the user can mend, found before anything is created.
        """
        super().__init__("raven-realtime:index:RealtimeSandbox", name, {}, opts)
        given: dict[str, Any] = dict(args)
        secrets = {key: pulumi.Output.secret(given[key]) for key in SECRETS if given.get(key)}
        try:
            plain = given | {key: "[secret]" for key in secrets}
            settings = load_sandbox(plain, where=f"the arguments of {name}")
            places = Places.at()
            found = look(settings, places)
        except Problem as problem:
            raise pulumi.RunError(str(problem)) from None
        self._build(name, settings, places, found, secrets)

    def _build(
        self, name: str, settings: Sandbox, places: Places, found: Found, secrets: dict[str, pulumi.Output[str]]
    ) -> None:
        mine = pulumi.ResourceOptions(parent=self)
        life = {"RAVEN_REALTIME_LIFE": str(found.life)}
        supervisor = local_command(
            f"{name}-supervisor",
            raven_realtime("sandbox", "supervisor"),
            parent=self,
            environment=life,
            delete=raven_realtime("sandbox", "down"),
        )
        ready: list[pulumi.Resource] = [supervisor]
        if settings.tunnel == "local":
            certificate = local_command(
                f"{name}-certificate",
                raven_realtime("sandbox", "certificate"),
                parent=self,
                after=[supervisor],
                environment=life,
            )
            ready.append(certificate)
        if settings.align_ports and settings.bench != "demo":
            ready.append(
                local_command(
                    f"{name}-align-ports",
                    raven_realtime("sandbox", "align-ports", str(found.bench)),
                    parent=self,
                    environment=life,
                )
            )
        served: list[pulumi.Resource] = []
        if settings.bench == "demo":
            demo = DemoBench(f"{name}-bench", places=places, site=found.site, environment=life, after=ready, opts=mine)
            served.append(demo.programs)
        shapes: list[str] = []
        if settings.topology == "multiplexer":
            multiplexer = Multiplexer(
                f"{name}-multiplexer",
                places=places,
                settings=settings,
                site=found.site,
                web_port=found.web_port,
                environment=life,
                after=ready,
                opts=mine,
            )
            served.append(multiplexer.nginx)
            shapes.append(multiplexer.configuration)
        else:
            pulumi.log.warn(TWO_TUNNELS, self)
        urls, tunnel, shape = self._tunnel(name, settings, places, found, secrets, life, ready)
        served.append(tunnel)
        own_ca = str(places.certificate.relative_to(Path.cwd())) if settings.tunnel == "local" else None
        checks = PostDeployChecks(
            f"{name}-check",
            sandbox_checks.checks(
                sandbox_checks.Path(
                    site=found.site,
                    bench=str(found.bench),
                    bench_command=found.bench_command,
                    channel=settings.channel,
                    public_url=urls[0],
                    socket_url=urls[-1],
                    multiplexed=settings.topology == "multiplexer",
                    stay_seconds=settings.stay_seconds,
                    ca=own_ca,
                    credentials_file=found.credentials_file,
                    environment={
                        f"RAVEN_REALTIME_{key.upper()}": secrets[key] for key in SECRETS[1:] if key in secrets
                    },
                )
            ),
            triggers=[found.life, *shapes, shape],
            after=[*ready, *served],
            opts=mine,
        )
        self.public_url = pulumi.Output.from_input(urls[0])
        self.socket_url = pulumi.Output.from_input(urls[-1])
        self.checks = checks.passed
        self.register_outputs({"publicUrl": self.public_url, "socketUrl": self.socket_url, "checks": self.checks})

    def _tunnel(
        self,
        name: str,
        settings: Sandbox,
        places: Places,
        found: Found,
        secrets: dict[str, pulumi.Output[str]],
        life: dict[str, str],
        ready: list[pulumi.Resource],
    ) -> tuple[list[pulumi.Input[str]], pulumi.Resource, pulumi.Input[str]]:
        """Return the public URLs, the resource to wait for, and what tells one tunnel from another."""
        mine = pulumi.ResourceOptions(parent=self)
        if settings.tunnel == "ngrok":
            raise pulumi.RunError("tunnel: ngrok is built next")
        if found.public_port != PUBLIC_TLS_PORT:
            pulumi.log.warn(ODD_PORT.format(port=found.public_port), self)
        web = Endpoint(found.public_port, f"127.0.0.1:{MULTIPLEXER_PORT}")
        endpoints = [web]
        if settings.topology == "two-tunnels":
            public_host = public_url(found.public_port).removeprefix("https://")
            endpoints = [
                Endpoint(found.public_port, f"127.0.0.1:{found.web_port}"),
                Endpoint(SOCKET_TUNNEL_PORT, f"127.0.0.1:{SOCKETIO_PORT}", host=public_host),
            ]
        tunnel = LocalTunnel(
            f"{name}-tunnel",
            places=places,
            endpoints=endpoints,
            capacity=settings.capacity,
            environment=life,
            after=ready,
            opts=mine,
        )
        return list(tunnel.urls), tunnel.nginx, tunnel.configuration
