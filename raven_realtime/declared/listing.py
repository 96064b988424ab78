"""``raven-realtime lint --list-rules``: what is judged, and what may be configured about it."""

from __future__ import annotations

import json

import typer

from raven_realtime.declared import rules


def write(*, as_json: bool) -> None:
    """Print every rule by its code: name, level, what has to hold, parameters with their defaults."""
    ordered = sorted(rules().values(), key=lambda rule: rule.entry.code)
    if as_json:
        listed = [
            {
                "code": rule.entry.code,
                "name": rule.name,
                "level": str(rule.entry.level),
                "holds": rule.holds,
                "parameters": {name: each.schema for name, each in rule.parameters.items()},
            }
            for rule in ordered
        ]
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False).encode())
        return
    for rule in ordered:
        typer.echo(f"{rule.entry.code}  {rule.entry.level:<7}  {rule.name}: {rule.holds}")
        for name, each in rule.parameters.items():
            typer.echo(f"                  {name} = {json.dumps(each.default)}  {each.description}")
