"""Traefik asks the sidecar on a port that its nginx serves."""

from collections.abc import Iterator

from raven_realtime.declared.realtime_routers import realtime_routers, service_of
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt002_nothing_on_the_port import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Compare each service's port with what the nginx in its containers listens on."""
    for router in realtime_routers(world):
        service = service_of(world, router)
        for owner in service.owners if service else ():
            configurations = world.nginx_in(owner)
            listened = {
                str(listen.port)
                for nginx in configurations
                for server in nginx.configuration.servers.servers
                for listen in server.listens
            }
            for server in service.servers if service and listened else ():
                if server.port and server.port not in listened:
                    known = ", ".join(sorted(listened))
                    said = f"{router.name} asks port {server.port} of {owner}, whose nginx listens on {known}"
                    name = service.name.partition("@")[0] if service else ""
                    remedy = _REMEDY.format(name=name, port=min(listened))
                    yield ENTRY.found(said, service.location if service else None, remedy, stack="traefik")


_REMEDY = """\
Set the label `traefik.http.services.{name}.loadbalancer.server.port={port}`, or change nginx's `listen`.
"""
RULE = Rule("served-port", "Traefik asks the sidecar on a port that its nginx serves", ENTRY, judge)
