"""The catalogue of findings: one module each, discovered by listing this folder.

To add a finding, add a module with an ``ENTRY``; `make docs` writes its page. Nothing else has to know.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from raven_realtime.findings.entry import Entry, Finding, Level
from raven_realtime.problem import Problem

__all__ = ["Entry", "Finding", "Level", "catalogue", "explain"]


@cache
def catalogue() -> dict[str, Entry]:
    """Return every entry by its code, in the order of the codes.

    Raises:
        RuntimeError: two modules claim the same code.
    """
    entries: dict[str, Entry] = {}
    for module in pkgutil.iter_modules(__path__):
        entry = getattr(importlib.import_module(f"{__name__}.{module.name}"), "ENTRY", None)
        if isinstance(entry, Entry):
            if entry.code in entries:
                raise RuntimeError(f"{module.name} reuses the code {entry.code} of {entries[entry.code].title!r}")
            entries[entry.code] = entry
    return dict(sorted(entries.items()))


def explain(code: str) -> Entry:
    """Return the entry of a code, in any case, retired codes included.

    Raises:
        Problem: no such code.
    """
    wanted = code.upper()
    for entry in catalogue().values():
        if wanted == entry.code or wanted in entry.aliases:
            return entry
    raise Problem(f"No finding has the code {code!r}. Known: {', '.join(catalogue())}.")
