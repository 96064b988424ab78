"""Which certificate resolvers Traefik has on a Docker host.

Traefik takes its static configuration from a file if it finds one, else from its command line, else from its
environment (Traefik documentation, "Configuration introduction"). What cannot be read there adds nothing: it cannot be
told then.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence

from raven_realtime.machine import CannotLook, Machine
from raven_realtime.ports import PUBLIC_TLS_PORT
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.elements import plain_element, yaml_element
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.sidecar import containers
from raven_realtime.sidecar.host import Host

USUAL = tuple(f"{folder}traefik.{kind}" for folder in ("/etc/traefik/", "") for kind in ("toml", "yaml", "yml"))
"""Where Traefik looks for a static file."""
_WORD = re.compile(r"(?:--|traefik_)certificatesresolvers[._](.+?)[._](?:acme|tailscale)(?:[._=].*)?$")


def in_file(text: str, name: str) -> list[str]:
    """Return the names in a static file, in lower case; none where it cannot be read."""
    try:
        if name.endswith(".toml"):
            root = plain_element("", tomllib.loads(text), Location(name))
        else:
            root = yaml_element(text, name)
    except (Unreadable, tomllib.TOMLDecodeError):
        return []
    found = root.get("certificatesResolvers")
    return sorted(child.name.lower() for child in found.children) if found else []


def in_words(words: Sequence[str]) -> list[str]:
    """Return the names in words of a command line and variables of an environment, in lower case."""
    matches = (_WORD.match(word.lower().partition("=")[0]) for word in words)
    return sorted({match[1] for match in matches if match})


def named_file(words: Sequence[str]) -> str:
    """Return the file that a command line names: ``--configFile=FILE``, or ``--configFile FILE``; empty if none."""
    for index, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option.lower() == "--configfile":
            return value if equals else next(iter(words[index + 1 : index + 2]), "")
    return ""


def at_the_door(host: Host) -> list[containers.Standing]:
    """Return the running containers at the public port: Traefik is one, if it runs in a container."""
    return [one for one in containers.find(host, "status=running") if _is_public(one)]


def known(host: Host, door: Sequence[containers.Standing]) -> list[tuple[str, str]]:
    """Return each resolver's name and where it is declared, of a Traefik at the public port: container or process."""
    found: set[tuple[str, str]] = set()
    for one in door:
        words = [*(one.inspected.get("Args") or ()), *(one.inspected["Config"].get("Env") or ())]
        found |= set(_of(words, f"the container {one.name}", lambda file, one=one: host.file_of(one.id, file)))  # type: ignore[misc]
    if host.server is not None:
        inside = {str(one.inspected["State"].get("Pid")) for one in door}
        found |= set(_of_processes(host.server, inside))
    return sorted(found)


def _is_public(one: containers.Standing) -> bool:
    settings = one.inspected.get("HostConfig") or {}
    bindings = [bound for each in (settings.get("PortBindings") or {}).values() for bound in each or ()]
    published = any(bound.get("HostPort") == str(PUBLIC_TLS_PORT) for bound in bindings)
    return settings.get("NetworkMode") == "host" or published


def _of(words: Sequence[str], called: str, read: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    named = named_file(words)
    for file in [named] if named else USUAL:
        if text := read(file):
            yield from ((name, f"{file} of {called}") for name in in_file(text, file))
            return
    if not named:
        yield from ((name, f"the command or environment of {called}") for name in in_words(words))


def _of_processes(server: Machine, elsewhere: set[str]) -> Iterator[tuple[str, str]]:
    """Yield what processes of the server itself declare, containers' aside."""
    mine = _said(server, "readlink", "/proc/self/ns/net")
    listed = _said(server, "sh", "-c", "grep -lzE '^([^ ]*/)?traefik$' /proc/[0-9]*/cmdline 2>/dev/null || true")
    for process in (line.split("/")[2] for line in listed.splitlines()):
        if process in elsewhere or _said(server, "readlink", f"/proc/{process}/ns/net") != mine:
            continue
        words = [
            word
            for name in ("cmdline", "environ")
            for word in _said(server, "cat", f"/proc/{process}/{name}").split("\0")
        ]

        def read(file: str, process: str = process) -> str:
            return _said(server, "cat", f"/proc/{process}/{'root' if file.startswith('/') else 'cwd/'}{file}")

        yield from _of(words, "the process traefik", read)


def _said(server: Machine, *command: str) -> str:
    with contextlib.suppress(CannotLook):
        return server.run(*command)
    return ""
