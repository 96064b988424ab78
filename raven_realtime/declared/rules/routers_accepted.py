"""Traefik uses every router that is declared."""

from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt104_router_dropped import ENTRY
from raven_realtime.proxies.traefik.matchers import Host
from raven_realtime.proxies.traefik.tree import leaves

SWITCHED_OFF = ("traefik.enable is false", "the label traefik.enable is not true")

OF_TRAEFIK_1 = ("traefik.frontend.", "traefik.backend", "traefik.port", "traefik.protocol")
INSTEAD = (
    "Write `traefik.http.routers.NAME.rule=Host(`…`)`, `traefik.http.routers.NAME.entrypoints=…` and\n"
    "`traefik.http.services.NAME.loadbalancer.server.port=…`."
)


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report what Traefik drops, and the routers that it disables."""
    table = world.table
    for dropped in table.dropped:
        if dropped.why not in SWITCHED_OFF:
            yield ENTRY.found(f"{dropped.name}: {dropped.why.removeprefix(f'{dropped.location}: ')}", dropped.location)
    for misread in world.misread:
        yield ENTRY.found(
            f"{misread.value} Traefik takes nothing of this file, and no router leads there", misread.location
        )
    for name, why in table.disabled.items():
        yield ENTRY.found(f"{name}: {why}", table.routers[name].location)
    for name, router in table.routers.items():
        if name not in table.disabled and router.syntax == "v3":
            for leaf in leaves(router.parsed().tree, negated=False):
                if isinstance(leaf, Host) and leaf.name.startswith("*."):
                    said = f"{name}: Host(`{leaf.name}`) is a wildcard from Traefik 3.7 on only"
                    yield ENTRY.found(said, router.location, _expression(leaf.name))
    for container in world.containers:
        old = next((each for each in container.routing.labels if each.key.lower().startswith(OF_TRAEFIK_1)), None)
        if old:
            said = f"{container.name}: {old.key} is a label of Traefik 1, which later ones do not read"
            yield ENTRY.found(said, old.location, INSTEAD)


def _expression(wildcard: str) -> str:
    domain = wildcard[1:].replace(".", r"\.")
    return f"Write HostRegexp(`^[^.]+{domain}$`), which each Traefik 3 knows, or bring Traefik to 3.7."


RULE = Rule("routers-accepted", "Traefik uses every router that is declared", ENTRY, judge)
