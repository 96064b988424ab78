"""The house's rules that a test can hold: imports point one way, and files name no machine and no download address."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT: dict[str, set[str]] = {
    "raven_realtime": {"raven_realtime"},
    "components": {"components", "raven_realtime", "pulumi"},
    "policies": {"policies", "raven_realtime", "pulumi"},
    "demo": {"demo", "raven_realtime", "toolchain"},  # its server runs what the toolchain builds: Traefik, an image
    "toolchain": {"toolchain", "raven_realtime", "pulumi"},
    "gate": {"gate", "raven_realtime", "toolchain"},
    # it measures what they make
    "benchmarks": {"benchmarks", "demo", "raven_realtime", "policies", "toolchain", "pulumi"},
    "__main__.py": {"components", "raven_realtime", "pulumi"},
}
"""For each room what it may import of the rooms and of Pulumi (CONTRIBUTING, "The house")."""
WITHIN: dict[str, set[str]] = {
    "proxies": {"proxies"},
    "places": {"places", "proxies"},
    "findings": {"findings", "problem", "proxies"},
    "declared": {
        "declared",
        "docker_host",
        "findings",
        "live",
        "places",
        "problem",
        "proxies",
        "ports",
        "settings",
        "sidecar",
        "ssh",
        "versions",
    },
    "live": {
        "docker_host",
        "findings",
        "live",
        "machine",
        "ports",
        "problem",
        "proxies",
        "settings",
        "shown",
        "sidecar",
        "ssh",
        "versions",
    },
    "sidecar": {"docker_host", "machine", "ports", "problem", "proxies", "settings", "sidecar", "ssh", "versions"},
    "sandbox": {"problem", "proxies", "sandbox", "ports", "settings", "sidecar"},
    "render": {"problem", "render", "sandbox", "ports", "settings", "sidecar"},
}
"""For each room of raven_realtime what it may import of the others."""
PORT = re.compile(r"(?<![\d.,_])(8000|8005|9000)(?![\d_]|[.,]\d)")
"""The three ports of the sandbox's picture; 8,000 and 8_000 are counts."""
MAY_NAME_PORTS = {
    "raven_realtime/ports.py": "the definition",
    "raven_realtime/settings.py": "examples of what is accepted",
    "raven_realtime/findings/": "prose for people, with commands to copy",
    "raven_realtime/places/frappe_docker.py": "what frappe_docker's image takes where nothing else is said",
    "raven_realtime/places/kubernetes/charts.py": "what Frappe's chart takes where nothing else is said",
    "raven_realtime/proxies/tunnels/cloudflared.py": "cloudflared's own example of an address",
    "raven_realtime/declared/rules/port_9000.py": "the rule is about the number, and named after it",
    "demo/realtime/options.js": "Frappe's own fallback, in its language",
}
ADDRESSES = {
    "a registry of packages": re.compile(r"--(extra-)?index-url|^registry\s*=|GOPROXY\s*="),
    "a package to download": re.compile(r"https?://\S+\.(whl|tgz|tar\.gz|deb|zip)\b"),
    "a resolved download": re.compile(r'"resolved"\s*:'),
    # /home/frappe is where every bench of Frappe's own documentation lies
    "a place on somebody's machine": re.compile(r"(?<![\w.$}>])/(work|root|home/(?!frappe/)\w+)/\w"),
}


