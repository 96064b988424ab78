"""nginx holds as many sockets as it is meant to, and may open the files for them."""

from collections.abc import Iterator

from raven_realtime.declared.journey import judged
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.world import Nginx, World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt029_worker_connections_spent import ENTRY, FEW, room
from raven_realtime.proxies.interface import Passed


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Do the sum: two connections a socket, a file a connection, and the container's limit above both."""
    serving = {leg.node.proxy.name for way in judged(world) for leg in way.poll.legs if isinstance(leg.outcome, Passed)}
    for nginx in world.nginx:
        held = room(nginx.tree)
        if nginx.name not in serving or held is None:
            continue
        if held.sockets < parameters["sockets"]:
            said = f"{held.sum}, so at most {held.sockets} proxied WebSockets, fewer than {parameters['sockets']}"
            yield ENTRY.found(said, nginx.place(held.said), level=Level.NOTE)
        yield from _files(nginx, held.connections, world)


def _files(nginx: Nginx, connections: int, world: World) -> Iterator[Finding]:
    said = nginx.top("worker_rlimit_nofile")
    container = world.container(nginx.runs_in)
    allowed = container.nofile if container else None
    limit = _number(said.args[0], 0) if said else allowed
    if limit is None:
        if connections > 1024:
            yield ENTRY.found(
                f"worker_connections {connections} without worker_rlimit_nofile: the usual limit is 1024 files",
                nginx.location,
                level=Level.NOTE,
            )
        return
    if limit < connections:
        where = nginx.place(said) if said else nginx.location
        yield ENTRY.found(f"{limit} files are fewer than worker_connections {connections}", where, level=Level.NOTE)
    if said and allowed is not None and allowed < limit and container:
        yield ENTRY.found(
            f"worker_rlimit_nofile {limit} is above the container's limit of {allowed} files", container.location
        )


def _number(text: str, default: int) -> int:
    return int(text) if text.isdigit() else default


RULE = Rule(
    "capacity",
    "nginx holds the sockets that it is meant to, within the limit of open files",
    ENTRY,
    judge,
    {"sockets": Parameter(FEW, "Sockets that nginx has to hold; a worker of 1024 connections holds 512")},
)
