# ruff: noqa: PLR0917 (a typer command takes its options as arguments)
"""``raven-realtime exporter [URL]``: walk a path at its own pace, and others as Prometheus asks for them."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from prometheus_client import CollectorRegistry

from raven_realtime.live.command import Ask, Ca, CredentialsFile, Insecure, Resolve, Site, given
from raven_realtime.live.doctor.command import seconds
from raven_realtime.live.doctor.journey import Question, diagnose
from raven_realtime.live.exporter.metrics import Metrics
from raven_realtime.live.exporter.probe import Prober
from raven_realtime.live.exporter.serving import serve
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Target
from raven_realtime.problem import Problem

SHORTEST_SECONDS = 10.0
"""A walk opens about a dozen connections; more often than this it would be load and not a look."""


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("exporter")(exporter_command)


def exporter_command(
    url: Annotated[
        str, typer.Argument(help="The public URL, as users type it: https://chat.example.com; none for /probe alone.")
    ] = "",
    listen: Annotated[str, typer.Option("--listen", help="Address and port of /metrics.")] = "127.0.0.1:9469",
    every: Annotated[str, typer.Option("--every", help="How often the path is walked: 10s to an hour.")] = "30s",
    site: Site = "",
    channel: Annotated[str, typer.Option("--channel", help="A Raven channel that the credentials may read.")] = "",
    bench: Annotated[Path | None, typer.Option("--bench", help="The bench's folder, to publish test events.")] = None,
    bench_command: Annotated[str, typer.Option("--bench-command", help="How bench is called.")] = "bench",
    ca: Ca = None,
    insecure: Insecure = False,
    resolve: Resolve = "",
    credentials: CredentialsFile = None,
    ask: Ask = False,
    timeout: Annotated[float, typer.Option("--timeout", min=0.5, max=120, help="Seconds a check may take.")] = 4.0,
) -> None:
    """Serve Prometheus metrics of the path: up per hop, seconds of handshake, upgrade and event, the verdict's code.

    It walks at its own pace, not at every scrape. Credentials are read as by `doctor`, and appear in no metric.
    /probe?target=URL walks another path, once for each scrape and without credentials.
    """
    reach = partial(Target.parse, ca=ca, insecure=insecure, timeout=timeout)
    prober = Prober(reach, SHORTEST_SECONDS)
    if not url:
        served = serve(CollectorRegistry(), prober, listen)
        typer.echo(f"http://{listen}/probe?target=https://chat.example.com", err=True)
        served.join()
        return
    target = reach(url, site=site, resolve=resolve, credentials=given(credentials, ask))
    publisher = Publisher(bench, site or target.host, bench_command) if bench else None
    pause = seconds(every)
    if pause < SHORTEST_SECONDS:
        raise Problem(f"--every {every} is too often. Accepted: {SHORTEST_SECONDS:.0f}s to an hour, such as 30s.")
    metrics = Metrics(target.origin, pause)
    serve(metrics.registry, prober, listen)
    question = Question(target, publisher=publisher, channel=channel)
    typer.echo(f"Metrics of {target.origin}: http://{listen}/metrics", err=True)
    while True:
        begun = time.monotonic()
        metrics.take(asyncio.run(diagnose(question)))
        time.sleep(max(1.0, pause - (time.monotonic() - begun)))
