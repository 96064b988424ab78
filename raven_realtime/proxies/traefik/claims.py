"""Which routers can ever get a request under a path for a host: decided on the rules, not by trying requests.

Paths are split into finitely many classes between which no `Path` or `PathPrefix` of the rules tells a difference:
each path that a rule spells out, and all that go on from there. On a class every matcher of host and path is true,
false, or (a regular expression that could be either) open. Methods are split likewise. What depends on headers,
parameters or the client is free to be either. A rule that is false whatever the open and free matchers say never
matches.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum

from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.goregexp import text
from raven_realtime.proxies.traefik.matchers import Host, HostRegexp, HostTemplate, Method, Path, PathPrefix, PathRegexp
from raven_realtime.proxies.traefik.request import Seen, host_without_port
from raven_realtime.proxies.traefik.table import Router, Table
from raven_realtime.proxies.traefik.tree import All, AnyOf, Node, Not, leaves

MOST_COMBINATIONS = 4096
"""How many combinations of open matchers are tried in one class of paths; beyond that the answer is a plain *may*."""
DEEPEST_CHILDREN = 10
"""How many levels of parents and children are followed."""


class Reach(StrEnum):
    """How much of what is asked about a router can get."""

    ALWAYS = "always"
    """Every such request matches its rule, and no router of higher priority takes any of them."""
    MAY = "may"
    """Some requests, or it could not be decided."""
    SHADOWED = "shadowed"
    """Its rule can match, but routers of higher priority take every such request."""
    NEVER = "never"
    """Its rule matches no such request."""


@record
class Claim:
    """What one router can get of the requests asked about."""

    router: Router
    reach: Reach
    why: str
    """One sentence without a full stop."""
    shadowed_by: tuple[Router, ...] = ()
    ties_with: tuple[Router, ...] = ()
    """Routers of the same priority whose rules can match the same request."""


@record
class _Cell:
    """A class of requests: one path, or (open) all paths that go on from `path`; one method, or any not named."""

    path: bytes
    open_ended: bool
    method: str


@record
class _Level:
    """A router together with what must also hold for it: its parents' rules; and who comes before it."""

    router: Router
    rule: Node
    before: tuple[Node, ...]
    rivals: tuple[tuple[Router, Node], ...]
    beaters: tuple[Router, ...]


def claimants(
    table: Table, host: str, prefix: str = "/socket.io", *, entrypoint: str | None = None, tls: bool | None = None
) -> list[Claim]:
    """List the routers that can ever get a request for a host under a path.

    Args:
        table: All that Traefik knows.
        host: The host as a browser names it; a port is ignored.
        prefix: The path: it and everything below it (`/socket.io` and `/socket.io/…`, not `/socket.iox`).
        entrypoint: Only this one; all of them when None.
        tls: Only encrypted or only plain connections; both when None.

    Returns:
        The claims with reach ALWAYS, MAY or SHADOWED, the highest priority first. A router that is not listed never
        gets such a request.
    """
    seen_host = _seen(host)
    claims: dict[str, Claim] = {}
    for name, encrypted in _planes(table, entrypoint, tls):
        for level in _levels(table, table.listening(name, tls=encrypted, host=seen_host.host), seen_host):
            claim = _claim(level, prefix.encode())
            known = claims.get(level.router.name)
            if claim.reach is not Reach.NEVER and (known is None or _RANK[claim.reach] < _RANK[known.reach]):
                claims[level.router.name] = claim
    return sorted(claims.values(), key=lambda claim: (-claim.router.effective_priority, claim.router.name))


def hosts_named(table: Table) -> frozenset[str]:
    """List the hosts that the enabled routers name: those worth asking `claimants` about.

    Hosts that only a regular expression allows are not among them.
    """
    trees = [router.parsed().tree for name, router in table.routers.items() if name not in table.disabled]
    named = (leaf.name for tree in trees for leaf in leaves(tree) if isinstance(leaf, Host))
    return frozenset(name.removesuffix(".") for name in named)


def allows_host(router: Router, host: str) -> bool:
    """Tell whether a router's rule can match any request for a host."""
    return _for_host(router.parsed().tree, _seen(host)) is not False


