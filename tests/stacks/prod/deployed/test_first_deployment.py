"""The first `pulumi up --stack prod`: the guidelines' labels, every check, and a chat that works."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from raven_realtime.sidecar import labels, sizes
from tests.engine import Run
from tests.stacks.prod.production import (
    ANSWERS_WITHIN,
    CAPACITY,
    HOST,
    SEED_LABELS,
    SITE,
    Production,
    handshake,
    within,
)

SCREENSHOTS = Path(__file__).parents[4] / "docs" / "screenshots"
WITHIN = 2000
"""Milliseconds within which a published message is on the page."""


def test_the_container_has_the_seeds_labels_and_few_others(prod: Production) -> None:
    found = prod.inspect(".Config.Labels")
    assert {name: found.pop(name) for name in SEED_LABELS} == SEED_LABELS
    assert found.pop(labels.STACK) == prod.label
    assert set(found) == {
        "traefik.http.routers.frappe-socketio.middlewares",
        "traefik.http.middlewares.frappe-socketio-retry.retry.attempts",
        "traefik.http.middlewares.frappe-socketio-retry.retry.initialinterval",
        labels.ROUTING,
        labels.GENERATION,
    }


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        pytest.param(".Config.User", "101:101", id="unprivileged user"),
        pytest.param(".HostConfig.ReadonlyRootfs", True, id="read-only root"),
        pytest.param(".HostConfig.CapDrop", ["ALL"], id="no capability"),
        pytest.param(".HostConfig.CapAdd", None, id="none added"),
        pytest.param(".HostConfig.SecurityOpt", ["no-new-privileges:true"], id="no new privileges"),
        pytest.param(".HostConfig.Privileged", False, id="not privileged"),
        pytest.param(".HostConfig.PidsLimit", sizes.PIDS, id="pids limit"),
        pytest.param(".HostConfig.RestartPolicy.Name", "unless-stopped", id="restarted"),
        pytest.param(".HostConfig.LogConfig.Config", {"max-file": "3", "max-size": "10m"}, id="logs rotate"),
        pytest.param(".HostConfig.PortBindings", None, id="no port published"),
        pytest.param(".Config.StopSignal", "SIGQUIT", id="stops gracefully"),
        pytest.param(".State.Health.Status", "healthy", id="healthy"),
    ],
)
def test_the_container_is_hardened(prod: Production, template: str, wanted: object) -> None:
    assert prod.inspect(template) == wanted


def test_every_check_passed(prod: Production) -> None:
    checks = prod.stack.outputs()["checks"]
    assert set(checks) == {"host", "sidecar", "public", "certificate", "upgrade", "connect", "event"}
    assert all(re.match(rf"✓ {RENAMED.get(name, name)}", line) for name, line in checks.items()), checks


RENAMED = {"public": "handshake", "certificate": "handshake"}
"""What these checks call themselves: one hop, asked in two ways."""


def test_a_second_up_changes_nothing(prod: Production) -> None:
    before = prod.server.docker("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}")
    assert prod.up().operations() == {}
    assert set(prod.up("--refresh", "--expect-no-changes").operations().values()) == {"refresh"}
    assert prod.server.docker("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}") == before


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        pytest.param(("rm", "-f"), 0.0, id="docker rm -f"),
        # the same container is started again: nothing that a check depends on has changed, so none waits for the route
        pytest.param(("kill",), ANSWERS_WITHIN, id="docker kill"),
    ],
)
def test_an_up_with_refresh_restores_what_somebody_removed(
    prod: Production, end: tuple[str, ...], seconds: float
) -> None:
    prod.server.docker(*end, prod.container())
    assert handshake(prod.server) != "open"
    prod.up("--refresh")
    within(seconds, lambda: handshake(prod.server) == "open")
    assert len(prod.containers(running=False)) == 1


def test_the_sizes_that_follow_from_the_capacity_are_an_output_and_in_force(prod: Production) -> None:
    said = prod.stack.outputs()["sizes"]
    assert said == sizes.explanation(CAPACITY)
    files, memory, processes = map(int, re.findall(r"(\d+) (?:files|MiB|processes)", said))
    assert prod.inspect(".HostConfig.Ulimits") == [{"Name": "nofile", "Soft": files, "Hard": files}]
    assert prod.inspect(".HostConfig.Memory") == prod.inspect(".HostConfig.MemorySwap") == memory * sizes.MIB
    assert prod.inspect(".HostConfig.PidsLimit") == processes
    configuration = prod.server.docker("exec", prod.container(), "cat", "/etc/frappe-socketio/nginx.conf")
    assert f"worker_rlimit_nofile {files};" in configuration
    assert re.search(r"worker_connections (\d+)", configuration)[0] in said  # type: ignore[index]


@pytest.fixture(scope="module")
def page(first: tuple[Production, Run]) -> Iterator[Page]:
    """A page of a browser in the world outside."""
    made, _ = first
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(
            executable_path=made.server.outside_program("chromium"),
            args=["--no-sandbox", f"--host-resolver-rules=MAP * {made.server.address}"],
        )
        context = browser.new_context(
            ignore_https_errors=True, reduced_motion="reduce", viewport={"width": 1180, "height": 760}
        )
        yield context.new_page()
        browser.close()


@pytest.mark.parametrize(("way", "transport"), [("polling", "polling → websocket"), ("seed", "websocket")])
def test_a_message_that_bench_publishes_is_in_the_browser_without_a_reload(
    prod: Production, page: Page, way: str, transport: str
) -> None:
    page.goto(f"https://{HOST}/?connect={way}")
    if page.locator("#sign-in-form").is_visible():
        page.click("#sign-in-form button")
    page.wait_for_selector('#connection[data-state="connected"][data-joined="general"]', timeout=8000)
    page.wait_for_timeout(100)
    page.evaluate("window.sameDocument = true")
    expect(page.locator("#wire-transport")).to_have_text(transport)

    name = f"prod-{way}-{time.time_ns()}"
    arguments = {
        "event": "message_created",
        "message": {
            "channel_id": "general",
            "sender": "Administrator",
            "message_id": name,
            "message_details": {"text": "Hello from the server's bench", "message_type": "Text"},
        },
        "doctype": "Raven Channel",
        "docname": "general",
        "after_commit": True,
    }
    bench = ("bench", "--site", SITE, "execute", "frappe.publish_realtime", "--kwargs", repr(arguments))
    prod.server.run_inside("sh", "-c", 'cd "$0" && exec "$@"', str(prod.server.layout.bench), *bench)
    expect(page.locator(f'[data-message="{name}"]')).to_have_count(1, timeout=WITHIN)
    expect(page.locator("#banner")).to_be_hidden()
    assert page.evaluate("window.sameDocument") is True
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"prod-{way}.png")
