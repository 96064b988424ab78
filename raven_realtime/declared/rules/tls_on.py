"""The router of /socket.io takes TLS."""

from collections.abc import Iterator

from raven_realtime.declared.realtime_routers import names_socketio, realtime_routers, redirects, routes
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt102_router_without_tls import ENTRY


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report routers that are on plain entrypoints only, or say nothing of TLS: unless TLS ends at Cloudflare."""
    if any("cloudflared" in container.image for container in world.containers):
        return
    plain = set(parameters["plain_entrypoints"])
    plain |= {name for name, each in world.table.entrypoints.items() if each.address.endswith(":80")}
    served = {route.host for route in routes(world) if route.tls and route.entrypoint not in plain}
    for router in realtime_routers(world):
        own = [route for route in routes(world) if route.router.name == router.name]
        if not names_socketio(router) or redirects(world, router) or not own:
            continue
        if all(route.host in served for route in own):
            continue
        entrypoints = ", ".join(sorted({route.entrypoint for route in own})) or "the default entrypoints"
        reason = "says nothing of TLS" if not any(route.tls for route in own) else "is on no TLS entrypoint"
        name = router.name.partition("@")[0]
        yield ENTRY.found(f"{router.name} on {entrypoints} {reason}", router.location, _REMEDY.format(name=name))


_REMEDY = """\
Put the router on the TLS entrypoint with a certificate resolver, here called as Traefik's documentation does:

    traefik.http.routers.{name}.entrypoints=websecure
    traefik.http.routers.{name}.tls.certresolver=myresolver
"""
RULE = Rule(
    "tls-on",
    "the router of /socket.io takes TLS",
    ENTRY,
    judge,
    {"plain_entrypoints": Parameter(["web", "http"], "Names of entrypoints that take no TLS")},
)
