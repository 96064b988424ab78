"""The diagnosis as one self-contained HTML page: the path drawn, the broken hop marked, every check below."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from string import Template

from markdown_it import MarkdownIt

from raven_realtime.live import HOPS, Outcome, Result, checks
from raven_realtime.live.doctor.diagnosis import Account, Diagnosis, State
from raven_realtime.live.report import MARKS, said
from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT

LABELS = {
    "browser": ("Browser", "page and client"),
    "name": ("DNS", "public name"),
    "edge": ("Edge", "Traefik or tunnel"),
    "proxy": ("Proxy", "nginx"),
    "realtime": ("Socket.IO", f"port {SOCKETIO_PORT}"),
    "redis": ("Redis", "channel events"),
    "web": ("Frappe", f"web, port {WEB_PORT}"),
}
"""What is written below each part of the drawn path; the keys are those of ``HOPS``."""
SIGNS = {
    State.PROVEN: '<path class="sign" d="M-9 1 l6 6 l12 -13"/>',
    State.BROKEN: '<path class="sign" d="M-8 -8 l16 16 M8 -8 l-16 16"/>',
    State.UNKNOWN: '<circle class="dot" r="3.5"/>',
}
_STACK = re.compile(r"^On (.+):$", re.MULTILINE)
"""How a remedy begins that is for one stack."""

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
        findings="".join(map(_finding, diagnosis.accounts)),
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
    codes = (account.finding.code for account in diagnosis.accounts)
    links = ", ".join(f'<a href="#{code}">{code}</a>' for code in codes)
    found = f'<p class="more">What was found, and what to do: {links}</p>' if links else ""
    ways = "<br>".join(f"{where}: <code>{escape(command)}</code>" for where, command in diagnosis.further)
    why = "Not looked at yet:" if diagnosis.healthy else "The cause shows from inside."
    return found + (f'<p class="more">{why} {ways[0].upper()}{ways[1:]}</p>' if ways else "")


def drawing(diagnosis: Diagnosis) -> str:
    """Return the path as a list that the page draws: from the browser on the left, or at the top, to Frappe."""
    parts = []
    for part, state in diagnosis.path.items():
        title, below = LABELS[part]
        halo = '<circle class="halo" r="38"/>' if state is State.BROKEN else ""
        parts.append(
            f'<li class="{state}" title="{escape(HOPS[part])}">'
            f'<svg viewBox="-40 -40 80 80" role="img" aria-label="{state}">'
            f'{halo}<circle class="disc" r="26"/>{SIGNS[state]}</svg>'
            f'<span class="name">{escape(title)}</span><span class="below">{escape(below)}</span></li>'
        )
    return f'<ol class="path">{"".join(parts)}</ol>'


def _finding(account: Account) -> str:
    found, entry = account.finding, account.finding.entry
    evidence = "".join(
        f'<p class="evidence"><span>Seen by {escape(hop)}</span>{escape(seen)}</p>' for hop, seen in account.seen
    )
    todo = _STACK.sub(r"#### On \1", account.todo)
    return (
        f'<section class="finding {entry.level}" id="{found.code}"><header><span class="code">{found.code}</span>'
        f"<h2>{escape(entry.title)}</h2></header>{evidence}"
        f"<div class=columns><div><h3>What it means</h3>{_MARKDOWN.render(entry.meaning)}</div>"
        f"<div><h3>How it shows</h3>{_MARKDOWN.render(entry.shows)}</div></div>"
        f"<h3>What to do</h3>{_MARKDOWN.render(todo)}"
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
