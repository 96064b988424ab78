"""Several Socket.IO processes are only behind proxies that tie a client to one of them."""

from collections.abc import Iterator

from raven_realtime.declared.passages import place, realtime
from raven_realtime.declared.realtime_routers import containers_of, realtime_routers, service_of
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt006_session_unknown import ENTRY

TYING = frozenset({"ip_hash", "hash", "sticky"})


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report nginx upstreams and Traefik services of several processes that spread a client's requests."""
    for passage in realtime(world):
        servers = passage.polling.upstream_servers
        block = passage.nginx.configuration.definitions.upstreams.get(passage.polling.upstream or "")
        if block and len(servers) > 1 and not any(child.name in TYING for child in block.children()):
            yield ENTRY.found(
                f"the upstream {block.args[0]} spreads requests over {len(servers)} Socket.IO processes",
                place(block, passage.nginx),
                stack="nginx",
            )
    for router in realtime_routers(world):
        service = service_of(world, router)
        if service is None or service.sticky is not None:
            continue
        processes = max(len(service.servers), sum(each.replicas for each in containers_of(world, service)))
        if processes > 1 and any(each.replicas > 1 for each in containers_of(world, service)):
            yield ENTRY.found(
                f"{router.name} spreads requests over {processes} processes without a sticky cookie",
                service.location,
                stack="traefik",
            )
        elif len({server.url for server in service.servers if server.url}) > 1:
            yield ENTRY.found(
                f"{router.name} spreads requests over {len(service.servers)} servers without a sticky cookie",
                service.location,
                stack="traefik",
            )


RULE = Rule("replicas-sticky", "several Socket.IO processes stand behind sticky proxies only", ENTRY, judge)
