"""The page's scripts: one that puts the socket's address together by itself goes past the path (RT015, RT016)."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from raven_realtime.findings import Finding, explain
from raven_realtime.findings.rt015_app_builds_its_own_url import OWN_ADDRESS, SECOND_BENCH
from raven_realtime.live.answer import Answer
from raven_realtime.live.engineio import Session
from raven_realtime.shown import shown

MOST_SCRIPTS = 6
MOST_BYTES = 8 * 1024 * 1024
"""Of one script; Raven's own bundle has about two megabytes."""

SCRIPT = re.compile(r"<script\b[^>]*\bsrc\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_OWN_ADDRESS = re.compile(OWN_ADDRESS.pattern.encode())


def scripts(page: Answer, url: str) -> list[str]:
    """Return the addresses of the page's scripts that are on the page's own origin."""
    found = (urljoin(url, name) for name in SCRIPT.findall(page.text))
    return [each for each in dict.fromkeys(found) if urlsplit(each).netloc == urlsplit(url).netloc][:MOST_SCRIPTS]


async def search(session: Session, page: Answer, url: str) -> Finding | None:
    """Search the scripts of a page, and the page itself.

    Args:
        session: what to ask by.
        page: the page.
        url: where it is.

    Raises:
        Unanswered: a script did not come.
    """
    if found := judge(page.body, url):
        return found
    for script in scripts(page, url):
        tail = b""
        async for chunk in session.chunks(script, MOST_BYTES):
            if found := judge(tail + chunk, script):
                return found
            tail = chunk[-200:]
    return None


def judge(text: bytes, url: str) -> Finding | None:
    """Return what it means that a script or page contains an address of its own for the socket."""
    match = _OWN_ADDRESS.search(text)
    if match is None:
        return None
    port = match["port"]
    code = "RT016" if port == SECOND_BENCH.encode() else "RT015"
    said = shown(text[match.start() : match.end() + 20].decode("utf-8", "replace"))
    return explain(code).found(f"{url} holds “{said}”")
