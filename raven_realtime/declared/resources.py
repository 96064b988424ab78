"""The world of Pulumi resources: of a preview, as a policy sees it, or of an exported state."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from raven_realtime.declared import secret_names, texts
from raven_realtime.declared.world import Container, Hidden, Reading, Setting, Source, World
from raven_realtime.places.container import Published
from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik import containers as providers
from raven_realtime.proxies.traefik.elements import labels_of
from raven_realtime.proxies.traefik.static import static_arguments
from raven_realtime.proxies.unreadable import Unreadable

UNKNOWN = "\0unknown"
"""Stands for a value that is not known at preview."""
SECRET = Hidden("[secret]")
"""Stands in the place of a secret that a state holds encrypted."""
COMMANDS = frozenset({"command:local:Command", "command:remote:Command"})
JUDGED = frozenset(
    {
        "docker:index/container:Container",
        "docker:index/service:Service",
        "docker:index/serviceConfig:ServiceConfig",
        "docker:index/remoteImage:RemoteImage",
        "command:remote:CopyToRemote",
        *COMMANDS,
    }
)
_LINES = ("create", "update", "delete")
ASKED = {
    "docker:index/container:Container": (
        *("labels", "envs", "command", "entrypoints", "healthcheck", "uploads", "user", "readOnly"),
        *(
            "capabilities",
            "securityOpts",
            "ulimits",
            "ports",
            "privileged",
            "networksAdvanced",
            "networkMode",
            "memory",
            "hosts",
        ),
    ),
    "docker:index/service:Service": ("labels", "taskSpec", "mode"),
    "docker:index/serviceConfig:ServiceConfig": ("data",),
    "command:local:Command": ("stdin", "environment", *_LINES),
    "command:remote:Command": ("stdin", "environment", *_LINES),
}
"""The properties that rules read, but for one: an image comes from a RemoteImage, whose name is known (where it does
not, `image-pinned` says so)."""
_OURS = "raven-realtime:index:"
"""Part of the URN of what our components declare. What their commands get of other resources' outputs (a container's
id) is ours to choose, and known in the tests of the components: only their standard input is a user's."""


@record
class Resource:
    """A resource with plain properties: dicts, lists, texts, numbers, `UNKNOWN` and `SECRET`."""

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any]
    needs: Sequence[str] = ()
    """The URNs that it depends on."""
    uses: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    """The URNs that each property depends on."""
    marked: bool = False
    """Whether it shows which texts are secret: those are `Hidden`."""

    @property
    def place(self) -> str:
        """What findings call it."""
        return f"{self.type.rpartition(':')[2]} {self.name}"


def read(resources: Iterable[Resource]) -> Reading:
    """Return what resources declare. Malformed configurations in them are in the reading's problems."""
    listed = [resource for resource in resources if resource.type in JUDGED]
    reading = Reading()
    by_urn = {resource.urn: resource for resource in listed}
    runs_in = _links(listed)
    for resource in listed:
        properties = resource.properties
        try:
            if resource.type == "docker:index/container:Container":
                container = _container(resource, by_urn)
                reading.parts += [World(containers=(container,)), *_uploads(resource, container.name)]
                if "traefik" in container.image and (words := _texts(properties.get("command"))):
                    reading.parts.append(World(statics=(static_arguments(words, Location(resource.place)),)))
            elif resource.type == "docker:index/service:Service":
                reading.parts.append(World(containers=(_service(resource),)))
            elif resource.type == "docker:index/serviceConfig:ServiceConfig":
                data = _decoded(properties.get("data"))
                reading.parts += _text(data, resource.place, runs_in.get(resource.urn, ""), resource)
            elif resource.type in COMMANDS:
                reading.parts += _command(resource, runs_in.get(resource.urn, ""))
        except (Problem, Unreadable) as problem:
            reading.refuse(problem, Location(resource.place))
        reading.parts.append(World(unknown=tuple(_unknown(resource))))
    return reading


