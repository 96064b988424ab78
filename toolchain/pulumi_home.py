"""``PULUMI_HOME`` with the substitute plugins in it: a folder a plugin, as the engine looks for them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from raven_realtime.problem import Problem
from toolchain.places import PULUMI_HOME, REQUIREMENTS, ROOT, VENV

PLUGINS = Path(__file__).parent / "plugins"
"""The substitutes: a folder a plugin, named as the Pulumi package, with a ``__main__.py`` that serves it."""

DESCRIPTION = """\
# A substitute for the official plugin, made by `python3 -m toolchain ensure`.
runtime:
  name: python
  options:
    virtualenv: {virtualenv}
"""

LAUNCHER = '''\
"""Serve Raven Realtime's substitute for the `{name}` plugin."""

import runpy
import sys

sys.path[0] = {root!r}
runpy.run_module("toolchain.plugins.{name}", run_name="__main__", alter_sys=True)
'''


def substitutes() -> list[str]:
    """Return the names of the plugins that have a substitute here."""
    return sorted(path.parent.name for path in PLUGINS.glob("*/__main__.py"))


def pinned_version(name: str) -> str:
    """Return the version of the plugin ``name``: that of its SDK, which the requirements pin.

    Raises:
        Problem: the requirements do not pin that SDK.
    """
    path = REQUIREMENTS / "pulumi.txt"
    found = re.search(rf"^pulumi-{name}==(\S+)", path.read_text(), re.MULTILINE)
    if not found:
        raise Problem(f"{path}: pulumi-{name} is not pinned there, so the version of its plugin is not known.")
    return found[1]


def lay_out(home: Path = PULUMI_HOME) -> None:
    """Put every substitute plugin into ``home`` at its pinned version; others of our making go."""
    wanted = {f"resource-{name}-v{pinned_version(name)}": name for name in substitutes()}
    plugins = home / "plugins"
    if plugins.is_symlink():
        clear(home)
    plugins.mkdir(parents=True, exist_ok=True)
    for stale in plugins.glob("resource-*"):
        if stale.is_dir() and stale.name not in wanted:
            shutil.rmtree(stale)
    for folder, name in wanted.items():
        target = plugins / folder
        target.mkdir(exist_ok=True)
        write_if_new(target / "PulumiPlugin.yaml", DESCRIPTION.format(virtualenv=VENV))
        write_if_new(target / "__main__.py", LAUNCHER.format(name=name, root=str(ROOT)))


def link_official(plugins: Path, home: Path = PULUMI_HOME) -> None:
    """Let ``home`` show the plugins of an installed Pulumi, so that it need not be written to."""
    home.mkdir(parents=True, exist_ok=True)
    link = home / "plugins"
    if not (link.is_symlink() and link.readlink() == plugins):
        clear(home)
        link.symlink_to(plugins)


def clear(home: Path = PULUMI_HOME) -> None:
    """Remove all plugins from ``home``; those that a link shows stay where they are."""
    plugins = home / "plugins"
    if plugins.is_symlink():
        plugins.unlink()
    elif plugins.exists():
        shutil.rmtree(plugins)


def write_if_new(path: Path, text: str, mode: int = 0o644) -> None:
    """Write ``text`` to ``path`` unless it is there already; readers never see half a file."""
    if path.is_file() and path.read_text() == text:
        return
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.replace(path)
