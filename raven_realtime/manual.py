"""``raven-realtime manual``: the manual page, made of the same texts as ``--help``.

Source of the format: man-pages(7), groff_man(7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import typer

EXIT_CODES = (
    ("0", "Nothing that fails: no fault found, every check passed, no finding of the level that fails."),
    ("1", "A fault, a failed check, or a finding."),
    ("2", "Something to mend first: a file that cannot be read, an option or a setting that is wrong."),
    ("130", "Ended with Ctrl-C."),
)
"""What every command's exit code means; docs/lint.md has the table."""


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("manual")(manual_command)


def manual_command() -> None:
    """Print the manual page: `raven-realtime manual | man -l -`."""
    typer.echo(page())


def page() -> str:
    """Return the page in roff."""
    from raven_realtime.cli import app, mount  # noqa: PLC0415 (the command line imports this module)

    whole = typer.main.get_command(mount(typer.Typer(add_completion=False)))
    commands = sorted(getattr(whole, "commands", {}).items())
    lines = [
        f'.TH RAVEN-REALTIME 1 "" "raven-realtime {_version()}" "User Commands"',
        ".SH NAME",
        f"raven-realtime \\- {_roff(_first_small(str(app.info.help)))}",
        ".SH SYNOPSIS",
        ".B raven-realtime",
        "[\\fB\\-\\-version\\fR] \\fICOMMAND\\fR [\\fIOPTION\\fR ...] [\\fIARGUMENT\\fR ...]",
        ".SH COMMANDS",
        *(line for name, command in commands for line in _command(name, command)),
        ".SH EXIT STATUS",
        *(line for code, meaning in EXIT_CODES for line in (".TP", f".B {code}", _roff(meaning))),
        ".SH ENVIRONMENT",
        ".TP",
        ".B NO_COLOR",
        "No colours, whatever its value.",
        ".TP",
        ".B LC_ALL, LANG",
        "Where it is C, text has ASCII only.",
    ]
    return "\n".join(lines)


def _version() -> str:
    try:
        return version("raven-realtime")
    except PackageNotFoundError:
        return ""


def _first_small(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def _command(name: str, command: object, above: str = "") -> Iterator[str]:
    whole = f"{above} {name}".strip()
    inner = getattr(command, "commands", None)
    if inner:
        for key, each in sorted(inner.items()):
            yield from _command(key, each, whole)
        return
    yield f".SS {_roff(whole)}"
    yield from _paragraphs(getattr(command, "help", None) or "")
    for each in getattr(command, "params", []):
        if "--help" in each.opts or getattr(each, "hidden", False):
            continue
        told = getattr(each, "help", None) or ""
        if getattr(each, "param_type_name", "") == "argument":
            yield from (".TP", f"\\fI{_roff(str(each.name).upper())}\\fR", _roff(told))
        else:
            names = ", ".join(f"\\fB{_roff(one)}\\fR" for one in (*each.opts, *each.secondary_opts))
            value = "" if each.is_flag else f" \\fI{_roff(str(each.name).upper())}\\fR"
            yield from (".TP", f"{names}{value}", _roff(told))


def _paragraphs(text: str) -> Iterator[str]:
    for number, part in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        yield _roff(" ".join(part.split()))


def _roff(text: str) -> str:
    """Return a text as roff takes it: hyphens stay hyphens, and no line begins with a request."""
    safe = " ".join(text.replace("\\", "\\e").replace("-", "\\-").replace("`", "").split())
    plain = "".join(sign if sign.isascii() else f"\\[u{ord(sign):04X}]" for sign in safe)
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain
