"""The demo's ``bench``: as much of the real command as this project and its documentation use."""

from __future__ import annotations

import ast
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from demo.bench_folder import Bench, find_bench, read_json_object, write_json
from demo.publishing import Transaction
from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable

PUBLISH = ("frappe.publish_realtime", "frappe.realtime.publish_realtime")
FALSE_AND_TRUE: dict[str, object] = {"0": 0, "1": 1, "false": False, "true": True}


def _version() -> str:
    try:
        return version("raven-realtime")
    except PackageNotFoundError:
        return "not installed"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--site", help="The site to work on, or `all`.")
@click.version_option(_version(), message="%(version)s (the demo bench of Raven Realtime)")
@click.pass_context
def bench(context: click.Context, site: str | None) -> None:
    """Do on the demo bench what `bench` does on a real one."""
    context.obj = site


@bench.command()
@click.argument("method")
@click.option("--args", "args_text", help="Positional arguments, as a Python literal.")
@click.option("--kwargs", "kwargs_text", help="Named arguments, as a Python dict literal.")
@click.pass_obj
def execute(site: str | None, method: str, args_text: str | None, kwargs_text: str | None) -> None:
    """Call METHOD and commit, as `bench execute` does; the demo knows frappe.publish_realtime."""
    here = _bench()
    args, kwargs = _literal("--args", args_text, (list, tuple), ()), _literal("--kwargs", kwargs_text, (dict,), {})
    if method not in PUBLISH:
        raise Problem(f"The demo bench has no method {method!r}. It can execute {' and '.join(PUBLISH)}.")
    for name in _sites(here, site):
        transaction = Transaction(name, here.redis_url, here.generation.namespaces)
        try:
            transaction.publish_realtime(*args, **kwargs)
        except TypeError as error:
            raise Problem(f"TypeError: {error}".replace("Transaction.", "")) from None
        transaction.commit()


@bench.command("set-config")
@click.argument("key")
@click.argument("value")
@click.option("-g", "--global", "everywhere", is_flag=True, help="In sites/common_site_config.json.")
@click.option("-p", "--parse", is_flag=True, help="Evaluate VALUE as a Python literal.")
@click.pass_obj
def set_config(site: str | None, key: str, value: str, everywhere: bool, parse: bool) -> None:
    """Set KEY to VALUE in the site's configuration; the value None removes the key."""
    here = _bench()
    # As in Frappe, a number stays text unless --parse is given; 0, 1, true and false are understood without it.
    parsed = _literal("VALUE", value, (object,), None) if parse else FALSE_AND_TRUE.get(value, value)
    files = (
        [here.config_file]
        if everywhere
        else [here.path / "sites" / name / "site_config.json" for name in _sites(here, site)]
    )
    for file in files:
        config = read_json_object(file)
        config[key] = parsed
        if parsed in (None, "None"):
            del config[key]
        write_json(file, config)


def _bench() -> Bench:
    here = find_bench(Path.cwd())
    if here is None:
        raise Problem(
            f"{Path.cwd()} is not inside a bench: no folder from here up has apps/ and sites/. Change to the bench."
        )
    return here


def _sites(here: Bench, site: str | None) -> list[str]:
    named = site or here.config.get("default_site")
    if not named:
        raise Problem("Please specify --site sitename")
    if named == "all":
        return here.sites
    if named not in here.sites:
        raise Problem(f"404 Not Found: {named} does not exist. This bench has: {', '.join(here.sites)}.")
    return [str(named)]


def _literal(option: str, text: str | None, accepted: tuple[type, ...], missing: Any) -> Any:
    if text is None:
        return missing
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise Problem(f"{option} is no Python literal: {text!r}. Quote text, and write True, False and None.") from None
    if not isinstance(value, accepted):
        names = " or ".join(kind.__name__ for kind in accepted)
        raise Problem(f"{option} must be a {names}, found {type(value).__name__}: {text!r}.")
    return value


def main() -> None:
    """Run the command; a user's mistake is one line on stderr and exit code 1, as with the real bench."""
    try:
        bench(prog_name="bench")
    except (Problem, Unreadable) as problem:
        click.echo(f"bench: {problem}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
