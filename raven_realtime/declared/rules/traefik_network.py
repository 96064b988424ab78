"""A container on several networks says on which one Traefik finds it."""

from collections.abc import Iterator

from raven_realtime.declared.realtime_routers import containers_of, realtime_routers, service_of
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt004_traefik_wrong_network import ENTRY
from raven_realtime.proxies.traefik.containers import DOCKER, SWARM, doubtful_network


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report containers of which Traefik may take the wrong address."""
    for router in realtime_routers(world):
        service = service_of(world, router)
        for container in containers_of(world, service) if service else ():
            known = [each for static in world.statics if (each := static.swarm if container.swarm else static.docker)]
            settings = known[0] if known else SWARM if container.swarm else DOCKER
            if why := doubtful_network(container.routing, settings):
                yield ENTRY.found(f"{container.name}: {why}", container.location)


RULE = Rule("traefik-network", "a container on several networks names the one that Traefik shares", ENTRY, judge)
