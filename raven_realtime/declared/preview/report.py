"""The report on a pull request, in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from raven_realtime.declared.journey import ANY_HOST, judged
from raven_realtime.declared.preview.changes import GENERATION, Change, Difference, Kind, compare
from raven_realtime.declared.preview.places import Source, place
from raven_realtime.declared.preview.plan import Plan, Violation
from raven_realtime.declared.resources import UNKNOWN
from raven_realtime.declared.routes.roads import SOCKET_PATH, Road, roads
from raven_realtime.declared.world import World
from raven_realtime.findings import catalogue
from raven_realtime.proxies.location import Location

MARKER = "<!-- raven-realtime preview of {stack} -->"
"""By this the workflow finds the comment that it edits in place."""
LONGEST = 160
AROUND = 20
"""Characters that are shown before the place where two long texts part."""
MOST = 12
"""How many properties of one resource are shown."""
SIGNS = {Kind.CREATED: "+", Kind.UPDATED: "~", Kind.REPLACED: "±", Kind.DELETED: "-"}


def passes(head: Plan) -> bool:
    """Tell whether the change may be merged."""
    return not head.errors and not any(violation.stops for violation in head.violations)


def markdown(stack: str, base: Plan, head: Plan, before: Source, after: Source, *, weakened: Sequence[str] = ()) -> str:
    """Return the report.

    Args:
        stack: The stack's name.
        base: The preview of the pull request's base.
        head: The preview of its head, with the policies' violations.
        before: The files of the base.
        after: The files of the head.
        weakened: What the change does to the gate itself, a sentence each.
    """
    parts = [
        MARKER.format(stack=stack),
        f"## Realtime preview of `{stack}`",
        _verdict(head),
        *_gate(weakened),
        *_failures(base, head),
        "### Planned change",
        *([] if head.errors else _changes(compare(base, head))),
        "### Where `/socket.io/` goes",
        _ways(base, head),
        "### Findings",
        *_findings(base, head, before, after),
    ]
    return "\n\n".join(parts) + "\n"


def _verdict(head: Plan) -> str:
    stopping = sum(violation.stops for violation in head.violations)
    others = len(head.violations) - stopping
    if head.errors:
        return "❌ **This change cannot be previewed.**"
    more = f" {others} more to look at." if others else ""
    if stopping:
        return f"❌ **This change breaks the realtime path: {_count(stopping, 'finding')} to correct.**{more}"
    return f"✅ **The realtime path stays intact.**{more}"


def _gate(weakened: Sequence[str]) -> Iterator[str]:
    if weakened:
        yield "### The gate itself"
        yield "\n".join(f"- ⚠️ {sentence}" for sentence in weakened)


def _failures(base: Plan, head: Plan) -> Iterator[str]:
    if head.errors:
        yield _fence("\n\n".join(head.errors))
    if base.errors:
        yield "The base of this change cannot be previewed, so everything shows as new:"
        yield _fence("\n\n".join(base.errors))


def _changes(changes: list[Change]) -> Iterator[str]:
    if not changes:
        yield "Nothing in the stack changes."
        return
    counts = [(kind, sum(change.kind is kind for change in changes)) for kind in Kind]
    yield ", ".join(f"{count} {kind}" for kind, count in counts if count) + "."
    told = [change for change in changes if change.telling or change.kind in {Kind.CREATED, Kind.DELETED}]
    for change in told:
        title = f"`{SIGNS[change.kind]}` **{change.name}** ({change.type.rpartition(':')[2]}) {change.kind}"
        lines = [f"- {title}", *(f"  - {_difference(one)}" for one in change.telling[:MOST])]
        if len(change.telling) > MOST:
            lines.append(f"  - and {len(change.telling) - MOST} more")
        yield "\n".join(lines)
    if rest := [change.name for change in changes if change not in told]:
        yield f"What follows from that, or runs again: {', '.join(rest)}."


def _difference(one: Difference) -> str:
    if one.before is None:
        return f"`{one.path}`: added {_value(one.after)}"
    if one.after is None:
        return f"`{one.path}`: removed {_value(one.before)}"
    before, after = one.before, one.after
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > LONGEST:
        before, after = _parting(before, after)
    return f"`{one.path}`: {_value(before)} → {_value(after)}"


def _parting(before: str, after: str) -> tuple[str, str]:
    """Cut two long texts down to where they part, with a little of what stands before."""
    part = next((at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), 0)
    start = max(0, part - AROUND)
    return (f"…{before[start:]}", f"…{after[start:]}") if start else (before, after)


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    text = text.replace(UNKNOWN, "(known after it is applied)").replace("\n", " ")
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _ways(base: Plan, head: Plan) -> str:
    """Say where `/socket.io/` goes on each host that either side names, over https where that is taken."""
    worlds = base.world, head.world
    hosts = sorted({way.host for world in worlds for way in judged(world)})
    if not hosts:
        return "This stack declares no public address."
    rows = [(host.replace(ANY_HOST, "any host"), *(_way(world, host) for world in worlds)) for host in hosts]
    rows = [(host, *both) for host, *both in rows if host != "any host" or set(both) != {"nobody"}]
    lines = [f"| {host} | {old} | {new if new != old else 'unchanged'} |" for host, old, new in rows]
    note = "Through what this stack declares; what else runs on the server is compared before the deployment."
    return "\n".join(["| host | before | after |", "|---|---|---|", *lines, "", note])


def _way(world: World, host: str) -> str:
    found = [road for road in roads(world, host, [SOCKET_PATH]).roads if not road.answers[0].is_broken]
    chosen = [road for road in found if road.way.scheme == "https"] or found
    said = [_answer(road) for road in chosen]
    return "; ".join(said).replace("|", "\\|") or "nobody"


def _answer(road: Road) -> str:
    """Give the way with the routers that decide it; the part of a name that changes with every generation left out."""
    answer = road.answers[0]
    routers = ", ".join(step.router for step in answer.steps if step.router)
    return _value(GENERATION.sub("", answer.chain)) + (f" by {_value(routers)}" if routers else "")


def _findings(base: Plan, head: Plan, before: Source, after: Source) -> Iterator[str]:
    if not head.violations:
        yield "None." if not head.errors else "Not judged: there is no plan."
    created = [change.name for change in compare(base, head) if change.kind is Kind.CREATED]
    for violation in sorted(head.violations, key=lambda each: (not each.stops, each.code, each.evidence)):
        yield "\n".join(_finding(violation, place(violation, before, after, created)))


def _finding(violation: Violation, where: Location) -> Iterator[str]:
    entry = catalogue().get(violation.code)
    title = f"{violation.code} {entry.title}" if entry else violation.policy
    yield f"#### {'❌' if violation.stops else '⚠️'} {title}"
    yield ""
    yield f"- **Where:** `{where}`"
    yield f"- **Seen:** {violation.evidence}"
    remedy = violation.remedy or (entry.remedy.strip() if entry else "")
    yield "- **Do:** " + remedy.replace("\n", "\n  ")
    if entry:
        yield f"- **More:** {entry.page}, or `raven-realtime explain {entry.code}`"


def _fence(text: str) -> str:
    return f"```text\n{text}\n```"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
