"""Roads drawn: a row for each path, from the address through every proxy to where it ends."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from html import escape

from raven_realtime.declared.routes.roads import Answer, Road
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.proxies.location import Location

LEFT, WIDTH, GAP = 24, 250, 46
"""Of the first box, of each, and between two."""
ROW, BOX, TOP = 122, 98, 64
LONGEST, LINES = 36, 3
"""Letters of a line, and lines of what a proxy does."""
LINE = 22
"""From one finding to the next."""
HEADS = {"head": "#8c959f", "head-realtime": "#0969da", "head-broken": "#cf222e"}
STYLE = """\
  .box { fill: #f6f8fa; stroke: #57606a; }
  .realtime { fill: #ddf4ff; stroke: #0969da; stroke-width: 2.5; }
  .broken { fill: #ffebe9; stroke: #cf222e; stroke-width: 2.5; stroke-dasharray: 6 3; }
  .line { stroke: #8c959f; stroke-width: 1.5; fill: none; marker-end: url(#head); }
  .line.realtime { stroke: #0969da; stroke-width: 3; fill: none; marker-end: url(#head-realtime); }
  .line.broken { stroke: #cf222e; stroke-width: 3; fill: none; marker-end: url(#head-broken); }
  .wrong { fill: #cf222e; } .name { font-weight: 600; } .small { font-size: 12px; fill: #57606a; }
"""


def svg(title: str, roads: Sequence[Road], nothing: str, findings: Sequence[Finding] = ()) -> str:
    """Return a drawing as an SVG document of its own.

    Args:
        title: what stands above it.
        roads: what is drawn: a row for each path of each.
        nothing: what stands there where there is none.
        findings: what was found on them; listed below, and an error's place is marked.
    """
    rows = [(road, answer) for road in roads for answer in road.answers]
    columns = max([len(answer.steps) + 2 for _, answer in rows] or [3])
    width = LEFT * 2 + columns * WIDTH + (columns - 1) * GAP
    bottom = TOP + max(len(rows), 1) * ROW
    parts = [part for index, row in enumerate(rows) for part in _row(*row, TOP + index * ROW, _wrong(row[1], findings))]
    listed = [
        _words(LEFT, bottom + LINE * index, _cut(said(each), width // 8), "wrong" if each.level is Level.ERROR else "")
        for index, each in enumerate(findings, 1)
    ]
    height = bottom + LINE * (len(findings) + 1 if findings else 0)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="system-ui, sans-serif" font-size="14" role="img" aria-label="{escape(title)}">',
            f"<style>\n{STYLE}</style>",
            f"<defs>{''.join(_head(name, colour) for name, colour in HEADS.items())}</defs>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            _words(LEFT, 36, title, "name"),
            *(parts or [_words(LEFT, TOP, nothing, "small")]),
            *listed,
            "</svg>",
            "",
        ]
    )


def _wrong(answer: Answer, findings: Sequence[Finding]) -> frozenset[Location]:
    """Return the places of a road's steps that errors are about: those in the very line, else those in the file."""
    places = {step.location for step in answer.steps if step.location}
    errors = {each.location for each in findings if each.level is Level.ERROR and each.location}
    exact = places & errors
    files = {each.path for each in errors - exact}
    return frozenset(exact | {each for each in places if each.path in files})


def said(finding: Finding) -> str:
    """Return a finding in a line."""
    at = f"{finding.location}: " if finding.location else ""
    return f"{finding.level} {finding.code} {finding.entry.title} ({at}{finding.evidence})"


def _row(road: Road, answer: Answer, y: int, wrong: Collection[Location]) -> Iterator[str]:
    kind = "broken" if answer.ties or answer.journey.looped else "realtime" if answer.is_realtime else "box"
    named = f"entrypoint {road.entrypoint}" if road.entrypoint else road.way.node.title
    yield _box(LEFT, y, "box", [(f"{road.way.origin}", "name"), (answer.path, "name"), (named, "small")])
    x = LEFT
    for step in answer.steps:
        yield _arrow(x + WIDTH, y, x + WIDTH + GAP, kind)
        x += WIDTH + GAP
        did = textwrap.wrap(step.did, LONGEST, max_lines=LINES, placeholder=" …")
        lines = [(step.title, "name"), *((line, "small") for line in did), (_tail(step.location), "small")]
        yield _box(x, y, "broken" if step.location in wrong else kind if step.ties else "box", lines)
    yield _arrow(x + WIDTH, y, x + WIDTH + GAP, kind)
    end = textwrap.wrap(answer.end, LONGEST - 8, max_lines=LINES, placeholder=" …")
    said = "the realtime process" if answer.is_realtime else ""
    yield _box(x + WIDTH + GAP, y, kind, [*((line, "name") for line in end), (said, "small")])


def _box(x: int, y: int, kind: str, lines: list[tuple[str, str]]) -> str:
    shown = [(line, style) for line, style in lines if line]
    whole = escape("\n".join(line for line, _ in shown))
    words = "".join(
        _words(x + 12, y + 20 + 17 * row, _cut(line, LONGEST), style) for row, (line, style) in enumerate(shown)
    )
    outline = f'<rect class="{kind}" x="{x}" y="{y}" width="{WIDTH}" height="{BOX}" rx="8"/>'
    return f"<g><title>{whole}</title>{outline}{words}</g>"


def _words(x: int, y: int, line: str, style: str) -> str:
    return f'<text class="{style}" x="{x}" y="{y}">{escape(line)}</text>'


def _head(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" orient="auto" '
        f'markerUnits="userSpaceOnUse"><path d="M0 0 L8 4 L0 8 z" fill="{colour}"/></marker>'
    )


def _arrow(x: int, y: int, to_x: int, kind: str) -> str:
    drawn = "line" if kind == "box" else f"line {kind}"
    middle = y + BOX // 2
    return f'<path class="{drawn}" d="M{x} {middle} L{to_x - 2} {middle}"/>'


def _tail(place: Location | None) -> str:
    """Return a place whose path is cut at its beginning."""
    whole = str(place or "")
    return whole if len(whole) <= LONGEST else f"…{whole[-LONGEST + 1 :]}"


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
