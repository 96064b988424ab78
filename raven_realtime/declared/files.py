"""Files and folders to judge: what each one is, told by its name and content, and what it declares."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from raven_realtime.declared import compose_files, kinds, processes, pulumi_config, texts
from raven_realtime.declared.world import Nginx, Reading, Setting, Source, World
from raven_realtime.places import procfile, systemd
from raven_realtime.problem import Problem
from raven_realtime.proxies import contents
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.parse import is_dump, parse_file
from raven_realtime.proxies.traefik.elements import Element, Misread, read_toml, read_yaml, yaml_element
from raven_realtime.proxies.traefik.file import read_dynamic
from raven_realtime.proxies.traefik.overrides import Project, projects
from raven_realtime.proxies.traefik.static import static_of
from raven_realtime.proxies.unreadable import Unreadable

if TYPE_CHECKING:
    from raven_realtime.places.kubernetes import Objects

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
PROJECTS = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""Which compose files `docker compose` takes in a folder, where none is named."""
_OF_A_PATH = re.compile(rb"\b(?:server|location|upstream|listen|proxy_pass|socket\.io)\b")
"""A word of nginx's that says where requests go: without one a part of a configuration is nobody's business here."""
QUADLETS = frozenset({".container", ".network", ".pod"})
ENDINGS = frozenset({*YAML, *texts.SOURCES, ".conf", ".toml", ".cfg", ".caddy", ".service", ".json", *QUADLETS})
_OTHER_NAMES = re.compile(r"(?i)caddyfile|procfile|haproxy|httpd|nginx\.")
SITE_CONFIGS = frozenset({"common_site_config.json", "site_config.json"})
LARGEST_JSON = 200_000
"""Characters of a JSON file of a folder that is looked at; one that is named may be larger."""
STDIN = "standard input"
ACCEPTED = (
    "compose files, configurations of nginx, Traefik, Caddy, HAProxy and Apache, Kubernetes objects, files of ngrok, "
    "cloudflared and Tailscale, Podman's quadlets, Procfiles, services of systemd, a bench's common_site_config.json, "
    "Pulumi.<stack>.yaml, frontend sources or bundles (JS, TS, Vue, HTML), and what these print: `nginx -T`, `docker "
    "compose config`, `docker inspect`, `kubectl get -o yaml`, `pulumi stack export`"
)


@dataclass
class _Files(Reading):
    """A world being read from files; compose files wait until it is known what is put on top of them."""

    compose: list[tuple[Path, Element]] = field(default_factory=list)
    objects: list[Objects] = field(default_factory=list)
    values: list[tuple[str, str]] = field(default_factory=list)
    """Helm values, each with its file's name: manifests tell which release they are of."""
    named: list[str] = field(default_factory=list)
    quadlets: dict[Path, str] = field(default_factory=dict)
    left_out: Callable[[Path], bool] = field(default=lambda _: False)
    beside: set[Path] = field(default_factory=set)
    """Compose files somewhere in a folder that is named, other than its own project's."""

    def read_compose(self) -> None:
        """Read the compose files that wait."""
        for project in projects(self.compose):
            if inner := self._compose(project):
                self.parts += inner.parts
                self.problems += inner.problems
        self.compose.clear()

    def _compose(self, project: Project) -> Reading | None:
        """Read a project, without the files on top of it that cannot be read: those are not in use as they are."""
        with contextlib.suppress(Problem, Unreadable):
            return compose_files.read(project.path, project.root)
        read: Reading | None = None
        kept: tuple[tuple[Path, Element], ...] = ()
        for path, root in project.files:
            try:
                read = compose_files.read(project.path, Project((*kept, (path, root))).root)
                kept = (*kept, (path, root))
            except (Problem, Unreadable) as problem:
                say = self.pass_over if path in self.beside else self.refuse
                say(problem, Location(str(path)))
                if not kept:
                    break
        return read

    def pass_over(self, problem: Problem | Unreadable, where: Location) -> None:
        """Say once, as a note, what cannot be read of a folder."""
        self.parts.append(World(passed_over=(Setting(Path(where.path).name, str(problem), where),)))

    def read_quadlets(self) -> None:
        """Read the quadlets of each folder together: a container's network and pod have files of their own."""
        if not self.quadlets:
            return
        from raven_realtime.declared import containers  # noqa: PLC0415 (loaded only where there are some)
        from raven_realtime.places import quadlets  # noqa: PLC0415 (as above)

        for folder in dict.fromkeys(path.parent for path in self.quadlets):
            files = {str(path): text for path, text in self.quadlets.items() if path.parent == folder}
            try:
                containers.read(quadlets.read(files), folder, str(folder), self)
            except (Problem, Unreadable) as problem:
                self.refuse(problem, Location(str(folder)))
        self.quadlets.clear()

    def read_cluster(self) -> None:
        """Put the objects of all manifests together: an Ingress in one leads to a Service in another."""
        if self.objects or self.values:
            from raven_realtime.declared.cluster import world_of  # noqa: PLC0415 (loaded only where there is a cluster)
            from raven_realtime.places.kubernetes import merged, read_charts  # noqa: PLC0415 (as above)

            try:
                self.objects += read_charts(self.values, self.objects)
                self.parts.append(world_of(merged(self.objects)))
            except (Problem, Unreadable) as problem:
                self.refuse(problem, Location(str(self.objects)))
            self.objects.clear()
            self.values.clear()


