"""What README.md tells its reader to type, so that tests run that and not a copy of it."""

from __future__ import annotations

import re
from itertools import dropwhile, takewhile
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
INDENT = "    "


def commands(heading: str) -> list[str]:
    """Return the lines of the first indented block below a heading, as a shell takes them: comments and all.

    Raises:
        AssertionError: there is no such heading, or no block below it.
    """
    text = README.read_text()
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no heading {heading!r}"
    below = dropwhile(lambda line: not line.startswith(INDENT), found[1].splitlines())
    block = [line.removeprefix(INDENT) for line in takewhile(lambda line: line.startswith(INDENT), below)]
    assert block, f"README.md has no commands below {heading!r}"
    return block
