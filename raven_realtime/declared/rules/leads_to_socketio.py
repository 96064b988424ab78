"""Requests for /socket.io/ reach the Socket.IO process: not the web, not nothing."""

from collections.abc import Iterator

from raven_realtime.declared.passages import Behind, passages, tunnels_apart
from raven_realtime.declared.realtime_routers import hosts_of, names_socketio, realtime_routers, routes, service_of
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt001_web_answers import ENTRY
from raven_realtime.proxies.nginx.routing import Action, Answer
from raven_realtime.settings import SOCKETIO_PORT, WEB_PORT


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report routers, servers and tunnels that lead elsewhere."""
    yield from _routers(world, parameters["web"])
    yield from _servers(world)
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


def _servers(world: World) -> Iterator[Finding]:
    ways = passages(world)
    apart = {way.nginx.name for way in tunnels_apart(world)}
    for way in ways:
        if way.behind is Behind.WEB and (way.meant or way.nginx.name not in apart):
            yield ENTRY.found(f"{way.host}: /socket.io/ is passed to port {WEB_PORT}, which is Frappe's web", way.at)
        elif way.behind is Behind.NOTHING and way.meant and not _is_other_finding(way.polling):
            answer = way.polling
            what = (
                f"redirected to {answer.redirect}" if answer.action is Action.REDIRECT else f"answered by {_by(answer)}"
            )
            yield ENTRY.found(f"{way.host}: /socket.io/ is {what}, not passed to port {SOCKETIO_PORT}", way.at)


def _by(answer: Answer) -> str:
    return f"`{answer.decided_by}`" if answer.decided_by else "nginx itself"


def _is_other_finding(answer: Answer) -> bool:
    """Tell whether a server on port 80 only sends clients to https, or asks for a password (`no-login-before`)."""
    return answer.status == 401 or bool(answer.redirect and answer.redirect.startswith("https://"))


def _tunnels(world: World, web: int) -> Iterator[Finding]:
    if any(tunnel.port == SOCKETIO_PORT for tunnel in world.tunnels):
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
