"""The sandbox as one component: a bench, nginx or two tunnels in front of it, and the proof that realtime works."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

import pulumi

from components import sandbox_checks
from components.arguments import require_known
from components.checks import PostDeployChecks
from components.commands import local_command, raven_realtime
from components.demo_bench import DemoBench
from components.local_tunnel import LocalTunnel, public_url
from components.multiplexer import Multiplexer
from components.ngrok_tunnel import NgrokTunnel
from raven_realtime.ports import MULTIPLEXER_PORT, PUBLIC_TLS_PORT, SOCKET_TUNNEL_PORT, SOCKETIO_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.sandbox import local_tunnel
from raven_realtime.sandbox.ngrok import Endpoint, host_of
from raven_realtime.sandbox.places import Places
from raven_realtime.sandbox.survey import Found, is_unseen, look, presume
from raven_realtime.settings import Sandbox, load_sandbox

TWO_TUNNELS = (
    "topology two-tunnels: the page and Socket.IO have different hosts. Stock Frappe refuses "
    "such a browser, because its `sid` cookie is bound to the page's host, and stock Raven cannot be told another "
    "address for its socket. It works for clients that send an API token, and for Frappe without the origin check."
)
"""Said as a warning wherever two tunnels are chosen (docs/guidelines.md, "Two tunnels")."""
ODD_PORT = (
    "The public port is {port}, because 443 is taken or not permitted. frappe-react-sdk appends socketio_port to the "
    "address when the page's own has a port, so a stock Raven frontend asks https://localhost:{socketio_port} and "
    "fails (RT017). The demo's chat page is not affected. Free port 443, or permit it: "
    "sysctl net.ipv4.ip_unprivileged_port_start=443"
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
    """"multiplexer" (default: one address for both) or "two-tunnels"."""
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
    ca_file: str
    """A certificate authority (PEM file) to trust for the public URL besides the system's."""
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
            plain = given | dict.fromkeys(secrets, "[secret]")
            require_known(plain, "RealtimeSandbox", name)
            settings = load_sandbox(plain, where=f"the arguments of {name}")
            places = Places.at()
            found = presume(settings, places) if is_unseen() else look(settings, places)
        except (Problem, Unreadable) as problem:
            raise pulumi.RunError(str(problem)) from None
        self._build(Ground(name, settings, places, found, secrets, pulumi.ResourceOptions(parent=self)))

    def _build(self, ground: "Ground") -> None:
        """Declare the parts in the order in which they need each other."""
        settings, found = ground.settings, ground.found
        served: list[pulumi.Resource] = []
        if settings.tunnel == "ngrok":
            # an account may refuse: then nothing is to have been created, so the tunnel comes first
            urls, tunnel, shape = ngrok(ground)
            ground = replace(ground, ready=[tunnel, *prepare(ground, self, after=[tunnel])])
        else:
            ground = replace(ground, ready=prepare(ground, self))
            urls, tunnel, shape = local(ground, self)
        if settings.bench == "demo":
            served.append(
                DemoBench(
                    f"{ground.name}-bench",
                    places=ground.places,
                    site=found.site,
                    ca=ground.ca,
                    public=settings.tunnel != "local",
                    environment=ground.life,
                    after=ground.ready,
                    folder_after=[tunnel] if settings.tunnel == "ngrok" else (),
                    opts=ground.child,
                ).programs
            )
        shapes: list[pulumi.Input[str]] = []
        if settings.topology == "multiplexer":
            multiplexer = Multiplexer(
                f"{ground.name}-multiplexer",
                places=ground.places,
                settings=settings,
                site=found.site,
                web_port=found.web_port,
                environment=ground.life,
                after=ground.ready,
                opts=ground.child,
            )
            served.append(multiplexer.nginx)
            shapes.append(multiplexer.configuration)
        else:
            pulumi.log.warn(TWO_TUNNELS, self)
        credentials = {f"RAVEN_REALTIME_{key.upper()}": value for key, value in ground.secrets.items() if "api" in key}
        checks = PostDeployChecks(
            f"{ground.name}-check",
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
                    ca=ground.ca or None,
                    besides=settings.tunnel != "local",
                    credentials_file=found.credentials_file,
                    environment=credentials,
                )
            ),
            triggers=[found.life, *shapes, shape],
            after=[*ground.ready, *served, tunnel],
            opts=ground.child,
        )
        self.public_url = pulumi.Output.from_input(urls[0])
        self.socket_url = pulumi.Output.from_input(urls[-1])
        self.checks = checks.passed
        self.register_outputs({"publicUrl": self.public_url, "socketUrl": self.socket_url, "checks": self.checks})


