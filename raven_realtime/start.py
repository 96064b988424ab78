"""Where ``raven-realtime`` starts: what needs no command line is done without one.

The library that reads options takes longer to load than a small file takes to judge, and whoever lints with every
commit names files only. Everything else is in `cli`.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence


def main() -> None:
    """Run ``raven-realtime``."""
    words = sys.argv[1:]
    if words == ["--version"]:
        print(version())
    elif words[:1] == ["lint"] and only_files(words[1:]):
        _leave(_lint(words[1:]))
    else:
        _whole()


def version() -> str:
    """Return the version that is installed, in words."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 (loaded only for who prints it)

    try:
        return version("raven-realtime")
    except PackageNotFoundError:
        return "a source tree, not installed"


def only_files(words: Sequence[str]) -> bool:
    """Tell whether there is something, and no option among it; a hyphen alone is standard input."""
    return bool(words) and not any(word.startswith("-") and word != "-" for word in words)


def _lint(paths: Sequence[str]) -> int:
    gc.disable()  # nothing that is loaded is garbage
    from raven_realtime.declared.linting import lint  # noqa: PLC0415 (loaded only where it is asked for)
    from raven_realtime.problem import Problem  # noqa: PLC0415 (as above)
    from raven_realtime.proxies.unreadable import Unreadable  # noqa: PLC0415 (as above)

    _collect_rarely()
    try:
        return lint(paths)
    except (Problem, Unreadable) as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _whole() -> None:
    gc.disable()
    from raven_realtime import cli  # noqa: PLC0415 (loaded only where options are to be read)

    _collect_rarely()
    try:
        cli.main()
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        _leave(end.code or 0)


def _collect_rarely() -> None:
    """Look for garbage again, but not in what is loaded, and less often than for who runs all day."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


def _leave(code: int) -> None:
    """End with an exit code, without taking apart what was loaded: for a small file that is a fifth of all the time."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    main()
