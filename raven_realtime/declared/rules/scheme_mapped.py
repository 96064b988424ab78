"""Behind TLS, Frappe is told https: for polls and for WebSockets, which Traefik announces as wss."""

from collections.abc import Iterator

from raven_realtime.declared.passages import Passage, realtime
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt011_guest_for_http_origin import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Ask without Origin, as https and as wss, and look at the scheme of the one that is filled in."""
    for passage in realtime(world):
        if passage.behind_tls or passage.listen.tls:
            yield from _asked(passage)


def _asked(passage: Passage) -> Iterator[Finding]:
    for proto in ("https", "wss"):
        answer = passage.ask("polling", proto=proto)
        origin = answer.headers.get("origin", "")
        told = answer.headers.get("x-forwarded-proto", "https")
        if origin and not origin.startswith("https://"):
            said = f"Origin becomes {origin}"
        elif told in {"http", "ws"}:
            said = f"X-Forwarded-Proto becomes {told}"
        else:
            continue
        where = passage.said("proxy_set_header")
        yield ENTRY.found(f"{passage.host}: where TLS ends before nginx ({proto}), {said}", where, stack="nginx")
        return


RULE = Rule("scheme-mapped", "behind TLS, https and wss both become https", ENTRY, judge)
