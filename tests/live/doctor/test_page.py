"""What the doctor prints, held by golden files, and the HTML page opened in Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from demo.processes import ROOT
from raven_realtime.findings import explain
from raven_realtime.live import HOPS, Result, checks
from raven_realtime.live.doctor.diagnosis import INSIDE, Diagnosis
from raven_realtime.live.doctor.document import Document
from raven_realtime.live.doctor.page import LABELS, page
from raven_realtime.live.doctor.text import closing, row
from raven_realtime.live.target import Target
from tests import golden

GOLDEN = Path(__file__).parent / "golden"
SCREENSHOTS = ROOT / "docs" / "screenshots"
TARGET = Target.parse("https://chat.example.com")
OUTER = (
    Result.of("name", "chat.example.com is 203.0.113.7", addresses=["203.0.113.7"]).taking(0.012),
    Result.of("tcp", "203.0.113.7 port 443 accepts, 18 ms", address="203.0.113.7").taking(0.018),
    Result.of("tls", "TLSv1.3, h2, certificate by Let's Encrypt, 61 days left", alpn="h2").taking(0.043),
    Result.of("edge", "HTTP 200 from nginx/1.27.4", stack="nginx", status=200).taking(0.087),
    Result.of("handshake", "200, open packet, sid lv_V…, pingInterval 25000", stack="nginx").taking(0.051),
    Result.of("engine", "pingInterval 25000, pingTimeout 20000, maxPayload 1000000, upgrades websocket").taking(0.09),
    Result.of("session", "6 sessions kept their sid", rounds=6).taking(0.21),
    Result.of("upgrade", "3probe in 41 ms, open for 2 s", upgrade_seconds=0.041).taking(2.6),
    Result.of("http2", "no WebSockets over HTTP/2 are offered, and browsers use HTTP/1.1 for them").taking(0.1),
)
ORIGIN = "CONNECT /chat.example.com → “Invalid origin”"
REFUSED = (
    Result.of("connect", "Invalid origin", explain("RT008").found(ORIGIN)).taking(0.12),
    Result.skipped("room", "connect"),
    Result.skipped("event", "connect"),
)
ACCEPTED = (
    Result.of("connect", "/chat.example.com reached: “No cookie transmitted.”").taking(0.12),
    Result.not_checked("room", "no credentials: set RAVEN_REALTIME_SID"),
    Result.not_checked("event", "no credentials: set RAVEN_REALTIME_SID"),
)
PORT = explain("RT017").found("https://chat.example.com:8443 has a port of its own, 8443")
DIAGNOSES = {
    "broken": Diagnosis(TARGET, (*OUTER, *REFUSED), 1_767_225_600.0, 3.2),
    "healthy": Diagnosis(TARGET, (*OUTER, *ACCEPTED), 1_767_225_600.0, 3.4),
    "warned": Diagnosis(
        replace(TARGET, port=8443),
        (*OUTER[:4], Result.of("handshake", OUTER[4].summary, PORT, stack="nginx").taking(0.05), *OUTER[5:], *ACCEPTED),
        1_767_225_600.0,
        3.4,
    ),
}
each = pytest.mark.parametrize("name", DIAGNOSES)


@each
def test_text(name: str) -> None:
    diagnosis = DIAGNOSES[name]
    golden.hold(GOLDEN / f"{name}.txt", "\n".join([*map(row, diagnosis.results), "", closing(diagnosis), ""]))


@pytest.mark.parametrize("width", [44, 80])
def test_text_on_a_terminal(width: int) -> None:
    """On a terminal lines are folded below their own start; what is to be copied is not."""
    diagnosis = DIAGNOSES["broken"]
    lines = [*(row(result, width) for result in diagnosis.results), "", closing(diagnosis, width), ""]
    text = "\n".join(lines)
    golden.hold(GOLDEN / f"broken-{width}.txt", text)
    too_long = [line.strip() for line in text.splitlines() if len(line) > width]
    assert [line for line in too_long if not line.startswith(("map ", "proxy_set_header "))] == []


@each
def test_json(name: str) -> None:
    golden.hold(GOLDEN / f"{name}.json", Document.of(DIAGNOSES[name]).model_dump_json(indent=2) + "\n")


@each
def test_html(name: str) -> None:
    golden.hold(GOLDEN / f"{name}.html", page(DIAGNOSES[name]))


def test_every_part_of_the_path_is_drawn() -> None:
    assert list(LABELS) == list(HOPS)
    outside = {name for name, check in checks().items() if check.rank < INSIDE}
    assert {result.hop for result in DIAGNOSES["broken"].results} == outside - {"hold"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium is not None, "chromium is not on PATH. On Debian: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@each
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_page_in_chromium(browser: Browser, tmp_path: Path, name: str, scheme: str, width: int) -> None:
    file = tmp_path / "page.html"
    file.write_text(page(DIAGNOSES[name]), encoding="utf-8")
    opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    asked: list[str] = []
    errors: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(file.as_uri())
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    opened.screenshot(path=SCREENSHOTS / f"doctor-{name}-{scheme}-{width}.png", full_page=True)
    assert asked == [file.as_uri()]  # self-contained: nothing else is loaded
    assert errors == []
    assert opened.locator(".path .broken .name").all_text_contents() == (["Proxy"] if name == "broken" else [])
    assert opened.locator(".path li").count() == len(HOPS)
    assert opened.locator("tr").count() == len(DIAGNOSES[name].results)
    codes = [found.code for _, found in DIAGNOSES[name].findings]
    assert opened.locator(".verdict a").all_text_contents() == codes
    for code in codes:
        assert (ROOT / opened.locator(f"section#{code} .source code").first.inner_text()).is_file()
    # Nothing runs off the side, of the page or of any part of it.
    assert (
        opened.evaluate("[...document.querySelectorAll('*')].filter(one => one.scrollWidth > window.innerWidth).length")
        == 0
    )
    opened.close()


def test_a_code_that_is_found_twice_is_told_once() -> None:
    twice = tuple(Result.of(hop, "…", explain("RT008").found(hop)) for hop in ("connect", "event"))
    text = page(Diagnosis(TARGET, (*OUTER, *twice), 0.0, 1.0))
    assert (text.count('<section class="finding'), text.count('id="RT008"'), text.count('href="#RT008"')) == (1, 1, 1)
    assert text.count('<p class="evidence">') == 2


def test_what_came_over_the_wire_stays_text(browser: Browser, tmp_path: Path) -> None:
    hostile = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    results = (*OUTER[:3], Result.of("edge", hostile, explain("RT005").found(hostile), stack="nginx"))
    file = tmp_path / "page.html"
    file.write_text(page(Diagnosis(TARGET, results, 0.0, 1.0)), encoding="utf-8")
    opened = browser.new_page()
    opened.goto(file.as_uri())
    assert opened.title() == "chat.example.com: Another service owns /socket.io"
    assert hostile in opened.locator(".evidence").first.inner_text()
    assert opened.locator("img").count() == 0
    opened.close()
