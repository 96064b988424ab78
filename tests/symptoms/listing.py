"""Every symptom of the folder: one file each, by number."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from tests.symptoms.path import Symptom


@cache
def symptoms() -> dict[str, Symptom]:
    """Return the symptoms by the names of their files, such as ``rt008_origin_refused``."""
    names = sorted(file.stem for file in Path(__file__).parent.glob("rt[0-9]*.py"))
    return {name: importlib.import_module(f"tests.symptoms.{name}").SYMPTOM for name in names}