def read(
    paths: Sequence[str],
    app: str = "",
    *,
    left_out: Callable[[Path], bool] = lambda _: False,
    versions: Mapping[str, str] | None = None,
) -> Reading:
    """Read everything that is named.

    Args:
        paths: files and folders; ``-`` is standard input, told by its content.
        app: what is behind the proxies, ``frappe`` or ``socketio``; empty to look for signs of it.
        left_out: tells of files and folders within a named folder whether they are not to be read.
        versions: of programs by their name, where no image says so.

    Returns:
        What they declare. A file that is named and cannot be read, or is nothing that is judged, is in its problems.
    """
    reading = _Files(left_out=left_out)
    for name in paths:
        try:
            if name == "-":
                _standard_input(sys.stdin.buffer.read(LARGEST_STATE + 1), reading)
                reading.named.append(STDIN)
            elif Path(name).is_dir():
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
    reading.read_quadlets()
    reading.read_cluster()
    reading.parts += [World(named=tuple(reading.named), app=app), World.saying(versions or {})]
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
    taken: set[Path] = set()
    known = len(reading.parts)
    yaml = [file for file in files if file.suffix in YAML]
    for file in dict.fromkeys([*yaml, *whole, *files]):
        if file.suffix not in YAML:
            reading.read_compose()  # it says which of the others are mounted
        taken |= {path.resolve() for part in reading.parts[known:] for path in _read_with(part)}
        known = len(reading.parts)
        if file.resolve() in taken:
            continue
        if owner and file.suffix == ".conf" and file not in whole:
            continue
        if file.suffix in YAML and (file.parent != folder or file.name not in PROJECTS):
            reading.beside.add(file)
        try:
            _file(file, reading)
        except (Problem, Unreadable) as problem:
            if file.suffix != ".conf" or file in whole or _OF_A_PATH.search(contents.read_bytes(file)):
                reading.pass_over(problem, Location(str(file)))


def _read_with(part: World) -> Iterator[Path]:
    """Yield the files that were read for a part of the world: with what an nginx includes, or as a container's."""
    for nginx in part.nginx:
        yield Path(nginx.name)
        for name in dict.fromkeys(inner.file for top in nginx.tree for inner in top.walk() if inner.file):
            yield Path(name)
    yield from (Path(each.proxy.name) for each in part.proxies if each.runs_in)


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
    if path.suffix == ".json" and not named:
        return path.stat().st_size < LARGEST_JSON and _known_json(_text(path, LARGEST_STATE), str(path), reading)
    if path.suffix == ".json":
        _state(_bytes(path, LARGEST_STATE), str(path), reading)
        return True
    if path.suffix in QUADLETS:
        reading.quadlets[path] = _text(path, LARGEST_SOURCE)
        return True
    if path.suffix in {*YAML, ".toml"}:
        return _settings(path, reading, named=named)
    return _plain(path, reading, named=named)


def _plain(path: Path, reading: _Files, *, named: bool) -> bool:
    """Read a file of a syntax of its own: Caddy's, HAProxy's, Apache's, a Procfile's, systemd's, else nginx's."""
    text = _text(path, LARGEST_SOURCE)
    if started := _started(text, str(path)):
        reading.parts.append(started)
        return True
    if path.suffix == ".service":
        return False
    if world := kinds.take(kinds.PLAIN, text, path):
        reading.parts.append(replace(world, texts=(Setting("plain", text, Location(str(path))),)))
        return True
    if path.suffix != ".conf" and not (texts.is_nginx(text) or is_dump(text)):
        return named and path.suffix not in ENDINGS and _by_content(text, str(path), reading)
    return _nginx(path, text, reading)


def _started(text: str, name: str) -> World | None:
    """Return what a Procfile or a service of systemd starts; None where it is neither."""
    if procfile.is_procfile(text):
        return processes.world_of(procfile.read(text, name))
    return processes.world_of(systemd.read(text, name)) if systemd.is_service(text) else None


