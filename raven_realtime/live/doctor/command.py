# ruff: noqa: PLR0917 (a typer command takes its options as arguments)
"""``raven-realtime doctor URL``: which hop is broken, why, and what to do."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.text import Text

from raven_realtime.live import Outcome, Result, checks
from raven_realtime.live.command import Ask, Ca, CredentialsFile, Insecure, Page, Resolve, Site, given
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.document import Document
from raven_realtime.live.doctor.journey import Question, diagnose
from raven_realtime.live.doctor.text import closing, row
from raven_realtime.live.inside import Inside
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Target
from raven_realtime.live.walk import Step
from raven_realtime.machine import CannotLook, Machine
from raven_realtime.problem import Problem

STYLES = {
    Outcome.PASS: "green",
    Outcome.WARN: "yellow",
    Outcome.FAIL: "bold red",
    Outcome.SKIPPED: "dim",
    Outcome.NOT_CHECKED: "dim",
}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|)")
LONGEST_SECONDS = 3600.0


class Output(StrEnum):
    """How the diagnosis is printed."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


def seconds(text: str) -> float:
    """Read a duration such as ``90s``, ``2m`` or ``90``.

    Raises:
        Problem: it is none, or longer than an hour.
    """
    match = DURATION.fullmatch(text.strip())
    value = float(match[1]) * {"ms": 0.001, "m": 60}.get(match[2], 1) if match else -1
    if not 0 <= value <= LONGEST_SECONDS:
        raise Problem(f"{text!r} is not a duration. Accepted: seconds up to an hour, such as 90s, 2m or 90.")
    return value


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("doctor")(doctor_command)


def doctor_command(
    url: Annotated[str, typer.Argument(help="The public URL, as users type it: https://chat.example.com")],
    site: Site = "",
    output: Annotated[Output, typer.Option("-o", "--output", help="How the diagnosis is printed.")] = Output.TEXT,
    hold: Annotated[str, typer.Option("--hold", help="Hold a WebSocket this long: 90s are three pings.")] = "0s",
    watch: Annotated[bool, typer.Option("--watch", help="Keep looking, and say what changes, until Ctrl-C.")] = False,
    every: Annotated[str, typer.Option("--every", help="How long --watch and --wait pause between walks.")] = "5s",
    wait: Annotated[str, typer.Option("--wait", help="Walk again until healthy, for at most this long.")] = "0s",
    like: Annotated[str, typer.Option("--like", help="A place whose Engine.IO parameters have to be the same.")] = "",
    channel: Annotated[str, typer.Option("--channel", help="A Raven channel that the credentials may read.")] = "",
    bench: Annotated[
        Path | None, typer.Option("--bench", help="The bench's folder, to publish a test event and to look inside.")
    ] = None,
    bench_command: Annotated[str, typer.Option("--bench-command", help="How bench is called.")] = "bench",
    ca: Ca = None,
    insecure: Insecure = False,
    resolve: Resolve = "",
    page_url: Page = "",
    credentials: CredentialsFile = None,
    ask: Ask = False,
    timeout: Annotated[float, typer.Option("--timeout", min=0.5, max=120, help="Seconds a check may take.")] = 4.0,
    look_inside: Annotated[
        bool, typer.Option("--inside", help="Look at this machine too; implied by the options that follow.")
    ] = False,
    ssh: Annotated[str, typer.Option("--ssh", help="Look at the server user@host, over SSH with its keys.")] = "",
    docker: Annotated[
        str | None, typer.Option("--docker", help="Look at a Docker host: as docker -H takes it, or `local`.")
    ] = None,
    traefik_api: Annotated[
        str, typer.Option("--traefik-api", help="Ask Traefik's API, such as http://127.0.0.1:8080.")
    ] = "",
    nginx: Annotated[
        Path | None, typer.Option("--nginx", help="The configuration of the nginx before Socket.IO, on the server.")
    ] = None,
    redis: Annotated[
        str, typer.Option("--redis", help="The redis that Frappe publishes to; the bench's by default.")
    ] = "",
) -> None:
    """Walk the realtime path as a browser does and name the one hop at fault, the evidence and the remedy.

    Exit code: 0 no fault found (what was not checked is listed), 1 a fault, 2 bad input.

    A session or API key is read from RAVEN_REALTIME_SID, or RAVEN_REALTIME_API_KEY and RAVEN_REALTIME_API_SECRET, or
    from a file (--credentials), or asked for (--ask); it appears in no output.
    """
    target = Target.parse(
        url,
        site=site,
        ca=ca,
        insecure=insecure,
        resolve=resolve,
        page=page_url,
        credentials=given(credentials, ask),
        timeout=timeout,
    )
    if "://" not in url and output is Output.TEXT:
        typer.echo(f"Asking {target.origin}: the URL names no scheme.", err=True)
    with Machine.at(ssh).logged_in() as machine:
        if nginx is not None:
            _there(machine, nginx)
        named = Inside(machine, bench, nginx, "" if docker == "local" else docker, traefik_api, redis)
        question = Question(
            target,
            like=Target.parse(like, timeout=timeout) if like else None,
            hold_seconds=seconds(hold),
            publisher=Publisher(bench, site or target.host, bench_command, machine.prefix) if bench else None,
            channel=channel,
            inside=_inside(named, look_inside),
        )
        pause = seconds(every)
        if watch:
            raise typer.Exit(_watch(question, output, pause))
        diagnosis = _wait(question, output, pause, seconds(wait))
        raise typer.Exit(0 if diagnosis.healthy else 1)


