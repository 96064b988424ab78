"""The proxy tells Frappe which site a request is for."""

from collections.abc import Iterator

from raven_realtime.declared.passages import realtime
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt009_namespace_refused import ENTRY

HEADER = "X-Frappe-Site-Name"


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report where the upstream gets no name of a site, or a client's own."""
    for passage in realtime(world):
        answer = passage.polling
        if answer.proxied is None or HEADER.lower() in answer.undecided:
            continue
        if not answer.headers.get(HEADER.lower()):
            yield ENTRY.found(f"{passage.host}: /socket.io/ is passed on without {HEADER}", passage.at, stack="nginx")


RULE = Rule("site-named", f"the proxy sets {HEADER}", ENTRY, judge, alone=True)