def tracked() -> list[Path]:
    """Return the files of the project, those that are about to be added among them."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Yield each import of a module with its line: the top-level package."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, (node.module or "").partition(".")[0]


def rooms() -> set[str]:
    """Return the folders and files at the top that hold Python."""
    return {file.relative_to(ROOT).parts[0] for file in tracked() if file.suffix == ".py"}


def test_every_room_has_its_rule() -> None:
    assert rooms() - {"tests", "examples"} <= MAY_IMPORT.keys()


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room: str) -> None:
    watched = {*MAY_IMPORT, "tests", "examples", "pulumi"}
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in tracked()
        if file.suffix == ".py" and file.relative_to(ROOT).parts[0] == room
        for line, found in imports(file)
        if (name := "pulumi" if found.startswith("pulumi") else found) in watched - MAY_IMPORT[room]
    ]
    assert wrong == []


@pytest.mark.parametrize("room", WITHIN)
def test_imports_within_the_knowledge_point_one_way(room: str) -> None:
    folder = ROOT / "raven_realtime" / room
    found = {
        part: f"{file.relative_to(ROOT)}:{node.lineno} imports {part}"
        for file in folder.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "raven_realtime"
        for part in (
            [alias.name for alias in node.names]
            if node.module == "raven_realtime"
            else [str(node.module).split(".")[1]]
        )
    }
    assert [said for part, said in found.items() if part not in WITHIN[room]] == []


def literals(file: Path) -> Iterator[tuple[int, str]]:
    """Yield each number and text of a program as written, with its line; docstrings and comments do nothing."""
    text = file.read_text()
    if file.suffix != ".py":
        yield from (
            (number, line) for number, line in enumerate(text.splitlines(), 1) if not re.match(r"\s*(#|//|\*)", line)
        )
        return
    tree = ast.parse(text)
    lines = text.encode().splitlines()  # ast counts columns in bytes
    documented = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in documented:
            if isinstance(node.value, str):
                yield node.lineno, node.value
            elif isinstance(node.value, int):
                yield node.lineno, lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()


def ports(file: Path) -> list[str]:
    """Return each place of a program that has one of the three ports in it."""
    return [f"{file}:{line}: {found[0]}" for line, written in literals(file) if (found := PORT.search(written))]


def test_ports_are_defined_once() -> None:
    programs = {".py", ".js", ".sh"}
    rooms = ("__main__.py", "components/", "demo/", "policies/", "raven_realtime/", "toolchain/")
    names = [str(file.relative_to(ROOT)) for file in tracked() if file.suffix in programs]
    where = {name: found for name in names if name.startswith(rooms) and (found := ports(ROOT / name))}
    assert [found for name, found in where.items() if not name.startswith(tuple(MAY_NAME_PORTS))] == []
    unused = [allowed for allowed in MAY_NAME_PORTS if not any(name.startswith(allowed) for name in where)]
    assert unused == [], "an exception that nothing needs"


def test_a_port_is_seen_wherever_it_is_written(tmp_path: Path) -> None:
    written = {
        "a.py": "port = 9000\nurl = 'http://127.0.0.1:8005/'\nsame = f'{host}:8000'\n",
        "b.js": "listen(9000)\n",
    }
    said = {"c.py": "'On :9000.'\nCAPACITY = 8_000  # not port 8000\nTEXT = '8,000 sockets'\n", "d.sh": "# 9000\n"}
    for name, text in {**written, **said}.items():
        (tmp_path / name).write_text(text)
    assert [len(ports(tmp_path / name)) for name in written] == [3, 1]
    assert [ports(tmp_path / name) for name in said] == [[], []]


@pytest.mark.parametrize("what", ADDRESSES)
def test_no_file_names(what: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file in tracked()
        if file != Path(__file__) and (text := _text(file))
        for number, line in enumerate(text.splitlines(), 1)
        if ADDRESSES[what].search(line)
    ]
    assert found == []


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_lock_file_that_records_addresses() -> None:
    assert [
        file.name for file in tracked() if file.name in {"uv.lock", "poetry.lock", "Pipfile.lock", "yarn.lock"}
    ] == []


def test_every_requirement_is_pinned_by_version_and_hash() -> None:
    for file in sorted((ROOT / "requirements").glob("*.txt")):
        pinned = re.split(r"\n(?=[a-z0-9])", file.read_text().replace("\\\n", " "))
        loose = [one.split()[0] for one in pinned if one.strip() and not re.search(r"==\S+.*--hash=sha256:", one, re.S)]
        assert loose == [], file.name


def test_users_read_no_word_that_only_the_house_knows() -> None:
    pages = [file for file in tracked() if file.suffix == ".md" and "tests" not in file.relative_to(ROOT).parts]
    pages += [*sorted((ROOT / "raven_realtime" / "findings").glob("*.py")), ROOT / "Pulumi.yaml"]
    inner = re.compile(
        r"\bthe seed\b|\bseed(?:'s|, section)|facts of this project|\(facts, |Option [AB]\b", re.IGNORECASE
    )
    assert [str(file.relative_to(ROOT)) for file in pages if inner.search(file.read_text())] == []


def test_productions_steps_are_in_one_language() -> None:
    """No shell script in the knowledge, and no command that Pulumi runs on a server itself (docs/adr/0005)."""
    names = [str(file.relative_to(ROOT)) for file in tracked()]
    assert [name for name in names if name.startswith("raven_realtime/") and name.endswith(".sh")] == []
    components = [ROOT / name for name in names if name.startswith("components/") and name.endswith(".py")]
    assert [file.name for file in components if re.search(r"\bremote\.(Command|Copy)", file.read_text())] == []
