"""As a picture: each journey from its public address to where it ends, what is wrong marked where it is."""

from __future__ import annotations

import typer

from raven_realtime.declared.outputs.report import Report
from raven_realtime.declared.routes.drawing import svg
from raven_realtime.declared.routes.roads import followed


def write(report: Report) -> None:
    """Print a report."""
    drawn = svg("Where a handshake goes", followed(report.world), "Nothing here is on the path.", report.findings)
    typer.echo(drawn.encode(), nl=False)
