"""Log formats: the text with ``%[…]`` and ``%ci`` in it that rules take (section 8.2.4 of the manual)."""

from __future__ import annotations

import re

from raven_realtime.proxies.haproxy.exchange import Exchange
from raven_realtime.proxies.haproxy.samples import parse, text, value
from raven_realtime.proxies.haproxy.unknown import Unknown
from raven_realtime.proxies.haproxy.words import known

_PIECE = re.compile(
    r"""%%|%(?:\{(?P<options>[^}]*)\})?(?:\[(?P<expression>(?:[^\]"']|"[^"]*"|'[^']*')*)\]|(?P<name>[A-Za-z]{1,3}))"""
)


def evaluate(template: str, exchange: Exchange) -> str:
    """Write a log format out for a request.

    Raises:
        Unknown: it holds what only a running HAProxy knows, or what is not followed.
    """
    out: list[str] = []
    at = 0
    known(template)
    while (percent := template.find("%", at)) >= 0:
        out.append(template[at:percent])
        piece = _PIECE.match(template, percent)
        if piece is None or piece["options"]:
            raise Unknown(f"the format {template} is not followed")
        out.append("%" if piece.group() == "%%" else _value(piece, exchange))
        at = piece.end()
    return "".join((*out, template[at:]))


def _value(piece: re.Match[str], exchange: Exchange) -> str:
    if piece["expression"] is not None:
        return text(value(parse(piece["expression"].strip()), exchange))
    name = piece["name"]
    if name == "ci":
        return exchange.source
    if name == "fp":
        return str(exchange.port)
    raise Unknown(f"%{name} is known only while HAProxy runs")


def is_fixed(template: str) -> bool:
    """Tell whether a text holds nothing that is replaced."""
    return "%" not in template
