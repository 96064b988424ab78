"""``raven-realtime check HOP``: one hop, asked once, with an exit code for scripts and post-deploy commands."""
# ruff: noqa: PLR0917 (a typer command takes its options as arguments)

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from raven_realtime import ssh
from raven_realtime.live import remedy
from raven_realtime.live.answer import Answer
from raven_realtime.live.checks import connect, engine, event, handshake, room, session, upgrade
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.report import ResultReport, line, verdict
from raven_realtime.live.result import Outcome, Result
from raven_realtime.live.target import Credentials, Place, Target
from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.problem import Problem

EXIT = {Outcome.PASS: 0, Outcome.WARN: 0, Outcome.FAIL: 1, Outcome.SKIPPED: 3, Outcome.NOT_CHECKED: 3}
CURL_LIMIT = 1_048_576
"""Bytes of curl's output that are read."""

app = typer.Typer(
    name="check",
    no_args_is_help=True,
    help="Ask one hop of the path. Exit code: 0 passed, 1 failed, 2 bad input, 3 not checked.",
)


class Output(StrEnum):
    """How the result is printed."""

    TEXT = "text"
    JSON = "json"


Url = Annotated[
    str, typer.Argument(help=f"The address to ask: https://chat.example.com, or http://127.0.0.1:{SOCKETIO_PORT}.")
]
At = Annotated[Place, typer.Option("--at", help="Where on the path this is.")]
Site = Annotated[str, typer.Option("--site", help="The Frappe site; the URL's host if left out.")]
Ca = Annotated[Path | None, typer.Option("--ca", help="A CA certificate to trust besides the system's (PEM).")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Take any certificate.")]
Resolve = Annotated[
    str, typer.Option("--resolve", help="Connect to this address instead of what the name resolves to.")
]
Page = Annotated[str, typer.Option("--page", help="The page's URL, where Socket.IO is asked on another one.")]
CredentialsFile = Annotated[
    Path | None,
    typer.Option(
        "--credentials", help="A file with RAVEN_REALTIME_SID=… or RAVEN_REALTIME_API_KEY=… and _API_SECRET=…"
    ),
]
Ask = Annotated[bool, typer.Option("--ask", help="Ask for the sid cookie or the API key here, without showing it.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, max=600, help="Seconds that the check may take.")]
Format = Annotated[Output, typer.Option("-o", "--output", help="How the result is printed.")]
UncheckedOk = Annotated[bool, typer.Option("--unchecked-ok", help="Exit 0 where the check could not be made.")]


def given(file: Path | None, ask: bool) -> Credentials | None:
    """Return the credentials of a prompt, a file or the environment.

    Raises:
        Problem: as `Credentials.read`; or two sources are named, no terminal is there to ask at, or nothing is typed.
    """
    if not ask:
        return Credentials.read(file=file)
    if file is not None:
        raise Problem("--ask and --credentials both bring credentials. Leave one of them out.")
    if not sys.stdin.isatty():
        raise Problem(
            "--ask needs a terminal to ask at, and standard input is none. Set RAVEN_REALTIME_SID, or "
            "RAVEN_REALTIME_API_KEY and RAVEN_REALTIME_API_SECRET, or give --credentials FILE."
        )
    if sid := _typed("sid cookie (Enter: an API key)"):
        return Credentials(sid)
    key, secret = _typed("API key"), _typed("API secret")
    if not key or not secret:
        raise Problem("--ask got no credentials. Type a sid cookie, or an API key and its secret.")
    return Credentials(api_key=key, api_secret=secret)


def _typed(what: str) -> str:
    # On stderr, so that stdout stays the report alone.
    return str(typer.prompt(what, default="", show_default=False, hide_input=True, err=True)).strip()


def finish(result: Result, output: Output, target: Target | None, at: Place, *, unchecked_ok: bool = False) -> None:
    """Print a result and leave with its exit code: the line (or JSON) on stdout, the verdict on stderr.

    Where the public address was asked, remedies name its host.
    """
    if target is not None and at is Place.PUBLIC and not target.addressed:
        result = remedy.for_target(result, target)
    typer.echo(line(result) if output is Output.TEXT else ResultReport.of(result).model_dump_json(indent=2))
    if output is Output.TEXT:
        for finding in result.findings:
            typer.echo(verdict(finding, result.hop), err=True)
    code = EXIT[result.outcome]
    raise typer.Exit(0 if unchecked_ok and code == 3 else code)


def ask(question: Callable[[], Awaitable[Result]]) -> Result:
    """Run one question to its end."""

    async def run() -> Result:
        return await question()

    return asyncio.run(run())


@app.command("handshake")
def handshake_command(
    url: Annotated[str, typer.Argument(help="The address to ask; left out where --answer brings the answer.")] = "",
    answer: Annotated[
        str, typer.Option("--answer", help="Judge what `curl -sS -i` printed: `-` for standard input, or a file.")
    ] = "",
    at: At = Place.PUBLIC,
    like: Annotated[
        str, typer.Option("--like", help="Compare the Engine.IO parameters with a handshake taken at this address.")
    ] = "",
    ca: Ca = None,
    insecure: Insecure = False,
    resolve: Resolve = "",
    page: Page = "",
    timeout: Timeout = 10.0,
    output: Format = Output.TEXT,
) -> None:
    """Take or judge an Engine.IO handshake, as `curl "URL/socket.io/?EIO=4&transport=polling" -i` does."""
    if not url and not answer:
        raise Problem("Give a URL to ask, or --answer - with curl's output on standard input.")
    target = Target.parse(url, ca=ca, insecure=insecure, resolve=resolve, page=page, timeout=timeout) if url else None
    other = Target.parse(like, timeout=timeout) if like else None
    if answer:
        result = handshake.judge(Answer.from_curl(_printed(answer)), at, target)
    elif target is not None:
        result = ask(lambda: handshake.check(target, at))
    if other is not None and result.ok:
        compared = ask(lambda: engine.check(other, result, other))
        result = result if compared.ok else compared
    finish(result, output, target, at)


def _printed(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read(CURL_LIMIT)
    try:
        with Path(source).open("rb") as file:
            return file.read(CURL_LIMIT)
    except OSError as error:
        raise Problem(f"--answer {source} cannot be read: {error.strerror}. Give `-` for standard input.") from None


@app.command("session")
def session_command(
    url: Url,
    at: At = Place.PUBLIC,
    rounds: Annotated[int, typer.Option("--rounds", min=1, max=50, help="How many sessions to open.")] = session.ROUNDS,
    ca: Ca = None,
    insecure: Insecure = False,
    resolve: Resolve = "",
    timeout: Timeout = 10.0,
    output: Format = Output.TEXT,
) -> None:
    """Open polling sessions and see that each keeps its sid."""
    target = Target.parse(url, ca=ca, insecure=insecure, resolve=resolve, timeout=timeout)
    finish(ask(lambda: session.check(target, at, rounds)), output, target, at)


@app.command("upgrade")
def upgrade_command(
    url: Url,
    stay: Annotated[float, typer.Option("--stay", min=0, max=600, help="Seconds it has to stay open.")] = 5.0,
    hold: Annotated[
        bool, typer.Option("--hold", envvar=upgrade.HOLD, help="Keep it open through three of the server's pings.")
    ] = False,
    at: At = Place.PUBLIC,
    ca: Ca = None,
    insecure: Insecure = False,
    resolve: Resolve = "",
    timeout: Timeout = 10.0,
    output: Format = Output.TEXT,
) -> None:
    """Upgrade a polling session to a WebSocket and keep it open."""
    target = Target.parse(url, ca=ca, insecure=insecure, resolve=resolve, timeout=timeout)
    finish(ask(lambda: upgrade.check(target, stay, hold=hold, place=at)), output, target, at)


@app.command("connect")
def connect_command(
    url: Url,
    site: Site = "",
    at: At = Place.PUBLIC,
    ca: Ca = None,
    insecure: Insecure = False,
    resolve: Resolve = "",
    page: Page = "",
    credentials: CredentialsFile = None,
    timeout: Timeout = 10.0,
    output: Format = Output.TEXT,
) -> None:
    """CONNECT on the site's namespace as a browser does; without credentials unless a file is given."""
    target = Target.parse(
        url,
        site=site,
        ca=ca,
        insecure=insecure,
        resolve=resolve,
        page=page,
        credentials=Credentials.read(file=credentials) if credentials else None,
        timeout=timeout,
    )
    finish(ask(lambda: connect.check(target, at)), output, target, at)


@app.command("room")
def room_command(
    url: Url,
    channel: Annotated[str, typer.Option("--channel", help="A Raven channel that the user may read.")] = "",
    site: Site = "",
    at: At = Place.PUBLIC,
    ca: Ca = None,
    insecure: Insecure = False,
    resolve: Resolve = "",
    page: Page = "",
    credentials: CredentialsFile = None,
    timeout: Timeout = 10.0,
    output: Format = Output.TEXT,
    unchecked_ok: UncheckedOk = False,
) -> None:
    """Ask for a channel's room as Raven does, with the credentials of the environment or a file."""
    target = Target.parse(
        url,
        site=site,
        ca=ca,
        insecure=insecure,
        resolve=resolve,
        page=page,
        credentials=Credentials.read(file=credentials),
        timeout=timeout,
    )
    finish(ask(lambda: room.check(target, channel, at)), output, target, at, unchecked_ok=unchecked_ok)


@app.command("event")
def event_command(
    url: Url,
    site: Site = "",
    bench: Annotated[Path | None, typer.Option("--bench", help="The bench's folder, to publish from.")] = None,
    bench_command: Annotated[
        str, typer.Option("--bench-command", help="How bench is called, with what has to stand before it.")
    ] = "bench",
    ssh_to: Annotated[
        str, typer.Option("--ssh", metavar="ADDRESS", help="The server of the bench: ssh://user@server.")
    ] = "",
    ssh_key: Annotated[Path | None, typer.Option("--ssh-key", help="Private key for that server.")] = None,
    ssh_host_key: Annotated[
        str, typer.Option("--ssh-host-key", help="The server's public key, to be sure of it.")
    ] = "",
    ssh_option: Annotated[
        list[str] | None, typer.Option("--ssh-option", help="A further option of ssh; may be repeated.")
    ] = None,
    channel: Annotated[
        str,
        typer.Option("--channel", help="A Raven channel; without it, an event that no page shows goes to the user."),
    ] = "",
    at: At = Place.PUBLIC,
    ca: Ca = None,
    insecure: Insecure = False,
    resolve: Resolve = "",
    page: Page = "",
    credentials: CredentialsFile = None,
    timeout: Timeout = 10.0,
    output: Format = Output.TEXT,
    unchecked_ok: UncheckedOk = False,
) -> None:
    """Publish an event with bench and receive it through the URL.

    Credentials come from RAVEN_REALTIME_SID, or RAVEN_REALTIME_API_KEY and RAVEN_REALTIME_API_SECRET, or a file.
    """
    target = Target.parse(
        url,
        site=site,
        ca=ca,
        insecure=insecure,
        resolve=resolve,
        page=page,
        credentials=Credentials.read(file=credentials),
        timeout=timeout,
    )
    login = ssh.login(ssh_to, ssh_key, ssh_host_key, ssh_option or ())
    with ssh.options_for(ssh_to, login.key, login.host_key, login.options) as options:
        server = tuple(ssh.words(ssh_to, options)) if ssh_to else ()
        publisher = Publisher(bench, site or target.host, bench_command, server) if bench else None
        result = ask(lambda: event.check(target, publisher, channel, at))
    finish(result, output, target, at, unchecked_ok=unchecked_ok)
