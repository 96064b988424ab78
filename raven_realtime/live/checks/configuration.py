"""nginx's effective configuration for /socket.io/: which port it asks, whether it upgrades, how many it holds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from raven_realtime.findings import Finding, explain
from raven_realtime.findings.rt018_nginx_asks_port_3000 import code_of
from raven_realtime.findings.rt022_idle_timeout import PING_SECONDS, first_to_close
from raven_realtime.findings.rt025_never_upgrades import lost
from raven_realtime.findings.rt029_worker_connections_spent import FEW, room
from raven_realtime.live.checks.listening import realtime
from raven_realtime.live.inside import NGINX, Inside, look
from raven_realtime.live.result import Check, Outcome, Result
from raven_realtime.live.target import SOCKET_PATH, Target
from raven_realtime.machine import CannotLook
from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.parse import dumped_files, parse_file, parse_files
from raven_realtime.proxies.nginx.request import Request
from raven_realtime.proxies.nginx.routing import Action, Answer, Configuration

CHECK = Check(
    name="configuration",
    title="nginx's configuration",
    proves="By its configuration nginx sends /socket.io/ of this host to the port of Socket.IO, over HTTP/1.1 with the "
    "upgrade headers, keeps idle sockets longer than a ping takes, and has room for more than 1,000 of them.",
    rank=230,
    through=("proxy",),
)
NEARLY = 0.8
"""The part of its sockets from which on an nginx counts as full."""
UPGRADE = (("Upgrade", "websocket"), ("Connection", "Upgrade"))
ABSENT = ("RT002", "RT035")
"""What shows outside when nginx does not run: who is before it says 502, or nobody answers."""
PATH_CHANGED = ("RT001", "RT002", "RT003", "RT005", "RT037", "RT038")
"""What shows outside where Socket.IO's own path does not arrive at it: whatever answers another one, or silence."""
START = """\
Start nginx: `sudo nginx -t && sudo systemctl start nginx`, or what runs it here (`docker ps --all`,
`sudo supervisorctl status`). If it does not stay, its error log says why.
"""
SIDECAR = "frappe-socketio"
"""The name of this project's sidecars begins so."""
DUMP = r"""
set -- $(tr '\0' '\n' </proc/1/cmdline | sed -n 's/^.*nginx: master process //p' | tr '\n' ' ')
[ $# -gt 0 ] || set -- nginx
program=$1 options=
while shift && [ $# -gt 0 ]; do case $1 in -c|-p|-e) options="$options $1 $2"; shift ;; esac; done
exec "$program" -T -q $options
"""
"""Prints the configuration that a container's own nginx, its first process, was started with."""


async def check(target: Target, inside: Inside) -> Result:
    """Evaluate nginx's configuration for the handshake of this host."""
    return await look(CHECK.name, lambda: _judge(target, inside))


def _judge(target: Target, inside: Inside) -> Result:
    where, tree = read(inside)
    answer = answering(tree, target)
    if answer.action is not Action.PROXIED:
        raise CannotLook(f"by {where}, nginx does not proxy {SOCKET_PATH} of {target.host} ({answer.action})")
    found = [*_port(answer, inside), *_path(answer), *_upgrade(answer), *_idle(answer), *_site(answer, target, inside)]
    sockets, arithmetic = capacity(tree)
    spent = explain("RT029").found(f"{where}: {arithmetic}, so at most {sockets} proxied WebSockets")
    unserved = _unserved(where, tree, inside)
    if unserved and inside.nginx is not None and "nginx" not in inside.answered:
        found += _absent(where, unserved, inside)
    servers = ", ".join(answer.upstream_servers) or answer.upstream or "?"
    said = f"{where}: {SOCKET_PATH} goes to {servers}, {sockets} sockets at most"
    facts = {"upstream": servers, "sockets": sockets, "listens": not unserved, "stack": "nginx"}
    facts["full"] = _full(where, tree, sockets, inside)
    result = Result.of(CHECK.name, said, *found, **facts)
    if sockets >= FEW:
        return result
    # A small nginx is a fault only when it is full; that shows from outside, and this then explains it.
    outcome = Outcome.FAIL if result.outcome is Outcome.FAIL else Outcome.WARN
    return replace(result, outcome=outcome, findings=(*result.findings, spent))


