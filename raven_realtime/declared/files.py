"""Files and folders to judge: what each one is, told by its name and content, and what it declares."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from raven_realtime.declared import compose_files, kinds, pulumi_config, resources, texts
from raven_realtime.declared.cluster import world_of
from raven_realtime.declared.standard_input import named as named_by_content
from raven_realtime.declared.world import Nginx, Reading, Setting, Source, World
from raven_realtime.places import kubernetes, procfile
from raven_realtime.places.kubernetes import Objects, merged
from raven_realtime.problem import Problem
from raven_realtime.proxies import contents
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.parse import parse_file
from raven_realtime.proxies.traefik.elements import Element, Misread, read_toml, read_yaml, yaml_element
from raven_realtime.proxies.traefik.file import read_dynamic
from raven_realtime.proxies.traefik.overrides import projects
from raven_realtime.proxies.traefik.static import static_of
from raven_realtime.proxies.unreadable import Unreadable

MOST_FILES = 5_000
"""How many files of a folder are looked at."""
FEW_FILES = 40
"""Up to so many files, a folder that is named is one system, and its files are taken as named."""
LARGEST_YAML = 500_000
"""Characters of a YAML file that is looked at; its reader says so of a larger one."""
LARGEST_STATE = 64 << 20
LARGEST_SOURCE = 16 << 20
SKIPPED = frozenset(
    {"node_modules", ".git", ".venv", "venv", "__pycache__", ".cache", "dist-info", "raven-realtime.toml"}
)
YAML = frozenset({".yml", ".yaml"})
ENDINGS = frozenset({*YAML, *texts.SOURCES, ".conf", ".toml", ".cfg", ".caddy", ".container"})
_OTHER_NAMES = re.compile(r"(?i)caddyfile|procfile|haproxy|httpd|nginx\.")
SITE_CONFIGS = frozenset({"common_site_config.json", "site_config.json"})
ACCEPTED = (
    "compose files, nginx configurations (*.conf), Traefik's static and dynamic files (YAML, TOML), ngrok's file, "
    "common_site_config.json, Pulumi.<stack>.yaml, an exported Pulumi state (JSON), frontend sources or bundles "
    "(JS, TS, Vue, HTML)"
)


@dataclass
class _Files(Reading):
    """A world being read from files; compose files wait until it is known what is put on top of them."""

    compose: list[tuple[Path, Element]] = field(default_factory=list)
    objects: list[Objects] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    left_out: Callable[[Path], bool] = field(default=lambda _: False)

    def read_compose(self) -> None:
        """Read the compose files that wait."""
        for project in projects(self.compose):
            try:
                inner = compose_files.read(project.path, project.root)
            except (Problem, Unreadable) as problem:
                self.refuse(problem, Location(str(project.path)))
            else:
                self.parts += inner.parts
                self.problems += inner.problems
        self.compose.clear()

    def read_cluster(self) -> None:
        """Put the objects of all manifests together: an Ingress in one leads to a Service in another."""
        if self.objects:
            try:
                self.parts.append(world_of(merged(self.objects)))
            except (Problem, Unreadable) as problem:
                self.refuse(problem, Location(str(self.objects)))
            self.objects.clear()


def read(
    paths: Sequence[str],
    app: str = "",
    *,
    left_out: Callable[[Path], bool] = lambda _: False,
    versions: Mapping[str, str] | None = None,
) -> Reading:
    """Read everything that is named.

    Args:
        paths: files and folders; ``-`` is a file on standard input.
        app: what is behind the proxies, ``frappe`` or ``socketio``; empty to look for signs of it.
        left_out: tells of files and folders within a named folder whether they are not to be read.
        versions: of programs by their name, where no image says so.

    Returns:
        What they declare. A file that is named and cannot be read, or is nothing that is judged, is in its problems.
    """
    if "-" in paths:
        raw = sys.stdin.buffer.read(LARGEST_STATE + 1)
        given = named_by_content(raw)
        with contents.instead({given: raw}):
            return read(
                [str(given) if each == "-" else each for each in paths], app, left_out=left_out, versions=versions
            )
    reading = _Files(left_out=left_out)
    for name in paths:
        try:
            if Path(name).is_dir():
                _folder(Path(name), reading)
            elif _file(Path(name), reading, named=True):
                reading.named.append(name)
            else:
                reading.refuse(Problem(f"{name}: nothing that is judged. Accepted: {ACCEPTED}."), Location(name))
        except (Problem, Unreadable) as problem:
            reading.refuse(problem, Location(name))
        except RecursionError:
            reading.refuse(Problem(f"{name}: it nests deeper than any configuration needs."), Location(name))
    reading.read_compose()
    reading.read_cluster()
    said = tuple(Setting(name, value, Location("")) for name, value in (versions or {}).items())
    reading.parts.append(World(named=tuple(reading.named), app=app, versions=said))
    return reading


def _folder(folder: Path, reading: _Files) -> None:
    """Read a folder's files; what an nginx configuration in it includes is not read again by itself."""
    files = list(inside(folder, reading.left_out))
    if len(files) > MOST_FILES:
        raise Problem(
            f"{folder}: more than {MOST_FILES} files that may be judged. Name the files, or a smaller folder."
        )
    if len(files) <= FEW_FILES:
        reading.named += map(str, files)
    whole = [file for file in files if file.suffix == ".conf" and _is_whole(file)]
    # a folder of nginx's own is read from its main file down: what that does not include is not in force
    owner = folder / "nginx.conf" in whole
    included: set[Path] = set()
    mounted = len(reading.parts)
    yaml = [file for file in files if file.suffix in YAML]
    for file in [*yaml, *whole, *files]:
        if file not in yaml:
            reading.read_compose()  # it says which of the others are mounted
        parts = reading.parts[mounted:]
        taken = included | {Path(nginx.name).resolve() for part in parts for nginx in part.nginx}
        taken |= {Path(each.proxy.name).resolve() for part in parts for each in part.proxies if each.runs_in}
        if file.resolve() in taken:
            continue
        if owner and file.suffix == ".conf" and file not in whole:
            continue
        before = len(reading.parts)
        try:
            _file(file, reading)
        except (Problem, Unreadable) as problem:
            said = Setting(file.name, str(problem), Location(str(file)))
            reading.parts.append(World(passed_over=(said,)))
        included.add(file.resolve())
        included |= {
            Path(inner.file).resolve()
            for part in reading.parts[before:]
            for nginx in part.nginx
            for top in nginx.tree
            for inner in top.walk()
            if inner.file
        }


