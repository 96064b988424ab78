"""Containers as ``docker inspect`` and ``podman inspect`` print them.

Source: Docker's Engine API, "Inspect a container".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from raven_realtime.places.container import Attachment, Container, ExtraHost, Mount, Published, Variable
from raven_realtime.proxies.tunnels.document import Element, read_json

SERVICE = "com.docker.compose.service"
"""The label by which compose remembers its own name of a container's service."""
_HINTS = (re.compile(r'"HostConfig"\s*:'), re.compile(r'"NetworkSettings"\s*:'), re.compile(r'"Config"\s*:'))


def is_inspect(text: str) -> bool:
    """Tell by its content, without parsing, whether a text is what ``docker inspect`` prints of containers."""
    return text.lstrip().startswith("[") and all(hint.search(text) for hint in _HINTS)


def read(text: str, name: str) -> tuple[Container, ...]:
    """Read the containers that run.

    Args:
        text: What was printed.
        name: What locations call it.

    Raises:
        Unreadable: It is not JSON.
    """
    listed = read_json(text, name).items
    return tuple(_container(each) for each in listed if each.get("Config") and _runs(each))


def _runs(container: Element) -> bool:
    return container.string("State", "Status") in ("", "running", "restarting")


def _container(found: Element) -> Container:
    place = found.place("Name")
    service = found.string("Config", "Labels", SERVICE)
    mode = found.string("HostConfig", "NetworkMode")
    networks = tuple(_networks(found, service))
    if mode in ("host", "none") and not any(each.network == mode for each in networks):
        networks = (*networks, Attachment(mode, (), place))
    return Container(
        name=found.string("Name").lstrip("/"),
        image=found.string("Config", "Image"),
        location=place,
        command=tuple(_words(found, "Config", "Cmd")),
        entrypoint=tuple(_words(found, "Config", "Entrypoint")),
        environment=tuple(_variables(found)),
        labels=tuple(Variable(name, value.text, value.location) for name, value in _entries(found, "Config", "Labels")),
        networks=networks,
        published=tuple(_published(found)),
        exposed=tuple(
            int(port) for name, _ in _entries(found, "Config", "ExposedPorts") if (port := _tcp(name)) is not None
        ),
        volumes=tuple(_mounts(found)),
        extra_hosts=tuple(_hosts(found)),
        hostname=found.string("Config", "Hostname"),
    )


def _entries(found: Element, *keys: str) -> tuple[tuple[str, Element], ...]:
    element = found.get(*keys)
    return element.entries if element else ()


def _words(found: Element, *keys: str) -> Iterator[str]:
    element = found.get(*keys)
    yield from (text for text, _ in (element.texts() if element else ()))


def _variables(found: Element) -> Iterator[Variable]:
    element = found.get("Config", "Env")
    for text, place in element.texts() if element else ():
        name, equals, value = text.partition("=")
        yield Variable(name, value if equals else None, place)


def _networks(found: Element, service: str) -> Iterator[Attachment]:
    for name, network in _entries(found, "NetworkSettings", "Networks"):
        aliases = dict.fromkeys([*_words(network, "Aliases"), *_words(network, "DNSNames"), *filter(None, [service])])
        yield Attachment(name, tuple(aliases), network.location)


def _published(found: Element) -> Iterator[Published]:
    for name, bound in _entries(found, "HostConfig", "PortBindings"):
        port = _tcp(name)
        for each in bound.items if port else ():
            outside = each.string("HostPort")
            yield Published(
                int(outside) if outside.isdigit() else None, int(port or 0), bound.location, each.string("HostIp")
            )


def _tcp(name: str) -> str | None:
    """Return the number of a port such as ``80/tcp``; None for one of another protocol."""
    port, _, protocol = name.partition("/")
    return port if port.isdigit() and protocol in ("", "tcp") else None


def _mounts(found: Element) -> Iterator[Mount]:
    element = found.get("Mounts")
    for each in element.items if element else ():
        target = each.string("Destination")
        if target:
            yield Mount(each.string("Source"), target, each.location, each.string("RW") == "false")


def _hosts(found: Element) -> Iterator[ExtraHost]:
    element = found.get("HostConfig", "ExtraHosts")
    for text, place in element.texts() if element else ():
        name, _, address = text.partition(":")
        yield ExtraHost(name, address, place)
