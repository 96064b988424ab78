"""From what was found to what is reported: rules that are chosen, levels, ignores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field, replace

from raven_realtime.declared.keeping.comments import Comment, comments
from raven_realtime.declared.keeping.configuration import Configuration, PathIgnore
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt120_ignore_idle import ENTRY as IDLE
from raven_realtime.proxies.record import record


@record
class Chosen:
    """What is asked for on the command line: codes."""

    only: frozenset[str] = frozenset()
    """Empty for all."""
    skip: frozenset[str] = frozenset()

    def asks(self, code: str, configuration: Configuration) -> bool:
        """Tell whether findings of a code are asked for; `only` turns on what the project's file turns off."""
        wanted = code in self.only if self.only else code not in configuration.off
        return wanted and code not in self.skip


@record
class Ignored:
    """A finding that is left out."""

    finding: Finding
    reason: str
    at_place: bool
    """Whether a comment beside it says so; the project's file otherwise."""


@record
class Sifted:
    """What is left to report, and what is not reported."""

    findings: list[Finding]
    ignored: list[Ignored] = field(default_factory=list)


def chosen(findings: Iterable[Finding], configuration: Configuration, asked: Chosen) -> list[Finding]:
    """Keep what is asked for, at the level that the project gives it."""
    return [
        replace(each, given=configuration.levels.get(each.code, each.given))
        for each in findings
        if asked.asks(each.code, configuration)
    ]


def sifted(findings: Iterable[Finding], files: Sequence[str], configuration: Configuration, asked: Chosen) -> Sifted:
    """Leave out what comments in files, or the project's file, ignore; an ignore that is idle is a note of its own."""
    by_path = [each for each in configuration.ignores if any(map(each.names, files))]
    ignores: list[Comment | PathIgnore] = [*comments(files), *by_path]
    used: set[tuple[int, str]] = set()
    kept: list[Finding] = []
    ignored: list[Ignored] = []
    for finding in chosen(findings, configuration, asked):
        fitting = (number for number, each in enumerate(ignores) if each.covers(finding.code, finding.location))
        number = next(fitting, None)
        if number is None:
            kept.append(finding)
        else:
            used.add((number, finding.code))
            ignored.append(Ignored(finding, ignores[number].reason, isinstance(ignores[number], Comment)))
    idle = [
        note
        for number, each in enumerate(ignores)
        for note in _idle(each, {code for by, code in used if by == number}, configuration, asked)
    ]
    return Sifted([*kept, *chosen(idle, configuration, asked)], ignored)


def _idle(
    ignore: Comment | PathIgnore, used: set[str], configuration: Configuration, asked: Chosen
) -> Iterator[Finding]:
    for word in ignore.unknown:
        yield IDLE.found(f"{word} is no finding's code and no rule's name", ignore.location)
    if not ignore.codes and not ignore.unknown:
        yield IDLE.found("the comment names no code", ignore.location)
    if ignore.codes and not ignore.reason:
        yield IDLE.found(f"{', '.join(ignore.codes)} is ignored without a reason", ignore.location)
    for code in ignore.codes:
        if code not in used and asked.asks(code, configuration):
            yield IDLE.found(f"there is no {code} here to ignore", ignore.location)
