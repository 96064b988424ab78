"""What a run leaves: a table on the terminal, a section of docs/benchmarks.md, a chart."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pygal
from pygal.style import Style
from rich.table import Table

from benchmarks.comparison import Comparison, Row
from raven_realtime.sandbox.whole_file import write_whole

# pygal leaves a finder in sys.meta_path that today's import system cannot ask
sys.meta_path = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]

PAGE = "benchmarks.md"
HEAD = """\
# Benchmarks

Written by `make bench`. Everything runs on one machine, load generator included, over loopback. The candidates are
asked in turn, each for about a second, again and again, with new servers for every round. A figure is the median, and
the ratio in brackets is the median of the ratios to the first column, turn by turn. Absolute figures depend on the
machine, so look at the ratios.
"""
SECTION = re.compile(r"^<!-- (?P<name>[a-z-]+) (?P<rank>\d+) -->$(?P<text>.*?)^<!-- end -->$", re.MULTILINE | re.DOTALL)
STYLE = Style(
    background="white",
    plot_background="white",
    foreground="#4a5568",
    foreground_strong="#1a202c",
    foreground_subtle="#cbd5e0",
    colors=("#718096", "#dd6b20", "#2b6cb0", "#2f855a", "#805ad5"),
    font_family="sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=13,
    title_font_size=16,
    value_font_size=12,
)


def table(comparison: Comparison, rows: list[Row]) -> Table:
    """Return the figures for a terminal."""
    shown = Table(title=comparison.title)
    for head in _head(comparison):
        shown.add_column(head)
    for row in rows:
        shown.add_row(*_cells(comparison, row))
    return shown


def markdown(comparison: Comparison, rows: list[Row], ground: str) -> str:
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


def chart(comparison: Comparison, rows: list[Row]) -> str:
    """Return the ratios to the baseline as an SVG bar chart."""
    drawn = pygal.HorizontalBar(
        style=STYLE,
        js=[],
        disable_xml_declaration=True,
        width=1000,
        height=180 + 36 * len(rows) * len(comparison.candidates) // 2,
        title=f"{comparison.title}: ratio to {comparison.candidates[0].name}",
        print_values=True,
        value_formatter=lambda value: f"{value:.2f}",
        legend_at_bottom=True,
        truncate_label=-1,
        truncate_legend=-1,
        range=(0, max(1.2, *(row.ratio(candidate.name) for row in rows for candidate in comparison.candidates))),
    )
    drawn.uuid = comparison.name  # in place of a random one
    # from the bottom up, as pygal draws them
    drawn.x_labels = [row.measure.name for row in reversed(rows)]
    for candidate in comparison.candidates:
        drawn.add(candidate.name, [round(row.ratio(candidate.name), 2) for row in reversed(rows)])
    return re.sub(r"<!--.*?-->", "", str(drawn.render(is_unicode=True))) + "\n"


def write(docs: Path, comparison: Comparison, rows: list[Row], ground: str) -> None:
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


def _chart_name(comparison: Comparison) -> str:
    return f"benchmarks-{comparison.name}.svg"


def _head(comparison: Comparison) -> list[str]:
    return ["", *(candidate.name for candidate in comparison.candidates), "target (ratio)"]


def _cells(comparison: Comparison, row: Row) -> list[str]:
    first, *others = (candidate.name for candidate in comparison.candidates)
    figures = [f"{row.figure(name):,.0f} ({row.ratio(name):.2f})" for name in others]
    return [row.measure.name, f"{row.figure(first):,.0f}", *figures, row.verdict]
