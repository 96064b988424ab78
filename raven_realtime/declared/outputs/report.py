"""What the linter reports, whatever the format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import field
from functools import cached_property
from pathlib import Path

from raven_realtime.declared.journey import judged, nodes
from raven_realtime.declared.keeping.sift import Ignored
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.proxies.record import record

TOOL = "raven-realtime"
MOST_SHOWN = 3
"""How many journeys a line names."""
RANK = {Level.NOTE: 0, Level.WARNING: 1, Level.ERROR: 2}


@record
class Report:
    """The outcome of one run."""

    findings: Sequence[Finding]
    problems: Sequence[str] = ()
    """Files that cannot be read."""
    world: World = field(default_factory=World)
    """What was read."""
    ignored: Sequence[Ignored] = ()
    known: Sequence[Finding] = ()
    """What is in the baseline."""
    gone: int = 0
    """How many of the baseline are not found any more."""
    fail_on: Level = Level.ERROR
    folder: Path = field(default_factory=Path)
    """Fingerprints have their paths from here."""

    @cached_property
    def journeys(self) -> list[str]:
        """What was followed: each public address and what its requests go through."""
        return list(dict.fromkeys(way.chain for way in judged(self.world)))

    def fails(self, finding: Finding) -> bool:
        """Tell whether a finding makes the run fail."""
        return RANK[finding.level] >= RANK[self.fail_on]

    @property
    def exit_code(self) -> int:
        """0 where nothing fails, 1 where a finding does, 2 where a file cannot be read."""
        return 2 if self.problems else int(any(map(self.fails, self.findings)))


def summary(report: Report) -> str:
    """Say in a line what was judged: how many files of it, which proxies, where the journeys go."""
    world = report.world
    proxies = Counter(node.proxy.kind for node in nodes(world))
    parts = [f"{count} {kind}" for kind, count in sorted(proxies.items())]
    if world.containers:
        parts.append(f"{len(world.containers)} container{'s' * (len(world.containers) > 1)}")
    if world.processes:
        parts.append(f"{len(world.processes)} process{'es' * (len(world.processes) > 1)}")
    if world.bench:
        parts.append(f"{len(world.bench)} bench file{'s' * (len(world.bench) > 1)}")
    followed = report.journeys
    more = f" and {len(followed) - MOST_SHOWN} more" if len(followed) > MOST_SHOWN else ""
    said = f"judged: {', '.join(parts) or 'nothing of the path'}"
    return f"{said}; journeys: {'; '.join(followed[:MOST_SHOWN])}{more}" if followed else said
