"""RT029: nginx has too few connections."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Given, Level
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.record import record

ENTRY = Entry(
    code="RT029",
    title="nginx has too few connections",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
Each proxied WebSocket takes two of a worker's connections: 1024 of them, as most packages write, hold about 500 users
a worker, and nginx's own default of 512 about 250. What comes after is refused.
""",
    shows="""\
`worker_connections are not enough` in the error log; some users connect and others do not, more of them at busy
hours.
""",
    remedy="""\
Raise it together with the file limit: `worker_rlimit_nofile 65536;` and `events { worker_connections 32768; }`.
Twice the number of users a worker, and some room.
""",
    said=(
        "worker_connections are not enough",
        "768 worker_connections are not enough",
    ),
    source="nginx-proxy#1149; nginx documentation, worker_connections",
    remedies=MappingProxyType(
        {
            "nginx": """\
`worker_processes auto; worker_rlimit_nofile 65536; events { worker_connections 32768; }`, then a reload; in a
container also `ulimits: nofile: 65536`.
""",
            "frappe_docker": """\
Mount a configuration with more `worker_connections` into the frontend, or put the sidecar of this project in front
of `websocket:9000`, which is sized by `raven-realtime:capacity`.
""",
        }
    ),
    explains=("RT002", "RT037", "RT038", "RT023"),
    given=Given.SOCKETIO_ANSWERS,
)

DEFAULT_CONNECTIONS = 512
"""nginx.org, ngx_core_module, worker_connections."""
FEW = 1000
"""Sockets; an nginx that holds fewer is worth a word before it is full."""


@record
class Room:
    """How many proxied WebSockets nginx holds: each takes two connections."""

    workers: int
    connections: int
    said: Directive
    """What says how many connections a worker has, or `events` where nothing does."""

    @property
    def sockets(self) -> int:
        """The most that it holds."""
        return self.workers * self.connections // 2

    @property
    def sum(self) -> str:
        """The arithmetic in words."""
        return f"{self.workers} * worker_connections {self.connections} / 2"


def room(tree: tuple[Directive, ...]) -> Room | None:
    """Return how many sockets a configuration holds; None where it is a site's file, which does not say.

    Sockets do not move between workers, and a small machine has one: only a number that is written counts.
    """
    top = {directive.name: directive for directive in tree}
    events = top.get("events")
    if events is None:
        return None
    said = next(reversed([each for each in events.children("worker_connections") if each.args]), events)
    named = said.args[0] if said is not events else ""
    workers = top["worker_processes"].args[0] if "worker_processes" in top else ""
    count = int(workers) if workers.isdigit() else 1
    return Room(count, int(named) if named.isdigit() else DEFAULT_CONNECTIONS, said)
