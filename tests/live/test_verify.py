"""`raven-realtime verify` over a state that a stand-in for `pulumi` exports; the checks in it are real."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.conftest import HEALTHY, StartNginx, cli

URN = "urn:pulumi:s::p::raven-realtime:index:PostDeployChecks"
CHECK = f"{shlex.quote(sys.executable)} -m raven_realtime.cli check"
SILENCE = "proxy_read_timeout 1s;"
"""Ends a WebSocket long before Socket.IO's first ping."""


def verify(tmp_path: Path, commands: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run it on a stack that has these checks, by name."""
    resources = [
        {
            "urn": f"{URN}$command:local:Command::{name}",
            "type": "command:local:Command",
            "parent": f"{URN}::checks",
            "inputs": {"create": command},
        }
        for name, command in commands.items()
    ]
    (tmp_path / "state.json").write_text(json.dumps({"deployment": {"resources": resources}}))
    return asked(tmp_path, f"exec cat {shlex.quote(str(tmp_path / 'state.json'))}", *options)


def asked(folder: Path, answer: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run it with a `pulumi` that answers with a line of shell."""
    pulumi = folder / "pulumi"
    pulumi.write_text(f"#!/bin/sh\n{answer}\n")
    pulumi.chmod(0o755)
    return cli("verify", *options, environment={"PATH": os.pathsep.join([str(folder), os.environ["PATH"]])})


DEPLOY = "Deploy it with: pulumi up --stack s (with this repository's make: make up STACK=s)"
NOT_DEPLOYED = {
    "no such stack": (
        "echo \"error: no stack named 's' found\" >&2; exit 255",
        f"There is no stack s here, so nothing is deployed. {DEPLOY}",
    ),
    "an empty one": ("echo '{}'", f"Stack s has no checks: it is not deployed. {DEPLOY}"),
    "no backend": (
        "echo 'error: no such host' >&2; exit 255",
        "The state of stack s cannot be read: error: no such host",
    ),
}


@pytest.mark.parametrize("case", NOT_DEPLOYED)
def test_what_is_not_deployed_is_said_to_be_so(tmp_path: Path, case: str) -> None:
    answer, said = NOT_DEPLOYED[case]
    ran = asked(tmp_path, answer, "--stack", "s")
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", f"{said}\n")


def test_after_a_failed_check_the_rest_are_skipped(tmp_path: Path) -> None:
    ran = verify(tmp_path, {"first": "echo one", "second": "echo two; exit 3", "third": "echo three", "last": "exit 0"})
    assert ran.returncode == 1
    assert ran.stdout.splitlines() == [
        "one",
        "two",
        "- third  skipped: second failed",
        "- last  skipped: second failed",
    ]


@pytest.mark.parametrize(("options", "code"), [((), 0), (("--hold",), 1)], ids=["as deployed", "--hold"])
def test_hold_keeps_the_socket_until_it_is_pinged(
    nginx: StartNginx, tmp_path: Path, options: tuple[str, ...], code: int
) -> None:
    ran = verify(tmp_path, {"upgrade": f"{CHECK} upgrade {nginx(HEALTHY + SILENCE).origin} --stay 0.3"}, *options)
    assert ran.returncode == code, ran
    assert ("RT023" in ran.stderr) == bool(code)
