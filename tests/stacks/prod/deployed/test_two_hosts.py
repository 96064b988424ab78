"""Two hosts on two sites through one sidecar, and what a client may not do at the edge."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from demo.server import Server
from demo.server.layout import OUTSIDE
from tests.stacks.prod.instead import echo
from tests.stacks.prod.production import (
    HANDSHAKE,
    HOST,
    SECOND_HOST,
    SECOND_SITE,
    SITE,
    Production,
    get,
    handshake,
    python_outside,
)

UNKNOWN = "other.sysmayal.cloud"
NO_COOKIE = "Missing cookie and authorization header. Either one needed for authentication."
"""What Frappe 16's server says to a client of the right site that brings no session."""


@pytest.fixture(scope="module")
def both(first: tuple[Production, object]) -> Production:
    """The stack serving both hosts."""
    made, _ = first
    made.up(hosts=[HOST, f"{SECOND_HOST}={SECOND_SITE}"])
    return made


def connect(server: Server, host: str, site: str, *headers: str) -> str:
    """CONNECT to a site's namespace from outside, without a cookie; return the answer."""
    command = python_outside(server, "connect.py", f"https://{host}", site, str(server.ca), *headers)
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def test_one_container_serves_both_and_every_check_of_each_passed(both: Production) -> None:
    checks = both.stack.outputs()["checks"]
    each = {
        f"{name}-{host}" for name in ("public", "certificate", "upgrade", "connect") for host in (HOST, SECOND_HOST)
    }
    assert set(checks) == {"host", "sidecar", *each, "event"}
    assert all(line.startswith("✓") for line in checks.values()), checks
    assert len(both.containers(running=False)) == 1


@pytest.mark.parametrize(("host", "site"), [(HOST, SITE), (SECOND_HOST, SECOND_SITE)])
def test_each_host_leads_to_its_site(both: Production, host: str, site: str) -> None:
    assert NO_COOKIE in connect(both.server, host, site)


@pytest.mark.parametrize(
    ("host", "site", "headers"),
    [
        pytest.param(HOST, SECOND_SITE, (), id="by the namespace alone"),
        pytest.param(HOST, SECOND_SITE, (f"X-Frappe-Site-Name: {SECOND_SITE}",), id="by X-Frappe-Site-Name"),
        pytest.param(SECOND_HOST, SITE, (f"X-Frappe-Site-Name: {SITE}",), id="the other way round"),
        pytest.param(HOST, SECOND_SITE, (f"X-Forwarded-Host: {SECOND_HOST}",), id="by X-Forwarded-Host"),
    ],
)
def test_a_client_cannot_pick_another_site(both: Production, host: str, site: str, headers: tuple[str, ...]) -> None:
    assert "Invalid namespace" in connect(both.server, host, site, *headers)


def test_an_unknown_host_gets_no_route(both: Production) -> None:
    status, body = get(
        both.server, f"https://{UNKNOWN}{HANDSHAKE}", "--insecure", "--resolve", f"{UNKNOWN}:443:{both.server.address}"
    )
    assert (status, body) == (404, "404 page not found\n"), "Traefik's own answer"


def test_the_sidecar_itself_refuses_an_unknown_host(both: Production) -> None:
    ask = ("curl", "-s", "-w", "%{http_code}", "-o", "/dev/null", "-H", f"Host: {UNKNOWN}")
    assert both.server.docker("exec", both.container(), *ask, f"http://127.0.0.1{HANDSHAKE}") == "421"


FORGED = {
    "X-Frappe-Site-Name": SECOND_SITE,
    "X-Forwarded-Proto": "http",
    "X-Forwarded-For": "203.0.113.66",
    "X-Real-IP": "203.0.113.66",
    "X-Forwarded-Host": SECOND_HOST,
}


@pytest.mark.parametrize("forged", [{}, FORGED], ids=["nothing forged", "everything forged"])
def test_what_socketio_receives_is_the_edges_word(both: Production, forged: dict[str, str]) -> None:
    with echo(both.server, "0.0.0.0"):
        options = [word for name, value in forged.items() for word in ("-H", f"{name}: {value}")]
        status, body = get(both.server, f"https://{HOST}{HANDSHAKE}", *options)
    assert status == 200, body
    arrived = json.loads(body)
    assert arrived["host"] == HOST
    assert arrived["origin"] == f"https://{HOST}"
    assert arrived["x-frappe-site-name"] == SITE
    assert arrived["x-forwarded-proto"] == "https"
    assert arrived["x-real-ip"] == OUTSIDE
    assert set(arrived["x-forwarded-for"].split(", ")) == {OUTSIDE}
    assert "203.0.113.66" not in body
    assert handshake(both.server) == "open"


@pytest.fixture(scope="module")
def page(both: Production) -> Iterator[Page]:
    """The second host's page in a browser of the world outside."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=both.server.outside_program("chromium"),
            args=["--no-sandbox", f"--host-resolver-rules=MAP * {both.server.address}"],
        )
        opened = browser.new_context(ignore_https_errors=True, bypass_csp=True).new_page()
        opened.goto(f"https://{SECOND_HOST}/")
        yield opened
        browser.close()


@pytest.mark.parametrize("transports", [["polling", "websocket"], ["websocket"]], ids=["polling first", "WebSocket"])
@pytest.mark.parametrize(
    ("host", "site", "answer"),
    [
        pytest.param(HOST, SITE, "Invalid origin", id="across sites"),
        pytest.param(SECOND_HOST, SECOND_SITE, NO_COOKIE, id="its own site"),
    ],
)
def test_a_browser_on_another_site_is_refused(
    page: Page, host: str, site: str, answer: str, transports: list[str]
) -> None:
    script = """([url, transports]) => new Promise((resolve) => {
        const socket = io(url, { transports, forceNew: true, withCredentials: true, reconnection: false });
        socket.on("connect", () => resolve("connected"));
        socket.on("connect_error", (error) => resolve(error.message));
    })"""
    assert page.evaluate(script, [f"https://{host}/{site}", transports]) == answer
