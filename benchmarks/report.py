"""What a run leaves: a table on the terminal, a section of docs/benchmarks.md, a chart."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pygal
from pygal.style import Style
from rich.table import Table

from benchmarks.comparison import Comparison, Row, said
from raven_realtime.sandbox.whole_file import write_whole

# pygal leaves a finder in sys.meta_path that today's import system cannot ask
sys.meta_path = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]

PAGE = "benchmarks.md"
HEAD = """\
# Benchmarks

Written by `make bench`. Everything runs on one machine, load generator included, over loopback. The candidates are
asked in turn, each for about a second, again and again, with new servers for every round; what is only counted is asked
once. A figure is the median, and the ratio in brackets is the median of the ratios to the first column, turn by turn.
Absolute figures depend on the machine, so look at the ratios. A target is one of a ratio to the first column unless it
names another, or says that the figure *itself* is meant. *No worse* is met when the 95 % confidence interval of the
median ratio, which stands beside it, reaches 1: of two that do the same, each is ahead in half of the turns. A target
that is missed is called so here and in the last line that `make bench` prints; its exit code tells only whether
everything could be measured.
"""
SECTION = re.compile(r"^<!-- (?P<name>[a-z-]+) (?P<rank>\d+) -->$(?P<text>.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
STYLE = Style(
    background="white",
    plot_background="white",
    foreground="#4a5568",
    foreground_strong="#1a202c",
    foreground_subtle="#cbd5e0",
    colors=("#718096", "#dd6b20", "#2b6cb0", "#2f855a", "#805ad5", "#b7791f"),
    font_family="sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    title_font_size=16,
    value_font_size=12,
)


def table(comparison: Comparison[Any], rows: list[Row]) -> Table:
    """Return the figures for a terminal."""
    shown = Table(title=comparison.title)
    for head in _head(comparison):
        shown.add_column(head)
    for row in rows:
        shown.add_row(*_cells(comparison, row))
    return shown


def markdown(comparison: Comparison[Any], rows: list[Row], ground: str) -> str:
    """Return the figures as a section of the page; ``ground`` says what they were measured on."""
    head = _head(comparison)
    lines = [
        f"## {comparison.title}",
        f"{comparison.about} {ground}",
        "",
        *(f"- **{candidate.name}**: {candidate.about}" for candidate in comparison.candidates),
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(_cells(comparison, row))} |" for row in rows),
        "",
        f"![{comparison.title}: ratios to {comparison.candidates[0].name}]({_chart_name(comparison)})",
    ]
    return "\n".join(lines)


def chart(comparison: Comparison[Any], rows: list[Row]) -> str:
    """Return the ratios to the baseline as an SVG bar chart; rows whose baseline is nothing have none."""
    shown = [row for row in reversed(rows) if row.comparable]  # from the bottom up, as pygal draws them
    drawn = pygal.HorizontalBar(
        style=STYLE,
        js=[],
        disable_xml_declaration=True,
        width=1000,
        height=180 + 36 * len(shown) * len(comparison.candidates) // 2,
        title=f"{comparison.title}: ratio to {comparison.candidates[0].name}",
        print_values=True,
        value_formatter=lambda value: f"{value:.2f}",
        legend_at_bottom=True,
        truncate_label=-1,
        truncate_legend=-1,
        range=(0, max([1.2, *(row.ratio(candidate.name) for row in shown for candidate in comparison.candidates)])),
    )
    drawn.uuid = comparison.name  # in place of a random one
    drawn.x_labels = [row.measure.name for row in shown]
    for candidate in comparison.candidates:
        drawn.add(candidate.name, [round(row.ratio(candidate.name), 2) for row in shown])
    return re.sub(r"<!--.*?-->", "", str(drawn.render(is_unicode=True))) + "\n"


def write(docs: Path, comparison: Comparison[Any], rows: list[Row], ground: str) -> None:
    """Write a comparison's section of the page and its chart; the other sections stay as they are."""
    page = docs / PAGE
    known = SECTION.finditer(page.read_text()) if page.exists() else ()
    sections = {found["name"]: (int(found["rank"]), found["text"].strip()) for found in known}
    sections[comparison.name] = (comparison.rank, markdown(comparison, rows, ground))
    parts = [
        f"<!-- {name} {rank} -->\n{text}\n<!-- end -->\n"
        for name, (rank, text) in sorted(sections.items(), key=lambda each: each[1][0])
    ]
    write_whole(docs / _chart_name(comparison), chart(comparison, rows), 0o644)
    write_whole(page, "\n".join([HEAD, *parts]), 0o644)


def _chart_name(comparison: Comparison[Any]) -> str:
    return f"benchmarks-{comparison.name}.svg"


def _head(comparison: Comparison[Any]) -> list[str]:
    return ["", *(candidate.name for candidate in comparison.candidates), "target"]


def _cells(comparison: Comparison[Any], row: Row) -> list[str]:
    return [row.measure.name, *(said(row, candidate.name) for candidate in comparison.candidates), row.verdict]
