"""The roads of a host as text: what becomes of each path, who decides it and why, and Traefik's routers in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from raven_realtime.declared.routes.roads import Answer, Candidate, Road, Roads


def text(found: Roads) -> str:
    """Return the answer for people, lines without colour."""
    parts = ["\n".join(_road(road)) for road in found.roads]
    if not parts:
        parts = [f"Nothing declared here takes a request for {found.host}."]
    if found.idle:
        parts.append("\n".join(["Not in force", *(f"  {name}: {why}" for name, why in found.idle)]))
    return "\n\n".join(parts) + "\n"


def _road(road: Road) -> Iterator[str]:
    yield road.title
    width = max(len(answer.path) for answer in road.answers)
    for answer in road.answers:
        yield from _answer(answer, width)
    if road.candidates:
        yield ""
        yield from _table([answer.path for answer in road.answers], road.candidates)


def _answer(answer: Answer, width: int) -> Iterator[str]:
    yield f"  {answer.path:<{width}}  → {answer.chain}"
    for step in answer.steps:
        where = f" ({step.location})" if step.location else ""
        yield f"  {'':<{width}}    {step.title}: {step.did}{where}"


def _table(paths: Sequence[str], candidates: Sequence[Candidate]) -> Iterator[str]:
    headings = ("priority", "router", "rule", "leads to", *map(below, paths))
    rows = [(_priority(each), each.router.name, each.router.rule, each.leads, *each.gets) for each in candidates]
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    for row in [headings, *rows]:
        yield ("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))).rstrip()


def below(path: str) -> str:
    """Return how a path and all that goes on from it are written: ``/socket.io/…``."""
    return f"{path.partition('?')[0].rstrip('/')}/…"


def _priority(candidate: Candidate) -> str:
    return f"{candidate.router.effective_priority}" + ("" if candidate.router.priority else " (length)")
