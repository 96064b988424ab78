"""9000 is Socket.IO's port in every place that names it."""

import re
from collections.abc import Iterator
from dataclasses import replace

from raven_realtime.declared.clients import own_addresses
from raven_realtime.declared.journey import Part, Way, bench_ports, frappes, said_at, says_frappe
from raven_realtime.declared.realtime_routers import containers_of, names_socketio, realtime_routers, service_of
from raven_realtime.declared.remedies import port_of
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt015_app_builds_its_own_url import SECOND_BENCH
from raven_realtime.findings.rt016_port_mixed_up import ENTRY
from raven_realtime.findings.rt018_nginx_asks_port_3000 import FALLBACK_PORT
from raven_realtime.ports import MULTIPLEXER_PORT, SOCKETIO_PORT, WEB_PORT

VARIABLES = ("FRAPPE_SOCKETIO_PORT", "SOCKETIO_PORT", "VITE_SOCKET_PORT")
_MACHINES = r"127\.0\.0\.1|\[::1\]|localhost|0\.0\.0\.0|172\.17\.0\.1|host-gateway|host\.docker\.internal"
_REALTIME = r"(?<![\w.-])[\w-]{0,60}(?:websocket|socketio|realtime)[\w-]{0,60}+"
_ADDRESS = re.compile(rf"(?:(?:{_MACHINES})[:\"\s,]+|{_REALTIME}:)(90[0-8]\d)\b")
"""An address of the kind that benches give to Socket.IO (9000 and on; from 9090 on they are known for other things)."""
_ASKED = re.compile(r"(?:(?:http|ws)://|(?<![\w/.:\[-]))(?:[\w.-]{1,253}+|\[[\da-f:]{2,39}+\]):(\d{2,5}+)/socket\.io")
"""A URL of Socket.IO without TLS."""
_MISTAKE = int(SECOND_BENCH)
"""What a second bench gets, and what is often mistaken for the first one's."""


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report every place that names another port.

    The same other port in every place works as well: then it is a note.
    """
    port = parameters["port"]
    said = list(_named(world, parameters))
    others = {named for named, _ in said}
    bench = bench_ports(world, "socketio_port")
    alone = len(others) == 1 and (bench == {int(next(iter(others)))} or (not bench and not _runs_on(world, port)))
    for _, finding in said:
        yield replace(finding, given=Level.NOTE) if alone else finding


def _runs_on(world: World, port: int) -> bool:
    """Tell whether a realtime process is declared that listens on the usual port: nothing tells it another one."""
    told = ("FRAPPE_SOCKETIO_PORT", "SOCKETIO_PORT")
    return any(
        each.is_socketio
        and not any(variable.name in told and variable.value != str(port) for variable in each.environment)
        for each in world.containers
    )


def _named(world: World, parameters: Parameters) -> Iterator[tuple[str, Finding]]:
    """Yield each other port with the finding of its place."""
    port = parameters["port"]
    for setting in world.ports:
        if setting.value != str(port):
            yield setting.value, ENTRY.found(f"{setting.name} is {setting.value}, not {port}", setting.location)
    for variable in (*(each for container in world.containers for each in container.environment), *world.variables):
        named = variable.value.rpartition(":")[2] if variable.name == "SOCKETIO" else variable.value
        if variable.name in {*VARIABLES, "SOCKETIO"} and named.isdigit() and named != str(port):
            yield named, ENTRY.found(f"{variable.name} names port {named}, not {port}", variable.location)
    for each in own_addresses(world):
        if each.port == SECOND_BENCH != str(port):
            yield each.port, ENTRY.found(f"the client puts its address together: {each.said[:80]}", each.location)
    accepted = {str(port), *parameters["other_hops"]}
    yield from _commands(world, port, accepted)
    for tunnel in world.tunnels:
        if tunnel.port == _MISTAKE != port:
            said = f"the tunnel {tunnel.name} leads to port {tunnel.port}, not {port}"
            yield str(tunnel.port), ENTRY.found(said, tunnel.location)
    yield from _upstreams(world, port, parameters["other_hops"])
    if says_frappe(world):
        yield from _services(world, port, accepted)


def _commands(world: World, port: int, accepted: set[str]) -> Iterator[tuple[str, Finding]]:
    for command in (*world.commands, *world.variables):
        named = {found[1] for found in _ADDRESS.finditer(command.value)} - {str(port)}
        named |= {found[1] for found in _ASKED.finditer(command.value)} - accepted
        what = "a command" if command.name == "command" else command.name
        for each in sorted(named):
            yield each, ENTRY.found(f"{what} names port {each}, not {port}", command.location)


def _upstreams(world: World, port: int, others: list[str]) -> Iterator[tuple[str, Finding]]:
    accepted = {port, FALLBACK_PORT, *(int(each) for each in others if each.isdigit())}
    for way in frappes(world):
        end, passed = way.poll.destination, way.poll.passed
        if not (end and passed and way.ends_at_realtime and _is_process(way)):
            continue
        if end.port and end.port not in accepted:
            told = _listens_on(world, port)
            said = f"{way.shown}: /socket.io/ is passed to {', '.join(passed.to)}, and Socket.IO listens on {told}"
            kind, where = way.poll.last.node.proxy.kind, said_at(way.poll, "proxy_pass")
            remedy = port_of(way.poll, end.port, told)
            yield str(end.port), ENTRY.found(said, where, remedy, stack=kind, host=way.host)


def _is_process(way: Way) -> bool:
    """Tell whether the end is the process itself, and no proxy that is not declared."""
    end = way.poll.destination
    return bool(end and (end.part is not Part.APP or (end.container and not end.container.may_be_proxy)))


def _listens_on(world: World, port: int) -> int:
    said = bench_ports(world, "socketio_port")
    return next(iter(said)) if len(said) == 1 else port


def _services(world: World, port: int, accepted: set[str]) -> Iterator[tuple[str, Finding]]:
    """Judge the services behind Traefik: the mistaken port anywhere, any other where no proxy can stand behind it."""
    for router in realtime_routers(world):
        service = service_of(world, router)
        if service is None or not names_socketio(router):
            continue
        owners = containers_of(world, service)
        direct = owners and not any(each.may_be_proxy or world.nginx_in(each.name) for each in owners)
        for server in service.servers:
            named = server.port or server.url.rpartition(":")[2].strip("/")
            if named == str(_MISTAKE) != str(port) or (direct and named.isdigit() and named not in accepted):
                yield named, ENTRY.found(f"{router.name} leads to port {named}, not {port}", service.location)


RULE = Rule(
    "port-9000",
    "9000 is Socket.IO's port in every place that names it",
    ENTRY,
    judge,
    {
        "port": Parameter(SOCKETIO_PORT, "The port of the Socket.IO process"),
        "other_hops": Parameter(
            ["0", "80", "443", str(WEB_PORT), str(MULTIPLEXER_PORT), "8080", "8443"],
            "Ports behind which another proxy, or the web, stands",
        ),
    },
)
