"""The nginx sidecar ``frappe-socketio`` between Traefik and Socket.IO, replaced and reconfigured unnoticed.

docs/adr/ tells why the configuration lives in a volume and the container's name carries a generation.
"""

import json
from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi
import pulumi_docker as docker
from pydantic.alias_generators import to_camel

from components import prod_checks
from components.checks import PostDeployChecks
from components.commands import local_command
from components.docker_host import DockerHost
from raven_realtime.ports import SIDECAR_PORT, SOCKETIO_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx.fingerprint import STATUS_HOST, configuration_hash
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.settings import PROJECT, Prod, load_prod
from raven_realtime.sidecar import labels, sizes
from raven_realtime.sidecar.configuration import HOST_GATEWAY, render, upstream_address, uses_gateway
from raven_realtime.sidecar.scripts import LEAVING

CONFIG_FOLDER = "/etc/frappe-socketio"
USER = "101:101"
"""An unprivileged user; the number of the official image's `nginx`. It needs no entry in /etc/passwd."""
GRACE_SECONDS = 10
"""How long a container that is replaced may finish its requests; its WebSockets reconnect to the new one."""
TRAEFIK_LISTS_SECONDS = 4
"""Traefik's providersThrottleDuration is 2 s by default: then it lists a container that became healthy."""
ROUTE_SECONDS = 8
"""How long Traefik may take to lead to a container that was started: it has to be healthy, and listed."""
CERTIFICATE_SECONDS = 15
"""How long Traefik may take to get a certificate for a host that is new."""
HANDOVER_SECONDS = 1
"""The same where nothing can take over meanwhile, because the routing labels change."""
HEALTH = (
    f"[ ! -e {LEAVING} ] && {{ curl -fsS -o /dev/null -H 'Host: {STATUS_HOST}' http://127.0.0.1:{SIDECAR_PORT}/ "
    f"|| wget -q -O /dev/null --header 'Host: {STATUS_HOST}' http://127.0.0.1:{SIDECAR_PORT}/; }}"
)
SECRETS = ("api_key", "api_secret")


class RealtimeSidecarArgs(TypedDict, total=False):
    """What may be configured. `hosts` and `image` are required."""

    hosts: list[str]
    """Public hostnames, each as `host` or `host=site`."""
    image: str
    """The nginx image, pinned by digest: name@sha256:…"""
    upstream: str
    """Where Socket.IO is: address:port (default 172.17.0.1:9000), host-gateway:port, or container:port."""
    entrypoint: str
    """Traefik's TLS entrypoint (default websecure)."""
    cert_resolver: str
    """Traefik's certificate resolver (default myresolver)."""
    router: str
    """Name of the router and its service (default frappe-socketio)."""
    priority: int
    """Traefik's priority of the router; the rule's length if left out."""
    networks: list[str]
    """Docker networks to join; the first is the one Traefik is told to use."""
    middlewares: list[str]
    """Further Traefik middlewares for the router, as name@provider."""
    capacity: int
    """Sockets to hold at once (default 10000); worker_connections, file limits and memory follow from it."""
    proxy_timeout: int
    """Seconds that nginx keeps a silent connection (default 86400)."""
    client_max_body_size: str
    """The largest upload, in nginx's notation (default 50m)."""
    stay_seconds: int
    """How long the upgrade check keeps a WebSocket open (default 5)."""
    traefik_api: str
    """Traefik's API, as this machine reaches it: then it is asked who owns /socket.io."""
    public_address: str
    """Check at this IP address instead of what DNS says."""
    trust_certificate: bool
    """Fail when the public certificate is not trusted (default true)."""
    ca_file: str
    """A certificate authority (PEM file) to trust for the public URL besides the system's."""
    ssh_key_file: str
    """Private key for commands on a server behind docker:host ssh://."""
    ssh_host_key: str
    """The server's public host key."""
    bench_path: str
    """The bench's folder on the server."""
    bench_command: str
    """How the event check calls bench on the server; `bench` if left out."""
    compose_file: str
    """A compose file on the server, for the places that name the port."""
    nginx_file: str
    """The bench's generated nginx.conf on the server."""
    align_ports: bool
    """Correct a socketio_port other than 9000."""
    api_key: pulumi.Input[str]
    """API key of the service account, whom the event check logs in as; a secret."""
    api_secret: pulumi.Input[str]
    """API secret that belongs to api_key."""


