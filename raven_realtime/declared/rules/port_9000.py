"""9000 is Socket.IO's port in every place that names it."""

import re
from collections.abc import Iterator

from raven_realtime.declared.passages import Behind, passages, place
from raven_realtime.declared.realtime_routers import containers_of, names_socketio, realtime_routers, service_of
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt016_port_mixed_up import ENTRY
from raven_realtime.settings import MULTIPLEXER_PORT, SOCKETIO_PORT, WEB_PORT

VARIABLES = ("FRAPPE_SOCKETIO_PORT", "SOCKETIO_PORT", "VITE_SOCKET_PORT")
_MACHINES = r"127\.0\.0\.1|\[::1\]|localhost|0\.0\.0\.0|172\.17\.0\.1|host-gateway|host\.docker\.internal"
_REALTIME = r"(?<![\w.-])[\w-]{0,60}(?:websocket|socketio|realtime)[\w-]{0,60}+"
_ADDRESS = re.compile(rf"(?:(?:{_MACHINES})[:\"\s,]+|{_REALTIME}:)(90[0-8]\d)\b")
"""An address of the kind that benches give to Socket.IO (9000 and on; from 9090 on they are known for other things)."""
_ASKED = re.compile(r"(?:(?:http|ws)://|(?<![\w/.:\[-]))(?:[\w.-]{1,253}+|\[[\da-f:]{2,39}+\]):(\d{2,5}+)/socket\.io")
"""A URL of Socket.IO without TLS."""
_SEED_MISTAKE = 9001
"""What a second bench gets, and what the seed's first version said."""


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report every place that names another port."""
    port = parameters["port"]
    for setting in world.ports:
        if setting.value != str(port):
            yield ENTRY.found(f"{setting.name} is {setting.value}, not {port}", setting.location)
    for variable in (*(each for container in world.containers for each in container.environment), *world.variables):
        named = variable.value.rpartition(":")[2] if variable.name == "SOCKETIO" else variable.value
        if variable.name in {*VARIABLES, "SOCKETIO"} and named.isdigit() and named != str(port):
            yield ENTRY.found(f"{variable.name} names port {named}, not {port}", variable.location)
    accepted = {str(port), *parameters["other_hops"]}
    yield from _commands(world, port, accepted)
    for tunnel in world.tunnels:
        if tunnel.port == _SEED_MISTAKE != port:
            yield ENTRY.found(f"the tunnel {tunnel.name} leads to port {tunnel.port}, not {port}", tunnel.location)
    yield from _upstreams(world, port, parameters["other_hops"])
    yield from _services(world, port, accepted)


def _commands(world: World, port: int, accepted: set[str]) -> Iterator[Finding]:
    for command in (*world.commands, *world.variables):
        named = {found[1] for found in _ADDRESS.finditer(command.value)} - {str(port)}
        named |= {found[1] for found in _ASKED.finditer(command.value)} - accepted
        what = "a command" if command.name == "command" else command.name
        for each in sorted(named):
            yield ENTRY.found(f"{what} names port {each}, not {port}", command.location)


def _upstreams(world: World, port: int, others: list[str]) -> Iterator[Finding]:
    accepted = {port, 3000, *(int(each) for each in others if each.isdigit())}
    for passage in passages(world):
        wrong = [each for each in passage.ports if each not in accepted]
        if passage.behind is Behind.REALTIME and wrong:
            passed = passage.polling.decided_by or passage.server
            yield ENTRY.found(
                f"{passage.host}: /socket.io/ is passed to {', '.join(passage.polling.upstream_servers)}, "
                f"and Socket.IO listens on {port}",
                place(passed, passage.nginx),
                stack="nginx",
            )


def _services(world: World, port: int, accepted: set[str]) -> Iterator[Finding]:
    """Judge the services behind Traefik: the mistaken port anywhere, any other where no proxy can stand behind it."""
    for router in realtime_routers(world):
        service = service_of(world, router)
        if service is None or not names_socketio(router):
            continue
        owners = containers_of(world, service)
        direct = owners and not any(each.may_be_proxy or world.nginx_in(each.name) for each in owners)
        for server in service.servers:
            named = server.port or server.url.rpartition(":")[2].strip("/")
            if named == str(_SEED_MISTAKE) != str(port) or (direct and named.isdigit() and named not in accepted):
                yield ENTRY.found(f"{router.name} leads to port {named}, not {port}", service.location)


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
