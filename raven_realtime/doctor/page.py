"""The diagnosis as one self-contained HTML page: the path drawn, the broken hop marked, every check below."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from string import Template

from markdown_it import MarkdownIt

from raven_realtime.doctor.diagnosis import Diagnosis, State
from raven_realtime.findings import Finding
from raven_realtime.hops import HOPS, Outcome, Result, checks
from raven_realtime.hops.report import MARKS, said

LABELS = {
    "browser": ("Browser", "page and client"),
    "name": ("DNS", "public name"),
    "edge": ("Edge", "Traefik or tunnel"),
    "proxy": ("Proxy", "nginx"),
    "realtime": ("Socket.IO", "port 9000"),
    "redis": ("Redis", "channel events"),
    "web": ("Frappe", "web, port 8000"),
}
"""What is written below each part of the drawn path; the keys are those of ``HOPS``."""
SIGNS = {
    State.PROVEN: '<path class="sign" d="M-9 1 l6 6 l12 -13"/>',
    State.BROKEN: '<path class="sign" d="M-8 -8 l16 16 M8 -8 l-16 16"/>',
    State.UNKNOWN: '<circle class="dot" r="3.5"/>',
}
SPACING, MARGIN, LEVEL = 150, 74, 58

# No raw HTML: the texts are the catalogue's own, and would stay harmless if they were not.
_MARKDOWN = MarkdownIt("js-default")


def page(diagnosis: Diagnosis) -> str:
    """Return the page. What came over the wire stands in it as text, never as markup."""
    template = Template((files(__package__) / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        state="broken" if not diagnosis.healthy else "healthy" if diagnosis.verdict is None else "warned",
        host=escape(diagnosis.target.host),
        url=escape(diagnosis.target.origin),
        sentence=escape(_sentence(diagnosis)),
        culprit=escape(_culprit(diagnosis)),
        more=_more(diagnosis),
        drawing=drawing(diagnosis),
        findings=_findings(diagnosis),
        checks="".join(_row(result) for result in diagnosis.results),
        when=datetime.fromtimestamp(diagnosis.started_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        seconds=f"{diagnosis.seconds:.1f}",
    )


def _sentence(diagnosis: Diagnosis) -> str:
    """Return the headline; who is at fault stands below it."""
    if diagnosis.verdict is None or diagnosis.healthy:
        return diagnosis.sentence
    return diagnosis.verdict[1].entry.title


def _culprit(diagnosis: Diagnosis) -> str:
    if diagnosis.verdict is None or diagnosis.healthy:
        passed = sum(result.ok for result in diagnosis.results)
        return f"{passed} of {len(diagnosis.results)} checks passed on {diagnosis.target.host}."
    hop, found = diagnosis.verdict
    return f"At fault: {HOPS[found.at_fault]}. Found by the check “{checks()[hop].title}”."


def _more(diagnosis: Diagnosis) -> str:
    """Return the links to the findings below, the verdict's first."""
    codes = dict.fromkeys(found.code for _, found in _shown(diagnosis))
    links = ", ".join(f'<a href="#{code}">{code}</a>' for code in codes)
    return f'<p class="more">What was found, and what to do: {links}</p>' if links else ""


def _shown(diagnosis: Diagnosis) -> tuple[tuple[str, Finding], ...]:
    return ((diagnosis.verdict,) if diagnosis.verdict else ()) + diagnosis.warnings


def drawing(diagnosis: Diagnosis) -> str:
    """Return the path as SVG, from the browser on the left to Frappe on the right."""
    states = list(diagnosis.path.items())
    width = 2 * MARGIN + SPACING * (len(states) - 1)
    lines, parts = [], []
    for number, (part, state) in enumerate(states):
        x = MARGIN + SPACING * number
        if number:
            lines.append(f'<line class="{state}" x1="{x - SPACING + 34}" y1="{LEVEL}" x2="{x - 34}" y2="{LEVEL}"/>')
        title, below = LABELS[part]
        halo = f'<circle class="halo" r="38"><title>{escape(HOPS[part])}</title></circle>'
        parts.append(
            f'<g class="{state}" transform="translate({x} {LEVEL})">'
            f'{halo if state is State.BROKEN else ""}<circle class="disc" r="26"/>{SIGNS[state]}'
            f'<text class="name" y="62">{escape(title)}</text><text class="below" y="82">{escape(below)}</text></g>'
        )
    described = ", ".join(f"{LABELS[part][0]}: {state}" for part, state in states)
    return (
        f'<svg class="path" viewBox="0 0 {width} 160" role="img" aria-label="{escape(described)}">'
        f"{''.join(lines)}{''.join(parts)}</svg>"
    )


def _findings(diagnosis: Diagnosis) -> str:
    """Return a section a finding; the first of a code is the one that links lead to."""
    sections, linked = [], set[str]()
    for hop, found in _shown(diagnosis):
        sections.append(_finding(hop, found, "" if found.code in linked else f' id="{found.code}"'))
        linked.add(found.code)
    return "".join(sections)


def _finding(hop: str, found: Finding, anchor: str) -> str:
    entry = found.entry
    return (
        f'<section class="finding {entry.level}"{anchor}><header><span class="code">{found.code}</span>'
        f"<h2>{escape(entry.title)}</h2></header>"
        f'<p class="evidence"><span>Seen by {escape(hop)}</span>{escape(found.evidence)}</p>'
        f"<div class=columns><div><h3>What it means</h3>{_MARKDOWN.render(entry.meaning)}</div>"
        f"<div><h3>How it shows</h3>{_MARKDOWN.render(entry.shows)}</div></div>"
        f"<h3>What to do</h3>{_MARKDOWN.render(found.todo)}"
        f'<p class="source">Source: {escape(entry.source)}. The finding\'s page: <code>{entry.page}</code>. '
        f"In the terminal: <code>raven-realtime explain {found.code}</code></p></section>"
    )


def _row(result: Result) -> str:
    check = checks()[result.hop]
    kind = result.outcome.replace(" ", "-")
    took = f"{result.seconds:.2f} s" if result.outcome not in {Outcome.SKIPPED, Outcome.NOT_CHECKED} else ""
    return (
        f'<tr class="{kind}"><td class="mark">{MARKS[result.outcome]}</td>'
        f'<td class="check"><abbr title="{escape(check.proves)}">{escape(check.title)}</abbr></td>'
        f'<td class="said">{escape(said(result))}</td><td class="took">{took}</td></tr>'
    )
