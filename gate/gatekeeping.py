"""What of a pull request is the gate itself, and what it takes from the gate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

PACK = "policies"
JUDGES = (PACK, "raven_realtime")
"""The folders of the pack and of the knowledge that it judges by."""
RUNS = ("Makefile", "gate", "toolchain", ".github/workflows/preview.yml", "raven-realtime.toml", "pyproject.toml")
"""What runs the pack, what it is told (`raven-realtime.toml`), and what reports; it is the pull request's own, so a
reviewer has to look at it."""
STRICTNESS = ("disabled", "advisory", "remediate", "mandatory")
MOST = 8
"""How many files are named."""


def has_pack(folder: Path) -> bool:
    """Tell whether a checkout holds a policy pack that the engine would find."""
    return all((folder / PACK / name).is_file() for name in ("PulumiPolicy.yaml", "__main__.py"))


def changed(base: Path, head: Path, names: tuple[str, ...]) -> list[str]:
    """Return the files below these names that differ between two checkouts, as paths relative to them."""
    old, new = (_files(folder, names) for folder in (base, head))
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def remarks(
    judges: list[str], runs: list[str], *, removed: bool, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[str]:
    """Say what a reviewer should know of the gate.

    Args:
        judges: The changed files of the pack and its knowledge.
        runs: The changed files of what runs the pack.
        removed: Whether the pull request takes the pack away.
        before: Each policy of the base by name, and its level.
        after: Each policy of the head; of no interest where the pack is taken away.
    """
    if removed:
        yield "The policy pack is removed by this change. It is judged by the base's pack, and must not be merged so."
    elif judges:
        yield f"The policies are changed: {_named(judges)}. The base's pack judges this change too, beside its own."
    if not removed:
        for name, level in sorted(before.items()):
            now = after.get(name)
            if now is None:
                yield f"The policy `{name}` ({level}) is removed."
            elif STRICTNESS.index(now) < STRICTNESS.index(level):
                yield f"The policy `{name}` is lowered from {level} to {now}."
    if runs:
        yield f"What runs this report is changed: {_named(runs)}. Only a reader can tell whether it still judges."


def _files(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    found = [folder / name for name in names if (folder / name).is_file()]
    found += [file for name in names for file in (folder / name).rglob("*") if file.is_file()]
    kept = [file for file in found if "__pycache__" not in file.parts]
    return {str(file.relative_to(folder)): file.read_bytes() for file in kept}


def _named(files: list[str]) -> str:
    more = f" and {len(files) - MOST} more" if len(files) > MOST else ""
    return ", ".join(f"`{name}`" for name in files[:MOST]) + more