class RealtimeSidecar(pulumi.ComponentResource):
    """nginx in a container, labelled for Traefik, in front of Frappe's Socket.IO."""

    public_urls: pulumi.Output[list[str]]
    """The URL of each host."""
    container_name: pulumi.Output[str]
    """The running container: ``frappe-socketio-<generation>`` with Docker's suffix."""
    sizes: pulumi.Output[str]
    """What was derived from the capacity, in a sentence."""
    checks: pulumi.Output[dict[str, str]]
    """For each check the line that it printed, and when it last passed."""

    def __init__(self, name: str, args: RealtimeSidecarArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the sidecar.

        Args:
            name: the component's name.
            args: the settings; see `RealtimeSidecarArgs`.
            opts: Pulumi's options; a docker provider among them reaches every child.

        Raises:
            pulumi.RunError: something the user can mend, found before anything is created.
        """
        super().__init__("raven-realtime:index:RealtimeSidecar", name, {}, opts)
        given: dict[str, Any] = dict(args)
        secrets = {key: pulumi.Output.secret(given[key]) for key in SECRETS if given.get(key)}
        try:
            settings = load_prod(given | dict.fromkeys(secrets, "[secret]"), where=f"the arguments of {name}")
            host = DockerHost.of_stack(ssh_key_file=settings.ssh_key_file, ssh_host_key=settings.ssh_host_key)
            image = require_image(settings)
        except (Problem, Unreadable) as problem:
            raise pulumi.RunError(str(problem)) from None
        self._build(name, settings, host, image, secrets)

    def _build(
        self, name: str, settings: Prod, host: DockerHost, image: str, secrets: dict[str, pulumi.Output[str]]
    ) -> None:
        """Declare the parts in the order in which they need each other."""
        mine = pulumi.ResourceOptions(parent=self)
        made = Generation.of(name, settings, image)
        scripts = host.bring_scripts(name, self)

        def pull(after: list[pulumi.Resource]) -> docker.RemoteImage:
            needs = pulumi.ResourceOptions(parent=self, depends_on=after)
            return docker.RemoteImage(f"{name}-image", name=image, keep_locally=True, opts=needs)

        # handover.sh pulls first and explains an image that there is not; but only the provider knows its logins
        pulled = pull([]) if pulumi.Config("docker").get("registryAuth") else None
        owned = local_command(
            f"{name}-ownership",
            prod_checks.ownership(settings, host, made.stack),
            parent=self,
            after=scripts,
            stdin=json.dumps(made.routing, sort_keys=True),
            environment=host.environment,
            triggers=[made.generation],
        )
        ready = host.line(
            f"{name}-handover",
            host.script("handover", made.for_handover(settings, image)),
            parent=self,
            after=[owned, *([pulled] if pulled else [])],
            delete=host.script("remove_all", {"STACK": made.stack}),
        )
        if pulled is None:
            pulled = pull([ready])
        places = {"BENCH": settings.bench_path, "COMPOSE": settings.compose_file, "NGINX": settings.nginx_file}
        if any(places.values()):
            named = {key: value or "" for key, value in places.items()}
            align = {"ALIGN": "yes" if settings.align_ports else "no", "PORT_WANTED": str(SOCKETIO_PORT)}
            ready = host.line(f"{name}-ports", host.script("ports", named | align), parent=self, after=[ready])
        volume = docker.Volume(
            f"{made.resource}-config",
            name=made.volume,
            labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in sorted(made.marks.items())],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[ready]),
        )
        configuration = render(settings)
        installed = host.line(
            f"{made.resource}-nginx",
            host.script("install_config", made.for_install(settings, image, configuration)),
            parent=self,
            after=[volume],
            delete=made.remove_orphans(),
            stdin=configuration,
        )
        sidecar_container = docker.Container(
            made.resource,
            **made.spec,
            image=pulled.image_id,
            labels=[
                docker.ContainerLabelArgs(label=label, value=value)
                for label, value in sorted({**made.routing, **made.marks}.items())
            ],
            volumes=[docker.ContainerVolumeArgs(volume_name=volume.name, container_path=CONFIG_FOLDER, read_only=True)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[installed]),
        )
        path = [made.generation, configuration_hash(configuration), sidecar_container.id]
        inward = PostDeployChecks(
            f"{name}-inward",
            prod_checks.inward(settings, host, sidecar_container.id, made.stack),
            triggers=path,
            after=[sidecar_container],
            on=host,
            opts=mine,
        )
        settled = host.line(
            f"{name}-settle",
            sidecar_container.id.apply(lambda kept: host.script("settle", {**made.for_settle(settings), "KEEP": kept})),
            parent=self,
            after=inward.all,
            triggers=[made.generation, sidecar_container.id],
        )
        credentials = {f"RAVEN_REALTIME_{key.upper()}": value for key, value in secrets.items()}
        outward = PostDeployChecks(
            f"{name}-check",
            prod_checks.outward(settings, host, credentials),
            triggers=path,
            after=[settled],
            opts=mine,
        )
        self.public_urls = pulumi.Output.from_input([f"https://{served.host}" for served in settings.served])
        self.container_name = sidecar_container.name
        self.sizes = pulumi.Output.from_input(sizes.explanation(settings.capacity))
        self.checks = pulumi.Output.all(inward.passed, outward.passed).apply(lambda both: {**both[0], **both[1]})
        outputs = ("public_urls", "container_name", "sizes", "checks")
        self.register_outputs({to_camel(output): getattr(self, output) for output in outputs})


@dataclass(frozen=True)
class Generation:
    """One generation of the sidecar: everything that cannot be changed on a running container, and its names."""

    generation: str
    resource: str
    """The Pulumi name of its container, ``<component>-<generation>``: a new generation is a new resource."""
    stack: str
    spec: dict[str, Any]
    """The container's arguments, without image, labels and volumes."""
    routing: dict[str, str]
    marks: dict[str, str]

    @classmethod
    def of(cls, name: str, settings: Prod, image: str) -> "Generation":
        """Return the generation that these settings ask for."""
        stack = f"{pulumi.get_project()}/{pulumi.get_stack()}/{name}"
        spec, routing = container(settings), labels.routing(settings)
        generation = labels.digest([image, spec, routing], 8)
        marks = {labels.STACK: stack, labels.ROUTING: labels.digest(routing), labels.GENERATION: generation}
        return cls(generation, f"{name}-{generation}", stack, spec, routing, marks)

    @property
    def volume(self) -> str:
        """The name of the volume that holds its configuration."""
        return f"{self.resource}-config"

    def for_handover(self, settings: Prod, image: str) -> dict[str, str]:
        """Return what handover.sh reads."""
        return {
            "STACK": self.stack,
            "GENERATION": self.generation,
            "ROUTING": self.marks[labels.ROUTING],
            "ROUTER": settings.router,
            "HOST": settings.served[0].host,
            "RESOLVER": settings.cert_resolver,
            "NETWORK": settings.networks[0] if settings.networks else "",
            "NETWORKS": " ".join(settings.networks),
            "ADDRESS": upstream_address(settings),
            "ADD_HOSTS": add_hosts(settings),
            "FILES": str(sizes.files(settings.capacity)),
            "IMAGE": image,
            "UPSTREAM": settings.upstream,
            "GRACE": str(HANDOVER_SECONDS),
        }

    def for_install(self, settings: Prod, image: str, configuration: str) -> dict[str, str]:
        """Return what install_config.sh reads besides the configuration."""
        return {
            "STACK": self.stack,
            "GENERATION": self.generation,
            "VOLUME": self.volume,
            "USER_ID": USER,
            "IMAGE": image,
            "FILES": str(sizes.files(settings.capacity)),
            "DRAINING": str(sizes.DRAINING),
            "ADD_HOSTS": add_hosts(settings),
            "HASH": configuration_hash(configuration),
        }

    def remove_orphans(self) -> str:
        """Return the line that removes what an interrupted update left of this generation, before its volume goes.

        Pulumi has removed its own container by then: that needs the configuration, and so goes first.
        """
        marks = " ".join(f"--filter label={mark}={self.marks[mark]}" for mark in (labels.STACK, labels.GENERATION))
        return f"docker ps -aq {marks} | xargs -r docker rm -f"

    def for_settle(self, settings: Prod) -> dict[str, str]:
        """Return what settle.sh reads besides the container that stays."""
        return {
            **prod_checks.public(settings),
            "CERTIFICATE_SECONDS": str(CERTIFICATE_SECONDS),
            "ROUTE_SECONDS": str(ROUTE_SECONDS),
            "STACK": self.stack,
            "GENERATION": self.generation,
            "GRACE": str(GRACE_SECONDS),
            "TRAEFIK_LISTS": str(TRAEFIK_LISTS_SECONDS),
            "PIDS": str(sizes.PIDS),
        }


def container(settings: Prod) -> dict[str, Any]:
    """Return the container's arguments: hardened, bounded, and asked about its health by asking nginx itself."""
    files = sizes.files(settings.capacity)
    return {
        "entrypoints": ["nginx"],
        "command": ["-e", "stderr", "-c", f"{CONFIG_FOLDER}/nginx.conf"],
        "user": USER,
        "read_only": True,
        "tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777"},  # noqa: S108 (the container's own)
        "capabilities": {"drops": ["ALL"]},
        "security_opts": ["no-new-privileges:true"],
        "sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
        "ulimits": [{"name": "nofile", "soft": files, "hard": files}],
        "memory": sizes.memory(settings.capacity),
        "memory_swap": sizes.memory(settings.capacity),
        "restart": "unless-stopped",
        "log_driver": "json-file",
        "log_opts": {"max-size": "10m", "max-file": "3"},
        "stop_signal": "SIGQUIT",
        "stop_timeout": GRACE_SECONDS,
        "destroy_grace_seconds": GRACE_SECONDS,
        "must_run": True,
        "wait": True,
        "wait_timeout": 60,
        # Traefik drops the routes of unhealthy containers: this asks nginx, never :9000, which may be down on its own
        "healthcheck": {
            "tests": ["CMD-SHELL", HEALTH],
            "interval": "1s",
            "timeout": "5s",  # a busy host is not a reason to lose the route
            "retries": 4,
            "start_period": "0s",
        },
        "hosts": [{"host": HOST_GATEWAY, "ip": "host-gateway"}] if uses_gateway(settings) else None,
        "networks_advanced": [{"name": network, "aliases": ["frappe-socketio"]} for network in settings.networks]
        or None,
    }


def add_hosts(settings: Prod) -> str:
    """Return docker run's flag for the host's gateway address, if it is asked."""
    return f"--add-host={HOST_GATEWAY}:host-gateway" if uses_gateway(settings) else ""


def require_image(settings: Prod) -> str:
    """Return the image that the settings name.

    Raises:
        Problem: none; with how to find a digest that one has verified.
    """
    if settings.image is None:
        raise Problem(
            f"{PROJECT}:image is missing in Pulumi.{pulumi.get_stack()}.yaml: the nginx image, pinned by digest. "
            "Find the digest of one that you trust with `docker buildx imagetools inspect nginx:stable`, then: "
            f"pulumi config set {PROJECT}:image docker.io/library/nginx@sha256:…"
        )
    return settings.image
