"""The world of a compose file: containers with what routes to them, runs in them and guards them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from raven_realtime.declared import commands, texts
from raven_realtime.declared.mounts import read_mounted
from raven_realtime.declared.world import Container, Placed, Reading, Setting, World
from raven_realtime.places.container import Published, published_of
from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.compose import is_swarm, read_compose
from raven_realtime.proxies.traefik.elements import Element, read_yaml
from raven_realtime.proxies.traefik.static import static_arguments

_DEFAULT = re.compile(r"\$\{\w+:?-([^{}]*)\}")


def read(path: Path, root: Element | None = None) -> Reading:
    """Read a compose file and the nginx configurations that it mounts.

    Args:
        path: the file.
        root: what stands in it, where that is known already, with overrides on top.

    Raises:
        Problem: the compose file cannot be read; what concerns a mounted file is in the reading's problems.
    """
    root = root or read_yaml(path)
    services = root.get("services")
    swarm = is_swarm(root)
    compose = read_compose(path, swarm=swarm, root=root)
    reading = Reading([World(unknown=tuple(_unset(services, compose.unset)))])
    containers: list[Container] = []
    for service, routing in zip(services.children if services else (), compose.containers, strict=True):
        container = replace(_container(service, routing, swarm, str(path)), closed=_is_closed(service, root))
        containers.append(container)
        reading.parts += [_declared(container), *_started(container)]
        _mounted(service, path, container.name, reading, root)
        words = compose.commands.get(service.name, ())
        if any("traefik" in text for text in (container.image, *words[:1])) and words:
            reading.parts.append(World(statics=(static_arguments(words, service.location),)))
    reading.parts.append(World(containers=tuple(containers)))
    return reading


def _unset(services: Element | None, names: Sequence[str]) -> Iterator[Setting]:
    """Yield the variables that labels use and nobody sets."""
    for service in _children(services):
        for label in (*_children(service.get("labels")), *_children(service.path("deploy", "labels"))):
            used = set(re.findall(r"\$\{?(\w+)", f"{label.name} {label.value or ''}"))
            for name in sorted(used & set(names)):
                yield Setting(f"the variable {name}", "is not set: compose puts nothing in its place", label.location)


def _declared(container: Container) -> World:
    return texts.command(container.command, container.location) if container.command else World()


def _started(container: Container) -> Iterator[World]:
    """Yield the proxy that a container's command line configures."""
    if found := commands.proxy_of(container.image, container.command, container.location):
        yield World(proxies=(Placed(found, container.name),))


def _container(service: Element, routing: object, swarm: bool, group: str) -> Container:
    limits = service.path("deploy", "resources", "limits", "memory") or service.get("mem_limit")
    security = [text.replace("=", ":") for text in _texts(service.get("security_opt"))]
    nofile = service.path("ulimits", "nofile")
    soft = (nofile.get("soft") or nofile) if nofile else None
    replicas = service.path("deploy", "replicas") or service.get("scale")
    image = service.get("image")
    return Container(
        routing,  # type: ignore[arg-type]  # zipped with what read_compose made of the same services
        image=_filled(image),
        image_at=image.location if image else None,
        environment=tuple(_environment(service)),
        command=" ".join([*_texts(service.get("entrypoint")), *_texts(service.get("command"))]),
        healthcheck=_healthcheck(service),
        user=_filled(service.get("user")),
        read_only=_filled(service.get("read_only")) == "true",
        privileged=_filled(service.get("privileged")) == "true",
        drops_all="ALL" in [text.upper().removeprefix("CAP_") for text in _texts(service.get("cap_drop"))],
        no_new_privileges=any(text in {"no-new-privileges:true", "no-new-privileges"} for text in security),
        memory_limit=limits is not None,
        nofile=_number(soft, "nofile"),
        replicas=_number(replicas, "replicas") or 1,
        swarm=swarm,
        service=service.name,
        aliases=tuple(_aliases(service)),
        published=tuple(_published(service)),
        extra_hosts=tuple(_extra_hosts(service)),
        group=group,
    )


def _aliases(service: Element) -> Iterator[str]:
    """Yield the names that a service has on its networks besides its own, its host name among them."""
    for network in _children(service.get("networks")):
        yield from _texts(network.get("aliases"))
    for key in ("container_name", "hostname"):
        if named := _filled(service.get(key)):
            yield named


