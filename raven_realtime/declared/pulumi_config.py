"""The world of a Pulumi stack's configuration (`Pulumi.<stack>.yaml`): what of it must not stand in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from raven_realtime.declared import secret_names
from raven_realtime.declared.world import Setting, World
from raven_realtime.proxies.traefik.elements import Element, read_yaml

_FILE = re.compile(r"Pulumi\..+\.ya?ml")


def is_stack(path: Path) -> bool:
    """Tell whether a file is a stack's configuration, by its name."""
    return bool(_FILE.fullmatch(path.name))


def read(root: Element, path: Path) -> World:
    """Return the keys that hold plain text and are declared secret in the Pulumi.yaml beside, or have a secret's name.

    Args:
        root: the file's content.
        path: the file.

    Raises:
        Problem: Pulumi.yaml cannot be read.
    """
    project = path.with_name("Pulumi.yaml")
    declared = set(_secrets(read_yaml(project))) if project.is_file() else set()
    config = root.get("config")
    return World(
        exposed=tuple(
            Setting(f"the configuration key {key.name}", key.value, key.location)
            for key in (config.children if config else ())
            if key.value and (_bare(key.name) in declared or secret_names.ENDING.search(key.name))
        )
    )


def _secrets(project: Element) -> Iterator[str]:
    config = project.get("config")
    for key in config.children if config else ():
        secret = key.get("secret")
        if secret and secret.value == "true":
            yield _bare(key.name)


def _bare(key: str) -> str:
    """Return a key without its namespace, which is the project's name where it is left out."""
    return key.rpartition(":")[2]