def _there(machine: Machine, nginx: Path) -> None:
    """Refuse a configuration that is not on the machine: a name mistyped would otherwise be a check left out.

    Raises:
        Problem: there is no such file.
    """
    try:
        present = bool(machine.run("find", str(nginx), "-maxdepth", "0")) if machine.ssh else nginx.is_file()
    except CannotLook as reason:
        present = "No such file" not in str(reason)
    if not present:
        where = f" on {machine.ssh}" if machine.ssh else ""
        raise Problem(
            f"--nginx {nginx} is not a file{where}. Give the configuration that nginx runs with: `nginx -t` names it."
        )


def _inside(named: Inside, wanted: bool) -> Inside | None:
    """Return what to look at on the server; None where nothing was named.

    Raises:
        Problem: a URL carries a password.
    """
    for option, url in (("--redis", named.redis), ("--traefik-api", named.traefik_api)):
        if "@" in url:
            raise Problem(
                f"{option} carries a user name or password, which everybody on this machine could read. Set "
                f"RAVEN_REALTIME_{option[2:].upper().replace('-', '_')} in the environment instead."
            )
    informed = replace(
        named,
        redis=named.redis or os.environ.get("RAVEN_REALTIME_REDIS", ""),
        traefik_api=named.traefik_api or os.environ.get("RAVEN_REALTIME_TRAEFIK_API", ""),
    )
    informed = replace(informed, traefik_api=_http(informed.traefik_api))
    if not wanted and informed == Inside():
        return None
    if informed.docker is None and (informed.machine.ssh or (wanted and shutil.which("docker"))):
        return replace(informed, docker="")
    return informed


def _http(api: str) -> str:
    """Return the URL of Traefik's API; an address and port alone are taken for http.

    Raises:
        Problem: it is none.
    """
    if not api:
        return ""
    url = api if "://" in api else f"http://{api}"
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        known = False
    if not known:
        shown = api.rpartition("@")[2][:100]
        raise Problem(f"{shown!r} is not the URL of Traefik's API. Example: --traefik-api http://127.0.0.1:8080")
    return url


class Voice:
    """Says results as they come, live on a terminal and as plain lines elsewhere; JSON and HTML only at the end."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.console = Console(highlight=False, soft_wrap=True)
        # What is asked right now stands on stderr, so that stdout can go into a file while a person looks on.
        self.status = Console(stderr=True).status("") if sys.stderr.isatty() else None

    def begin(self, step: Step) -> None:
        """Say what is asked now."""
        if self.status is not None:
            self.status.update(f"{checks()[step.hop].title} …")
            self.status.start()

    def result(self, result: Result) -> None:
        """Say one result."""
        self.quiet()
        if self.output is Output.TEXT:
            self.console.print(Text(row(result, self.width), style=STYLES[result.outcome]))

    @property
    def width(self) -> int | None:
        """The columns to fold lines at: a terminal's. In a file or a pipe a line stays one."""
        return self.console.width if self.console.is_terminal else None

    def quiet(self) -> None:
        """Take the live line away."""
        if self.status is not None:
            self.status.stop()

    def close(self, diagnosis: Diagnosis) -> None:
        """Say what it adds up to."""
        self.quiet()
        if self.output is Output.TEXT:
            style = "bold" if diagnosis.healthy else "bold red"
            head, _, rest = closing(diagnosis, self.width).partition("\n")
            self.console.print()
            self.console.print(Text(head, style=style))
            if rest:
                self.console.print(Text(rest))
        elif self.output is Output.JSON:
            typer.echo(Document.of(diagnosis).model_dump_json(indent=2))
        else:
            from raven_realtime.live.doctor.page import page  # noqa: PLC0415 (slow to load, and rarely asked for)

            typer.echo(page(diagnosis))


def _walk(question: Question, voice: Voice, report: Callable[[Result], None]) -> Diagnosis:
    try:
        return asyncio.run(diagnose(question, report, voice.begin))
    finally:
        voice.quiet()


def _wait(question: Question, output: Output, pause: float, patience: float) -> Diagnosis:
    """Walk until healthy or out of patience; only the last walk is said, unless it is the only one."""
    voice = Voice(output)
    until = time.monotonic() + patience
    while True:
        diagnosis = _walk(question, voice, voice.result if patience == 0 else lambda _: None)
        if diagnosis.healthy or time.monotonic() + pause > until:
            break
        time.sleep(pause)
    if patience:
        for result in diagnosis.results:
            voice.result(result)
    voice.close(diagnosis)
    return diagnosis


def _watch(question: Question, output: Output, pause: float) -> int:
    """Walk again and again; text says only what changed, JSON is one document a line."""
    if output is Output.HTML:
        raise Problem("--watch prints text or JSON lines, not HTML. Leave out -o html, or leave out --watch.")
    voice = Voice(output)
    last: Diagnosis | None = None
    try:
        while True:
            before, last = last, _walk(question, voice, lambda _: None)
            if output is Output.JSON:
                typer.echo(Document.of(last).model_dump_json())
            else:
                _changes({} if before is None else _state(before), last, voice)
            time.sleep(pause)
    except KeyboardInterrupt:
        return 0 if last is None or last.healthy else 1


def _changes(before: dict[str, tuple[str, ...]], diagnosis: Diagnosis, voice: Voice) -> None:
    """Say which checks came out otherwise than before, and the sentence if any did."""
    at = time.strftime("%H:%M:%S", time.localtime(diagnosis.started_at))
    now = _state(diagnosis)
    for result in diagnosis.results:
        if before.get(result.hop) != now[result.hop]:
            voice.console.print(Text(f"{at} {row(result)}", style=STYLES[result.outcome]))
    if before != now:
        voice.console.print(Text(f"{at} {diagnosis.sentence}", style="bold"))


def _state(diagnosis: Diagnosis) -> dict[str, tuple[str, ...]]:
    return {result.hop: (result.outcome, *(found.code for found in result.findings)) for result in diagnosis.results}
