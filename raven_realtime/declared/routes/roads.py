"""Where a host can be asked, and what becomes of each path there: any request's journey through what is declared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from raven_realtime.declared.journey import Journey, Leg, Part, Way, asked, judged, nodes
from raven_realtime.declared.world import World
from raven_realtime.proxies.interface import Answered, Passed, Redirected, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.claims import Claim, Reach, claimants
from raven_realtime.proxies.traefik.decide import Outcome
from raven_realtime.proxies.traefik.proxy import Traefik
from raven_realtime.proxies.traefik.table import Router, Table

SOCKET_PATH = "/socket.io/"
PATHS = (SOCKET_PATH, "/")
"""What is asked about unless the user says otherwise: realtime, and the site itself."""
HANDSHAKE = "?EIO=4&transport=polling"
ASKED = (("Accept", "*/*"), ("Cookie", "sid=x"))
SHOWN = ("Origin", "X-Forwarded-Proto", "X-Frappe-Site-Name")
"""Headers whose change on the way is told."""


@record
class Step:
    """What one proxy does with the request."""

    title: str
    """What the proxy is called."""
    did: str
    """In words, without a full stop."""
    location: Location | None
    """The line that says so."""
    router: str = ""
    """Traefik's router that gets it."""
    ties: bool = False
    """Whether another router might get it as well."""


@record
class Answer:
    """What becomes of one path."""

    path: str
    journey: Journey
    steps: tuple[Step, ...]

    @property
    def end(self) -> str:
        """Where it ends: the program's address, or what the last proxy says by itself."""
        outcome = self.journey.last.outcome
        if self.journey.destination:
            return self.journey.destination.title
        if self.journey.looped:
            return "round and round"
        if isinstance(outcome, Answered):
            return f"answers {outcome.status}" if outcome.status else "closes the connection"
        return f"redirects to {outcome.to}" if isinstance(outcome, Redirected) else "not decided"

    @property
    def chain(self) -> str:
        """The way in words: ``traefik → web:8000``."""
        way = self.journey.chain if self.journey.destination else f"{self.journey.chain} → {self.end}"
        return f"{way}, or another" if self.ties else way

    @property
    def ties(self) -> bool:
        """Whether it is not defined who gets it."""
        return any(step.ties for step in self.steps)

    @property
    def is_broken(self) -> bool:
        """Whether it leads nowhere, or to one of two: nobody takes it, it goes round, it is not defined who gets it."""
        outcome = self.journey.last.outcome
        nobody = isinstance(outcome, Answered) and (outcome.status is None or outcome.status >= 400)
        return self.ties or self.journey.looped or nobody or bool(self.journey.refused)

    @property
    def is_realtime(self) -> bool:
        """Whether it ends at the realtime process."""
        end = self.journey.destination
        return end is not None and end.part is Part.REALTIME


@record
class Candidate:
    """One of Traefik's routers that can get a request for the host."""

    router: Router
    leads: str
    """Its service and servers."""
    gets: tuple[str, ...]
    """What it has of each path that is asked about."""


@record
class Road:
    """One public address of the host."""

    way: Way
    answers: tuple[Answer, ...]
    entrypoint: str = ""
    """Traefik's name for it, where Traefik is the first proxy."""
    candidates: tuple[Candidate, ...] = ()
    """Traefik's routers there, the highest priority first."""

    @property
    def title(self) -> str:
        """The address and who takes it: ``https://chat.example.com (traefik, entrypoint websecure)``."""
        named = f", entrypoint {self.entrypoint}" if self.entrypoint else ""
        return f"{self.way.origin} ({self.way.node.title}{named})"


@record
class Roads:
    """All that is known of a host."""

    host: str
    roads: tuple[Road, ...]
    idle: tuple[tuple[str, str], ...] = ()
    """What is configured and not in force, and why."""

    @property
    def intact(self) -> bool:
        """Whether all that is configured is in force, and every path leads somewhere, to one place."""
        answers = [answer for road in self.roads for answer in road.answers]
        return not self.idle and bool(answers) and not any(answer.is_broken for answer in answers)


def roads(world: World, host: str, paths: Sequence[str] = PATHS) -> Roads:
    """Follow requests for a host through every public address.

    Args:
        world: all that is declared.
        host: as a browser names it.
        paths: what to ask about; a path below `/socket.io/` without a query is asked as a handshake.
    """
    found = tuple(_road(way, paths) for way in asked(world, host))
    return Roads(host, found, tuple(_idle(world)))


def followed(world: World) -> tuple[Road, ...]:
    """Return how a handshake goes on each public address that is judged, as far as they differ."""
    ways = {way.chain: way for way in judged(world)}
    return tuple(_road(way, (SOCKET_PATH,)) for way in ways.values())


