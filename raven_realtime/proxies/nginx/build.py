"""From structure to text: crossplane builds, our parser reads it back, and both must agree."""

from __future__ import annotations

import re
from typing import Any

import crossplane

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.parse import parse_text
from raven_realtime.proxies.unreadable import Unreadable

_TAKEN_AS_ESCAPE = re.compile(r"""\\(?=[\\"'trn])""")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def build(tree: tuple[Directive, ...]) -> str:
    """Return the text of a configuration.

    Raises:
        Unreadable: an argument cannot be written into an nginx configuration (a control character, or quotes that
            would end the argument early); the message names the directive.
    """
    for directive in tree:
        for inner in directive.walk():
            for arg in inner.args:
                if _CONTROL.search(arg):
                    raise Unreadable(f"nginx's {inner.name} cannot hold {arg!r}: it contains a control character.")
    text: str = crossplane.build([_statement(directive) for directive in tree]) + "\n"
    if parse_text(text, "built configuration", check=False) != tree:
        raise Unreadable(
            "The nginx configuration does not read back as it was meant: a name or path in it contains quotes, "
            "braces or backslashes that nginx would take for its own. Use plain names and paths."
        )
    return text


def _statement(directive: Directive) -> dict[str, Any]:
    args = [_TAKEN_AS_ESCAPE.sub(r"\\\\", arg) for arg in directive.args]
    if directive.name == "if" and args:  # crossplane writes the parentheses itself
        args[0] = args[0].removeprefix("(")
        args[-1] = args[-1].removesuffix(")")
        args = [arg for arg in args if arg]
    statement: dict[str, Any] = {"directive": directive.name, "args": args}
    if directive.block is not None:
        statement["block"] = [_statement(inner) for inner in directive.block]
    return statement
