"""An ssh agent of the tests' own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def agent(folder: Path, key: Path) -> Iterator[str]:
    """Run an ssh agent that holds a key; gives the path of its socket, which is dead and gone afterwards."""
    where = folder / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(where)], stdout=subprocess.DEVNULL) as process:
        try:
            while not where.exists():
                assert process.poll() is None
            given = {**os.environ, "SSH_AUTH_SOCK": str(where)}
            subprocess.run(["ssh-add", "-q", str(key)], env=given, stdin=subprocess.DEVNULL, check=True)
            yield str(where)
        finally:
            process.terminate()
    where.unlink(missing_ok=True)