def _road(way: Way, paths: Sequence[str]) -> Road:
    answers = tuple(_answer(way, path) for path in paths)
    proxy = way.node.proxy
    if not isinstance(proxy, Traefik):
        return Road(way, answers)
    entrypoint = proxy.entrypoint(answers[0].journey.legs[0].request)
    return Road(way, answers, entrypoint, tuple(_candidates(proxy.table, way, entrypoint, paths)))


def _answer(way: Way, path: str) -> Answer:
    target = f"{path}{HANDSHAKE}" if path.startswith(SOCKET_PATH) and "?" not in path else path
    journey = way.ask(target, ASKED)
    return Answer(path, journey, tuple(map(_step, journey.legs)))


def _step(leg: Leg) -> Step:
    proxy, outcome = leg.node.proxy, leg.outcome
    place = getattr(outcome, "location", None)
    if isinstance(proxy, Traefik):
        decision = proxy.decision(leg.request)
        if decision.outcome is Outcome.TIE:
            return Step(leg.node.title, decision.why, place, ties=True)
        router = decision.router.name if decision.router else ""
        return Step(leg.node.title, "; ".join([decision.why, *_changes(leg)]), place, router)
    match outcome:
        case Passed():
            said = [f"passes it to {', '.join(outcome.to)}", *_changes(leg)]
        case Answered():
            said = [outcome.why]
        case Redirected():
            said = [f"{outcome.status} to {outcome.to}"]
        case Undecided():
            said = [outcome.why]
    return Step(leg.node.title, "; ".join(said), place)


def _changes(leg: Leg) -> Iterator[str]:
    """Say what is not as it was before a proxy, and what it asks others first."""
    outcome = leg.outcome
    if isinstance(outcome, Undecided):
        yield outcome.why
    if not isinstance(outcome, Passed):
        return
    sent = outcome.request
    if sent.host != leg.request.host:
        yield f"Host becomes {sent.host}"
    if sent.target != leg.request.target:
        yield f"the path becomes {sent.target}"
    for name in SHOWN:
        proxys_own = name == "X-Forwarded-Proto" and not leg.request.value(name)
        if sent.value(name) not in {"", leg.request.value(name)} and not proxys_own:
            yield f"{name} becomes {sent.value(name)}"
    yield from (f"asks {each.address} first" for each in outcome.consulted)
    yield from outcome.assumed


def _candidates(table: Table, way: Way, entrypoint: str, paths: Sequence[str]) -> Iterator[Candidate]:
    tls = way.entrance.listener.tls
    # a path that no rule spells out could still be somebody's: the root and everything below it
    able = [claim.router for claim in claimants(table, way.host, "", entrypoint=entrypoint, tls=tls)]
    claims = [
        claimants(table, way.host, path.partition("?")[0].rstrip("/"), entrypoint=entrypoint, tls=tls) for path in paths
    ]
    for router in sorted(able, key=lambda router: (-router.effective_priority, router.name)):
        listed = ", ".join(servers(table, router.service))
        leads = f"{router.service or 'no service'}{f' ({listed})' if listed else ''}"
        yield Candidate(router, leads, tuple(standing(router, each) for each in claims))


def standing(router: Router, claims: Sequence[Claim]) -> str:
    """Return what a router has of a path and all below it."""
    claim = next((claim for claim in claims if claim.router.name == router.name), None)
    if claim is None:
        return "-"
    if claim.ties_with:
        return f"ties with {', '.join(rival.name for rival in claim.ties_with)}"
    if claim.reach is Reach.SHADOWED:
        return f"behind {', '.join(other.name for other in claim.shadowed_by)}"
    return "all of it" if claim.reach is Reach.ALWAYS else "perhaps some"


def servers(table: Table, name: str, _above: tuple[str, ...] = ()) -> list[str]:
    """List where a service leads: URLs, or ports where an address is not known; through services of services too."""
    service = table.services.get(name)
    if service is None or name in _above:
        return []
    own = [server.url or (f"port {server.port}" if server.port else "its container") for server in service.servers]
    return own + [url for member in service.members for url in servers(table, member, (*_above, name))]


def _idle(world: World) -> Iterator[tuple[str, str]]:
    for table in (node.proxy.table for node in nodes(world) if isinstance(node.proxy, Traefik)):
        yield from sorted(table.disabled.items())
        yield from ((dropped.name, dropped.why) for dropped in table.dropped)
    for each in (*world.misread, *world.passed_over):
        yield str(each.location), each.value.removeprefix(f"{each.location}: ")
