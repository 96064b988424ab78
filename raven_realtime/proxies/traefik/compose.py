"""The containers that a compose file describes, with the place of every label."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.containers import Container
from raven_realtime.proxies.traefik.elements import Element, Label, read_text, read_yaml
from raven_realtime.proxies.unreadable import Unreadable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST_DEFAULT = 20


@record
class ComposeFile:
    """What routing needs of a compose file."""

    containers: tuple[Container, ...]
    commands: Mapping[str, tuple[str, ...]]
    """The command's arguments of each service that has one: where Traefik's own settings often stand."""
    unset: tuple[str, ...] = ()
    """Variables that are used without a default and not set; compose puts nothing in their place."""


def read_compose(
    path: Path,
    *,
    project: str = "",
    environment: Mapping[str, str] | None = None,
    swarm: bool = False,
    root: Element | None = None,
) -> ComposeFile:
    """Read a compose file.

    Args:
        path: The file.
        project: The project's (or stack's) name; by default the file's `name`, or its folder's name.
        environment: For `${NAME}`; by default the process's, over the `.env` file beside the compose file.
        swarm: Read it as `docker stack deploy` does: labels under `deploy`, services instead of containers.
        root: What stands in it, where that is known already, with overrides on top.

    Raises:
        Unreadable: If the file cannot be read or is not a compose file.
    """
    root = root or read_yaml(path)
    services = root.get("services")
    if services is None or services.is_list or services.value is not None:
        raise Unreadable(f"{root.location}: no map 'services' in this file; a compose file has one.")
    variables = _Variables(_environment(path) | dict(os.environ if environment is None else environment))
    named = root.get("name")
    folder = re.sub(r"[^a-z0-9_-]", "", path.resolve().parent.name.lower()).lstrip("_-")
    project = project or (variables.filled(named) if named else "") or folder or "default"
    networks = _Networks(root.get("networks"), project, variables)
    containers = [_container(service, project, networks, variables, swarm=swarm) for service in services.children]
    commands = {
        service.name: tuple(_words(command, variables))
        for service in services.children
        if (command := service.get("command"))
    }
    return ComposeFile(tuple(containers), commands, tuple(sorted(variables.unset)))


def _container(service: Element, project: str, networks: _Networks, variables: _Variables, *, swarm: bool) -> Container:
    labelled = service.path("deploy", "labels") if swarm else service.get("labels")
    labels = list(_labels(labelled, variables)) if labelled else []
    if not swarm:
        own = {"com.docker.compose.project": project, "com.docker.compose.service": service.name}
        labels += [Label(key, value, service.location) for key, value in own.items()]
    named = service.get("container_name")
    mode = service.get("network_mode")
    separator = "_" if swarm else "-"
    name = variables.filled(named) if named and not swarm else f"{project}{separator}{service.name}"
    return Container(
        name,
        tuple(labels),
        replace(service.location),
        networks=_networks_of(variables.filled(mode)) if mode else networks.of(service),
        network_mode=variables.filled(mode) if mode else "",
        ports=() if swarm else None,
        misplaced=_misplaced(service) if swarm else None,
    )


def _networks_of(mode: str) -> dict[str, str] | None:
    """Return what a network mode means: another's networks are not known, and what is no word of Docker's is a name."""
    if mode.partition(":")[0] in {"service", "container"}:
        return None
    return {} if mode in {"host", "none"} else {"bridge" if mode == "default" else mode: ""}


def is_swarm(root: Element) -> bool:
    """Tell whether a compose file is for a Swarm: a service of it has labels for Traefik under `deploy`."""
    services = root.get("services")
    within = (service.path("deploy", "labels") for service in (services.children if services else ()))
    return any(labels and _speaks(labels) for labels in within)


def _misplaced(service: Element) -> Location | None:
    """Return where labels for Traefik stand beside `deploy`, if none stand in it."""
    beside, within = service.get("labels"), service.path("deploy", "labels")
    return beside.location if beside and _speaks(beside) and not (within and _speaks(within)) else None


def _speaks(labels: Element) -> bool:
    return any(
        ((child.value or "") if labels.is_list else child.name).lower().startswith("traefik.")
        for child in labels.children
    )


def _labels(labelled: Element, variables: _Variables) -> Iterator[Label]:
    if labelled.value is not None:
        raise Unreadable(f"{labelled.location}: labels are a list of 'key=value' or a map; a single text was found.")
    for child in labelled.children:
        if child.children:
            kind = "list" if child.is_list else "map"
            raise Unreadable(f"{child.location}: the label {child.name!r} holds a {kind}; a text is accepted.")
        value = variables.filled(child)
        if labelled.is_list:
            key, _, value = value.partition("=")
            yield Label(key.strip(), value, child.location)
        else:
            yield Label(child.name, value, child.location)


def _words(command: Element, variables: _Variables) -> Iterator[str]:
    if command.children:
        yield from (variables.filled(child) for child in command.children)
    else:
        yield from variables.filled(command).split()


@record
class _Networks:
    declared: Element | None
    project: str
    variables: _Variables

    def of(self, service: Element) -> dict[str, str]:
        """Name the networks of a service, as Docker knows them; the addresses are not known."""
        listed = service.get("networks")
        if listed is None:
            names = ["default"]
        else:
            names = listed.texts() if listed.is_list else [child.name for child in listed.children]
        return {self._real(name): "" for name in names}

    def _real(self, name: str) -> str:
        declared = self.declared.get(name) if self.declared else None
        if declared:
            if (named := declared.get("name")) and named.value:
                return self.variables.filled(named)
            external = declared.get("external")
            if external and (external.value or "").lower() == "true":
                return name
            if external and (named := external.get("name")):
                return self.variables.filled(named)
        return f"{self.project}_{name}"


def _environment(path: Path) -> dict[str, str]:
    """Read the `.env` file beside a compose file, if there is one."""
    file = path.with_name(".env")
    if not file.is_file():
        return {}
    found: dict[str, str] = {}
    for line in read_text(file).splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and _NAME.fullmatch(name.strip()):
            value = value.strip()
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            found[name.strip()] = value[1:-1] if quoted else value.partition(" #")[0].strip()
    return found


class _Variables:
    """Fills in variables as compose does."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.unset: set[str] = set()

    def filled(self, element: Element) -> str:
        """Return an element's text with its variables filled in.

        Raises:
            Unreadable: If a variable is written wrongly, or is required and not set.
        """
        return self._fill(element.value or "", element.location, 0)

    def _fill(self, text: str, location: Location, depth: int) -> str:
        if "$" not in text:
            return text
        if depth > _DEEPEST_DEFAULT:
            raise Unreadable(f"{location}: more than {_DEEPEST_DEFAULT} defaults inside each other.")
        result: list[str] = []
        position = 0
        while (dollar := text.find("$", position)) >= 0:
            result.append(text[position:dollar])
            position = dollar + 1
            if text.startswith("$", position):
                result.append("$")
                position += 1
            elif text.startswith("{", position):
                end = _closing(text, position)
                if end < 0:
                    raise Unreadable(
                        f"{location}: '${{' is not closed in {text[:80]!r}; write $$ for a plain dollar sign."
                    )
                result.append(self._braced(text[position + 1 : end], location, depth))
                position = end + 1
            elif name := _NAME.match(text, position):
                result.append(self._value(name[0]))
                position = name.end()
            else:  # of no variable: Compose leaves it as it is (compose-go, template/template.go)
                result.append("$")
        return "".join(result) + text[position:]

    def _braced(self, inside: str, location: Location, depth: int) -> str:
        name = _NAME.match(inside)
        if not name:
            raise Unreadable(f"{location}: ${{{inside[:60]}}} names no variable; write $$ for a plain dollar sign.")
        operator = re.match(r":?[-?+]", inside[name.end() :])
        rest = inside[name.end() + (operator.end() if operator else 0) :]
        if not operator:
            if rest:
                raise Unreadable(f"{location}: ${{{inside[:60]}}} is not understood; :-, -, :?, ?, :+ and + are.")
            return self._value(name[0])
        value = self._values.get(name[0])
        present = bool(value) if operator[0].startswith(":") else value is not None
        match operator[0][-1]:
            case "-":
                return (value or "") if present else self._fill(rest, location, depth + 1)
            case "+":
                return self._fill(rest, location, depth + 1) if present else ""
        if not present:
            raise Unreadable(
                f"{location}: the variable {name[0]} is required and not set. {rest}".rstrip(" .")
                + ". Set it in the environment, or in .env beside the (first) compose file."
            )
        return value or ""

    def _value(self, name: str) -> str:
        if name not in self._values:
            self.unset.add(name)
        return self._values.get(name, "")


def _closing(text: str, start: int) -> int:
    """Find the brace that closes the one at `start`; -1 without one."""
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == "{" and text[position - 1] == "$") - (text[position] == "}")
        if depth == 0:
            return position
    return -1
