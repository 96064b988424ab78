"""The targets: one module each, discovered by listing this folder, called as the module is, with hyphens.

To add one, add a module with a ``TARGET``; `make docs` writes its row. Nothing else has to know.
"""

from __future__ import annotations

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache

from raven_realtime.problem import Problem
from raven_realtime.render.target import Target

__all__ = ["named", "overview", "targets"]


@cache
def targets() -> dict[str, Target]:
    """Return every target by its name, in the order of the names."""
    return {
        module.name.replace("_", "-"): importlib.import_module(f"{__name__}.{module.name}").TARGET
        for module in pkgutil.iter_modules(__path__)
    }


def overview() -> str:
    """Return every target's name and title, a line each."""
    wide = max(map(len, targets()))
    return "".join(f"  {name:{wide}}  {each.title}\n" for name, each in targets().items())


def named(name: str) -> Target:
    """Return the target of a name.

    Raises:
        Problem: there is none; with the nearest, and all that there are.
    """
    if found := targets().get(name):
        return found
    near = get_close_matches(name, targets(), n=1, cutoff=0.5) or [each for each in targets() if name and name in each]
    hint = f" Did you mean {near[0]}?" if near else ""
    raise Problem(f"render: {name!r} is not known.{hint} Known:\n\n{overview()}")