def of_state(document: Mapping[str, Any]) -> list[Resource]:
    """Return the resources of an exported state (`pulumi stack export`).

    Raises:
        Problem: it is none.
    """
    deployment = document.get("deployment")
    listed = deployment.get("resources") if isinstance(deployment, Mapping) else None
    if not isinstance(listed, list):
        raise Problem("an exported state holds deployment.resources, a list; `pulumi stack export` writes one")
    return [
        Resource(
            str(item.get("type")),
            str(item.get("urn", "")).rpartition("::")[2],
            str(item.get("urn", "")),
            _plain(item.get("inputs") or {}),
            item.get("dependencies") or (),
            item.get("propertyDependencies") or {},
            marked=True,
        )
        for item in listed
        if isinstance(item, Mapping) and not item.get("delete")
    ]


_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (how Pulumi marks one in a state)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.get(_SIGNATURE) == _SECRET_SIGNATURE:
            return SECRET
        if _SIGNATURE in value:
            return value.get("text", "")
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def _links(resources: Sequence[Resource]) -> dict[str, str]:
    """Tell which container runs the configuration that a resource holds: the one that depends on it."""
    found: dict[str, str] = {}
    for resource in resources:
        if resource.type in {"docker:index/container:Container", "docker:index/service:Service"}:
            for urn in [*resource.needs, *(each for used in resource.uses.values() for each in used)]:
                found.setdefault(urn, _name(resource))
    return found


def _name(resource: Resource) -> str:
    named = resource.properties.get("name")
    return named if isinstance(named, str) and named not in {UNKNOWN, SECRET, ""} else resource.name


def _container(resource: Resource, by_urn: Mapping[str, Resource]) -> Container:
    given = resource.properties
    place = Location(resource.place)
    networks = [_said(each.get("name")) for each in _maps(given.get("networksAdvanced"))]
    tests = _texts(_map(given.get("healthcheck")).get("tests"))
    security = [text.replace("=", ":") for text in _texts(given.get("securityOpts"))]
    routing = providers.Container(
        _name(resource),
        labels_of({_said(each.get("label")): _said(each.get("value")) for each in _maps(given.get("labels"))}, place),
        place,
        networks={name: "" for name in networks if name} if networks else None,
        network_mode=_said(given.get("networkMode")),
        ports=None,
    )
    return Container(
        routing,
        image=_image(resource, by_urn),
        environment=tuple(_variable(text, place) for text in _texts(given.get("envs"))),
        command=" ".join([*_texts(given.get("entrypoints")), *_texts(given.get("command"))]),
        healthcheck=Setting("healthcheck", " ".join(tests), place) if tests else None,
        user=_said(given.get("user")),
        read_only=given.get("readOnly") is True,
        privileged=given.get("privileged") is True,
        drops_all="ALL"
        in {text.upper().removeprefix("CAP_") for text in _texts(_map(given.get("capabilities")).get("drops"))},
        no_new_privileges=any(text in {"no-new-privileges:true", "no-new-privileges"} for text in security),
        memory_limit=bool(given.get("memory")),
        aliases=tuple(
            alias for each in _maps(given.get("networksAdvanced")) for alias in _texts(each.get("aliases")) if alias
        ),
        published=tuple(_published(given, place)),
        extra_hosts=tuple(_said(each.get("host")) for each in _maps(given.get("hosts"))),
        nofile=next(
            (int(each["soft"]) for each in _maps(given.get("ulimits")) if _is_nofile(each)),
            None,
        ),
    )


def _published(given: Mapping[str, Any], place: Location) -> Iterator[Published]:
    """Yield the ports of the machine that lead to a container."""
    for each in _maps(given.get("ports")):
        inner, outer = each.get("internal"), each.get("external")
        if isinstance(inner, int | float):
            host = int(outer) if isinstance(outer, int | float) else None
            yield Published(host, int(inner), place, _said(each.get("ip")), _said(each.get("protocol")) or "tcp")


def _is_nofile(limit: Mapping[str, Any]) -> bool:
    return limit.get("name") == "nofile" and isinstance(limit.get("soft"), int | float)


def _image(resource: Resource, by_urn: Mapping[str, Resource]) -> str:
    """Return the image as somebody wrote it: an id comes from a RemoteImage, which has the name."""
    image = _said(resource.properties.get("image"))
    if image and not image.startswith("sha256:"):
        return image
    for urn in (*resource.uses.get("image", ()), *resource.needs):
        used = by_urn.get(urn)
        if used and used.type == "docker:index/remoteImage:RemoteImage":
            return _said(used.properties.get("name"))
    return image


