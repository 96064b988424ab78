"""A container as its owner declares it, whatever runs it: Docker, Podman, Swarm."""

from __future__ import annotations

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record


@record
class Variable:
    """An environment variable, or a label."""

    name: str
    value: str | None
    """None where it is taken over from the environment of whoever starts the container."""
    location: Location


@record
class Attachment:
    """A network that a container is in, and the names that it has there besides its own."""

    network: str
    """``host``, ``none``, or a network's name."""
    aliases: tuple[str, ...]
    location: Location


@record
class Published:
    """A port of a container that the host's clients reach."""

    host_port: int | None
    """None where the host chooses one."""
    container_port: int
    location: Location
    address: str = ""
    """Of the host; empty for all."""
    protocol: str = "tcp"


@record
class Mount:
    """A folder, file or volume that a container sees."""

    source: str
    """A path of the host, a volume's name; empty for a volume without a name."""
    target: str
    location: Location
    read_only: bool = False


@record
class ExtraHost:
    """A line for the container's hosts file."""

    name: str
    address: str
    """Also ``host-gateway``, for the host itself."""
    location: Location


@record
class Container:
    """One container, or several that are alike."""

    name: str
    """By which others know it: the service's name, or the container's."""
    image: str
    location: Location
    command: tuple[str, ...] = ()
    """The words that it is given instead of the image's own command; empty for those of the image."""
    entrypoint: tuple[str, ...] = ()
    environment: tuple[Variable, ...] = ()
    labels: tuple[Variable, ...] = ()
    networks: tuple[Attachment, ...] = ()
    published: tuple[Published, ...] = ()
    exposed: tuple[int, ...] = ()
    """Ports that are told to the network only."""
    volumes: tuple[Mount, ...] = ()
    extra_hosts: tuple[ExtraHost, ...] = ()
    hostname: str = ""
    replicas: int = 1
    unread: tuple[tuple[str, Location], ...] = ()
    """What else is said of it that has not been followed, such as files of variables, and where."""

    def variable(self, name: str) -> Variable | None:
        """Return an environment variable; of several the last, which is the one in force."""
        return next((variable for variable in reversed(self.environment) if variable.name == name), None)

    def label(self, name: str) -> Variable | None:
        """Return a label; of several the last."""
        return next((label for label in reversed(self.labels) if label.name == name), None)


def published_of(text: str, location: Location) -> tuple[Published, ...]:
    """Read a published port as Docker and Podman write it: ``[[address:]host:]container[/protocol]``, also ranges.

    Args:
        text: Such as ``8080:80``, ``127.0.0.1:9000:9000/tcp``, ``[::1]:8000-8001:8000-8001``.
        location: Where it stands.

    Returns:
        One entry a port; none where a part is no port.
    """
    ports, _, protocol = text.strip().partition("/")
    address = ""
    if ports.startswith("["):
        address, _, ports = ports[1:].partition("]")
        ports = ports.removeprefix(":")
    *before, inside = ports.split(":")
    outside = before.pop() if before else ""
    address = address or ":".join(before)
    inner, outer = _range(inside), _range(outside) if outside else []
    if not inner or (outside and len(outer) != len(inner)):
        return ()
    return tuple(
        Published(outer[at] if outer else None, port, location, address, protocol or "tcp")
        for at, port in enumerate(inner)
    )


def _range(text: str) -> list[int]:
    first, _, last = text.partition("-")
    numbers = [int(part) for part in (first, last or first) if part.isascii() and part.isdigit() and len(part) < 6]
    if len(numbers) != 2 or not 0 < numbers[0] <= numbers[1] < 65536:
        return []
    return list(range(numbers[0], numbers[1] + 1))


def mount_of(text: str, location: Location) -> Mount | None:
    """Read a mount as Docker and Podman write it: ``[source:]target[:options]``; None for a text without a target.

    Args:
        text: Such as ``sites:/home/frappe/frappe-bench/sites``, ``./nginx.conf:/etc/nginx/nginx.conf:ro``.
        location: Where it stands.
    """
    parts = text.strip().split(":")
    source, target, options = (
        ("", parts[0], "") if len(parts) == 1 else (parts[0], parts[1], parts[2] if len(parts) > 2 else "")
    )
    return Mount(source, target, location, "ro" in options.split(",")) if target else None
