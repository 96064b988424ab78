"""Finding a finding: by its code or number, by what somebody read on a page or in a log, by words of its text."""

from __future__ import annotations

import difflib
import re

from raven_realtime.findings import catalogue
from raven_realtime.findings.entry import Entry
from raven_realtime.proxies.record import record

MOST = 6
"""How many matches are shown."""
_CODE = re.compile(r"(?:rt)?[ -]?0*(\d{1,3})", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9_]+")
_EMPTY = frozenset(
    {
        *(
            "a",
            "an",
            "and",
            "any",
            "are",
            "as",
            "at",
            "be",
            "but",
            "by",
            "do",
            "does",
            "for",
            "from",
            "get",
            "has",
            "i",
        ),
        *("in", "is", "it", "its", "my", "no", "not", "of", "on", "or", "our", "that", "the", "there", "this", "to"),
        *("up", "was", "we", "with", "you", "your"),
        *("socket", "io", "socketio", "realtime", "frappe", "raven", "error"),
    }
)
"""Words that stand in too many texts to tell one from another."""


@record
class Match:
    """A finding that a question may mean."""

    entry: Entry
    score: float
    why: str
    """What of it the question met: the banner or log line; empty where it was words of its text."""


def search(asked: str) -> list[Match]:
    """Return the findings that a question may mean, the best first; none where nothing fits.

    Args:
        asked: a code (``RT008``, ``8``), a status or close code (``502``, ``1006``), a banner, a log line, or words.
    """
    if (entry := by_code(asked)) is not None:
        return [Match(entry, 100, "its code")]
    found = [match for entry in catalogue().values() if (match := _match(entry, asked)).score > 0]
    found.sort(key=lambda match: (-match.score, match.entry.code))
    least = found[0].score * 0.4 if found else 0
    return [match for match in found if match.score >= least][:MOST]


def by_code(asked: str) -> Entry | None:
    """Return the finding of a code, retired ones included, or of its number; None where there is none."""
    number = _CODE.fullmatch(asked.strip())
    if number is None:
        return None
    code = f"RT{int(number[1]):03}"
    entries = catalogue()
    return entries.get(code) or next((entry for entry in entries.values() if code in entry.aliases), None)


def _match(entry: Entry, asked: str) -> Match:
    question = _plain(asked)
    words = set(question.split()) - _EMPTY
    if not words:
        return Match(entry, 0, "")
    best, why = 0.0, ""
    for said in entry.said:
        plain = _plain(said)
        if f" {plain} " in f" {question} " or (len(question) > 2 and f" {question} " in f" {plain} "):
            # a long line tells more than a status that stands in it
            score = 10 + 40 * min(len(plain), len(question)) / max(len(question), 1)
            if score > best:
                best, why = score, said
    title, text = set(_plain(entry.title).split()), set(_plain(f"{entry.shows} {entry.meaning}").split())
    known = [word for word in words if word in title or word in text]
    if words and len(known) >= max(1, 0.6 * len(words)):
        best += sum(3 if word in title else 1 for word in known) / len(words)
    return Match(entry, best, why)


def _plain(text: str) -> str:
    """Return a text's words in lower case, one blank between them."""
    return " ".join(_WORD.findall(text.lower()))


def nearest(asked: str) -> list[str]:
    """Return what comes nearest to a question that nothing fits: codes, banners, titles."""
    known: dict[str, str] = {}
    for entry in catalogue().values():
        for said in (entry.code, entry.title, *entry.said):
            known.setdefault(said.lower(), f"{said} ({entry.code})")
    words = {word: phrase for phrase in known for word in phrase.split() if len(word) > 3}
    close = difflib.get_close_matches(asked.lower(), known, n=3, cutoff=0.5)
    for word in asked.lower().split():
        close += [words[each] for each in difflib.get_close_matches(word, words, n=1, cutoff=0.75)]
    return list(dict.fromkeys(known[each] for each in close))[:3]
