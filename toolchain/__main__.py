"""``python3 -m toolchain``: everything the project needs on this machine, and the environment to use it in."""

from __future__ import annotations

import argparse
import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable
from toolchain import debian, engine, environment, image, newest, nginx, node, peers, shell, stack_config
from toolchain.golang import ACTIONLINT, TRAEFIK
from toolchain.places import BUILDS, CACHE, VENV

USES = ("up", "preview", "unit", "check", "test", "prod", "traefik")
BUILT = {"traefik": (TRAEFIK, "traefik"), "actionlint": (ACTIONLINT, "test")}
"""The programs beside the engine that are built here, and the use that brings each."""


def ensure(uses: list[str]) -> None:
    """Bring everything that the uses need; what is there already is left alone.

    ``up`` is the sandbox, ``preview`` what a preview alone needs (no package of Debian's, so no root), ``unit`` what
    the tests of pure knowledge need, ``check`` what lint and types need (both are Python alone), ``test`` adds what the
    tests need, ``prod`` what stands in for a production server, ``traefik`` is Traefik alone.
    """
    with _alone():
        running = {"up", "test", "prod"} & set(uses)
        if running:
            debian.ensure(uses)
            node.ensure()
        if running or "preview" in uses:
            environment.ensure("dev" if "test" in uses else "pulumi")
            engine.ensure()
        if "unit" in uses:
            environment.ensure("unit")
        if "check" in uses:
            environment.ensure("dev")
        if {"prod", "traefik"} & set(uses):
            TRAEFIK.ensure()
        if "prod" in uses:
            image.ensure_nginx_image_tar()
        if "test" in uses:
            ACTIONLINT.ensure()
            peers.ensure()
            nginx.ensure()
            newest.ensure()


def path_of(program: str) -> Path:
    """Return where a program of the toolchain lies.

    Raises:
        Problem: it is not there yet.
    """
    if program in BUILT:
        built, use = BUILT[program]
        if not built.binary.is_file():
            raise Problem(
                f"{program.capitalize()} is not built yet. Run `python3 -m toolchain ensure --for {use}` first."
            )
        return built.binary
    if program == "pulumi":
        return engine.require().binary
    return VENV / "bin" / program


def clean() -> None:
    """Remove what can be made again: builds, Pulumi's home, the virtual environment, the demo's Node packages."""
    for folder in (CACHE, VENV, node.FOLDER / "node_modules"):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time change what is installed."""
    BUILDS.mkdir(parents=True, exist_ok=True)
    with (BUILDS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(words: list[str] | None = None) -> int:
    """Run a subcommand; return the exit code: 0, or 2 for what the user can mend."""
    parser = argparse.ArgumentParser(prog="python3 -m toolchain", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    ensuring = commands.add_parser("ensure", help="bring everything a use needs, once")
    ensuring.add_argument(
        "--for", dest="uses", nargs="+", choices=USES, default=["up"], metavar="USE", help=", ".join(USES)
    )
    commands.add_parser("env", help='print export lines: eval "$(python3 -m toolchain env)"')
    finding = commands.add_parser("path", help="print where a program lies")
    finding.add_argument("program", choices=("pulumi", "traefik", "actionlint", "python", "raven-realtime"))
    for name, what in (("stack", "make a stack, print its --config-file"), ("forget-stack", "remove an empty stack")):
        commands.add_parser(name, help=what).add_argument("stack")
    commands.add_parser("clean", help="remove what can be made again; the stacks' state stays")
    given = parser.parse_args(words)
    try:
        if given.command == "ensure":
            ensure(given.uses)
        elif given.command == "env":
            print(shell.exports(shell.variables(engine.require())), end="")
        elif given.command == "path":
            print(path_of(given.program))
        elif given.command == "stack":
            print(stack_config.prepare(given.stack))
        elif given.command == "forget-stack":
            stack_config.remove(given.stack)
        else:
            clean()
    except subprocess.CalledProcessError as error:
        return error.returncode
    except (Problem, Unreadable) as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
