"""The catalogue as text: one Markdown page a finding and an index, written to docs/findings/.

``python -m raven_realtime.findings.pages`` writes them; with ``--check`` it fails where a page differs from its entry.
"""

from __future__ import annotations

import sys
from pathlib import Path

from raven_realtime.findings import Entry, catalogue
from raven_realtime.findings.entry import STACKS

FOLDER = Path("docs/findings")
NOTE = "<!-- Written by `make docs` from raven_realtime/findings/. Change it there. -->"

INTRODUCTION = """\
What a check, a policy or the linter may report. RT001 to RT033 are symptoms of live systems, RT034 to RT099 what else a
live path can do wrong; findings in files and plans start at RT101. A code is never reused. The same text on the command
line: `raven-realtime explain CODE`.
"""


def page(entry: Entry) -> str:
    """Return the page of one finding, in Markdown."""
    aliases = f" Also known as {', '.join(entry.aliases)}, a retired code." if entry.aliases else ""
    remedies = "".join(f"### {STACKS[stack]}\n\n{text.strip()}\n\n" for stack, text in entry.remedies.items())
    return (
        f"{NOTE}\n\n# {entry.code}: {entry.title}\n\n"
        f"*{entry.level}*, at fault: **{entry.hop}**.{aliases}\n\n"
        f"## What it means\n\n{entry.meaning.strip()}\n\n"
        f"## How it shows\n\n{entry.shows.strip()}\n\n"
        f"## What to do\n\n{entry.remedy.strip()}\n\n"
        f"{remedies}"
        f"Source: {entry.source}.\n"
    )


def index(entries: dict[str, Entry]) -> str:
    """Return the list of all findings, in Markdown."""
    rows = "\n".join(
        f"| [{code}]({code}.md) | {entry.title} | {entry.level} | {entry.hop} |" for code, entry in entries.items()
    )
    return f"{NOTE}\n\n# Findings\n\n{INTRODUCTION}\n| code | what | level | at fault |\n|---|---|---|---|\n{rows}\n"


def pages() -> dict[str, str]:
    """Return every page by its file's name."""
    entries = catalogue()
    return {f"{code}.md": page(entry) for code, entry in entries.items()} | {"README.md": index(entries)}


def differences(folder: Path) -> list[str]:
    """Return the names of pages that are missing, differ, or belong to no finding."""
    wanted = pages()
    held = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.md")}
    return sorted(name for name in wanted.keys() | held.keys() if wanted.get(name) != held.get(name))


def write(folder: Path) -> None:
    """Bring a folder in step with the catalogue."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for name in differences(folder):
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` say which differ; return the exit code."""
    if arguments == ["--check"]:
        stale = differences(FOLDER)
        if stale:
            sys.stderr.write(f"{FOLDER}: not in step with the catalogue: {', '.join(stale)}. Run `make docs`.\n")
        return 1 if stale else 0
    if arguments:
        sys.stderr.write("usage: python -m raven_realtime.findings.pages [--check]\n")
        return 2
    write(FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
