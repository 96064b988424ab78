"""Frappe gets an Origin that agrees with Host, also where the browser left it out."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from raven_realtime.findings.entry import Finding
from raven_realtime.findings.origin_refused import ENTRY
from raven_realtime.lint.passages import realtime
from raven_realtime.lint.rule import Parameters, Rule
from raven_realtime.lint.world import World


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Ask as a browser does (polling without Origin, then a WebSocket with one) and compare the hosts."""
    for passage in realtime(world):
        for answer, asked in ((passage.polling, "a poll without Origin"), (passage.upgrade, "a WebSocket")):
            if answer.proxied is None or {"origin", "host"} & answer.undecided.keys():
                continue
            origin, host = answer.headers.get("origin", ""), answer.headers.get("host", "")
            if not origin:
                said = "arrives without Origin"
            elif _name(origin) != _name(f"//{host}"):
                said = f"arrives with Origin {origin} and Host {host}"
            elif _name(origin) != passage.host:
                said = f"of {passage.host} arrives with Origin {origin}"
            else:
                continue
            where = passage.said("proxy_set_header") if origin else passage.at
            yield ENTRY.found(f"{passage.host}: {asked} {said}", where, stack="nginx")
            break


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


RULE = Rule("origin-present", "Frappe gets an Origin that agrees with Host", ENTRY, judge, alone=True)
