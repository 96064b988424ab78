"""Port 9000 as the one truth: every place on the server that names the port of Socket.IO says the same.

The bench's own configuration may be corrected, by bench's own command; other places are reported with their line.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from raven_realtime.machine import CannotLook, Machine
from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx.parse import parse_text
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.elements import Element, yaml_element
from raven_realtime.settings import PROJECT
from raven_realtime.sidecar.host import Host

VARIABLES = {"SOCKETIO", "SOCKETIO_PORT", "FRAPPE_SOCKETIO_PORT"}
"""What frappe_docker's containers read: host:port, or the port."""
SECONDS = 120.0
"""How long bench's command may take."""


@record
class Place:
    """One place that names the port."""

    where: str
    """``file:line``."""
    port: int
    mend: str


@record
class Named:
    """The files that the settings name."""

    bench: Path | None = None
    compose: Path | None = None
    nginx: Path | None = None
    align: bool = False
    bench_command: str = "bench"


def look(host: Host, named: Named) -> list[str]:
    """Read every place; return what there is to say.

    Raises:
        Problem: a file cannot be read, or a place names another port (RT016).
    """
    if host.server is None:
        raise Problem(
            f"{PROJECT}:benchPath, composeFile and nginxFile are files of the server, and docker:host leads to a "
            "Docker daemon only. Reach the server by ssh://user@server, or remove these keys."
        )
    said: list[str] = []
    found = list(_bench(host.server, named, said)) if named.bench else []
    found += _compose(host.server, named.compose) if named.compose else []
    found += _nginx(host.server, named.nginx) if named.nginx else []
    said += [f"{place.where} names port {place.port}" for place in found if place.port == SOCKETIO_PORT]
    wrong = [
        f"RT016: {place.where} names port {place.port}, and realtime's one port is {SOCKETIO_PORT}. {place.mend}"
        for place in found
        if place.port != SOCKETIO_PORT
    ]
    if wrong:
        raise Problem("\n".join([*said, *wrong]))
    return [*said, f"every place that names the port says {SOCKETIO_PORT}"]


def _read(server: Machine, file: Path, key: str) -> str:
    try:
        return server.read(file)
    except CannotLook as reason:
        raise Problem(
            f"{PROJECT}:{key}: {file} cannot be read on this server ({reason}). Correct the path, or remove the key."
        ) from None


def _bench(server: Machine, named: Named, said: list[str]) -> Iterator[Place]:
    assert named.bench is not None  # noqa: S101 (the caller asks)
    file = named.bench / "sites" / "common_site_config.json"
    text = _read(server, file, "benchPath")
    try:
        config = json.loads(text)
    except ValueError as error:
        raise Problem(f"{PROJECT}:benchPath: {file} is no JSON: {error}. Correct the file.") from None
    value = config.get("socketio_port") if isinstance(config, dict) else None
    if not str(value or "").isdigit():
        return
    port = int(str(value))
    align = f"{named.bench_command} set-config -g socketio_port {SOCKETIO_PORT}"
    if port != SOCKETIO_PORT and named.align:
        try:
            server.run("sh", "-c", f"cd {shlex.quote(str(named.bench))} && {align}", seconds=SECONDS)
        except CannotLook as reason:
            raise Problem(f"{align} failed in {named.bench}: {reason}") from None
        said.append(
            f"{file}: socketio_port corrected from {port} to {SOCKETIO_PORT}; "
            "restart the realtime process to have it listen there"
        )
        return
    number = next(number for number, line in enumerate(text.splitlines(), 1) if '"socketio_port"' in line)
    yield Place(f"{file}:{number}", port, f"Run in {named.bench}: {align}")


def _compose(server: Machine, file: Path) -> Iterator[Place]:
    text = _read(server, file, "composeFile")
    for variable, value, line in _variables(yaml_element(text, str(file))) if text.strip() else ():
        ports = re.findall(r"\d+", value) if variable in VARIABLES else []
        if ports:
            yield Place(f"{file}:{line}", int(ports[-1]), f"Set it to {SOCKETIO_PORT} and recreate the service.")


def _variables(element: Element) -> Iterator[tuple[str, str, int | None]]:
    """Yield every scalar with its name and line: of a mapping, or of a list of NAME=value."""
    for child in element.children:
        if child.value is not None:
            name, _, value = child.value.partition("=") if element.is_list else (child.name, "", child.value)
            yield name.strip(), value, child.location.line
        yield from _variables(child)


def _nginx(server: Machine, file: Path) -> Iterator[Place]:
    for top in parse_text(_read(server, file, "nginxFile"), str(file), check=False):
        for directive in top.walk():
            if directive.name != "upstream" or "socketio" not in "".join(directive.args):
                continue
            for one in directive.children("server"):
                port = re.search(r":(\d+)$", one.args[0]) if one.args else None
                if port:
                    mend = "Run in the bench: bench setup nginx, then reload nginx."
                    yield Place(one.place, int(port[1]), mend)
