"""The look at a Docker host before a sidecar is made: what would end in half a deployment is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from raven_realtime.machine import CannotLook
from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record
from raven_realtime.settings import PROJECT
from raven_realtime.sidecar import containers, labels, resolvers, versions
from raven_realtime.sidecar.configuration import add_hosts, container_address, uses_gateway
from raven_realtime.sidecar.containers import Standing
from raven_realtime.sidecar.host import NO_CLIENT, PULL_SECONDS, Failed, Host
from raven_realtime.versions import SERVER

NOTHING = "Nothing was changed."
CLIENTS = """\
command -v nginx >/dev/null || exit 3
command -v curl >/dev/null || command -v wget >/dev/null || exit 4
nginx -v 2>&1
"""
"""What the sidecar needs of its image: nginx, and what its health check asks with; and which nginx it is."""
LACKS = {3: "no nginx", 4: "neither curl nor wget, and the sidecar's health check asks with one of them"}
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}
"""127.0.0.1 and ::1 as /proc/net writes them."""
BROUGHT = 'raven=$HOME/.raven-realtime-; rm -rf "$raven"????????????'
"""What versions before 0.2 brought to a server: folders of scripts."""


@record
class Wanted:
    """What the new generation will need."""

    stack: str
    image: str
    router: str
    host: str
    resolver: str
    upstream: str
    files: int
    networks: Sequence[str] = ()
    retry: bool = False
    """Whether the router is to have a retry middleware."""


def look(host: Host, wanted: Wanted) -> str:
    """Look at everything that can be known before; return what there is to say.

    Raises:
        Problem: something would fail later.
    """
    try:
        daemon = host.docker("version", "--format", versions.ASK_DOCKER)
    except Failed as failed:
        raise Problem(
            f"The Docker daemon does not answer (DOCKER_HOST={host.daemon.address or 'default'}): {failed}\n"
            f"Start it, or correct docker:host. {NOTHING}"
        ) from None
    at_the_door = resolvers.at_the_door(host)
    versions.require_running(daemon, at_the_door, retry=wanted.retry)
    _image(host, wanted)
    _networks(host, wanted.networks)
    _resolver(host, wanted.resolver, at_the_door)
    _owners(host, wanted)
    _upstream(host, wanted)
    _tidy(host, wanted.stack)
    return "the Docker host is ready"


def _image(host: Host, wanted: Wanted) -> None:
    image = wanted.image
    try:
        host.docker("image", "inspect", image)
    except Failed:
        try:
            host.docker("pull", "-q", image, seconds=PULL_SECONDS)
        except Failed as failed:
            raise Problem(
                f"{PROJECT}:image: found {image}, and the Docker host cannot pull it:\n{failed}\n"
                f"Correct the name and the digest: docker buildx imagetools inspect {image.partition('@')[0]}:TAG "
                f"shows the digest of a tag that there is.\n"
                f"If the registry asks for a login: docker login on the Docker host. {NOTHING}"
            ) from None
    limit = ("--ulimit", f"nofile={wanted.files}:{wanted.files}")
    try:
        said = host.docker("run", "--rm", "--network", "none", *limit, "--entrypoint", "sh", image, "-c", CLIENTS)
    except Failed as failed:
        if "rlimit" in str(failed):
            given = int(
                host.docker("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", "ulimit -H -n")
            )
            raise Problem(
                f"{PROJECT}:capacity needs a file limit of {wanted.files}, and the Docker daemon of this host may give "
                f"{given}.\nLower the capacity to {(given - 1024) // 2}, or raise the daemon's limit (LimitNOFILE in "
                f"its unit). {NOTHING}"
            ) from None
        if lacks := LACKS.get(failed.code):
            raise Problem(f"{PROJECT}:image: {image} has {lacks}. Name an image of nginx. {NOTHING}") from None
        raise Problem(f"The image {image} cannot be run on this host:\n{failed}\n{NOTHING}") from None
    if match := SERVER.search(said):
        versions.require_nginx(match[1], image)


def _networks(host: Host, networks: Sequence[str]) -> None:
    there = host.lines("network", "ls", "--format", "{{.Name}}")
    for network in networks:
        if network not in there:
            raise Problem(
                f"The Docker network {network} ({PROJECT}:networks) does not exist on this host.\n"
                f"Make it (docker network create {network}), or name one of: {' '.join(sorted(there))}"
            )


def _resolver(host: Host, resolver: str, at_the_door: Sequence[Standing]) -> None:
    """Traefik answers for an unknown one with a certificate of its own, or goes on with an old one until it expires."""
    known = resolvers.known(host, at_the_door)
    if known and resolver.lower() not in {name for name, _ in known}:
        listed = ", ".join(f"{name} ({where})" for name, where in known)
        raise Problem(
            f"{PROJECT}:certResolver: found {resolver}, and Traefik on this host has: {listed}.\n"
            f"Name one of these, or declare it (certificatesResolvers.{resolver}) and restart Traefik. {NOTHING}"
        )


def _owners(host: Host, wanted: Wanted) -> None:
    """Refuse a container that is not ours and claims the same router, or the name of the source document."""
    claims = containers.find(host, f"label=traefik.http.routers.{wanted.router}.rule")
    for one in [*claims, *containers.find(host, "name=^/frappe-socketio$")]:
        owner = one.labels.get(labels.STACK, "")
        if owner != wanted.stack:
            raise Problem(
                f"The container {one.name} is not of this stack ({owner or 'made by hand'}), and has the router "
                f"{wanted.router} or the name frappe-socketio.\n{NOTHING} To take over without an outage, see README, "
                f'"Taking over a hand-made sidecar"; or remove it: docker rm -f {one.name}'
            )


def _upstream(host: Host, wanted: Wanted) -> None:
    """Refuse Socket.IO on loopback, or behind a firewall that keeps containers away."""
    address, port = container_address(wanted.upstream), wanted.upstream.rpartition(":")[2]
    if not wanted.upstream.startswith(("172.", "host-gateway:")):
        return
    on_host = ("--network", "host")
    with suppress(Failed):  # a daemon whose containers may not share its machine's network: it cannot be told
        tables = host.docker(
            "run", "--rm", *on_host, "--entrypoint", "cat", wanted.image, "/proc/net/tcp", "/proc/net/tcp6"
        )
        bound = set(re.findall(rf"^\s*\d+: ([0-9A-F]+):{int(port):04X} \S+ 0A ", tables, re.MULTILINE))
        if bound and bound <= LOOPBACK:
            raise Problem(
                f"RT003: Socket.IO listens on 127.0.0.1:{port} only, and the sidecar asks {wanted.upstream} from a "
                "container.\nHave it listen on all addresses (Frappe's default), or on the bridge's: then restart it. "
                f"{NOTHING}"
            )
        host.ask_from(wanted.image, on_host, f"localhost:{port}", wanted.host)
        network = ("--network", wanted.networks[0] if wanted.networks else "bridge")
        try:
            host.ask_from(
                wanted.image, (*add_hosts(gateway=uses_gateway(wanted.upstream)), *network), address, wanted.host
            )
        except Failed as failed:
            if failed.code == NO_CLIENT:
                return
            raise Problem(
                f"RT003: Socket.IO answers on this host at localhost:{port}, and not from a container at "
                f"{wanted.upstream}:\n{failed}\nLet the bridge reach the port: ufw allow in on docker0 to any port "
                f"{port}; or\niptables -I INPUT -i docker0 -p tcp --dport {port} -j ACCEPT. {NOTHING}"
            ) from None


def _tidy(host: Host, stack: str) -> None:
    """Remove the scripts that earlier versions brought to the server, unless another stack may still use them."""
    strangers = [one for one in containers.find(host, f"label={labels.STACK}") if one.labels[labels.STACK] != stack]
    if host.server is not None and host.server.ssh and not strangers:
        with suppress(CannotLook):
            host.server.run("sh", "-c", BROUGHT)
