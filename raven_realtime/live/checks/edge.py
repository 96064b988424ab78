"""Who answers at the public URL, whether a web is behind it, and whether its page points past the path."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

from raven_realtime.findings import Finding, explain
from raven_realtime.findings.rt014_page_asks_port_9000 import DEVELOPMENT
from raven_realtime.live import bundles
from raven_realtime.live.answer import Answer
from raven_realtime.live.engineio import Session, Unanswered
from raven_realtime.live.refusals import stack
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target
from raven_realtime.live.web import DOWN
from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.shown import shown

CHECK = Check(
    name="edge",
    title="Who answers",
    proves=f"The public URL answers HTTP, a web process is behind it, and its page does not send the client to port "
    f"{SOCKETIO_PORT} by itself.",
    rank=40,
    through=("edge",),
)
SECONDS = 2.0
SITE = re.compile(
    r"""\\?["']?\b(?:sitename|site_name)\\?["']?\s*[:=]\s*\\?["']([A-Za-z0-9][A-Za-z0-9._-]{0,250})\\?["']"""
)
"""How Frappe's pages name their site: ``frappe.boot`` as JSON, or JSON in a string, with ``sitename`` (frappe
website/utils.py, get_boot_data; raven's page), and ``window.site_name`` of pages built with frappe-ui."""
SIGN_IN = "/login"
"""A page that every Frappe serves to everybody, with its boot."""


async def check(target: Target) -> Result:
    """Ask for the page at ``/``: whether there is a web, which site it says it is, and where its client goes."""
    started = time.monotonic()
    try:
        async with Session(replace(target, timeout=min(target.timeout, SECONDS))) as session:
            answer = await session.ask("GET", f"{target.origin}/")
            site = sites_name(answer) or await _elsewhere(session, target, answer)
    except Unanswered as error:
        # A slow or absent page does not break realtime: the handshake is asked next, and judges.
        return Result.not_checked(CHECK.name, f"the page / did not answer: {error.said}").taking(SECONDS)
    who = stack(answer)
    server = shown(answer.headers.get("server", ""))[:40]
    named = f", site {site}" if site else ""
    summary = f"HTTP {answer.status} from {server or 'a server that does not name itself'}{named}"
    found = []
    if answer.status in DOWN or answer.status == 429:
        code = "RT047" if answer.status == 429 else "RT044"
        found.append(explain(code).found(f"GET {target.origin}/ → {answer.telling}", stack=who))
    elif match := DEVELOPMENT.search(answer.text):
        found.append(explain("RT014").found(f"the page {target.origin}/ holds “{shown(match[0])}”"))
    elif answer.status == 200 and answer.is_html and (past := await _own_address(target, answer)):
        found.append(past)
    result = Result.of(CHECK.name, summary, *found, stack=who, status=answer.status, site=site)
    return result.taking(time.monotonic() - started)


def sites_name(page: Answer) -> str:
    """Return the site that a page of Frappe's says it belongs to; empty where it says none."""
    match = SITE.search(page.text) if page.is_html else None
    return match[1] if match else ""


async def _elsewhere(session: Session, target: Target, answer: Answer) -> str:
    """Ask one more page for the site's name: where ``/`` leads to on the same host, or where people sign in."""
    leads = urljoin(f"{target.origin}/", answer.headers.get("location", ""))
    if answer.status not in {200, 301, 302, 303, 307, 308, 404} or target.site:
        return ""
    same = answer.status in range(300, 400) and urlsplit(leads).netloc == urlsplit(target.origin).netloc
    with contextlib.suppress(Unanswered):
        return sites_name(await session.ask("GET", leads if same else f"{target.origin}{SIGN_IN}"))
    return ""


async def _own_address(target: Target, page: Answer) -> Finding | None:
    """Search the page's scripts, for as long as the page itself may take."""
    with contextlib.suppress(Unanswered):
        async with Session(replace(target, timeout=min(target.timeout, SECONDS))) as session:
            return await bundles.search(session, page, f"{target.origin}/")
    return None
