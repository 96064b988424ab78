"""`raven-realtime verify` on the deployed prod stack: every check again, and nothing changed by it."""

from __future__ import annotations

from tests.stacks.prod.production import Production

PASSED = ["host", "sidecar", "handshake", "handshake", "upgrade", "connect", "event"]
"""What each check's line begins with, from the server outwards."""
SKIPPED = ["inward-sidecar", *(f"check-{name}" for name in ("public", "certificate", "upgrade", "connect", "event"))]


def lines(prod: Production, *, expect: int = 0) -> list[str]:
    return prod.verify(expect=expect).stdout.splitlines()


def test_every_check_passes_and_the_one_at_fault_is_named(prod: Production) -> None:
    before = prod.stack.pulumi("stack", "export", "--stack", prod.stack.name).stdout
    passed = lines(prod)
    assert [line.split()[:2] for line in passed] == [["✓", name] for name in PASSED]
    prod.server.stop("socketio")
    try:
        ran = prod.verify(expect=1)
    finally:
        prod.server.start("socketio")
    assert "✗ host  RT002" in ran.text
    skipped = [f"- frappe-socketio-{name}  skipped: frappe-socketio-inward-host failed" for name in SKIPPED]
    assert ran.stdout.splitlines()[-len(skipped) :] == skipped
    assert len(lines(prod)) == len(PASSED)
    assert prod.stack.pulumi("stack", "export", "--stack", prod.stack.name).stdout == before