def _full(where: str, tree: tuple[Directive, ...], sockets: int, inside: Inside) -> bool:
    """Whether nginx may hold as many sockets as it can; so too where that cannot be seen."""
    if where.startswith("container "):
        return True
    try:
        return inside.machine.held(_ports(tree)) >= NEARLY * sockets
    except CannotLook:
        return True


def _ports(tree: tuple[Directive, ...]) -> set[int]:
    return {listen.port for server in Configuration(tree).servers.servers for listen in server.listens if listen.port}


def _unserved(where: str, tree: tuple[Directive, ...], inside: Inside) -> list[int]:
    """Return the ports that nginx is to listen on, where nothing listens on any of them; none if that is not known."""
    if where.startswith("container "):
        return []
    ports = _ports(tree)
    try:
        return [] if any(one.port in ports for one in inside.machine.listeners()) else sorted(ports)
    except CannotLook:
        return []


def _absent(where: str, ports: list[int], inside: Inside) -> Iterator[Finding]:
    """Yield that nginx does not run, where that explains what the outside saw."""
    seen = tuple(code for code in inside.outside if code in ABSENT)
    if seen:
        named = ", ".join(map(str, ports))
        evidence = f"nothing listens on port {named} of its machine, on which {where} lets nginx listen"
        yield explain(seen[0]).found(evidence, remedy=START, hop=CHECK.through[0], causes=seen)


def read(inside: Inside) -> tuple[str, tuple[Directive, ...]]:
    """Return where nginx's configuration was read, and its structure with all includes.

    Raises:
        CannotLook: there is none to read.
        Problem: it is not one.
    """
    for name, text in _dumps(inside):
        return name, _from_dump(text)
    file = inside.nginx
    if file is None and inside.docker is not None and inside.bench is None and _sidecars(inside):
        names = ", ".join(_sidecars(inside))
        raise CannotLook(f"the configuration of container {names} cannot be read: give --nginx FILE")
    if file is None and inside.bench is not None and not inside.machine.ssh:
        file = next((one for one in [inside.bench / "config" / "nginx.conf"] if one.is_file()), None)
    if file is None and not inside.machine.ssh and inside.bench is None and NGINX.is_file():
        file = NGINX
    if file is None:
        raise CannotLook("no nginx configuration is named: give --nginx FILE (or --docker, if it runs in a container)")
    if inside.machine.ssh:
        return str(file), _from_dump(inside.machine.run("nginx", "-T", "-q", "-c", str(file)))
    return str(file), parse_file(file)


def _dumps(inside: Inside) -> Iterator[tuple[str, str]]:
    """Yield what `nginx -T` prints in the containers that may be the proxy before Socket.IO."""
    if inside.docker is None or inside.nginx is not None:
        return
    try:
        containers = inside.containers
    except CannotLook:
        # Another check says so; a file may still be at hand.
        return
    for container in containers:
        words = " ".join([container.name, *(label.key + label.value for label in container.labels)]).lower()
        if container.status != "running" or not any(word in words for word in ("socket", "frontend", "nginx")):
            continue
        with contextlib.suppress(CannotLook):
            text = inside.in_docker("exec", container.name, "sh", "-c", DUMP)
            if "/socket.io" in text:
                yield f"container {container.name}", text


def _sidecars(inside: Inside) -> list[str]:
    """Return the running containers that are the proxy before Socket.IO by their names."""
    try:
        return [one.name for one in inside.containers if one.status == "running" and SIDECAR in one.name]
    except CannotLook:
        return []


def _from_dump(text: str) -> tuple[Directive, ...]:
    """Return the structure of what `nginx -T` printed, its includes put in place.

    Raises:
        Problem: it is not one.
    """
    files = dumped_files(text)
    if not files:
        raise Problem("nginx -T printed no configuration.")
    return parse_files(files, check=False)


