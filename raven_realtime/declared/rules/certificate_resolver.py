"""Something tells Traefik where the certificate of /socket.io's host comes from."""

from collections.abc import Iterator

from raven_realtime.declared.realtime_routers import names_socketio, realtime_routers
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt103_router_without_resolver import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report routers with TLS and without a resolver, where no file has certificates.

    Where nothing else has a resolver either, certificates come from a file or store that is not shown, most likely.
    """
    if world.certificates:
        return
    used = any(router.tls and router.tls.cert_resolver for router in world.table.routers.values())
    level = ENTRY.level if used else Level.NOTE
    for router in realtime_routers(world):
        if router.tls is None or not names_socketio(router):
            continue
        entrypoints = [world.table.entrypoints.get(name) for name in world.table.entrypoints_of(router)]
        resolvers = [each.tls.cert_resolver for each in entrypoints if each and each.tls]
        if not router.tls.cert_resolver and not any(resolvers):
            said = f"{router.name} has TLS and no certificate resolver"
            remedy = _REMEDY.format(name=router.name.partition("@")[0])
            yield ENTRY.found(said, router.location, remedy, level=level)


_REMEDY = """\
Name a resolver of Traefik's static configuration, or list the certificate under `tls.certificates` in a dynamic file:

    traefik.http.routers.{name}.tls.certresolver=myresolver
"""
RULE = Rule("certificate-resolver", "the router of /socket.io names a certificate resolver", ENTRY, judge)