def _nginx(path: Path, text: str, reading: _Files) -> bool:
    if texts.stands_alone(text):
        reading.parts.append(texts.nginx(text, str(path)))
        return True
    tree = parse_file(path, check=True)
    where = Location(str(path))
    reading.parts.append(World(nginx=(Nginx(str(path), tree, where),), texts=(Setting("nginx", text, where),)))
    return True


def _settings(path: Path, reading: _Files, *, named: bool) -> bool:
    text = _text(path, LARGEST_SOURCE)
    if path.suffix in YAML and len(text) < LARGEST_YAML:
        if _OF_KUBERNETES.search(text) and (known := _objects(text, path, reading, named=named)) is not None:
            return known
        if not named and not _LOOKS_TELLING.search(text):
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


_OF_KUBERNETES = re.compile(r"apiVersion|\{\{|^(?:nginx|socketio|ingress|httproute):", re.MULTILINE)
"""What each manifest, template or values file has in it, and other files too."""


def _objects(text: str, path: Path, reading: _Files, *, named: bool) -> bool | None:
    """Read what Kubernetes or Helm is given; None where it is something else."""
    from raven_realtime.places import kubernetes  # noqa: PLC0415 (loaded only where there may be a cluster)

    if kubernetes.is_manifest(text):
        reading.objects.append(kubernetes.read(text, str(path)))
        return True
    if kubernetes.is_helm_values(text):
        reading.values.append((text, str(path)))
        return True
    return False if not named and kubernetes.is_template(text) else None


_LOOKS_TELLING = re.compile(
    r"^(?:\s{0,8}\{\s{0,8})?[\"']?(?:services|http|tls|entryPoints|providers|endpoints|tunnels|tunnel|ingress|config|url)[\"']?:",
    re.MULTILINE | re.IGNORECASE,
)
"""A key that each file has which is judged; the others of a folder's thousands are not parsed."""


def _entries(element: Element | None) -> list[Element]:
    return element.children if element else []


def _standard_input(raw: bytes, reading: _Files) -> None:
    text = raw.decode("utf-8", errors="replace").removeprefix("\ufeff")
    if not text.strip() or len(raw) > LARGEST_STATE:
        _state(raw, STDIN, reading)
    elif not _by_content(text, STDIN, reading):
        raise Problem(f"{STDIN}: nothing that is judged. Accepted: {ACCEPTED}.")


def _by_content(text: str, name: str, reading: _Files) -> bool:
    """Read a text whose name tells nothing; tell whether it is anything that is judged.

    Raises:
        Problem: it is, and malformed.
    """
    if world := _started(text, name):
        reading.parts.append(world)
    elif _OF_KUBERNETES.search(text) and (known := _objects(text, Path(name), reading, named=True)) is not None:
        return known
    elif not is_dump(text) and _COMPOSE.search(text):
        reading.compose.append((Path(name), yaml_element(text, name)))
    elif world := texts.read(text, name):
        reading.parts.append(world)
    elif text.lstrip().startswith(("{", "[")):
        _state(text.encode(), name, reading)
    else:
        return False
    return True


_COMPOSE = re.compile(r"^services:\s", re.MULTILINE)


def _known_json(text: str, name: str, reading: _Files) -> bool:
    """Read JSON of a kind that its content tells; tell whether it is one."""
    if world := kinds.take(kinds.JSON, text, Path(name)):
        reading.parts.append(world)
        return True
    if "HostConfig" in text:
        from raven_realtime.declared import containers  # noqa: PLC0415 (loaded only where there are some)
        from raven_realtime.places import inspected  # noqa: PLC0415 (as above)

        if inspected.is_inspect(text):
            containers.read(inspected.read(text, name), Path(), name, reading, running=True)
            return True
    if "apiVersion" in text and _objects(text, Path(name), reading, named=True):
        return True
    if _COMPOSE_JSON.search(text):
        reading.compose.append((Path(name), yaml_element(text, name)))
        return True
    return False


_COMPOSE_JSON = re.compile(r'\A\s*\{[^{}]{0,200}"services"\s*:\s*\{|^  "services": \{', re.MULTILINE)


def _state(raw: bytes, name: str, reading: _Files) -> None:
    if len(raw) > LARGEST_STATE:
        raise Problem(f"{name}: larger than {LARGEST_STATE >> 20} MiB; a stack's state is smaller.")
    if not raw.strip():
        raise Problem(f"{name}: the file is empty.")
    if _known_json(raw.decode("utf-8", errors="replace"), name, reading):
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
    from raven_realtime.declared import resources  # noqa: PLC0415 (loaded only where there is a state)

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
