"""The chat page in headless Chromium, connected in both ways. Screenshots go to docs/screenshots/."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from demo.running import RunningBench, running_bench
from tests.demo.conftest import SITE
from tests.demo.multiplexer import multiplexer

SCREENSHOTS = Path(__file__).parents[2] / "docs" / "screenshots"
BANNER = "Realtime events are not working. Please try refreshing the page."
WITHIN = 2000
"""Milliseconds within which a published message is on the page."""
RECONNECTS_WITHIN = 8000
CONNECTED = '#connection[data-state="connected"]'
JOINS = 100
"""Milliseconds between the answer to the last of the page's subscriptions and the end of all of them."""


@pytest.fixture(scope="module")
def origin(bench: RunningBench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with multiplexer(bench, tmp_path_factory.mktemp("nginx"), SITE) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing. On Debian: apt-get install chromium."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    with browser.new_context(
        color_scheme=request.param, reduced_motion="reduce", viewport={"width": 1180, "height": 760}
    ) as context:
        yield context.new_page()


def sign_in(page: Page, address: str) -> None:
    page.goto(address)
    page.click("#sign-in-form button")
    in_channel(page)


def in_channel(page: Page, name: str = "general") -> None:
    page.wait_for_selector(f'{CONNECTED}[data-joined="{name}"]', timeout=RECONNECTS_WITHIN)
    page.wait_for_timeout(JOINS)


def publish(bench: RunningBench, name: str, text: str, channel: str = "general") -> None:
    bench.publish(
        {
            "event": "message_created",
            "message": {
                "channel_id": channel,
                "sender": "Administrator",
                "message_id": name,
                "message_details": {"text": text, "message_type": "Text"},
            },
            "doctype": "Raven Channel",
            "docname": channel,
            "after_commit": True,
        }
    )


def keep(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"demo-{name}.png")


WAYS = {"polling": ("polling → websocket", "true"), "seed": ("websocket", "false")}


@pytest.mark.parametrize("page", ["light"], indirect=True)
@pytest.mark.parametrize("way", WAYS)
def test_messages_and_banner(bench: RunningBench, origin: str, page: Page, way: str) -> None:
    transport, upgraded = WAYS[way]
    name = f"from-bench-{way}-{time.time_ns()}"
    sign_in(page, f"{origin}/?connect={way}")
    page.evaluate("window.sameDocument = true")
    expect(page.locator("#wire-transport")).to_have_text(transport)
    expect(page.locator("#connection")).to_have_attribute("data-upgraded", upgraded)
    expect(page.locator("#banner")).to_be_hidden()

    publish(bench, name, "Hello from sandbox console")
    expect(page.locator(f'[data-message="{name}"]')).to_have_count(1, timeout=WITHIN)

    bench.stop("socketio")
    try:
        expect(page.locator("#banner")).to_contain_text(BANNER, timeout=WITHIN)
        expect(page.locator("#banner")).to_be_visible()
        keep(page, f"{way}-down")
    finally:
        bench.start("socketio")
    expect(page.locator("#banner")).to_be_hidden(timeout=RECONNECTS_WITHIN)
    in_channel(page)
    publish(bench, f"{name}-again", "And again")
    expect(page.locator(f'[data-message="{name}-again"]')).to_have_count(1, timeout=WITHIN)
    keep(page, f"{way}-live")
    assert page.evaluate("window.sameDocument") is True