def answering(tree: tuple[Directive, ...], target: Target) -> Answer:
    """Return who answers the handshake of the target's host, on whichever port the configuration serves it."""
    configuration = Configuration(tree)
    ports = [listen.port for server in configuration.servers.servers for listen in server.listens]
    wanted: list[int | None] = sorted(
        {port for port in ports if port}, key=lambda port: (port != target.port, port == 80)
    )
    query = f"{SOCKET_PATH}?EIO=4&transport=websocket"
    answers = [
        configuration.answer(Request(target.host, query, headers=UPGRADE, port=port)) for port in wanted or [None]
    ]
    return next((answer for answer in answers if answer.action is Action.PROXIED), answers[0])


def capacity(tree: tuple[Directive, ...]) -> tuple[int, str]:
    """Return how many proxied WebSockets nginx holds, and the sum in words."""
    held = room(tree)
    # A site's file says nothing of it; the main file is not at hand.
    return (held.sockets, held.sum) if held else (FEW, "worker_connections stands in another file")


def _port(answer: Answer, inside: Inside) -> Iterator[Finding]:
    place = answer.decided_by.place if answer.decided_by else ""
    ports = {port for server in answer.upstream_servers if (port := server.rpartition(":")[2]).isdigit()}
    if str(inside.port) in ports:
        # Several processes have a port each; whether all of them answer is asked next.
        return
    for server in answer.upstream_servers:
        port = server.rpartition(":")[2]
        if not port.isdigit():
            continue
        said = f"{place}: nginx asks {server} for {SOCKET_PATH}"
        code = code_of(int(port), inside.port)
        if code == "RT018":
            yield explain(code).found(said, stack="bench" if inside.bench else "")
        elif code and inside.bench is not None:
            named = f"{inside.bench}/sites/common_site_config.json says {inside.port}"
            where = ", ".join(str(one) for one in realtime(inside))
            listens = f", where Socket.IO listens: {where}" if where else ""
            yield explain("RT016").found(f"{said}, and {named}{listens}", stack="bench", hop="proxy")
        elif (elsewhere := realtime(inside)) and int(port) not in {one.port for one in elsewhere}:
            where = ", ".join(map(str, elsewhere))
            yield explain("RT016").found(f"{said}, and Socket.IO listens on {where}", stack="nginx", hop="proxy")


def _path(answer: Answer) -> Iterator[Finding]:
    """Yield that nginx changes the path on the way: with an address that ends in a path, it puts that in its place."""
    uri = answer.upstream_uri
    if uri is not None and not uri.startswith(SOCKET_PATH):
        place = answer.decided_by.place if answer.decided_by else ""
        said = f"{place}: {SOCKET_PATH} is passed on as {uri.partition('?')[0]}"
        yield explain("RT007").found(said, stack="nginx", causes=PATH_CHANGED)


def _site(answer: Answer, target: Target, inside: Inside) -> Iterator[Finding]:
    """Yield that nginx names another site than the one that is meant, where that explains what the outside saw."""
    named, wanted = answer.headers.get("x-frappe-site-name", ""), target.site or inside.site(target.host)
    seen = tuple(code for code in inside.outside if code in {"RT009", "RT021"})
    if seen and named and wanted and named != wanted:
        place = answer.decided_by.place if answer.decided_by else ""
        said = f"{place}: nginx says X-Frappe-Site-Name {named} for {target.host}, and the site is {wanted}"
        yield explain("RT009").found(said, stack="nginx", causes=seen)


def _upgrade(answer: Answer) -> Iterator[Finding]:
    sent = answer.proxied
    if sent and (said := lost(sent.version.removeprefix("HTTP/"), sent.headers, answer.undecided)):
        place = answer.decided_by.place if answer.decided_by else ""
        yield explain("RT025").found(f"{place}: the upstream gets {said}", stack="nginx")


def _idle(answer: Answer) -> Iterator[Finding]:
    first = first_to_close(answer.told)
    if first and first[1] <= PING_SECONDS:
        yield explain("RT022").found(f"{first[0]} is {first[1]:g} s; a ping and its answer may take {PING_SECONDS} s")
