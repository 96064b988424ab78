"""Mends of files where one line says it all: cloudflared's and Apache's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from raven_realtime.declared.mending.edit import Edit, Mend
from raven_realtime.findings.entry import Finding

_SERVICE = re.compile(r"""^\s*(?:-\s+)?service\s*:\s*["']?(ws(s?))://""")
_PROXY_PASS = re.compile(r"""^\s*ProxyPass\s+\S*socket\.io\S*\s+\S+()\s*$""", re.IGNORECASE)


def mends(text: str, finding: Finding) -> Iterator[Mend]:
    """Yield the ways to mend a finding in a file."""
    if not (finding.location and finding.location.line):
        return
    lines = text.splitlines(keepends=True)
    if finding.location.line > len(lines):
        return
    start = sum(map(len, lines[: finding.location.line - 1]))
    line = lines[finding.location.line - 1].rstrip("\r\n")
    if finding.code == "RT117" and (found := _SERVICE.match(line)):
        # cloudflared speaks HTTP to a service, and passes an upgrade on: the same server, for polls too
        yield Mend((Edit(start + found.start(1), start + found.end(1), f"http{found[2]}"),), safe=True)
    if finding.code == "RT025" and (found := _PROXY_PASS.match(line)):
        # Apache httpd 2.4.47 and later; an older one refuses the word, so it is the user's to decide
        yield Mend((Edit(start + found.start(1), start + found.end(1), " upgrade=websocket"),), safe=False)
