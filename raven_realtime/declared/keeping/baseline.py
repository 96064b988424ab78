"""Findings that were there before: written once, so that only what is new fails.

A finding is known again by its code, its file, what was seen and the text of its line: not by the line's number, which
shifts whenever something is put above it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from raven_realtime.findings.entry import Finding
from raven_realtime.problem import Problem
from raven_realtime.proxies import contents

VERSION = 1
LARGEST = 16 << 20
_NUMBER = re.compile(r"(\.(?:ya?ml|conf|toml|cfg|json|caddy|container|js|ts|vue|html)|file):\d+", re.IGNORECASE)


class Fingerprints:
    """Tells findings apart in a way that outlives shifted lines. Paths are meant from a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._lines: dict[str, list[str]] = {}

    def of(self, finding: Finding) -> str:
        """Return the fingerprint of a finding."""
        where = finding.location
        path = self.path(where.path) if where else ""
        line = self._line(where.path, where.line) if where and where.line else ""
        seen = finding.evidence.replace(where.path, path) if where and where.path else finding.evidence
        parts = (finding.code, path, _NUMBER.sub(r"\1", seen), line)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def path(self, path: str) -> str:
        """Return a path as it is from the folder; the same on every machine."""
        if not Path(path).exists():
            return path
        return Path(os.path.relpath(path, self._folder)).as_posix()

    def _line(self, path: str, number: int) -> str:
        if path not in self._lines:
            try:
                file = Path(path)
                raw = contents.read_bytes(file) if contents.size(file) <= LARGEST else b""
            except OSError:
                raw = b""
            self._lines[path] = raw.decode("utf-8", errors="replace").split("\n")
        lines = self._lines[path]
        return " ".join(lines[number - 1].split()) if number <= len(lines) else ""


def written(findings: Sequence[Finding], file: Path) -> str:
    """Return the text of a baseline that holds these findings."""
    prints = Fingerprints(file.absolute().parent)
    listed = [
        {
            "fingerprint": prints.of(each),
            "code": each.code,
            "path": prints.path(each.location.path) if each.location else "",
            "evidence": each.evidence,
        }
        for each in findings
    ]
    document = {
        "version": VERSION,
        "findings": sorted(listed, key=lambda each: (each["path"], each["code"], each["fingerprint"])),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read(file: Path) -> Counter[str]:
    """Return how often each fingerprint is in a baseline.

    Raises:
        Problem: it cannot be read, or is no baseline.
    """
    advice = f"`raven-realtime lint … --baseline {file} --write-baseline` writes one."
    try:
        document: Any = json.loads(file.read_bytes())
        if document["version"] != VERSION:
            raise Problem(f"{file}: a baseline of version {document['version']!r}; {VERSION} is read. {advice}")
        return Counter(str(each["fingerprint"]) for each in document["findings"])
    except OSError as error:
        raise Problem(f"{file}: the baseline cannot be read: {error.strerror}. {advice}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Problem(f"{file}: the file is no baseline. {advice}") from None


def new(findings: Iterable[Finding], known: Counter[str], folder: Path) -> tuple[list[Finding], list[Finding], int]:
    """Part findings into new ones and known ones; say also how many known ones are gone."""
    left, prints = Counter(known), Fingerprints(folder)
    fresh: list[Finding] = []
    before: list[Finding] = []
    for finding in findings:
        mark = prints.of(finding)
        if left[mark] > 0:
            left[mark] -= 1
            before.append(finding)
        else:
            fresh.append(finding)
    return fresh, before, left.total()
