"""The world of containers that are declared one by one: Podman's quadlets, and what `docker inspect` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from raven_realtime.declared import commands, secret_names, texts
from raven_realtime.declared.mounts import read_mounted
from raven_realtime.declared.world import Container, Hidden, Placed, Reading, Setting, World
from raven_realtime.places import container as places
from raven_realtime.proxies.traefik import containers as providers
from raven_realtime.proxies.traefik.elements import Label
from raven_realtime.proxies.traefik.static import static_arguments


def read(
    found: tuple[places.Container, ...], folder: Path, group: str, reading: Reading, *, running: bool = False
) -> None:
    """Read containers, and the configurations that they get from files of this machine.

    Args:
        found: the containers.
        folder: where relative paths begin.
        group: what is declared together: a file or a folder.
        reading: gets what is found.
        running: whether they run: whoever sees that sees their secrets too, so that none is reported.
    """
    for each in found:
        reading.parts += list(_world(each, group, running))
        mounts = [(mount.source, mount.target) for mount in each.volumes]
        read_mounted(mounts, folder, each.name, each.location, reading)


def _world(found: places.Container, group: str, running: bool) -> Iterator[World]:
    words = (*found.entrypoint, *found.command)
    command = " ".join(words)
    yield World(containers=(_container(found, command, group, running),))
    if command:
        yield texts.command(command, found.location)
    if proxy := commands.proxy_of(found.image, command, found.location):
        yield World(proxies=(Placed(proxy, found.name),))
    if any("traefik" in text for text in (found.image, *words[:1])) and words:
        yield World(statics=(static_arguments(list(words), found.location),))


def _container(found: places.Container, command: str, group: str, running: bool) -> Container:
    labels = tuple(Label(each.name, each.value or "", each.location) for each in found.labels)
    networks = {each.network: "" for each in found.networks}
    host = "host" if "host" in networks else ""
    ports = tuple(dict.fromkeys([*(each.container_port for each in found.published), *found.exposed]))
    routing = providers.Container(
        found.name, labels, found.location, networks=networks or None, network_mode=host, ports=ports or None
    )
    environment = tuple(
        Setting(
            each.name,
            Hidden(each.value or "") if running and secret_names.ENDING.search(each.name) else each.value or "",
            each.location,
        )
        for each in found.environment
    )
    return Container(
        routing,
        image=found.image,
        environment=environment,
        command=command,
        replicas=found.replicas,
        declared=False,
        service=found.name,
        aliases=tuple(
            dict.fromkeys(
                [*(alias for each in found.networks for alias in each.aliases), *filter(None, [found.hostname])]
            )
        ),
        published=found.published,
        extra_hosts=tuple(each.name for each in found.extra_hosts),
        group=group,
    )
