"""`raven-realtime verify` on the deployed sandbox: every check again, and nothing changed by it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stacks.checkout import Ran
from tests.stacks.deployment import Deployment, within

CHECKS = ("origin", "multiplexer", "public", "upgrade", "connect", "event")


@pytest.fixture(autouse=True)
def unchanged(sandbox: Deployment) -> Iterator[None]:
    def state() -> str:
        return sandbox.stack.pulumi("stack", "export", "--stack", sandbox.stack.name).stdout

    before = state()
    yield
    assert state() == before


def verify(sandbox: Deployment, *options: str, expect: int) -> Ran:
    command = (".venv/bin/raven-realtime", "verify", "--stack", "sandbox", *options)
    return sandbox.copy.run(*command, expect=expect, environment=sandbox.stack.environment)


def outcomes(ran: Ran) -> list[str]:
    """Return each check's line up to what it measured."""
    return [line.partition("  ")[0] for line in ran.stdout.splitlines()]


PASSED = [
    "✓ handshake (origin)",
    "✓ handshake (multiplexer)",
    "✓ handshake (public)",
    "✓ upgrade (public)",
    "✓ connect (public)",
    "✓ event (public)",
]


def test_every_check_passes(sandbox: Deployment) -> None:
    assert outcomes(verify(sandbox, expect=0)) == PASSED


@pytest.mark.full  # three pings take over a minute; tests/live/test_verify.py holds the option itself
def test_through_three_pings(sandbox: Deployment) -> None:
    ran = verify(sandbox, "--hold", expect=0)
    assert outcomes(ran) == PASSED
    assert ", 3 pings" in ran.stdout


def test_with_socketio_stopped_the_origin_is_at_fault_and_the_rest_is_skipped(sandbox: Deployment) -> None:
    sandbox.copy.supervisor.stop_program("demo-socketio")
    try:
        ran = verify(sandbox, expect=1)
    finally:
        sandbox.copy.supervisor.restart("demo-socketio")
    within(5, sandbox.ailments)
    assert ran.stdout.splitlines() == [
        "✗ handshake (origin)  nothing answered",
        *(f"- sandbox-check-{name}  skipped: sandbox-check-origin failed" for name in CHECKS[1:]),
    ]
    assert "RT002" in ran.stderr
    assert outcomes(verify(sandbox, expect=0)) == PASSED