def test_what_one_sends_the_other_reads_once(origin: str, browser: Browser, page: Page) -> None:
    text = f"Are you there? <b>{time.time_ns()}</b>"
    with browser.new_context(reduced_motion="reduce", viewport={"width": 390, "height": 800}) as context:
        other = context.new_page()
        other.goto(origin)
        other.fill("#usr", "sam@example.com")
        other.click("#sign-in-form button")
        in_channel(other)
        sign_in(page, origin)
        expect(page.locator("#channels button")).to_have_text(["general", "random", "operations"])
        expect(other.locator("#channels button")).to_have_text(["general", "random"])

        page.locator("#text").press_sequentially(text)
        expect(other.locator("#typing")).to_have_text("demo@example.com is typing …", timeout=WITHIN)
        page.click("#composer button")
        for each in (page, other):
            expect(each.locator("#messages p", has_text=text)).to_have_count(1, timeout=WITHIN)
        expect(other.locator("#typing")).to_have_text("", timeout=WITHIN)
        keep(other, "narrow")
        keep(page, page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'"))


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_another_channel_shows_that_something_came(origin: str, bench: RunningBench, page: Page) -> None:
    sign_in(page, origin)
    arguments = {"event": "raven:unread_channel_count_updated", "message": {"channel_id": "random"}, "room": "website"}
    bench.publish(arguments)
    random = page.locator('[data-channel="random"]')
    expect(random).to_have_attribute("data-unread", "true", timeout=WITHIN)
    random.click()
    expect(random).not_to_have_attribute("data-unread", "true")
    in_channel(page, "random")
    name = f"in-random-{time.time_ns()}"
    publish(bench, f"not-{name}", "not here")
    publish(bench, name, "here", "random")
    expect(page.locator(f'[data-message="{name}"]')).to_have_count(1, timeout=WITHIN)
    expect(page.locator(f'[data-message="not-{name}"]')).to_have_count(0)


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_the_switch_connects_the_other_way_without_a_reload(origin: str, page: Page) -> None:
    sign_in(page, origin)
    page.evaluate("window.sameDocument = true")
    expect(page.locator("#wire-transport")).to_have_text("polling → websocket")
    page.click('[data-way="seed"]')
    expect(page.locator("#wire-transport")).to_have_text("websocket")
    assert page.url.endswith("?connect=seed")
    assert page.evaluate("window.sameDocument") is True


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_a_refusal_by_the_server_is_shown_and_ends_when_it_is_mended(
    bench: RunningBench, origin: str, page: Page
) -> None:
    """The library does not ask again after a refusal; the page does."""
    sign_in(page, origin)
    bench.stop("web")
    bench.stop("socketio")
    bench.start("socketio")
    try:
        expect(page.locator("#banner-reason")).to_contain_text("Unauthorized", timeout=RECONNECTS_WITHIN)
    finally:
        bench.start("web")
    expect(page.locator("#banner")).to_be_hidden(timeout=RECONNECTS_WITHIN)


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_a_wrong_password_is_said(origin: str, page: Page) -> None:
    page.goto(origin)
    page.fill("#pwd", "wrong")
    page.click("#sign-in-form button")
    expect(page.locator("#sign-in-error")).to_have_text("Invalid login credentials")
    keep(page, "sign-in")


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_nothing_fails_in_the_console(origin: str, page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    sign_in(page, origin)
    page.fill("#text", "quiet")
    page.click("#composer button")
    expect(page.locator("#messages p", has_text="quiet").last).to_be_visible()
    assert said == []


@pytest.mark.parametrize("generation", ["14", "python-asyncio"])
def test_the_oldest_and_the_newest_server(browser: Browser, tmp_path: Path, generation: str) -> None:
    with (
        running_bench(tmp_path / "bench", generation=generation) as bench,
        multiplexer(bench, tmp_path / "nginx", SITE) as address,
        browser.new_context() as context,
    ):
        page = context.new_page()
        page.goto(address)
        page.click("#sign-in-form button")
        page.wait_for_selector(CONNECTED, timeout=RECONNECTS_WITHIN)
        # 14 has no handlers of apps: nothing tells when the rooms are joined.
        page.wait_for_timeout(WITHIN)
        publish(bench, "m1", f"hello from {generation}")
        expect(page.locator("#messages")).to_contain_text(f"hello from {generation}", timeout=RECONNECTS_WITHIN)