def _is_closed(service: Element, root: Element) -> bool:
    """Tell whether only this project's services are on a service's networks: none is external, or named for others."""
    if root.get("include") or not (service.get("image") or service.get("build")):
        return False  # more is declared elsewhere
    listed = service.get("networks")
    used = _texts(listed) if listed and listed.is_list else [each.name for each in _children(listed)] or ["default"]
    declared = {each.name: each for each in _children(root.get("networks"))}
    return not any(name in declared and (declared[name].get("external") or declared[name].get("name")) for name in used)


def _published(service: Element) -> Iterator[Published]:
    """Yield the ports of the machine that lead to a service (compose file reference, "ports")."""
    for child in _children(service.get("ports")):
        if not child.children:
            yield from published_of(_filled(child), child.location)
            continue
        target, outside = _filled(child.get("target")), _filled(child.get("published"))
        if target.isdigit() and len(target) < 6:
            port = int(outside) if outside.isdigit() and len(outside) < 6 else None
            yield Published(port, int(target), child.location, _filled(child.get("host_ip")))


def _extra_hosts(service: Element) -> Iterator[str]:
    listed = service.get("extra_hosts")
    for child in _children(listed):
        if listed and listed.is_list:
            yield re.split(r"[:=]", _filled(child), maxsplit=1)[0]
        else:
            yield child.name


def _environment(service: Element) -> Iterator[Setting]:
    listed = service.get("environment")
    for child in _children(listed):
        if listed and listed.is_list:
            name, _, value = (child.value or "").partition("=")
            yield Setting(name, _default(value), child.location)
        else:
            yield Setting(child.name, _filled(child), child.location)


def _healthcheck(service: Element) -> Setting | None:
    test = service.path("healthcheck", "test")
    return Setting("healthcheck", " ".join(_texts(test)), test.location) if test else None


def _mounted(service: Element, file: Path, name: str, reading: Reading, root: Element) -> None:
    """Read the configurations that a service gets from files beside the compose file, or from the file itself."""
    read_mounted([*_volumes(service), *_configs(service, root)], file.parent, name, service.location, reading)
    for config in _children(root.get("configs")):
        content = config.get("content")
        if (
            content
            and content.value
            and config.name in {_config_name(each) for each in _children(service.get("configs"))}
        ):
            world = texts.read(
                _default(content.value).replace("$$", "$"), f"{file} (config {config.name})", runs_in=name
            )
            if world:
                reading.parts.append(world)


def _volumes(service: Element) -> Iterator[tuple[str, str]]:
    for child in _children(service.get("volumes")):
        if child.children:
            source, target = child.get("source"), child.get("target")
            yield (source.value or "") if source else "", (target.value or "") if target else ""
        elif ":" in (child.value or ""):
            source_text, target_text = (child.value or "").split(":")[:2]
            yield source_text, target_text


def _configs(service: Element, root: Element) -> Iterator[tuple[str, str]]:
    for child in _children(service.get("configs")):
        declared = root.path("configs", _config_name(child), "file")
        target = child.get("target")
        if declared and declared.value:
            yield declared.value, ((target.value if target else None) or f"/{_config_name(child)}")


def _config_name(element: Element) -> str:
    source = element.get("source")
    return (source.value if source else element.value) or ""


def _children(element: Element | None) -> list[Element]:
    return element.children if element else []


def _texts(element: Element | None) -> list[str]:
    return [_default(text) for text in element.texts()] if element else []


def _filled(element: Element | None) -> str:
    return _default(element.value or "") if element else ""


def _default(text: str) -> str:
    """Put the default in the place of a variable that has one; other variables stay, so that they are seen as such."""
    return _DEFAULT.sub(lambda found: found[1], text)


def _number(element: Element | None, what: str) -> int | None:
    text = _filled(element)
    if not text or "$" in text:
        return None
    if not re.fullmatch(r"\d{1,9}", text):
        where: Location | str = element.location if element else ""
        raise Problem(f"{where}: {what} is {text[:40]!r}; a whole number is accepted.")
    return int(text)
