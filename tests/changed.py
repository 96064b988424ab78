"""``python -m tests.changed [BASE]``: print the test files that a change since BASE can reach.

A test is reached if it imports a changed module, directly or by others. What is read and not imported (a golden file, a
fixture) is reached by the modules of its folder, or of the next folder
above that has some. A program that a test starts by its name counts as imported: `RUN`.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
EVERYTHING = ("Makefile", "pyproject.toml", "requirements/", "toolchain/", "tests/conftest.py", "tests/run.py")
"""What any test may depend on."""
RUN = {
    "raven-realtime": "raven_realtime/cli.py",
    "Stack(": "__main__.py",
    "policy-pack": "policies/__main__.py",
    "preview_report": "gate/preview_report.py",
}
"""What a test starts, by a word in its text."""


def reached(changed: Iterable[str], texts: Mapping[str, str]) -> list[str]:
    """Return the test files that a change can reach.

    Args:
        changed: paths below the project's folder; they need not exist any more.
        texts: every Python file of the project, by its path.
    """
    changed = set(changed)
    tests = sorted(name for name in texts if PurePosixPath(name).name.startswith("test_"))
    if any(name.startswith(EVERYTHING) for name in changed):
        return tests
    users = _users(texts)
    waiting = [*changed, *(near for name in changed for near in _near(name, texts, users))]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += users.get(name, ())
    return [name for name in tests if name in seen]


def _users(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Return, for each file, those that import it or start it."""
    users: dict[str, set[str]] = {}
    for name, text in texts.items():
        tree = ast.parse(text)
        imported = _imported(tree, texts)
        if "import_module(" in text:
            imported |= _by_name(name, tree, imported, texts)
        for used in {*imported, *(file for word, file in RUN.items() if word in text)}:
            users.setdefault(used, set()).add(name)
        if PurePosixPath(name).name == "conftest.py":
            folder = f"{PurePosixPath(name).parent}/"
            users.setdefault(name, set()).update(each for each in texts if each.startswith(folder))
    return users


def _imported(tree: ast.Module, texts: Mapping[str, str]) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    # a package is run when one of its modules is
    whole = {".".join(name.split(".")[:end]) for name in names for end in range(1, name.count(".") + 2)}
    paths = {name.replace(".", "/") for name in whole}
    return {file for path in paths for file in (f"{path}.py", f"{path}/__init__.py") if file in texts}


def _by_name(name: str, tree: ast.Module, imported: set[str], texts: Mapping[str, str]) -> set[str]:
    """Return the modules that one may import by names that it makes: of its folder, or of a package that it has."""
    made = (part.value for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values[:1]
            if isinstance(part, ast.Constant))  # fmt: skip
    folders = {f"{str(each).rstrip('.').replace('.', '/')}/" for each in made if str(each).endswith(".")}
    packages = {file for file in {*imported, name} if file.endswith("/__init__.py")}
    folders |= {file.removesuffix("__init__.py") for file in packages if file.count("/") > 1}
    return {file for file in texts if file.startswith(tuple(folders))}


def _near(name: str, texts: Mapping[str, str], users: Mapping[str, set[str]]) -> list[str]:
    """Return the modules that read a file which nobody imports."""
    if name in users or PurePosixPath(name).name.startswith("test_"):
        return []
    for folder in PurePosixPath(name).parents:
        if near := [each for each in texts if PurePosixPath(each).parent == folder and each != name]:
            return near
    return []


def main(base: str) -> int:
    """Print the files, one a line."""
    git = ["git", "-C", str(ROOT)]
    told = subprocess.run([*git, "diff", "--name-only", base], capture_output=True, text=True, check=True).stdout
    new = [*git, "ls-files", "--others", "--exclude-standard"]
    told += subprocess.run(new, capture_output=True, text=True, check=True).stdout
    listed = subprocess.run([*git, "ls-files", "*.py"], capture_output=True, text=True, check=True).stdout
    names = {*listed.splitlines(), *(name for name in told.splitlines() if name.endswith(".py"))}
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in names if (ROOT / name).is_file()}
    sys.stdout.writelines(f"{name}\n" for name in reached(told.splitlines(), texts))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2] or ["HEAD"]))
