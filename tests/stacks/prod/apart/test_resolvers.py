"""Which certificate resolvers Traefik is seen to have on a real host, wherever it has them declared."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from demo.server import Server
from tests.stacks.prod.production import remove_containers

PROCESS = "myresolver (<SERVER>/traefik/traefik.yml of the process traefik)"
"""The server's own Traefik, which is no container."""
FILE = "certificatesResolvers:\n  fromfile:\n    acme: {}\n"
FLAG = "--certificatesresolvers.fromflag.acme.email=admin@example.com"
VARIABLE = "TRAEFIK_CERTIFICATESRESOLVERS_FROMENV_ACME_EMAIL=admin@example.com"
PUBLIC = ("--network", "host")


@dataclass(frozen=True)
class Row:
    """How a container is run, and what is told of it."""

    options: tuple[str, ...] = PUBLIC
    words: tuple[str, ...] = ()
    mounted: str = ""
    """Where `FILE` is mounted."""
    told: str = ""


ROWS = {
    "by its command": Row(words=(FLAG,), told="fromflag (the command or environment of the container traefik)"),
    "by its environment": Row(
        (*PUBLIC, "--env", VARIABLE), told="fromenv (the command or environment of the container traefik)"
    ),
    "by a file in the usual place, which overrules the command": Row(
        words=(FLAG,),
        mounted="/etc/traefik/traefik.yml",
        told="fromfile (/etc/traefik/traefik.yml of the container traefik)",
    ),
    "by a file where it starts": Row(mounted="/traefik.yml", told="fromfile (traefik.yml of the container traefik)"),
    "by a file that its command names": Row(
        words=("--configFile=/some/where.yaml",),
        mounted="/some/where.yaml",
        told="fromfile (/some/where.yaml of the container traefik)",
    ),
    "by a file that cannot be read": Row(words=("--configFile=/some/where.yaml", FLAG)),
    "not at the public port": Row(("--publish", "127.0.0.1:8443:8443"), (FLAG,)),
    "at the published port": Row(
        ("--publish", "443:8443/udp"),  # as for HTTP/3: TCP is taken
        (FLAG,),
        told="fromflag (the command or environment of the container traefik)",
    ),
}


@contextmanager
def running(server: Server, row: Row) -> Iterator[None]:
    """Have a container that looks like Traefik from outside: its words, its environment, its files."""
    file = server.layout.folder / "mounted.yml"
    file.write_text(FILE)
    mount = ("--volume", f"{file}:{row.mounted}:ro") if row.mounted else ()
    named = ("--detach", "--name", "traefik", "--entrypoint", "sh", *mount, *row.options)
    server.docker("run", *named, server.image, "-c", "sleep 600", *row.words)
    try:
        yield
    finally:
        remove_containers(server, "traefik")


@pytest.mark.parametrize("name", ROWS)
def test_told(server: Server, name: str) -> None:
    row = ROWS[name]
    ask = (
        "from raven_realtime.sidecar import host, resolvers\n"
        f"with host.reached({server.docker_host!r}, None, '', ()) as at:\n"
        "    print(*(f'{name} ({where})' for name, where in resolvers.known(at, resolvers.at_the_door(at))), sep='\\n')"
    )
    with running(server, row):
        said = server.run_inside(sys.executable, "-c", ask)
    shown = said.stdout.replace(str(server.layout.folder), "<SERVER>").splitlines()
    assert shown == sorted(filter(None, [row.told, PROCESS]))
