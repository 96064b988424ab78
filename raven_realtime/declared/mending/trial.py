"""Trying mends: a change is taken only if what it is to mend is gone, and nothing new is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from raven_realtime.declared.linting import Run
from raven_realtime.declared.mending import lines, nginx
from raven_realtime.declared.mending.edit import Edit, Mend, applied
from raven_realtime.findings.entry import Finding
from raven_realtime.proxies import contents

ROUNDS = 50
"""Mends that are tried one after the other, once the first attempt with all of them together does not do."""
UNCOVERED = {"RT008": {"RT009", "RT011", "RT012"}}
"""What is asked only where this is right, and so may be said once it is mended: the journey gets further."""


@dataclass
class Outcome:
    """What came of the attempts."""

    run: Run
    """The run over the mended texts."""
    before: dict[Path, str] = field(default_factory=dict)
    """What each changed file held."""
    after: dict[Path, str] = field(default_factory=dict)
    mended: int = 0
    """How many findings are gone."""
    patches: list[tuple[Finding, Path, str, str]] = field(default_factory=list)
    """What would mend a finding and is the user's to decide: the finding, the file, its text, the changed text."""


def tried(run: Run) -> Outcome:
    """Try to mend what a run found; nothing is written."""
    outcome = Outcome(run)
    _together(outcome)
    _one_by_one(outcome)
    outcome.mended = (_counted(run) - _counted(outcome.run)).total()
    for finding in outcome.run.report.findings:
        for path, text, mend in _ways(finding, outcome.after):
            changed = applied(text, mend.edits)
            if not mend.safe and changed and _better(outcome.run, _with(outcome, path, changed), finding):
                outcome.patches.append((finding, path, text, changed))
                break
    return outcome


def _together(outcome: Outcome) -> None:
    """Try the first safe mend of each finding at once: most files need no second look."""
    edits: dict[Path, list[Edit]] = {}
    texts: dict[Path, str] = {}
    wanted: list[Finding] = []
    for finding in outcome.run.report.findings:
        way = next(((path, text, mend) for path, text, mend in _ways(finding, {}) if mend.safe), None)
        if way:
            path, texts[path], mend = way
            edits.setdefault(path, []).extend(mend.edits)
            wanted.append(finding)
    changed = {path: text for path, each in edits.items() if (text := applied(texts[path], each)) is not None}
    if len(wanted) < 2 or len(changed) < len(edits):
        return
    again = outcome.run.trying(_encoded(changed))
    old, new = _counted(outcome.run), _counted(again)
    if not _worse(old, new, {each.code for each in wanted}) and (old - new).total() >= len(wanted):
        outcome.before, outcome.after, outcome.run = texts, changed, again


def _one_by_one(outcome: Outcome) -> None:
    hopeless: set[tuple[str, str]] = set()
    for _ in range(ROUNDS):
        for finding in outcome.run.report.findings:
            mark = (str(finding.location), f"{finding.code} {finding.evidence}")
            if mark in hopeless:
                continue
            if _taken(outcome, finding):
                break
            hopeless.add(mark)
        else:
            return


def _taken(outcome: Outcome, finding: Finding) -> bool:
    for path, text, mend in _ways(finding, outcome.after):
        changed = applied(text, mend.edits) if mend.safe else None
        if changed is None:
            continue
        again = _with(outcome, path, changed)
        if _better(outcome.run, again, finding):
            outcome.before.setdefault(path, text)
            outcome.after[path] = changed
            outcome.run = again
            return True
    return False


def _with(outcome: Outcome, path: Path, text: str) -> Run:
    return outcome.run.trying(_encoded({**outcome.after, path: text}))


def _encoded(texts: Mapping[Path, str]) -> dict[Path, bytes]:
    return {path: text.encode() for path, text in texts.items()}


def _better(before: Run, after: Run, finding: Finding) -> bool:
    """Tell whether a finding is gone, every file is still read, and nothing more is said of anything."""
    old, new = _counted(before), _counted(after)
    mark = (finding.code, str(finding.level))
    return not _worse(old, new, {finding.code}) and new[mark] < old[mark]


def _worse(old: Counter[tuple[str, str]], new: Counter[tuple[str, str]], mended: Iterable[str]) -> bool:
    """Tell whether more is said than before, but for what these mends uncover."""
    uncovered = {code for each in mended for code in UNCOVERED.get(each, ())}
    return any(code not in uncovered for code, _ in new - old)


def _counted(run: Run) -> Counter[tuple[str, str]]:
    problems = Counter({("unreadable", ""): len(run.report.problems)})
    return problems + Counter((each.code, str(each.level)) for each in run.report.findings)


def _ways(finding: Finding, texts: Mapping[Path, str]) -> Iterator[tuple[Path, str, Mend]]:
    """Yield each way to mend a finding: the file, the text that it holds now, and the change."""
    path = Path(finding.location.path) if finding.location else Path()
    if not path.is_file():
        return
    try:
        text = texts.get(path) or contents.read_bytes(path).decode()
    except (OSError, UnicodeDecodeError):
        return
    for module in (nginx, lines):
        for mend in module.mends(text, finding):
            yield path, text, mend
