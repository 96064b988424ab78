"""``lint --fix`` and ``lint --diff``: mends are written, or shown."""

from __future__ import annotations

import os
import sys
import tempfile
from difflib import unified_diff
from pathlib import Path

import typer

from raven_realtime.declared.linting import Run
from raven_realtime.declared.mending.trial import Outcome, tried
from raven_realtime.problem import Problem


def mend(run: Run, *, write: bool) -> Run:
    """Mend what can be mended safely, or show it; what is not safe is shown as a patch.

    Returns:
        The run over the mended files.

    Raises:
        Problem: a file cannot be written.
    """
    if "-" in run.asked.paths:
        raise Problem("standard input cannot be mended: name the files.")
    outcome = tried(run)
    if write:
        for path, text in outcome.after.items():
            _replace(path, text)
        if outcome.after:
            files = ", ".join(str(path) for path in outcome.after)
            sys.stderr.write(f"{outcome.mended} mended in {files}\n")
        for finding, path, before, after in outcome.patches:
            said = (
                f"{finding.location}: {finding.code} is not mended: this changes more than Socket.IO's path. To read:"
            )
            sys.stderr.write(f"{said}\n{_diff(path, before, after)}")
    else:
        typer.echo(_shown(outcome).encode(), nl=False)
    return outcome.run


def _shown(outcome: Outcome) -> str:
    """Return all of it as a patch that `patch -p1` and `git apply` read; words between the files are passed over."""
    parts = [_diff(path, outcome.before[path], text) for path, text in outcome.after.items()]
    for finding, path, before, after in outcome.patches:
        said = f"{finding.location}: {finding.code}, which --fix leaves alone: this changes more than Socket.IO's path."
        diff = _diff(path, before, after)
        parts.append(f"# {said}\n" + "".join(f"# {line}\n" for line in diff.splitlines()))
    return "".join(parts)


def _diff(path: Path, before: str, after: str) -> str:
    name = path.as_posix().lstrip("/")
    lines = unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; its mode stays, and a link stays a link."""
    whole = path.resolve()
    try:
        mode = whole.stat()
        with tempfile.NamedTemporaryFile("wb", dir=whole.parent, prefix=f".{whole.name}.", delete=False) as opened:
            opened.write(text.encode())
        new = Path(opened.name)
        try:
            new.chmod(mode.st_mode & 0o7777)
            if os.geteuid() == 0:
                os.chown(new, mode.st_uid, mode.st_gid)
            new.replace(whole)
        except OSError:
            new.unlink()
            raise
    except OSError as error:
        raise Problem(f"{path}: the file cannot be written: {error.strerror}.") from None
