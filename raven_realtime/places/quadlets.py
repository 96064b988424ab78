"""Podman's quadlets: containers, networks and pods as systemd units.

Source: Podman's manual, ``podman-systemd.unit``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from raven_realtime.places.container import (
    Attachment,
    Container,
    ExtraHost,
    Variable,
    mount_of,
    published_of,
)
from raven_realtime.places.units import Entry, Unit, read_unit, words_of
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.unreadable import Unreadable

_UNREAD = ("EnvironmentFile", "PodmanArgs", "EnvironmentHost", "Mount")


def is_quadlet(text: str) -> bool:
    """Tell by its content whether a text is a container or a pod for Podman."""
    try:
        unit = read_unit(text, "")
    except Unreadable:
        return False
    return unit.section_at("Container") is not None or unit.section_at("Pod") is not None


def read(files: Mapping[str, str]) -> tuple[Container, ...]:
    """Read the containers of a folder of quadlets.

    Args:
        files: The texts of its files by name: ``.container``, ``.network`` and ``.pod`` are read.

    Raises:
        Unreadable: If one is no unit file, or a container has neither an image nor a root file system.
    """
    units = {_base(name): read_unit(text, name) for name, text in files.items() if _read_here(name)}
    networks = {name: unit.text("Network", "NetworkName") or _own_name(name) for name, unit in units.items()}
    pods = {name: _pod(unit, networks) for name, unit in units.items() if name.endswith(".pod")}
    return tuple(
        _in_pod(_container(unit, networks), unit, pods) for name, unit in units.items() if name.endswith(".container")
    )


def _base(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _read_here(path: str) -> bool:
    return path.endswith((".container", ".network", ".pod"))


def _own_name(file: str) -> str:
    """Return the name that Podman gives where the unit gives none."""
    return "systemd-" + file.rpartition(".")[0]


def _container(unit: Unit, networks: Mapping[str, str]) -> Container:
    image = unit.last("Container", "Image") or unit.last("Container", "Rootfs")
    if image is None:
        raise Unreadable("The container has no Image.", unit.section_at("Container") or Location(unit.name))
    name = unit.text("Container", "ContainerName") or _own_name(_base(unit.name))
    return Container(
        name=name,
        image=image.value,
        location=image.location,
        command=tuple(words_of(unit.text("Container", "Exec"))),
        entrypoint=tuple(words_of(unit.text("Container", "Entrypoint"))),
        environment=tuple(_variables(unit.all("Container", "Environment"))),
        labels=tuple(_variables(unit.all("Container", "Label"))),
        networks=tuple(_networks(unit, "Container", networks)),
        published=tuple(
            port for entry in unit.all("Container", "PublishPort") for port in published_of(entry.value, entry.location)
        ),
        exposed=tuple(
            port.container_port
            for entry in unit.all("Container", "ExposeHostPort")
            for port in published_of(entry.value, entry.location)
        ),
        volumes=tuple(
            mount
            for entry in unit.all("Container", "Volume")
            if (mount := mount_of(_volume(entry.value), entry.location)) is not None
        ),
        extra_hosts=tuple(_hosts(unit, "Container")),
        hostname=unit.text("Container", "HostName"),
        unread=tuple(
            (f"{entry.key}={entry.value}", entry.location) for key in _UNREAD for entry in unit.all("Container", key)
        ),
    )


def _variables(entries: tuple[Entry, ...]) -> Iterator[Variable]:
    for entry in entries:
        for word in words_of(entry.value):
            name, equals, value = word.partition("=")
            yield Variable(name, value if equals else None, entry.location)


def _networks(unit: Unit, section: str, networks: Mapping[str, str]) -> Iterator[Attachment]:
    aliases = tuple(word for entry in unit.all(section, "NetworkAlias") for word in words_of(entry.value))
    for entry in unit.all(section, "Network"):
        network, _, options = entry.value.partition(":")
        named = tuple(
            option.partition("=")[2] for option in options.split(",") if option.partition("=")[0].strip() == "alias"
        )
        yield Attachment(networks.get(network, network), (*named, *aliases), entry.location)


def _volume(value: str) -> str:
    """Put Podman's name in place of a ``.volume`` unit's."""
    source, colon, rest = value.partition(":")
    return f"{_own_name(source)}{colon}{rest}" if source.endswith(".volume") else value


def _hosts(unit: Unit, section: str) -> Iterator[ExtraHost]:
    for entry in unit.all(section, "AddHost"):
        names, _, address = entry.value.partition(":")
        for name in names.split(";"):
            yield ExtraHost(name.strip(), address.strip(), entry.location)


def _pod(unit: Unit, networks: Mapping[str, str]) -> Container:
    """Return what a pod gives to the containers in it, which share its network."""
    return Container(
        name=unit.text("Pod", "PodName") or _own_name(_base(unit.name)),
        image="",
        location=unit.section_at("Pod") or Location(unit.name),
        networks=tuple(_networks(unit, "Pod", networks)),
        published=tuple(
            port for entry in unit.all("Pod", "PublishPort") for port in published_of(entry.value, entry.location)
        ),
        extra_hosts=tuple(_hosts(unit, "Pod")),
        hostname=unit.text("Pod", "HostName"),
    )


def _in_pod(container: Container, unit: Unit, pods: Mapping[str, Container]) -> Container:
    entry = unit.last("Container", "Pod")
    if entry is None:
        return container
    pod = pods.get(entry.value)
    if pod is None:
        return replace(container, unread=(*container.unread, (f"Pod={entry.value}", entry.location)))
    return replace(
        container,
        networks=(*container.networks, *pod.networks, Attachment(f"pod:{pod.name}", (), entry.location)),
        # Ports of a pod are published once for all its containers: each is shown with them.
        published=(*container.published, *pod.published),
        extra_hosts=(*container.extra_hosts, *pod.extra_hosts),
        hostname=container.hostname or pod.hostname,
    )