def inside(folder: Path, left_out: Callable[[Path], bool] = lambda _: False) -> Iterator[Path]:
    """Yield the files of a folder that may be judged."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name in SKIPPED or left_out(path):
            continue
        if path.is_dir():
            yield from inside(path, left_out)
        elif path.suffix in ENDINGS or path.name in SITE_CONFIGS or _OTHER_NAMES.match(path.name):
            yield path


def _is_whole(file: Path) -> bool:
    try:
        return b"http" in contents.read_bytes(file)[:LARGEST_SOURCE].split()
    except OSError:
        return False


def _file(path: Path, reading: _Files, *, named: bool = False) -> bool:
    """Read one file; tell whether it is anything that is judged.

    Raises:
        Problem: it cannot be read, or is malformed; the message has file and line.
    """
    if path.suffix in texts.SOURCES:
        reading.parts.append(World(sources=(Source(str(path), _text(path, LARGEST_SOURCE)),)))
        return True
    if path.name in SITE_CONFIGS:
        reading.parts.append(texts.site_config(read_yaml(path)))
        return True
    if path.suffix == ".json":
        _state(_bytes(path, LARGEST_STATE), str(path), reading)
        return True
    if path.suffix in {*YAML, ".toml"}:
        return _settings(path, reading, named=named)
    return _plain(path, reading)


def _plain(path: Path, reading: _Files) -> bool:
    """Read a file of a syntax of its own: Caddy's, HAProxy's, Apache's, else nginx's."""
    text = _text(path, LARGEST_SOURCE)
    if procfile.is_procfile(text):
        return True
    if world := kinds.take(kinds.PLAIN, text, path):
        reading.parts.append(replace(world, texts=(Setting("plain", text, Location(str(path))),)))
        return True
    if path.suffix != ".conf" and not texts.is_nginx(text):
        return False
    return _nginx(path, reading)


def _nginx(path: Path, reading: _Files) -> bool:
    tree = parse_file(path, check=True)
    text = "".join(_bytes(path, LARGEST_SOURCE).decode("utf-8", errors="replace"))
    where = Location(str(path))
    reading.parts.append(World(nginx=(Nginx(str(path), tree, where),), texts=(Setting("nginx", text, where),)))
    return True


def _settings(path: Path, reading: _Files, *, named: bool) -> bool:
    text = _text(path, LARGEST_SOURCE)
    if path.suffix in YAML and len(text) < LARGEST_YAML:
        if kubernetes.is_manifest(text):
            reading.objects.append(kubernetes.read(text, str(path)))
            return True
        if kubernetes.is_helm_values(text):
            reading.objects.append(kubernetes.read_values(text, str(path)))
            return True
        if not named and (kubernetes.is_template(text) or not _LOOKS_TELLING.search(text)):
            return False
        if world := kinds.take(kinds.YAML, text, path):
            reading.parts.append(world)
            if (path.suffix in YAML) and texts.is_ngrok(text):
                reading.parts.append(texts.ngrok(read_yaml(path), text))
            return True
    root = read_toml(path) if path.suffix == ".toml" else read_yaml(path)
    if pulumi_config.is_stack(path):
        reading.parts.append(pulumi_config.read(root, path))
    elif root.get("services") and not root.get("http"):
        reading.compose.append((path, root))
    elif root.get("entryPoints") or root.path("providers", "docker") or root.path("providers", "swarm"):
        reading.parts.append(World(statics=(static_of(root),)))
    elif root.get("http") or root.get("tls"):
        certificates = bool(_entries(root.path("tls", "certificates")) or root.path("tls", "stores"))
        try:
            reading.parts.append(World(traefik_files=(read_dynamic([path]),), certificates=certificates))
        except Misread as misread:
            where = misread.location or Location(str(path))
            said = str(misread).removeprefix(f"{where}: ")
            reading.parts.append(World(misread=(Setting("misread", said, where),)))
    else:
        return False
    return True


_LOOKS_TELLING = re.compile(
    r"^(?:\s{0,8}\{\s{0,8})?[\"']?(?:services|http|tls|entryPoints|providers|endpoints|tunnels|tunnel|ingress|config|url)[\"']?:",
    re.MULTILINE | re.IGNORECASE,
)
"""A key that each file has which is judged; the others of a folder's thousands are not parsed."""