def example_hosts(router: Router) -> list[str]:
    """Return hosts that the regular expressions of a router's rule match: one for each, where one was found."""
    patterns = (leaf.pattern for leaf in leaves(router.parsed().tree) if isinstance(leaf, HostRegexp | HostTemplate))
    return [host for pattern in patterns if (host := pattern.example_host())]


def _seen(host: str) -> Seen:
    return Seen("", host_without_port(host).strip().lower(), host_without_port(host), b"", b"")


_RANK = {Reach.ALWAYS: 0, Reach.MAY: 1, Reach.SHADOWED: 2, Reach.NEVER: 3}


def _planes(table: Table, entrypoint: str | None, tls: bool | None) -> Iterator[tuple[str, bool]]:
    """Walk over the separate worlds of routers: an entrypoint with or without TLS."""
    names = [entrypoint] if entrypoint is not None else _entrypoint_names(table)
    for name in names:
        for encrypted in (False, True) if tls is None else (tls,):
            yield name, encrypted


def _entrypoint_names(table: Table) -> list[str]:
    named = {name for router in table.routers.values() for name in table.entrypoints_of(router)}
    return sorted(named | set(table.entrypoints)) or [""]


def _levels(table: Table, routers: Sequence[Router], host: Seen) -> Iterator[_Level]:
    """Walk over the routers that the host allows, with those that come before each."""
    yield from _siblings(table, routers, host, _Above())


@record
class _Above:
    """What holds for all children of a router."""

    rules: tuple[Node, ...] = ()
    before: tuple[Node, ...] = ()
    beaters: tuple[Router, ...] = ()
    rivals: tuple[tuple[Router, Node], ...] = ()


def _siblings(table: Table, routers: Sequence[Router], host: Seen, above: _Above) -> Iterator[_Level]:
    known = [(router, rule) for router in routers if (rule := _for_host(router.parsed().tree, host)) is not False]
    ranked = sorted(known, key=lambda pair: (-pair[0].effective_priority, pair[0].name))
    for _, group in itertools.groupby(ranked, key=lambda pair: pair[0].effective_priority):
        equals = list(group)
        priority = equals[0][0].effective_priority
        higher = [(router, rule) for router, rule in ranked if router.effective_priority > priority]
        for router, rule in equals:
            here = _Above(
                (*above.rules, _node(rule)),
                above.before + tuple(_node(theirs) for _, theirs in higher),
                above.beaters + tuple(other for other, _ in higher),
                above.rivals + tuple((other, _node(theirs)) for other, theirs in equals if other is not router),
            )
            children = table.children.get(router.name)
            if children and len(here.rules) < DEEPEST_CHILDREN:
                yield from _siblings(table, children, host, here)
            else:
                yield _Level(router, All.of(here.rules), here.before, here.rivals, here.beaters)


@record
class _Constant:
    """A matcher whose answer is known."""

    value: bool

    def test(self, seen: Seen) -> bool:  # noqa: ARG002 (a matcher's signature)
        """Answer."""
        return self.value


def _node(rule: Node | bool) -> Node:
    return _Constant(rule) if isinstance(rule, bool) else rule


def _for_host(rule: Node, host: Seen) -> Node | bool:
    """Settle every matcher of the host, and simplify."""
    return _settle(rule, lambda leaf: leaf.test(host) if isinstance(leaf, Host | HostRegexp | HostTemplate) else leaf)


def _settle(node: Node, decide: Callable[[Node], Node | bool]) -> Node | bool:
    """Replace the matchers that can be decided by their answer, and simplify."""
    match node:
        case Not(part):
            inner = _settle(part, decide)
            return not inner if isinstance(inner, bool) else Not(inner)
        case All(parts) | AnyOf(parts):
            absorbing = isinstance(node, AnyOf)
            kept: list[Node] = []
            for part in parts:
                settled = _settle(part, decide)
                if settled is absorbing:
                    return absorbing
                if not isinstance(settled, bool):
                    kept.append(settled)
            if not kept:
                return not absorbing
            return AnyOf.of(kept) if absorbing else All.of(kept)
        case _:
            return decide(node)


