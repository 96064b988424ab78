"""One run of the linter: files, the project's file, options → a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path

from raven_realtime.declared import in_order, judge
from raven_realtime.declared.files import inside, read
from raven_realtime.declared.keeping.configuration import Configuration, find
from raven_realtime.declared.keeping.sift import Chosen, sifted
from raven_realtime.declared.outputs.report import Report
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.problem import Problem
from raven_realtime.proxies import contents
from raven_realtime.proxies.record import record


@record
class Asked:
    """What is asked for on the command line."""

    paths: tuple[str, ...]
    app: str = ""
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    fail_on: Level | None = None
    baseline: Path | None = None
    config: Path | None = None


@record
class Run:
    """A run and its outcome."""

    asked: Asked
    configuration: Configuration
    instead: Mapping[Path, bytes] = field(default_factory=dict)
    """What files are taken to hold instead of what they hold."""

    @classmethod
    def of(cls, asked: Asked) -> Run:
        """Make a run, with the project's file that applies to what is asked for.

        Raises:
            Problem: the project's file or an option is not what is accepted.
        """
        first = asked.paths[0]
        path = asked.config or find(Path() if first == "-" else Path(first))
        if path is None:
            return cls(asked, Configuration())
        from raven_realtime.declared.keeping import project_file  # noqa: PLC0415 (only where there is one)

        return cls(asked, project_file.read(path))

    def trying(self, texts: Mapping[Path, bytes]) -> Run:
        """Return the same run over changed files."""
        return replace(self, instead=texts)

    @cached_property
    def chosen(self) -> Chosen:
        """Which codes are asked for."""
        if not (self.asked.only or self.asked.skip):
            return Chosen()
        from raven_realtime.declared.keeping.names import codes_of  # noqa: PLC0415 (only where codes are named)

        return Chosen(codes_of(self.asked.only, "--only"), codes_of(self.asked.skip, "--skip"))

    @property
    def baseline(self) -> Path | None:
        """The file of what was there before."""
        return self.asked.baseline or self.configuration.baseline

    @cached_property
    def report(self) -> Report:
        """The outcome."""
        return self._judged[1]

    @property
    def world(self) -> World:
        """What was read."""
        return self._judged[0]

    @cached_property
    def _judged(self) -> tuple[World, Report]:
        with contents.instead(self.instead):
            return self._judge()

    def _judge(self) -> tuple[World, Report]:
        told, chosen = self.configuration, self.chosen
        reading = read(self.asked.paths, self.asked.app or told.app, left_out=told.excludes, versions=told.versions)
        world = reading.world
        problems = [problem.value for problem in reading.problems]
        found = [each for each in judge(world, told.parameters) if each.evidence not in set(problems)]
        sorted_out = sifted(found, self.files(world), told, chosen)
        new, before, gone = sorted_out.findings, list[Finding](), 0
        folder = self.baseline.absolute().parent if self.baseline else told.folder
        if self.baseline and self.baseline.exists():
            from raven_realtime.declared.keeping import baseline  # noqa: PLC0415 (only where there is one)

            new, before, gone = baseline.new(new, baseline.read(self.baseline), folder)
        report = Report(
            findings=in_order(new),
            problems=problems,
            world=world,
            ignored=sorted_out.ignored,
            known=before,
            gone=gone,
            fail_on=self.asked.fail_on or told.fail_on or Level.ERROR,
            folder=folder,
        )
        return world, report

    def files(self, world: World) -> tuple[str, ...]:
        """Return the files that were read, and may hold a comment."""
        named = [name for name in self.asked.paths if name != "-"]
        listed = [
            str(file)
            for name in named
            for file in (inside(Path(name), self.configuration.excludes) if Path(name).is_dir() else [Path(name)])
        ]
        included = [inner.file for nginx in world.nginx for top in nginx.tree for inner in top.walk() if inner.file]
        return tuple(dict.fromkeys([*listed, *world.named, *included]))

    def write_baseline(self) -> str:
        """Write what is found to the baseline; return a sentence that says so.

        Raises:
            Problem: there is no file to write to, or it cannot be written.
        """
        from raven_realtime.declared.keeping import baseline  # noqa: PLC0415 (only where one is written)

        file = self.baseline
        if file is None:
            raise Problem("--write-baseline needs a file: --baseline FILE, or `baseline` in the project's file.")
        findings = in_order([*self.report.findings, *self.report.known])
        try:
            file.write_text(baseline.written(findings, file), encoding="utf-8")
        except OSError as error:
            raise Problem(f"{file}: the baseline cannot be written: {error.strerror}.") from None
        return f"{file}: {len(findings)} finding{'s' * (len(findings) != 1)}. From now on only new ones count."


def lint(paths: Sequence[str]) -> int:
    """Judge files and print what is found, without a word of how; return the exit code."""
    from raven_realtime.declared.outputs import text  # noqa: PLC0415 (loaded once there is something to print)

    report = Run.of(Asked(tuple(paths))).report
    text.write(report)
    return report.exit_code