def _entries(element: Element | None) -> list[Element]:
    return element.children if element else []


def _state(raw: bytes, name: str, reading: _Files) -> None:
    if len(raw) > LARGEST_STATE:
        raise Problem(f"{name}: larger than {LARGEST_STATE >> 20} MiB; a stack's state is smaller.")
    if not raw.strip():
        raise Problem(f"{name}: the file is empty.")
    if world := kinds.take(kinds.JSON, raw.decode("utf-8", errors="replace"), Path(name)):
        reading.parts.append(world)
        return
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        place = f"{name}:{line}" if line else name
        raise Problem(f"{place}: the file is not JSON: {getattr(error, 'msg', error)}.") from None
    if isinstance(document, dict) and "socketio_port" in document and "deployment" not in document:
        reading.parts.append(texts.site_config(yaml_element(raw.decode(errors="replace"), name)))
        return
    try:
        inner = resources.read(resources.of_state(document if isinstance(document, dict) else {}))
    except (Problem, Unreadable) as problem:
        raise Problem(f"{name}: {problem}.") from None
    reading.parts += inner.parts
    reading.problems += inner.problems


def _bytes(path: Path, most: int) -> bytes:
    try:
        if contents.size(path) > most:
            raise Problem(f"{path}: larger than {most >> 20} MiB.")
        return contents.read_bytes(path)
    except OSError as error:
        raise Problem(f"{path}: the file cannot be read: {error.strerror}.") from None


def _text(path: Path, most: int) -> str:
    return _bytes(path, most).decode("utf-8", errors="replace")