def _claim(level: _Level, prefix: bytes) -> Claim:
    """Judge one router against those that come before it."""
    whole = True
    matched = reached = False
    ties: list[Router] = []
    rules = [level.rule, *level.before, *(rule for _, rule in level.rivals)]
    for cell in _cells(rules, prefix):
        can, must = _judge([level.rule], [], cell)
        matched = matched or can
        whole = whole and must
        if not can:
            continue
        left, all_of_it = _judge([level.rule], level.before, cell)
        reached = reached or left
        whole = whole and all_of_it
        for rival, rule in level.rivals:
            if left and rival not in ties and _judge([level.rule, rule], level.before, cell)[0]:
                ties.append(rival)
    if not matched:
        return Claim(level.router, Reach.NEVER, "its rule matches no such request")
    if not reached:
        names = ", ".join(router.name for router in level.beaters)
        return Claim(level.router, Reach.SHADOWED, f"routers of higher priority take all of it: {names}", level.beaters)
    why = (
        "every such request matches"
        if whole
        else "some such requests match, or it depends on what the rule asks beside"
    )
    if ties:
        why += f"; ties with {', '.join(rival.name for rival in ties)} at {level.router.priority_reason}"
    return Claim(level.router, Reach.ALWAYS if whole else Reach.MAY, why, ties_with=tuple(ties))


def _cells(rules: Sequence[Node], prefix: bytes) -> Iterator[_Cell]:
    """Split the requests under a prefix into classes that no literal of the rules divides."""
    below = prefix.rstrip(b"/") + b"/"
    literals = {below}
    methods = {""}
    for leaf in itertools.chain.from_iterable(map(leaves, rules)):
        if isinstance(leaf, Path | PathPrefix):
            literal = leaf.path if isinstance(leaf, Path) else leaf.prefix
            if literal.startswith(below):
                literals.add(literal)
        elif isinstance(leaf, Method):
            methods.add(leaf.name)
    for method in sorted(methods):
        yield _Cell(prefix, open_ended=False, method=method)
        for literal in sorted(literals):
            if literal != prefix:
                yield _Cell(literal, open_ended=False, method=method)
            yield _Cell(literal, open_ended=True, method=method)


def _judge(hold: Iterable[Node], fail: Iterable[Node], cell: _Cell) -> tuple[bool, bool]:
    """Tell whether all of `hold` can be true and all of `fail` false at once in a class, and whether it must be so."""
    goal = All.of([*hold, *(Not(node) for node in fail)])
    reduced = _settle(goal, lambda leaf: _in_cell(leaf, cell))
    if isinstance(reduced, bool):
        return reduced, reduced
    unknown = list(dict.fromkeys(leaves(reduced)))
    if 2 ** len(unknown) > MOST_COMBINATIONS:
        return True, False
    outcomes = {
        _evaluate(reduced, dict(zip(unknown, values, strict=True)))
        for values in itertools.product((False, True), repeat=len(unknown))
    }
    return True in outcomes, outcomes == {True}


def _in_cell(leaf: Node, cell: _Cell) -> Node | bool:
    """Settle a matcher that a class of requests decides."""
    match leaf:
        case _Constant(value):
            return value
        case Path(path):
            return not cell.open_ended and path == cell.path
        case PathPrefix(prefix):
            return cell.path.startswith(prefix)
        case PathRegexp(pattern):
            start = text(cell.path)
            if not cell.open_ended:
                return pattern.matches(start)
            if pattern.matches_every_extension(start):
                return True
            return False if pattern.matches_no_extension(start) else leaf
        case Method(name):
            return name == cell.method
        case _:
            return leaf


def _evaluate(node: Node, values: dict[Node, bool]) -> bool:
    match node:
        case Not(part):
            return not _evaluate(part, values)
        case All(parts):
            return all(_evaluate(part, values) for part in parts)
        case AnyOf(parts):
            return any(_evaluate(part, values) for part in parts)
        case _:
            return values[node]
