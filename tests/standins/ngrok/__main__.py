"""The agent's command line, as ``ngrok help`` documents it; what is missing here is refused."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click
from pydantic import ValidationError

from tests.standins.ngrok import configuration, refusals
from tests.standins.ngrok.agent import VERSION, Agent, Log, Surroundings
from tests.standins.ngrok.configuration import DEFAULT_FILE, Chosen, Endpoint, File, Tunnel, Unusable

Files = tuple[str, ...]

config_option = click.option("--config", "files", multiple=True, help="path to the config file")
log_option = click.option("--log", "log", default=None, help="path to log file, 'stdout', 'stderr' or 'false'")
format_option = click.option("--log-format", default=None, type=click.Choice(["logfmt", "json", "term"]))
token_option = click.option("--authtoken", default=None, help="ngrok authtoken to use")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def ngrok() -> None:
    """A stand-in for the ngrok agent, for tests: no account, no network, loopback only."""


@ngrok.command()
def version() -> None:
    """Print the version string."""
    click.echo(f"ngrok version {VERSION} (a stand-in for tests)")


@ngrok.group()
def config() -> None:
    """Work with the configuration file."""


@config.command()
@config_option
def check(files: Files) -> None:
    """Check the configuration file."""
    path, _ = _read(files)
    click.echo(f"Valid configuration file at {path}")


@ngrok.command()
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="start all endpoints in the configuration file")
@click.option("--none", "no_endpoint", is_flag=True, help="start running no endpoints")
@config_option
@log_option
@format_option
@token_option
def start(  # noqa: PLR0917 (click calls it by name)
    names: Files,
    every: bool,
    no_endpoint: bool,
    files: Files,
    log: str | None,
    log_format: str | None,
    authtoken: str | None,
) -> None:
    """Start endpoints by name from the configuration file."""
    _, file = _read(files)
    defined = {each.name: each for each in file.endpoints}
    defined |= {name: tunnel.endpoint(name) for name, tunnel in file.tunnels.items() if name not in defined}
    if not every and not names and not no_endpoint:
        raise Unusable("You must specify at least one endpoint to start, or --all, or --none.")
    unknown = [name for name in names if name not in defined]
    if unknown:
        raise Unusable(
            f"Endpoint {unknown[0]!r} is not defined in the configuration. It defines: {', '.join(defined)}."
        )
    chosen = [] if no_endpoint else list(defined.values()) if every else [defined[name] for name in names]
    _run(file, chosen, log, log_format, authtoken)


@ngrok.command()
@click.argument("address")
@click.option("--url", default=None, help="host endpoint on this URL")
@click.option("--domain", default=None, help="host endpoint on this domain (deprecated: --url)")
@click.option("--host-header", default="", help="set Host header; 'rewrite' uses the upstream's")
@click.option("--name", default="command_line")
@config_option
@log_option
@format_option
@token_option
def http(  # noqa: PLR0917 (click calls it by name)
    address: str,
    url: str | None,
    domain: str | None,
    host_header: str,
    name: str,
    files: Files,
    log: str | None,
    log_format: str | None,
    authtoken: str | None,
) -> None:
    """Start an HTTP endpoint to ADDRESS."""
    file = _read(files)[1] if files or DEFAULT_FILE.expanduser().is_file() else File(version=3)
    try:
        tunnel = Tunnel(addr=address, proto="http", name=name, host_header=host_header)
        endpoint = Endpoint.model_validate({**tunnel.endpoint().model_dump(), "url": url or domain})
    except ValidationError as error:
        raise Unusable(configuration.describe(error)) from None
    _run(file, [endpoint], log, log_format, authtoken)


def _read(files: Files) -> tuple[Path, File]:
    if len(files) > 1:
        raise Unusable("The stand-in reads one --config; the agent merges several.")
    path = Path(files[0]) if files else DEFAULT_FILE.expanduser()
    return path, configuration.read(path)


def _run(file: File, endpoints: list[Endpoint], log: str | None, style: str | None, authtoken: str | None) -> None:
    token = authtoken or os.environ.get("NGROK_AUTHTOKEN") or file.agent.authtoken
    settings = file.agent.model_copy(update={"authtoken": token})
    records = Log(settings.log if log is None else log, style or settings.log_format)
    records.write("warn", "this is a stand-in for the ngrok agent: nothing here leaves the machine")
    try:
        asyncio.run(Agent(Chosen(settings, endpoints), records, Surroundings()).run())
    except refusals.Refusal as refusal:
        records.write("eror", "session closing", obj="tunnels.session", err=refusal.err)
        records.write("crit", "command failed", err=refusal.err)
        _fail(refusal.lines)


def _fail(lines: list[str]) -> None:
    for line in lines:
        click.echo(f"ERROR:  {line}".rstrip(), err=True)
    sys.exit(1)


def main() -> None:
    """Run a command; every error is on stderr after ``ERROR:``, with exit code 1."""
    try:
        ngrok(prog_name="ngrok")
    except Unusable as error:
        _fail(str(error).splitlines())


if __name__ == "__main__":
    main()
