"""Whether Socket.IO answers where nginx sends /socket.io/, asked from where nginx runs."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from pathlib import Path

from raven_realtime.findings import Finding, explain
from raven_realtime.live.checks import configuration, handshake
from raven_realtime.live.inside import Inside, look
from raven_realtime.live.result import Check, Outcome, Result
from raven_realtime.live.target import SOCKET_PATH, Place, Target
from raven_realtime.machine import CannotLook
from raven_realtime.proxies.nginx.routing import Action

CHECK = Check(
    name="upstream",
    title="From nginx to Socket.IO",
    proves="The address that nginx is configured to ask answers with an open packet, asked from where nginx runs.",
    rank=240,
    through=("proxy", "realtime"),
)
SECONDS = 3.0
GATEWAY_CODES = frozenset(["RT002", "RT003"])
"""What shows outside when nginx finds nothing where it looks."""
QUERY = f"{SOCKET_PATH}?EIO=4&transport=polling"
ASK = Path(__file__).parents[2] / "sidecar" / "ask_sidecar.sh"


async def check(target: Target, inside: Inside) -> Result:
    """Ask every server of the upstream for a handshake."""
    return await look(CHECK.name, lambda: _judge(target, inside))


def _judge(target: Target, inside: Inside) -> Result:
    where, tree = configuration.read(inside)
    answer = configuration.answering(tree, target)
    if answer.action is not Action.PROXIED:
        raise CannotLook(f"by {where}, nginx does not proxy {SOCKET_PATH} of {target.host}")
    places = [_place(server) for server in answer.upstream_servers]
    if None in places or not places:
        raise CannotLook(f"the upstream {answer.upstream} is known only when nginx runs")
    container = where.removeprefix("container ") if where.startswith("container ") else ""
    found: list[Finding] = []
    said = []
    for host, port in filter(None, places):
        problem = _in_container(inside, container, host, port, target) if container else _here(inside, host, port)
        said.append(f"{host}:{port} {'answers' if problem is None else 'does not answer'}")
        if problem is not None:
            found.append(problem)
        elif not _is_address(host) and GATEWAY_CODES & set(inside.outside):
            seen = f"{host}:{port} answers now from {where}'s side, while nginx says that nothing does"
            found.append(explain("RT030").found(seen, stack="nginx"))
    return Result.of(CHECK.name, f"{', '.join(said)}, asked from {container or 'the machine of nginx'}", *found)


def _here(inside: Inside, host: str, port: int) -> Finding | None:
    with inside.machine.reach(host, port) as (name, number):
        result = asyncio.run(handshake.check(Target("http", name, number, timeout=SECONDS), Place.ORIGIN))
    if result.outcome is not Outcome.FAIL:
        return None
    worst = result.findings[0]
    said = f"GET http://{host}:{port}{QUERY} from where nginx runs: {worst.evidence}"
    if worst.code != "RT038":
        return explain(worst.code).found(said)
    if _accepts(inside, host, port):
        said = f"{said}, though the connection is accepted"
        return explain("RT038").found(said, hop="realtime", causes=("RT003", "RT038"))
    return explain("RT003").found(said)


def _accepts(inside: Inside, host: str, port: int) -> bool:
    """Whether a connection is accepted: then no firewall is in the way, and it is the process that is silent."""
    with inside.machine.reach(host, port) as place:
        try:
            socket.create_connection(place, SECONDS).close()
        except OSError:
            return False
    return True


def _in_container(inside: Inside, container: str, host: str, port: int, target: Target) -> Finding | None:
    script = ASK.read_text(encoding="utf-8") + '\neval "$ASK"\n'
    started = time.monotonic()
    try:
        told = inside.in_docker(
            "exec", container, "sh", "-c", script, "ask", f"{host}:{port}", QUERY, target.site or target.host
        )
    except CannotLook as reason:
        if "not ask" in str(reason):
            raise
        # Refused comes at once; a dropped packet is waited for.
        code = "RT002" if time.monotonic() - started < SECONDS else "RT003"
        return explain(code).found(f"GET http://{host}:{port}{QUERY} from inside container {container}: {reason}")
    if '"sid"' in told:
        return None
    return explain("RT037").found(f"GET http://{host}:{port}{QUERY} from inside container {container}: no open packet")


def _place(server: str) -> tuple[str, int] | None:
    if server.startswith("unix:") or "$" in server:
        return None
    host, colon, port = server.rpartition(":")
    if not colon or not port.isdigit():
        return server, 80
    return host.strip("[]"), int(port)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
