"""What users call findings: by code, or by the rule that reports them."""

from __future__ import annotations

from collections.abc import Iterable

from raven_realtime.declared import rules
from raven_realtime.findings.rt120_ignore_idle import ENTRY as IDLE
from raven_realtime.problem import Problem


def accepted() -> dict[str, str]:
    """Return each code that the linter reports, and its rule's name; empty for what no rule reports."""
    return {**{rule.entry.code: rule.name for rule in rules().values()}, IDLE.code: ""}


def known() -> list[str]:
    """Return every name that is understood: codes and rules."""
    return [*accepted(), *(name for name in accepted().values() if name)]


def code_of(name: str) -> str:
    """Return the code that a user means; empty where there is none."""
    wanted = name.strip()
    if wanted.upper() in accepted():
        return wanted.upper()
    return next((code for code, rule in accepted().items() if rule and rule == wanted.lower()), "")


def nearest(name: str, those: Iterable[str], what: str) -> str:
    """Say that a name is not known, and which one may be meant."""
    from difflib import get_close_matches  # noqa: PLC0415 (only for what is wrong)

    listed = list(those)
    close = get_close_matches(name, listed, 1, 0.5) or get_close_matches(name.upper(), listed, 1, 0.5)
    hint = f"Did you mean `{close[0]}`?" if close else f"Accepted: {', '.join(listed)}."
    return f"the {what} `{name}` is not known. {hint}"


def codes_of(names: Iterable[str], option: str) -> frozenset[str]:
    """Return the codes of names on the command line, several in one word separated by commas.

    Raises:
        Problem: one is not known.
    """
    words = [word for name in names for word in name.split(",") if word.strip()]
    for word in words:
        if not code_of(word):
            raise Problem(
                f"{option} {word}: {nearest(word, known(), 'rule')} `raven-realtime lint --list-rules` has all."
            )
    return frozenset(code_of(word) for word in words)
