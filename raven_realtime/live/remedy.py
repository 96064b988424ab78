"""What to do, said for the system at hand: commands with its host, port and site, to be copied as they stand."""

from __future__ import annotations

import re
from dataclasses import replace

from raven_realtime.live.result import Result
from raven_realtime.live.target import Target

_CODE = re.compile(r"`[^`]+`|^ {4}.*$", re.MULTILINE)


def filled(markdown: str, target: Target) -> str:
    """Put what is known in the place of the catalogue's names in commands and configuration: so they can be copied.

    A site that nobody named is taken from the host and may be wrong: it stays a name.
    """
    known = [
        (r"https://HOST\b(?!:PORT)", target.origin),
        (r"\bHOST:443\b", f"{target.host}:{target.port}"),
        (r"\bHOST\b(?!:PORT)", target.host),
        (r"\bchat\.example\.com\b", target.host),
        (r"(?<=check handshake )URL\b|(?<=check upgrade )URL\b", target.origin),
        *([(r"\bSITE\b", target.site)] if target.site else []),
    ]

    def fill(found: re.Match[str]) -> str:
        text = found[0]
        for pattern, value in known:
            text = re.sub(pattern, value.replace("\\", r"\\"), text)
        return text

    return _CODE.sub(fill, markdown)


def for_target(result: Result, target: Target) -> Result:
    """Return a result whose findings' remedies name what was asked; a remedy for the system at hand stays."""
    findings = (
        found if found.remedy else replace(found, remedy=filled(found.todo, target)) for found in result.findings
    )
    return replace(result, findings=tuple(findings))
