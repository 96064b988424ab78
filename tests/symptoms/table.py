"""The symptoms as a page, docs/symptoms.md: ``python -m tests.symptoms.table`` writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path as File

from tests.symptoms.listing import symptoms
from tests.symptoms.path import Symptom

FILE = File(__file__).parents[2] / "docs" / "symptoms.md"
INTRODUCTION = """\
<!-- Written by `make docs` from tests/symptoms/. Change it there. -->

# The symptom bench

Every symptom is really produced: Traefik with TLS, the rendered sidecar (or the multiplexer), Node's socket.io on a
demo bench and redis run in a network of their own, and a symptom turns some knobs of that path. `tests/symptoms/` has
one file a symptom. The doctor's verdict on it has to be the code; on its mended twin, which is asked the same, it has
to find nothing. `tests/symptoms/test_pairs.py` puts two faults on the path at once: the outer one is named, and
once that is mended, the inner one.

*Asked with* says what the doctor is given besides the URL: `event` a session and the bench to publish from, `inside`
a look at the bench and at nginx's configuration, `hold` and `stay` the seconds that a WebSocket is watched.

| | code | what is produced | knobs | asked with | not as in the field |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    return INTRODUCTION + "\n".join(rows()) + "\n"


def rows() -> Iterator[str]:
    """Give one row of the table a symptom, by number."""
    for name, symptom in symptoms().items():
        said = (sys.modules[f"tests.symptoms.{name}"].__doc__ or "").strip()
        code = f"[{symptom.code}](findings/{symptom.code}.md)"
        cells = [str(symptom.number), code, said, ", ".join(symptom.fault), _asked(symptom), symptom.instead]
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _asked(symptom: Symptom) -> str:
    given = {name: value for name, value in symptom.asks.items() if name in {"event", "inside", "hold", "stay"}}
    return ", ".join(name if value is True else f"{name} {value:g} s" for name, value in given.items())


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
