"""The same Engine.IO parameters in two places: the public URL leads to the server that answers locally."""

from __future__ import annotations

from raven_realtime.findings import explain
from raven_realtime.hops.result import Check, Result

CHECK = Check(
    name="engine",
    title="Engine.IO parameters",
    proves="pingInterval, pingTimeout, maxPayload and upgrades are the same here as there, so that both answers come "
    "from servers configured alike. It does not prove that they are one process.",
    rank=60,
)
PARAMETERS = ("pingInterval", "pingTimeout", "maxPayload", "upgrades")


def compare(here: Result, there: Result) -> Result:
    """Compare the parameters of two handshakes that passed (their results' facts).

    Args:
        here: the handshake at the place under question, usually public.
        there: the handshake to compare with, usually the origin's.
    """
    different = [
        f"{name} {here.facts.get(name)} here, {there.facts.get(name)} there"
        for name in PARAMETERS
        if here.facts.get(name) != there.facts.get(name)
    ]
    hop = f"{CHECK.name} ({here.hop.partition('(')[2].rstrip(')')})"
    if different:
        evidence = "; ".join(different)
        return Result.of(hop, evidence, explain("RT039").found(evidence))
    return Result.of(hop, ", ".join(f"{name} {_said(here.facts.get(name))}" for name in PARAMETERS))


def _said(value: object) -> str:
    return "/".join(str(part) for part in value) if isinstance(value, list) else str(value)
