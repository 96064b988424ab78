"""A browser's requests on their way through everything that is declared: from each public address to where they end.

Nothing here judges. A `Way` is one public address; its `Journey`s are what a browser sends there: the polling GET
without Origin, the WebSocket with one, the page itself. Each goes from proxy to proxy by the proxies' own rules, and
from name to container as Docker and compose resolve names, until somebody answers or what comes next is not declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from raven_realtime.declared import names
from raven_realtime.declared.world import Container, Nginx, World
from raven_realtime.findings.entry import Level
from raven_realtime.places import frappe_docker
from raven_realtime.ports import MULTIPLEXER_PORT, SOCKETIO_PORT, WEB_PORT
from raven_realtime.proxies.interface import (
    Answered,
    Entrance,
    Listener,
    Outcome,
    Passed,
    Proxy,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.parse import parse_text
from raven_realtime.proxies.nginx.proxy import Nginx as NginxProxy
from raven_realtime.proxies.nginx.routing import Answer, Configuration
from raven_realtime.proxies.nginx.versions import named_by
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.proxy import Traefik
from raven_realtime.proxies.unreadable import Unreadable

if TYPE_CHECKING:
    from raven_realtime.proxies.nginx_proxy import containers as nginx_proxy_containers

PATH = "/socket.io/"
QUERY = "EIO=4&transport=polling&t=Oq1%2BZ"
ANY_HOST = "any.example"
"""Stands for whatever host a browser asks, where nothing declared names one."""
MOST_HOSTS = 20
"""How many names of one server or router are followed."""
MOST_WAYS = 400
MOST_LEGS = 10
CLIENT = "203.0.113.9"
PROXY_PORTS = frozenset({80, 443, 8080, 8443, MULTIPLEXER_PORT})
"""Ports behind which another proxy stands, which then has to do its part."""
USUAL = {"http": 80, "https": 443}
HEADER = "X-Frappe-Site-Name"
FRAPPE = "frappe"
_SOCKETIO = re.compile(r"socket\.?io", re.IGNORECASE)


class Part(StrEnum):
    """What a request ends at."""

    REALTIME = "realtime"
    WEB = "web"
    APP = "app"
    """A program that is declared, or at least on a declared machine, and that is not known any better."""
    ELSEWHERE = "elsewhere"
    """An address of which nothing is declared."""


@record(eq=False)
class Node:
    """A proxy at its place."""

    proxy: Proxy
    container: Container | None = None
    nginx: Nginx | None = None
    """Where it is nginx, its configuration."""
    modelled: bool = False
    """Whether its configuration is not given, but known from its image."""

    @property
    def title(self) -> str:
        """What reports call it: the container's name on its networks, or the program's."""
        return (self.container.service or self.container.name) if self.container else self.proxy.kind


@record
class Destination:
    """Where a request ends."""

    part: Part
    address: str
    port: int | None
    container: Container | None = None

    @property
    def title(self) -> str:
        """What reports call it."""
        if self.container:
            name = self.container.service or self.container.name
            return f"{name}:{self.port}" if self.port else name
        return self.address


@record
class Leg:
    """One proxy on the way, what reached it, and what it did."""

    node: Node
    request: Request
    outcome: Outcome


@record
class Journey:
    """One request's way."""

    legs: tuple[Leg, ...]
    destination: Destination | None = None
    """None where a proxy answered, redirected, or nobody can tell."""
    looped: bool = False
    refused: str = ""
    """Why nginx would not start with a directive that decides here; empty where it would."""

    @property
    def last(self) -> Leg:
        """The last proxy."""
        return self.legs[-1]

    @property
    def chain(self) -> str:
        """The proxies and the end in words: ``traefik → frontend → websocket:9000``."""
        parts = [leg.node.title for leg in self.legs]
        return " → ".join([*parts, self.destination.title] if self.destination else parts)

    @property
    def passed(self) -> Passed | None:
        """What the last proxy passed on, where it did."""
        outcome = self.last.outcome
        return outcome if isinstance(outcome, Passed) else None

    @property
    def arrived(self) -> Request | None:
        """The request as it arrives at the end; None where it does not get there."""
        return self.passed.request if self.passed and self.destination else None

    def header(self, name: str) -> str | None:
        """Return a header of what arrives, empty without one; None where it cannot be told."""
        if self.passed is None or {name.lower(), "*"} & self.passed.unknown.keys():
            return None
        for leg in self.legs[:-1]:
            unknown = isinstance(leg.outcome, Passed) and {name.lower(), "*"} & leg.outcome.unknown.keys()
            if unknown and (not self.passed.request.value(name) or self._sent_on(name)):
                return None
        return self.passed.request.host if name.lower() == "host" else self.passed.request.value(name)

    def _sent_on(self, name: str) -> bool:
        """Tell whether the last proxy only repeats what it got."""
        return self.passed is not None and self.passed.request.value(name) == self.last.request.value(name)


