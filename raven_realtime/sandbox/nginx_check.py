"""Ask nginx itself whether it would take a configuration: ``nginx -t``."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from raven_realtime.problem import Problem

_STAMP = re.compile(r"^nginx: |^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.MULTILINE)


def find(program: str = "nginx") -> str:
    """Return the path of nginx, also where Debian hides it from users without root's PATH.

    Raises:
        Problem: there is none.
    """
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
    if found is None:
        raise Problem(
            f"{program} is not installed. Debian and Ubuntu: apt-get install nginx-light. macOS: brew install nginx."
        )
    return found


def verify(text: str, *, name: str = "nginx.conf", program: str = "nginx") -> None:
    """Let nginx judge a configuration without starting it. The folders that it names must exist.

    Args:
        text: the whole configuration.
        name: what messages call it.
        program: nginx, as a name on PATH or a path.

    Raises:
        Problem: nginx refuses it, in nginx's own words; nginx is missing or did not answer within 30 s.
    """
    with tempfile.TemporaryDirectory(prefix="raven-realtime-") as folder:
        path = Path(folder, "nginx.conf")
        path.write_text(text, encoding="utf-8")
        _ask(path, Path(folder), program, name)


def verify_file(path: Path, *, program: str = "nginx") -> None:
    """Let nginx judge a configuration file with its includes.

    Raises:
        Problem: as `verify`.
    """
    with tempfile.TemporaryDirectory(prefix="raven-realtime-") as folder:
        _ask(path.absolute(), Path(folder), program, str(path))


def _ask(path: Path, prefix: Path, program: str, name: str) -> None:
    command = [find(program), "-t", "-q", "-e", "stderr", "-p", str(prefix), "-c", str(path)]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=30, errors="replace", check=False)
    except subprocess.TimeoutExpired:
        raise Problem(f"nginx -t did not judge {name} within 30 s.") from None
    if asked.returncode != 0:
        said = _STAMP.sub("", asked.stderr).replace(str(path), name).strip()
        raise Problem(f"nginx refuses {name}:\n{said}")
