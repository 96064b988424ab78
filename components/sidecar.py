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
from components.arguments import require_known
from components.checks import PostDeployChecks
from components.commands import local_command
from components.docker_host import DockerHost
from components.former import Former
from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx.fingerprint import configuration_hash
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.settings import PROJECT, Prod, load_prod
from raven_realtime.sidecar import labels, sizes, versions
from raven_realtime.sidecar.configuration import CONFIG_FOLDER, render, uses_gateway
from raven_realtime.sidecar.hardened import container

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
    traefik_version: str
    """The version of Traefik on the server: for 3.7.6 and 3.7.7 the router gets no retry."""
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
            plain = given | dict.fromkeys(secrets, "[secret]")
            require_known(plain, "RealtimeSidecar", name)
            settings = load_prod(plain, where=f"the arguments of {name}")
            host = DockerHost.of_stack(ssh_key_file=settings.ssh_key_file, ssh_host_key=settings.ssh_host_key)
            image = require_image(settings)
            versions.require_told(settings)
        except (Problem, Unreadable) as problem:
            raise pulumi.RunError(str(problem)) from None
        self._build(name, settings, host, image, secrets)

    def _build(
        self, name: str, settings: Prod, host: DockerHost, image: str, secrets: dict[str, pulumi.Output[str]]
    ) -> None:
        """Declare the parts in the order in which they need each other."""
        mine = pulumi.ResourceOptions(parent=self)
        made = Generation.of(name, settings, image)
        if host.is_remote:
            for former in ("handover", "scripts-folder", f"{made.generation}-nginx"):
                Former(f"{name}-{former}", self)

        def pull(after: list[pulumi.Resource]) -> docker.RemoteImage:
            needs = pulumi.ResourceOptions(parent=self, depends_on=after)
            return docker.RemoteImage(f"{name}-image", name=image, keep_locally=True, opts=needs)

        # the look pulls first and explains an image that there is not; but only the provider knows its logins
        pulled = pull([]) if pulumi.Config("docker").get("registryAuth") else None
        owned = local_command(
            f"{name}-ownership",
            prod_checks.ownership(settings, host, made.stack),
            parent=self,
            stdin=json.dumps(made.routing, sort_keys=True),
            triggers=[made.generation],
        )
        ready = host.step(
            f"{name}-look",
            host.line("look", *made.for_look(settings, image)),
            parent=self,
            after=[owned, *([pulled] if pulled else [])],
            delete=host.line("remove", "--stack", made.stack),
            was=f"{name}-handover",
        )
        if pulled is None:
            pulled = pull([ready])
        if named := places(settings):
            ready = host.step(f"{name}-ports", host.line("ports", *named), parent=self, after=[ready])
        volume = docker.Volume(
            f"{made.resource}-config",
            name=made.volume,
            labels=[docker.VolumeLabelArgs(label=label, value=value) for label, value in sorted(made.marks.items())],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[ready]),
        )
        configuration = render(settings)
        installed = host.step(
            f"{made.resource}-nginx",
            host.line("install", *made.for_install(settings, image)),
            parent=self,
            after=[volume],
            delete=host.line("remove", "--stack", made.stack, "--generation", made.generation),
            stdin=configuration,
        )
        carried = host.step(
            f"{name}-bridge",
            host.line("bridge", *made.for_bridge(settings)),
            parent=self,
            after=[installed],
            triggers=[made.generation],
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
            opts=pulumi.ResourceOptions(parent=self, depends_on=[installed, carried]),
        )
        path = [made.generation, sidecar_container.id]
        changes = configuration_hash(configuration)
        inward = PostDeployChecks(
            f"{name}-inward",
            prod_checks.inward(settings, host, sidecar_container.id, made.stack),
            triggers=path,
            changes=changes,
            after=[sidecar_container],
            opts=mine,
        )
        settled = host.step(
            f"{name}-settle",
            sidecar_container.id.apply(lambda kept: host.line("settle", kept, *made.for_settle(settings))),
            parent=self,
            after=inward.all,
            triggers=[made.generation, sidecar_container.id],
        )
        credentials = {f"RAVEN_REALTIME_{key.upper()}": value for key, value in secrets.items()}
        outward = PostDeployChecks(
            f"{name}-check",
            prod_checks.outward(settings, host, credentials),
            triggers=path,
            changes=changes,
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

    def for_look(self, settings: Prod, image: str) -> list[str]:
        """Return the options of the look at the Docker host."""
        return [
            *("--stack", self.stack, "--image", image, "--router", settings.router),
            *("--host", settings.served[0].host, "--resolver", settings.cert_resolver),
            *("--upstream", settings.upstream, "--files", str(sizes.files(settings.capacity))),
            *(word for network in settings.networks for word in ("--network", network)),
            *(["--retry"] if labels.retries(settings) else []),
        ]

    def for_install(self, settings: Prod, image: str) -> list[str]:
        """Return the options of the configuration's installation."""
        return [
            *("--stack", self.stack, "--generation", self.generation, "--volume", self.volume, "--image", image),
            *("--files", str(sizes.files(settings.capacity))),
            *(["--host-gateway"] if uses_gateway(settings.upstream) else []),
        ]

    def for_bridge(self, settings: Prod) -> list[str]:
        """Return the options of the bridge that carries the route of before."""
        first = settings.served[0].host
        routing = self.marks[labels.ROUTING]
        return ["--stack", self.stack, "--routing", routing, "--host", first, *prod_checks.at(settings)]

    def for_settle(self, settings: Prod) -> list[str]:
        """Return the options of the last step, besides the container that stays."""
        return [
            *("--stack", self.stack, "--generation", self.generation, "--host", settings.served[0].host),
            *("--resolver", settings.cert_resolver, *prod_checks.at(settings), *prod_checks.trust(settings)),
        ]


def places(settings: Prod) -> list[str]:
    """Return the options that name the server's files with the port; none where the settings name no file."""
    named = (("--bench", settings.bench_path), ("--compose", settings.compose_file), ("--nginx", settings.nginx_file))
    given = [word for option, value in named if value for word in (option, value)]
    if not given:
        return []
    called = ["--bench-command", settings.bench_command] if settings.bench_command else []
    return [*given, *called, *(["--align"] if settings.align_ports else [])]


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
