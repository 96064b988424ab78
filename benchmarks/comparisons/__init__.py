"""The comparisons, one module each, found by listing this folder; each has a ``COMPARISON``."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from benchmarks.comparison import Comparison


def every() -> list[Comparison[Any]]:
    """Return every comparison in the order of their sections."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return sorted((module.COMPARISON for module in modules), key=lambda each: (each.rank, each.name))
