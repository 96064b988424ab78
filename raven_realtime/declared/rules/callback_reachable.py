"""The realtime process can reach the address at which it asks who a user is.

On CONNECT Frappe's realtime process asks `Origin` + `/api/method/frappe.realtime.get_user_info`, from its own place
(frappe, realtime/middlewares/authenticate.js); with developer_mode it asks the web's port there.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from raven_realtime.declared import names
from raven_realtime.declared.journey import (
    ANY_HOST,
    USUAL,
    Part,
    Way,
    answered,
    frappes,
    known_as,
    nodes,
    said_at,
    settings_of,
)
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.rules.origin_present import host_of, refusal
from raven_realtime.declared.world import Container, World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt012_callback_unreachable import ENTRY
from raven_realtime.ports import WEB_PORT
from raven_realtime.proxies.location import Location

_ADDED = """\
In {file}, give the service {name} an address for the name that it asks, here the machine's own:

    extra_hosts: ["{host}:host-gateway"]

With a private CA it also needs `NODE_EXTRA_CA_CERTS`.
"""
ON = frozenset({"1", "true", "True"})
WHO = "/api/method/frappe.realtime.get_user_info"


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Follow the question from the realtime process's place."""
    settings = settings_of(world)
    for way in frappes(world):
        origin = way.poll.header("origin") or (way.websocket.header("origin") if not way.poll.header("origin") else "")
        if not way.ends_at_realtime or way.poll.arrived is None or not origin:
            continue
        # what is refused for its origin is not asked about yet; developer_mode is a cause of its own
        if refusal(way, way.poll) and settings.get("developer_mode", "") not in ON:
            continue
        if said := _fault(way, origin, settings.get("developer_mode", ""), settings.get("webserver_port", "")):
            text, level, where = said
            remedy = _remedy(way, origin, where)
            yield ENTRY.found(f"{way.shown}: {text}", where, remedy, level=level, stack=_stack(way), host=way.host)
        elif led := led_elsewhere(way, WHO):
            yield ENTRY.found(f"{way.shown}: {led[0]}", led[1], host=way.host)


def _remedy(way: Way, origin: str, where: Location) -> str:
    """Say what the service of a compose file needs; empty where the process is in none."""
    inside = way.poll.destination.container if way.poll.destination else None
    if inside is None or not inside.group or where != inside.location:
        return ""
    return _ADDED.format(file=inside.location.path, name=inside.service or inside.name, host=host_of(origin))


def led_elsewhere(way: Way, path: str) -> tuple[str, Location] | None:
    """Tell where a question of the realtime process goes, and the line that says so, if not to Frappe's web."""
    page = way.page.destination
    if page is None or page.part is not Part.WEB:
        return None
    journey = way.ask(path, (("Accept", "*/*"), ("Cookie", "sid=x")))
    refused = answered(journey)
    if refused and refused.status is not None and refused.status >= 400 and refused.status != 401:
        return f"{path} is answered by {refused.why}, not by Frappe's web", said_at(journey)
    end = journey.destination
    if end and (end.address, end.container) != (page.address, page.container) and end.part is not Part.WEB:
        return f"{path} is passed to {end.title}, and Frappe's web is {page.title}", said_at(journey)
    return None


def _fault(way: Way, origin: str, developing: str, web_port: str) -> tuple[str, Level, Location] | None:
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port or USUAL.get(parts.scheme, 80)
    except ValueError:
        return None
    asked = f"{parts.scheme}://{parts.netloc}"
    if developing in ON:
        port = int(web_port) if web_port.isdigit() else WEB_PORT
        asked = f"{parts.scheme}://{host}:{port}"
        if parts.scheme == "https" or way.perhaps_fronted:
            certain = parts.scheme == "https" and not way.fronted
            when = "" if certain else "where TLS ends before nginx, "
            page = host.replace(ANY_HOST, "…")
            said = f"{when}with developer_mode the realtime process asks https://{page}:{port}, which speaks plain HTTP"
            level = Level.ERROR if certain else Level.WARNING
            return said, level, _setting(way.world, "developer_mode") or said_at(way.poll)
    end = way.poll.destination
    inside = end.container if end and end.part is Part.REALTIME else None
    if inside is None or host in {"", ANY_HOST} or inside.routing.network_mode == "host":
        return None
    return _from_inside(way, inside, host, port, asked)


def _from_inside(way: Way, inside: Container, host: str, port: int, asked: str) -> tuple[str, Level, Location] | None:
    """Tell why a container does not reach a host and port."""
    place = inside.location
    title = inside.service or inside.name
    if host in inside.extra_hosts:
        return None
    if names.is_loopback(host):
        if port == (way.poll.destination.port if way.poll.destination else None):
            return None
        return (
            f"the realtime process asks {asked}, which is {title} itself from inside: nothing answers there",
            Level.ERROR,
            place,
        )
    if neighbour := known_as(way.world, host, inside):
        if _answers(way.world, neighbour, port):
            return None
        named = neighbour.service or neighbour.name
        return (
            f"the realtime process asks {asked}, and {named} does not listen on port {port} inside",
            Level.ERROR,
            place,
        )
    if names.is_public(host):
        return None
    supplied = f"the realtime process asks {asked}, a name that no service, alias or extra_hosts of {title} supplies"
    typed = host == way.host
    return supplied, Level.WARNING if typed and "." in host else Level.ERROR, place


def _answers(world: World, container: Container, port: int) -> bool:
    """Tell whether something may listen on a port of a container."""
    listening = [node for node in nodes(world) if node.container is container]
    if not listening:
        return True
    return any(entrance.listener.port == port for node in listening for entrance in node.proxy.entrances())


def _setting(world: World, name: str) -> Location | None:
    for file in world.bench:
        if said := file.setting(name):
            return said.location
    return None


def _stack(way: Way) -> str:
    end = way.poll.destination
    return "frappe_docker" if end and end.container else "bench"


RULE = Rule(
    "callback-reachable", "the realtime process reaches the address at which it asks who a user is", ENTRY, judge
)