def _service(resource: Resource) -> Container:
    given = resource.properties
    place = Location(resource.place)
    spec = _map(_map(given.get("taskSpec")).get("containerSpec"))
    replicas = _map(_map(given.get("mode")).get("replicated")).get("replicas")
    tests = _texts(_map(spec.get("healthcheck")).get("tests"))
    networks = _maps(_map(given.get("taskSpec")).get("networksAdvanceds"))
    routing = providers.Container(
        _name(resource),
        labels_of({_said(each.get("label")): _said(each.get("value")) for each in _maps(given.get("labels"))}, place),
        place,
        networks={_said(each.get("name")): "" for each in networks} or None,
        ports=(),
    )
    memory = _map(_map(_map(given.get("taskSpec")).get("resources")).get("limits")).get("memoryBytes")
    return Container(
        routing,
        image=_said(spec.get("image")),
        environment=tuple(Setting(name, _said(value), place) for name, value in _map(spec.get("env")).items()),
        command=" ".join([*_texts(spec.get("commands")), *_texts(spec.get("args"))]),
        healthcheck=Setting("healthcheck", " ".join(tests), place) if tests else None,
        user=_said(spec.get("user")),
        read_only=spec.get("readOnly") is True,
        memory_limit=bool(memory),
        replicas=int(replicas) if isinstance(replicas, int | float) else 1,
        swarm=True,
        declared=False,
    )


def _uploads(resource: Resource, container: str) -> Iterator[World]:
    for upload in _maps(resource.properties.get("uploads")):
        content = _said(upload.get("content")) or _decoded(upload.get("contentBase64"))
        file = _said(upload.get("file"))
        if PurePosixPath(file).suffix in texts.SOURCES:
            yield World(sources=(Source(f"{resource.place} {file}", content),))
        else:
            yield from _text(content, f"{resource.place} {file}", container, resource)


def _command(resource: Resource, runs_in: str) -> Iterator[World]:
    given = resource.properties
    place = Location(resource.place)
    yield from _text(_said(given.get("stdin")), resource.place, runs_in, resource)
    environment = _map(given.get("environment"))
    variables = tuple(Setting(str(name), _said(value), place) for name, value in environment.items())
    plain = (
        each
        for each in variables
        if resource.marked and secret_names.ENDING.search(each.name) and not isinstance(each.value, Hidden)
    )
    yield World(
        variables=variables,
        exposed=tuple(replace(each, name=f"the variable {each.name} of a command") for each in plain),
    )
    lines = dict.fromkeys(line for key in _LINES if (line := _said(given.get(key))))
    for line in lines:
        yield texts.command(line, place)


def _text(text: str, name: str, runs_in: str, resource: Resource) -> Iterator[World]:
    if text and (world := texts.read(text, name, runs_in=runs_in)):
        yield world
    elif text and resource.marked:
        yield World(texts=(Setting("settings", text, Location(name)),))


def _decoded(value: Any) -> str:
    try:
        decoded = base64.b64decode(_said(value), validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return ""
    return Hidden(decoded) if isinstance(value, Hidden) else decoded


def _unknown(resource: Resource) -> Iterator[Setting]:
    ours = resource.type in COMMANDS and _OURS in resource.urn
    for key in ("stdin",) if ours else ASKED.get(resource.type, ()):
        for path in _paths(resource.properties.get(key), key):
            yield Setting(path, "", Location(resource.place))


def _paths(value: Any, path: str) -> Iterator[str]:
    if value == UNKNOWN:
        yield path
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths(inner, f"{path}[{index}]")


def _variable(text: str, place: Location) -> Setting:
    name, _, value = text.partition("=")
    return Setting(name, Hidden(value) if isinstance(text, Hidden) else value, place)


def _said(value: Any) -> str:
    return value if isinstance(value, str) and value != UNKNOWN else ""


def _map(value: Any) -> Mapping[str, Any]:
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, Mapping) else {}


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [_said(each) for each in value if _said(each)] if isinstance(value, list) else []