@record(eq=False)
class Way:
    """One public address, and what comes of what a browser sends there."""

    world: World
    node: Node
    entrance: Entrance
    host: str
    """What the browser asks, without a port."""
    scheme: str
    """Of the page's address."""
    port: int
    """The port of the page's address."""
    fronted: bool = False
    """Whether something that is not declared stands in front and ends TLS."""

    @property
    def perhaps_fronted(self) -> bool:
        """Whether TLS may well end before it: an nginx without TLS and without a name of its own."""
        return (
            self.scheme == "http" and self.node.nginx is not None and not self.node.container and not self.entrance.host
        )

    @property
    def authority(self) -> str:
        """Host and port as the browser sends them."""
        return self.host if self.port == USUAL[self.scheme] else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """The page's origin."""
        return f"{self.scheme}://{self.authority}"

    @property
    def shown(self) -> str:
        """The address in words."""
        return "any host" if self.host == ANY_HOST else self.host

    def ask(self, target: str, headers: tuple[tuple[str, str], ...], *, proto: str = "") -> Journey:
        """Follow one request."""
        if self.fronted:
            headers = (*headers, ("X-Forwarded-Proto", proto or self.scheme), ("X-Forwarded-For", CLIENT))
        request = Request(
            self.authority if not self.fronted else self.host,
            target,
            headers=headers,
            tls=self.entrance.listener.tls,
            port=self.entrance.listener.port,
            client="127.0.0.1" if self.fronted or names.is_loopback(self.entrance.listener.address) else CLIENT,
        )
        return follow(self.world, self.node, request)

    @cached_property
    def poll(self) -> Journey:
        """A browser's first request: polling, without Origin."""
        return self.ask(f"{PATH}?{QUERY}", (("Accept", "*/*"), ("Cookie", "sid=x")))

    @cached_property
    def websocket(self) -> Journey:
        """A browser's WebSocket: with Origin."""
        headers = (
            ("Origin", self.origin),
            ("Cookie", "sid=x"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        )
        proto = "wss" if self.scheme == "https" else "ws"
        return self.ask(f"{PATH}?{QUERY.replace('polling', 'websocket')}", headers, proto=proto)

    @cached_property
    def page(self) -> Journey:
        """The page's own request."""
        return self.ask("/", (("Accept", "text/html"), ("Cookie", "sid=x")))

    @cached_property
    def without_slash(self) -> Journey:
        """What a client asks that leaves the path's last slash out."""
        return self.ask(f"{PATH.rstrip('/')}?{QUERY}", (("Accept", "*/*"), ("Cookie", "sid=x")))

    @cached_property
    def _own(self) -> Journey:
        """What comes of the first path that the rule of this address names."""
        path = next((path for path in self.entrance.paths if path.startswith("/")), "/")
        return self.ask(path, (("Accept", "text/html"), ("Cookie", "sid=x")))

    @property
    def is_apart(self) -> bool:
        """Whether it leads straight to Socket.IO, the page included."""
        page = self.page.destination
        return bool(not self.names_socketio and page and page.part is Part.REALTIME)

    @cached_property
    def names_socketio(self) -> bool:
        """Whether a rule or location on the way names Socket.IO, or the program at the end is called so."""
        if _asks_for_socketio(self.entrance) or any(_names_socketio(leg, self.world) for leg in self.poll.legs):
            return True
        end = self.poll.destination
        return bool(end and end.container and _is_called_socketio(end.container))

    @cached_property
    def is_frappe(self) -> bool:
        """Whether something says that Frappe is behind it: the world does, and nothing says that it is another's."""
        if self.world.app:
            return self.world.app == FRAPPE
        if any(leg.outcome.request.value(HEADER) for leg in self.poll.legs if isinstance(leg.outcome, Passed)):
            return True
        if any(leg.node.container and leg.node.container.is_frontend for leg in self.poll.legs):
            return True
        end = self.poll.destination or self.page.destination or self._own.destination
        if end and end.container:
            near = end.container.may_be_proxy or (self.names_socketio and end.port == SOCKETIO_PORT)
            return end.container.is_frappe or (near and says_frappe(self.world))
        return says_frappe(self.world)

    @property
    def is_signed(self) -> bool:
        """Whether something says that Socket.IO is behind it."""
        return self.names_socketio or self.is_frappe

    @property
    def worst(self) -> Level:
        """The worst that may be said of it: what nothing says to be Socket.IO's is warned of at most."""
        return Level.ERROR if self.is_signed else Level.WARNING

    @property
    def ends_at_realtime(self) -> bool:
        """Whether its poll ends at what is, or is meant to be, the realtime process.

        What may be another proxy, of which nothing is declared, does its part by itself.
        """
        end = self.poll.destination
        if end is None or end.part is Part.WEB:
            return False
        if end.part is Part.REALTIME:
            return True
        proxy = end.container.may_be_proxy if end.container else end.port in PROXY_PORTS
        return self.names_socketio and not proxy

    @property
    def chain(self) -> str:
        """The way in words: ``https://erp.example.com → traefik → frontend → websocket:9000``."""
        return f"{self.origin.replace(ANY_HOST, 'any host')} → {self.poll.chain}"

    def said_at(self, *directives: str) -> Location:
        """Return where the last proxy says one of its directives (nginx), or where it passes the request on."""
        return said_at(self.poll, *directives)


def said_at(journey: Journey, *directives: str) -> Location:
    """Return where the last proxy of a journey says one of its directives (nginx), or where it passes it on."""
    last = journey.last
    if isinstance(last.node.proxy, NginxProxy) and (answer := _answer(last.node.proxy, last.request)):
        for name in directives:
            if found := answer.effective(name):
                return last.node.proxy.place(found[-1])
        if answer.location or answer.server:
            return last.node.proxy.place(answer.location or answer.server)  # type: ignore[arg-type]  # one is there
    return getattr(last.outcome, "location", None) or last.node.proxy.location


def _answer(proxy: NginxProxy, request: Request) -> Answer | None:
    """Return nginx's own answer; None where it would not start."""
    try:
        return proxy.answer(request)
    except Unreadable:
        return None


def _names_socketio(leg: Leg, world: World) -> bool:
    proxy = leg.node.proxy
    if isinstance(proxy, NginxProxy):
        answer = _answer(proxy, leg.request)
        return answer is not None and any(
            _SOCKETIO.search(" ".join(level.args).replace("\\", ""))
            for level in answer.levels
            if level.name != "server"
        )
    if not isinstance(leg.outcome, Passed):
        return False
    passing = leg.outcome.location
    if _SOCKETIO.search(_line(world, passing)):
        return True
    return any(_asks_for_socketio(each) for each in proxy.entrances() if each.location == passing)


def _asks_for_socketio(entrance: Entrance) -> bool:
    """Tell whether a rule asks for Socket.IO's path, rightly or not; `/board/socket.io` is another application's."""
    return any(path.lower().lstrip("/^(?:").startswith("socket.io") for path in entrance.paths)


def _line(world: World, place: Location) -> str:
    """Return a line of a file that was read; empty where it is not at hand."""
    for text in world.texts:
        if place.line and text.location.path == place.path:
            return "".join(text.value.splitlines()[place.line - 1 : place.line])
    return ""


def _is_called_socketio(container: Container) -> bool:
    return bool(_SOCKETIO.search(f"{container.service} {container.name} {container.image} {container.command}"))


@lru_cache(maxsize=8)
def says_frappe(world: World) -> bool:
    """Tell whether something declared is Frappe's: a container, a bench's file, a header in a configuration."""
    return (
        bool(world.bench)
        or any(each.program in _OF_A_BENCH for each in world.processes)
        or any(each.is_frappe for each in world.containers)
        or any(_OF_FRAPPE.search(f"{each.name} {each.service}") for each in world.containers)
        or any(_OF_FRAPPE.search(name) for name in world.table.routers)
        or any(_OF_FRAPPE.search(" ".join((each.name, *each.args))) for each in _directives(world))
    )


def _directives(world: World) -> Iterator[Directive]:
    return (each for nginx in world.nginx for top in nginx.tree for each in top.walk())


_OF_A_BENCH = frozenset({"realtime", "scheduler", "watch"})
"""Programs that only a bench has: many others have a web process, a worker and redis."""
_OF_FRAPPE = re.compile(r"frappe|erpnext|(?<![a-z])raven(?![a-z])", re.IGNORECASE)


@lru_cache(maxsize=8)
def nodes(world: World) -> tuple[Node, ...]:
    """Return all proxies of a world at their places."""
    found: list[Node] = []
    for nginx in world.nginx:
        container = _place_of(nginx, world)
        own = _at_version(nginx, container, world)
        found.append(Node(NginxProxy(own.name, own.configuration, own.location), container, own))
    taken = {node.container.name for node in found if node.container}
    for container in world.containers:
        if container.is_frontend and container.name not in taken:
            found += _modelled(container)
    if traefik := _traefik(world):
        found.append(traefik)
    found += _nginx_proxies(world)
    found += [Node(each.proxy, world.container(each.runs_in)) for each in world.proxies]
    return tuple(found)


def _at_version(nginx: Nginx, container: Container | None, world: World) -> Nginx:
    """Return it with the version that its container's image names, or the user of the machine's own."""
    said = next((each.value for each in world.versions if each.name == "nginx"), "")
    version = named_by(container.image) if container else said
    return replace(nginx, version=version) if version else nginx


def _modelled(container: Container) -> Iterator[Node]:
    variables = {each.name: each.value.replace("$$", "$") for each in container.environment}
    text = frappe_docker.nginx_of(container.image, variables)
    if text is None:
        return
    name = container.location.path
    try:
        tree = parse_text(text, name, check=False)
    except Unreadable:
        return
    own = Nginx(name, tree, container.location, container.name)
    yield Node(NginxProxy(name, Configuration(tree), container.location), container, own, modelled=True)


def _traefik(world: World) -> Node | None:
    if not world.table.routers and not world.statics:
        return None
    container = next((each for each in world.containers if re.search(r"(^|/)traefik(:|@|$)", each.image)), None)
    first = next(iter(world.table.routers.values()), None)
    where = container.location if container else (first.location if first and first.location else Location("traefik"))
    return Node(Traefik("traefik", world.table, where, world.version_of("traefik")), container)


def _nginx_proxies(world: World) -> Iterator[Node]:
    """Yield nginx-proxy, which makes its configuration of containers' variables; it may be declared elsewhere."""
    asking = [
        each for each in world.containers if any(said.name.startswith("VIRTUAL_HOST") for said in each.environment)
    ]
    if not asking:
        return
    from raven_realtime.proxies.nginx_proxy import proxy as nginx_proxy  # noqa: PLC0415 (loaded only where it is used)

    proxies: list[Container | None] = [each for each in world.containers if nginx_proxy.is_nginx_proxy(each.image)]
    for proxy in proxies or [None]:
        seen = [_for_nginx_proxy(each) for each in asking if proxy is None or share_network(each, proxy)]
        own = _variables(proxy) if proxy else {}
        release = nginx_proxy.release_of(proxy.image) if proxy else None
        name, place = (proxy.service, proxy.location) if proxy else ("nginx-proxy", seen[0].location)
        if seen:
            yield Node(nginx_proxy.read(seen, name, place, own, release), proxy)


def _for_nginx_proxy(container: Container) -> nginx_proxy_containers.Container:
    from raven_realtime.proxies.nginx_proxy import containers  # noqa: PLC0415 (loaded only where it is used)

    routing = container.routing
    return containers.Container(
        container.service or container.name,
        _variables(container),
        container.location,
        {label.key: label.value for label in routing.labels},
        routing.ports or (),
    )


def _variables(container: Container) -> dict[str, tuple[str, Location]]:
    return {each.name: (each.value, each.location) for each in container.environment}


def _place_of(nginx: Nginx, world: World) -> Container | None:
    """Return the container that a configuration runs in: the one that mounts it, or whose neighbours it names."""
    if nginx.runs_in:
        return world.container(nginx.runs_in)
    upstreams = {
        names.split(server)[0]
        for top in nginx.tree
        for each in top.walk()
        for server in _addresses(each.name, each.args)
    }
    neighbours = {each.service for each in world.containers if each.service in upstreams}
    wanted = {names.split(each.value)[0] for c in world.containers for each in c.environment if each.name == "SOCKETIO"}
    if not neighbours and not (wanted & upstreams):
        return None
    configured = {each.runs_in for each in world.nginx}
    fitting = [each for each in world.containers if (each.is_frontend or each.is_nginx) and each.name not in configured]
    fitting.sort(key=lambda each: not each.is_frontend)
    return fitting[0] if fitting else None


def _addresses(name: str, arguments: tuple[str, ...]) -> Iterator[str]:
    if name == "server" and arguments:
        yield arguments[0]
    elif name == "proxy_pass" and arguments:
        yield arguments[0].partition("://")[2].partition("/")[0]


def follow(world: World, node: Node, request: Request) -> Journey:
    """Pass a request from proxy to proxy until it ends."""
    legs: list[Leg] = []
    while True:
        try:
            outcome = node.proxy.handle(request)
        except Unreadable as wrong:
            outcome = Undecided(str(wrong), wrong.location or node.proxy.location)
            return Journey((*legs, Leg(node, request, outcome)), refused=str(wrong))
        if isinstance(outcome, Passed) and not outcome.to:
            outcome = Undecided("it passes the request on to no server", outcome.location)
        legs.append(Leg(node, request, outcome))
        if not isinstance(outcome, Passed):
            return Journey(tuple(legs))
        if len(legs) > MOST_LEGS or any(leg.node is node and leg.request == request for leg in legs[:-1]):
            return Journey(tuple(legs), looped=True)
        found = resolve(world, outcome.to[0], node, outcome.request)
        if isinstance(found, Destination):
            return Journey(tuple(legs), found)
        node, request = found


def resolve(world: World, address: str, sender: Node, request: Request) -> Destination | tuple[Node, Request]:
    """Tell who answers at an address that a proxy passes a request to: another proxy, or a program.

    Args:
        world: all that is declared.
        address: ``host:port``, or ``unix:…``.
        sender: the proxy that asks.
        request: what it sends.
    """
    if address.startswith("unix:"):
        return Destination(Part.APP, address, None)
    host, port = names.split(address)
    named = sender.container is not None or not names.is_loopback(host)
    if named and (container := known_as(world, host, sender.container)):
        return _in_container(world, container, port or None, address, request, sender=sender)
    own = sender.container if names.is_loopback(host) else None
    if own is not None and own.routing.network_mode != "host" and not own.swarm:
        return _in_container(world, _beside(world, own, port), port or None, address, request, sender=sender)
    if names.is_loopback(host) or host in names.MACHINE:
        return _on_machine(world, port, address, sender, request)
    # an address that nothing declares: the only other proxy that listens there and is in no container may be it
    fitting = [
        node
        for node in nodes(world)
        if node is not sender and node.container is None and _listens(node, port) and node.proxy.kind != "traefik"
    ]
    if len(fitting) == 1 and not names.is_address(host):
        return fitting[0], replace(request, port=port, tls=_tls(fitting[0], port, request.tls))
    return _unknown(world, address, port)


def others(world: World, leg: Leg) -> Iterator[tuple[Node, Request]]:
    """Yield the further proxies that may get what a proxy passes on: it chooses one of several servers."""
    passed = leg.outcome
    if not isinstance(passed, Passed):
        return
    for address in passed.to[1:]:
        found = resolve(world, address, leg.node, passed.request)
        if not isinstance(found, Destination):
            yield found


def called(world: World, host: str) -> list[Container]:
    """Return the containers that have a name, on whatever network."""
    return [
        each
        for each in world.containers
        if host in {each.name.lower(), each.service.lower(), *(alias.lower() for alias in each.aliases)} - {""}
    ]


def known_as(world: World, host: str, asking: Container | None) -> Container | None:
    """Return the container that a name means to another one on its networks, or to Traefik."""
    fitting = called(world, host)
    if asking is not None:
        near = [each for each in fitting if share_network(each, asking)]
        fitting = near or [each for each in fitting if each.name.lower() == host]
    return fitting[0] if fitting else None


def _beside(world: World, own: Container, port: int | None) -> Container:
    """Return who listens on a port of a container's own loopback: itself, or another one in the same network space."""
    others = [each for each in world.containers if each is not own and _same_space(each, own)]
    for each in (own, *others):
        if any(node.container is each and _listens(node, port) for node in nodes(world)):
            return each
    for each in others:
        if port in (each.routing.ports or ()) or (port == SOCKETIO_PORT and each.is_socketio):
            return each
    return others[0] if len(others) == 1 else own


def _same_space(one: Container, other: Container) -> bool:
    """Tell whether two containers share a network space: a pod, or compose's `network_mode: service:NAME`."""
    spaces = [
        {f"service:{each.service}", f"container:{each.name}", each.routing.network_mode}
        | {network for network in each.routing.networks or () if network.startswith("pod:")}
        for each in (one, other)
    ]
    return any(space.partition(":")[0] in {"service", "container", "pod"} for space in spaces[0] & spaces[1])


def share_network(one: Container, other: Container) -> bool:
    """Tell whether two containers can speak to each other; true where their networks are not known."""
    mine, theirs = one.routing.networks, other.routing.networks
    if mine is None or theirs is None:
        return True
    return bool(set(mine) & set(theirs)) or (not mine and not theirs)


def _listens(node: Node, port: int | None) -> bool:
    ports = {entrance.listener.port for entrance in node.proxy.entrances()}
    return port in ports if port else bool(ports)


def _tls(node: Node, port: int | None, asked: bool) -> bool:
    listeners = [each.listener for each in node.proxy.entrances() if each.listener.port == port]
    return listeners[0].tls if listeners else asked


def _in_container(
    world: World, container: Container, port: int | None, address: str, request: Request, *, sender: Node
) -> Destination | tuple[Node, Request]:
    port = dict(container.inner_ports).get(port, port) if port else port
    for node in nodes(world):
        if node.container is container and _listens(node, port):
            listener = _listener(node, port)
            return node, replace(request, port=listener.port, tls=listener.tls)
    may_be_nginx = container.is_nginx or not container.image
    if may_be_nginx and (loose := _configuring(world, port)) and loose is not sender:
        return loose, replace(request, port=port, tls=_tls(loose, port, request.tls))
    return Destination(_part_of(container, port), address, port, container)


def _configuring(world: World, port: int | None) -> Node | None:
    """Return the configuration that a container without one of its own has: the only one that can be meant.

    It is for Socket.IO, listens on the port that the container is asked on, and no container is known to have it.
    """
    loose = [each for each in nodes(world) if each.nginx and each.container is None and each.nginx.names_socketio]
    return loose[0] if len(loose) == 1 and port and _listens(loose[0], port) else None


def _listener(node: Node, port: int | None) -> Listener:
    listeners = [each.listener for each in node.proxy.entrances()]
    return next((each for each in listeners if each.port == port), listeners[0])


def _part_of(container: Container, port: int | None) -> Part:
    if container.is_socketio:
        return Part.REALTIME
    if port == SOCKETIO_PORT and (container.is_frappe or not container.image):
        return Part.REALTIME
    if port == WEB_PORT and container.is_frappe:
        return Part.WEB
    return Part.APP


def _on_machine(
    world: World, port: int | None, address: str, sender: Node, request: Request
) -> Destination | tuple[Node, Request]:
    for node in nodes(world):
        outside = node.container is None or node.container.routing.network_mode == "host"
        if outside and node.proxy.kind not in TUNNELS and _listens(node, port) and port and node is not sender:
            return node, replace(request, port=port, tls=_tls(node, port, request.tls))
    for container in world.containers:
        for published in container.published:
            if published.host_port == port and published.protocol == "tcp":
                return _in_container(world, container, published.container_port, address, request, sender=sender)
    if _listens(sender, port) and sender.container is None and port:
        return sender, replace(request, port=port, tls=_tls(sender, port, request.tls))
    return _unknown(world, address, port)


TUNNELS = frozenset({"ngrok", "cloudflared", "tailscale"})
"""Proxies that come from outside into a machine, and listen on none of its ports."""


def _unknown(world: World, address: str, port: int | None) -> Destination:
    for process in world.processes:
        if process.port == port and port and process.program in _PROGRAMS:
            return Destination(_PROGRAMS[process.program], address, port)
    if says_frappe(world):
        if port in {SOCKETIO_PORT, *bench_ports(world, "socketio_port")}:
            return Destination(Part.REALTIME, address, port)
        if port in {WEB_PORT, *bench_ports(world, "webserver_port")}:
            return Destination(Part.WEB, address, port)
    return Destination(Part.ELSEWHERE, address, port)


_PROGRAMS: Mapping[str, Part] = {"realtime": Part.REALTIME, "web": Part.WEB}


def bench_ports(world: World, key: str) -> frozenset[int]:
    """Return the ports that benches' common files give for a key."""
    said = (file.setting(key) for file in world.bench if file.common)
    return frozenset(int(each.value) for each in said if each and each.value.isdigit())


def asked(world: World, host: str) -> tuple[Way, ...]:
    """Return the public addresses at which one host can be asked, whether anything names it or not.

    Where something names it, or takes any host, and does more than to send it to https, those that do neither are
    left out.
    """
    inner = _led_to(world)
    found: dict[tuple[int, int, bool], tuple[Way, bool]] = {}
    for node in nodes(world):
        known = node.proxy.entrances()
        listeners = node.proxy.listeners() if isinstance(node.proxy, Traefik) else [each.listener for each in known]
        for listener in listeners:
            outside = _public_port(node, listener.port)
            key = (id(node), listener.port, listener.tls)
            if outside is None or key in found or key[:2] in inner:
                continue
            fitting = [each for each in known if _is_at(each, listener) and _names(each.host, host)]
            entrance = fitting[0] if fitting else Entrance(host, listener, listener.location)
            fronted = not listener.tls and _expects_front(node)
            scheme = "https" if listener.tls or fronted else "http"
            way = Way(world, node, entrance, host, scheme, USUAL[scheme] if fronted else outside, fronted)
            # nginx has a default server
            found[key] = way, bool(fitting) or node.nginx is not None or redirected_to_itself(way.page)
    named = tuple(way for way, fits in found.values() if fits)
    leads = any(not redirected_to_itself(way.page) for way in named)
    return named if leads else tuple(way for way, _ in found.values())


def _is_at(entrance: Entrance, listener: Listener) -> bool:
    return (entrance.listener.port, entrance.listener.tls) == (listener.port, listener.tls)


def _names(pattern: str, host: str) -> bool:
    """Tell whether a name that a proxy answers for is a host, or a wildcard that takes it in; empty takes any."""
    return not pattern or fnmatchcase(host, pattern.lower())


@lru_cache(maxsize=8)
def ways(world: World) -> tuple[Way, ...]:
    """Return every public address, in the order of the proxies: those that no other proxy leads to."""
    found = [way for node in nodes(world) for way in _ways_into(world, node)]
    inner = _led_to(world)
    return tuple(way for way in found if (id(way.node), way.entrance.listener.port) not in inner)[:MOST_WAYS]


def _led_to(world: World) -> frozenset[tuple[int, int | None]]:
    """Return the proxies, each with a port, that another proxy leads to."""
    led: set[tuple[int, int | None]] = set()
    for node in nodes(world):
        for way in _ways_into(world, node):
            for journey in (way.poll, way.page):
                led |= {(id(leg.node), leg.request.port) for leg in journey.legs[1:] if leg.node is not node}
                led |= {(id(other), asked.port) for leg in journey.legs for other, asked in others(world, leg)}
    return frozenset(led)


@lru_cache(maxsize=4096)
def _ways_into(world: World, node: Node) -> tuple[Way, ...]:
    return tuple(_each_way(world, node))


def _each_way(world: World, node: Node) -> Iterator[Way]:
    entrances = node.proxy.entrances()
    by_listener: dict[int, list[Entrance]] = {}
    for entrance in entrances:
        by_listener.setdefault(entrance.listener.port, []).append(entrance)
    for port, listed in by_listener.items():
        outside = _public_port(node, port)
        if outside is None:
            continue
        for entrance in listed[: MOST_HOSTS * 5]:
            for host in _hosts(world, node, entrance):
                tls = entrance.listener.tls
                fronted = not tls and _expects_front(node)
                scheme = "https" if tls or fronted else "http"
                yield Way(world, node, entrance, host, scheme, USUAL[scheme] if fronted else outside, fronted)


def _public_port(node: Node, port: int) -> int | None:
    """Return the machine's port that leads to a proxy's; None where none does."""
    container = node.container
    if container is None or container.routing.network_mode == "host" or not container.group:
        return port
    if node.proxy.kind in TUNNELS:
        return port
    for published in container.published:
        if published.container_port == port:
            return published.host_port or port
    if node.proxy.kind == "traefik" and not container.published:
        return port  # another file of the stack may publish it
    return None


def _expects_front(node: Node) -> bool:
    """Tell whether an nginx without TLS reads what a proxy in front of it says of the scheme."""
    if node.nginx is None or node.modelled or node.container:
        return False
    return any("$http_x_forwarded_proto" in str(each) for top in node.nginx.tree for each in top.walk())


def _hosts(world: World, node: Node, entrance: Entrance) -> list[str]:
    """Return the hosts to ask at an entrance: its own, or where it takes any, those that the bench knows."""
    host = entrance.host.lower()
    if host.startswith("*."):
        return [f"any{host[1:]}"]
    inner = node.container is not None and node.proxy.kind == "nginx"
    if host and not (inner and "." not in host and host not in names.LOOPBACK) and "*" not in host:
        return [host]
    known = [each for each in default_sites(world) if "." in each]
    return known or [ANY_HOST]


def default_sites(world: World) -> tuple[str, ...]:
    """Return the sites that benches' files name: their default."""
    said = (file.setting("default_site") for file in world.bench if file.common)
    return tuple(dict.fromkeys(each.value for each in said if each and each.value))


def settings_of(world: World) -> Mapping[str, str]:
    """Return what the benches' files say, the common ones first and a site's own on top."""
    merged: dict[str, str] = {}
    for file in sorted(world.bench, key=lambda each: not each.common):
        merged |= {each.name: each.value for each in file.settings}
    return merged


def redirected_to_itself(journey: Journey) -> bool:
    """Tell whether a journey ends in a redirect to https, as a plain entrance usually does."""
    outcome = journey.last.outcome
    return isinstance(outcome, Redirected) and outcome.to.startswith("https://")


def answered(journey: Journey) -> Answered | None:
    """Return what a proxy answered by itself, where it did."""
    return journey.last.outcome if isinstance(journey.last.outcome, Answered) else None


@lru_cache(maxsize=8)
def judged(world: World) -> tuple[Way, ...]:
    """Return the ways to judge: those that something says are Socket.IO's or Frappe's.

    Where nothing says so anywhere, all that lead through files which the user named: any of them may be meant.
    Ways that only send browsers to https are in nobody's way, and one address is followed once.
    """
    found: dict[tuple[int, str, str, int], Way] = {}
    for way in ways(world):
        if not (redirected_to_itself(way.poll) and redirected_to_itself(way.page)):
            found.setdefault((id(way.node), way.host, way.scheme, way.port), way)
    # who can be asked over https is: what a plain entrance does beside it concerns nobody's page
    secure = {(id(way.node), way.host) for way in found.values() if way.scheme == "https"}
    found = {key: way for key, way in found.items() if way.scheme == "https" or key[:2] not in secure}
    split = {id(way.node) for way in found.values() if not way.is_apart}
    kept = [
        way
        for way in found.values()
        if not (way.is_apart and (id(way.node) in split or way.node.proxy.kind in TUNNELS))
    ]
    signed = tuple(way for way in kept if way.is_signed)
    if signed or not world.named:
        return signed
    return tuple(kept)


@lru_cache(maxsize=8)
def apart(world: World) -> tuple[Way, ...]:
    """Return the ways straight to Socket.IO of a proxy that sends the web's requests another way."""
    split = {id(way.node) for way in ways(world) if not way.is_apart}
    return tuple(way for way in ways(world) if way.is_apart and id(way.node) in split)


def frappes(world: World) -> tuple[Way, ...]:
    """Return the ways that lead to Frappe."""
    return tuple(way for way in judged(world) if way.is_frappe)


def leading(world: World) -> tuple[Way, ...]:
    """Return the ways to judge that do not end at the web, which is a finding by itself."""
    return tuple(way for way in judged(world) if not (way.poll.destination and way.poll.destination.part is Part.WEB))