@dataclass(frozen=True)
class Ground:
    """What every part of the sandbox stands on."""

    name: str
    settings: Sandbox
    places: Places
    found: Found
    secrets: Mapping[str, pulumi.Output[str]]
    child: pulumi.ResourceOptions
    ready: Sequence[pulumi.Resource] = ()
    """supervisord, and what has to be on disk before a program starts."""

    @property
    def life(self) -> dict[str, str]:
        """What every command has in its environment, so that a new life of the sandbox reruns it."""
        return {"RAVEN_REALTIME_LIFE": str(self.found.life)}

    @property
    def ca(self) -> str:
        """The certificate authority of the public URL, where it is not the system's: the local tunnel has its own."""
        if self.settings.tunnel == "local":
            return str(self.places.certificate.relative_to(Path.cwd()))
        return self.settings.ca_file or ""


def prepare(ground: Ground, parent: pulumi.Resource, after: Sequence[pulumi.Resource] = ()) -> list[pulumi.Resource]:
    """Declare supervisord and what has to be on disk before a program starts."""

    def step(part: str, *arguments: str, delete: str | None = None) -> pulumi.Resource:
        return local_command(
            f"{ground.name}-{part}",
            raven_realtime("sandbox", *arguments),
            parent=parent,
            after=after,
            environment=ground.life,
            delete=delete,
        )

    ready = [step("supervisor", "supervisor", delete=raven_realtime("sandbox", "down"))]
    if ground.settings.tunnel == "local":
        ready.append(step("certificate", "certificate"))
    if ground.settings.align_ports and ground.settings.bench != "demo":
        ready.append(step("align-ports", "align-ports", str(ground.found.bench)))
    return ready


def local(
    ground: Ground, component: pulumi.Resource
) -> tuple[Sequence[pulumi.Input[str]], pulumi.Resource, pulumi.Input[str]]:
    """Declare the local tunnel; return its URLs, the resource to wait for, and what tells one tunnel from another."""
    port = ground.found.public_port
    if port != PUBLIC_TLS_PORT:
        pulumi.log.warn(ODD_PORT.format(port=port, socketio_port=SOCKETIO_PORT), component)
    endpoints = [local_tunnel.Endpoint(port, f"127.0.0.1:{MULTIPLEXER_PORT}")]
    if ground.settings.topology == "two-tunnels":
        host = public_url(port).removeprefix("https://")
        endpoints = [
            local_tunnel.Endpoint(port, f"127.0.0.1:{ground.found.web_port}"),
            local_tunnel.Endpoint(SOCKET_TUNNEL_PORT, f"127.0.0.1:{SOCKETIO_PORT}", host=host),
        ]
    tunnel = LocalTunnel(
        f"{ground.name}-tunnel",
        places=ground.places,
        endpoints=endpoints,
        sockets=ground.settings.capacity,
        environment=ground.life,
        after=ground.ready,
        opts=ground.child,
    )
    return tunnel.urls, tunnel.nginx, tunnel.configuration


def ngrok(ground: Ground) -> tuple[Sequence[pulumi.Input[str]], pulumi.Resource, pulumi.Input[str]]:
    """Declare the ngrok tunnel; return its URLs, the resource to wait for, and what tells one tunnel from another."""
    settings, found = ground.settings, ground.found
    then = None
    if settings.topology == "multiplexer":
        endpoints = [Endpoint("raven", f"http://127.0.0.1:{MULTIPLEXER_PORT}", settings.ngrok_url)]
    else:
        web = Endpoint("raven", f"http://127.0.0.1:{found.web_port}", settings.ngrok_url, site=found.site)
        host = host_of(settings.ngrok_url) if settings.ngrok_url else None
        upstream = f"http://127.0.0.1:{SOCKETIO_PORT}"
        socket = Endpoint("socketio", upstream, settings.ngrok_socket_url, host=host, site=found.site)
        endpoints, then = ([web, socket], None) if host else ([web], socket)
    tunnel = NgrokTunnel(
        f"{ground.name}-tunnel",
        endpoints=endpoints,
        then=then,
        agent=settings.ngrok_path,
        authtoken=ground.secrets["ngrok_authtoken"],
        environment=ground.life,
        opts=ground.child,
    )
    return tunnel.urls, tunnel.agent, pulumi.Output.concat(*tunnel.urls)
