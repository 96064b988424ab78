"""Requests for /socket.io/ reach the Socket.IO process: not the web, not nothing."""

from collections.abc import Iterator

from raven_realtime.declared.journey import TUNNELS, Part, Way, default_sites, judged, nodes, said_at, ways
from raven_realtime.declared.realtime_routers import hosts_of, names_socketio, realtime_routers, routes, service_of
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt001_web_answers import ENTRY
from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.proxies.interface import Answered, Redirected


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report routers, servers and tunnels that lead elsewhere."""
    yield from _routers(world, parameters["web"])
    yield from _ways(world)
    yield from _nothing_routed(world)
    yield from _tunnels(world, parameters["web"])


def _routers(world: World, web: int) -> Iterator[Finding]:
    reached = {claim.router.name for route in routes(world) for claim in route.claims}
    for router in realtime_routers(world):
        if names_socketio(router) and router.name not in reached and hosts_of(router):
            yield ENTRY.found(
                f"{router.name} has the rule {router.rule}, which no request for /socket.io/ matches", router.location
            )
        service = service_of(world, router)
        ports = (
            {server.port or server.url.rpartition(":")[2].strip("/") for server in service.servers} if service else ()
        )
        if names_socketio(router) and str(web) in ports:
            yield ENTRY.found(f"{router.name} leads to port {web}, which is Frappe's web", router.location)


def _ways(world: World) -> Iterator[Finding]:
    """Report where a poll ends that does not reach the realtime process."""
    for way in judged(world):
        end, outcome = way.poll.destination, way.poll.last.outcome
        if way.poll.looped:
            said = f"{way.shown}: /socket.io/ goes round and round: {way.chain}"
        elif end and end.part is Part.WEB and way.is_frappe:
            said = f"{way.shown}: /socket.io/ is passed to {_spread(way) or end.title}, which is Frappe's web"
        elif isinstance(outcome, Redirected) and way.is_signed and not outcome.to.startswith("https://"):
            said = f"{way.shown}: /socket.io/ is redirected to {outcome.to.partition('?')[0]}"
        elif isinstance(outcome, Answered) and outcome.status != 401 and _is_meant(way):
            said = f"{way.shown}: /socket.io/ is answered by {outcome.why}, not passed to port {SOCKETIO_PORT}"
        else:
            continue
        yield ENTRY.found(said, said_at(way.poll), stack=way.poll.last.node.proxy.kind, level=way.worst, host=way.host)


def _spread(way: Way) -> str:
    """Say to whom requests go in turn; empty where it is one."""
    passed = way.poll.passed
    listed = passed.to if passed else ()
    return f"{' and '.join(listed)} in turn: the first" if len(listed) > 1 else ""


def _is_meant(way: Way) -> bool:
    """Tell whether somebody wants Socket.IO there: a rule says so, or Frappe's page is passed on."""
    return way.names_socketio or bool(way.is_frappe and way.page.destination)


def _nothing_routed(world: World) -> Iterator[Finding]:
    """Report a Traefik beside a Frappe that no address leads to: no label, no network, no published port."""
    traefik = next((node for node in nodes(world) if node.proxy.kind == "traefik" and node.container), None)
    wanted = [each for each in world.containers if each.is_frontend] or [
        each for each in world.containers if each.is_socketio
    ]
    if not traefik or not wanted or any(way.is_frappe for way in ways(world)):
        return
    container = wanted[0]
    name = container.service or container.name
    settings = next((static.docker for static in world.statics if static.docker), None)
    reasons = []
    if settings and not settings.exposed_by_default and container.routing.label("traefik.enable") != "true":
        reasons.append("it has no label `traefik.enable=true`, and exposedByDefault is false")
    if not any(label.key.startswith("traefik.http.routers.") for label in container.routing.labels):
        reasons.append("no label gives it a router")
    theirs, mine = traefik.container.routing.networks if traefik.container else None, container.routing.networks
    if theirs is not None and mine is not None and not set(theirs) & set(mine):
        reasons.append(f"it shares no network with Traefik, which is in {', '.join(sorted(theirs)) or 'none'}")
    said = f"no address leads to {name}: {'; '.join(reasons) or 'nothing routes to it'}"
    host = next((each for each in default_sites(world) if "." in each), "erp.example.com")
    network = ", ".join(sorted(theirs or ())) or "traefik-public"
    known = [each for static in world.statics for each in static.entrypoints]
    entrypoint = next((each.name for each in known if each.address.endswith(":443")), known[0].name if known else "")
    labels = [*_LABELS, *([_ENTRYPOINT] if entrypoint else [])]
    told = "\n".join(f"      - {each.format(name=name, host=host, entrypoint=entrypoint)}" for each in labels)
    remedy = _ROUTE.format(file=container.location.path, name=name, labels=told, network=network)
    yield ENTRY.found(said, container.location, remedy, stack="traefik")


_LABELS = (
    "traefik.enable=true",
    "traefik.http.routers.{name}.rule=Host(`{host}`)",
    "traefik.http.services.{name}.loadbalancer.server.port=8080",
)
_ENTRYPOINT = "traefik.http.routers.{name}.entrypoints={entrypoint}"
_ROUTE = """\
In {file}, give the service {name} a router for the host that browsers ask, its port, and a network that Traefik is in:

    labels:
{labels}
    networks: [default, {network}]
"""


def _tunnels(world: World, web: int) -> Iterator[Finding]:
    followed = any(placed.proxy.kind in TUNNELS for placed in world.proxies)
    if followed or any(tunnel.port == SOCKETIO_PORT for tunnel in world.tunnels):
        return
    for tunnel in world.tunnels:
        if tunnel.port == web:
            yield ENTRY.found(
                f"the tunnel {tunnel.name} leads to port {web}: Frappe's web answers /socket.io/ with 404",
                tunnel.location,
                stack="ngrok",
            )


RULE = Rule(
    "leads-to-socketio",
    "requests for /socket.io/ reach the Socket.IO process",
    ENTRY,
    judge,
    {"web": Parameter(WEB_PORT, "The port of Frappe's web process")},
)
