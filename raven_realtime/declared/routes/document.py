"""The roads of a host in JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from raven_realtime.declared.routes.roads import Answer, Candidate, Road, Roads
from raven_realtime.proxies.interface import Answered, Passed, Redirected


class StepReport(BaseModel):
    """What one proxy does with the request."""

    proxy: str
    did: str = Field(description="In words")
    router: str = Field(description="Traefik's router that gets it; empty with other proxies")
    defined: str = Field(description="The file and line that say so")


class AnswerReport(BaseModel):
    """What becomes of one path."""

    path: str
    outcome: Literal["passed", "answered", "redirected", "undecided"]
    end: str = Field(description="The program's address, or what the last proxy says by itself")
    ties: bool = Field(description="Whether two of Traefik's routers might get it: which one does is not defined")
    steps: list[StepReport]


class RouterReport(BaseModel):
    """One of Traefik's routers, the highest priority first."""

    name: str = Field(description="With its provider: `frappe-socketio@docker`")
    rule: str
    priority: int = Field(description="The one that counts")
    explicit: bool = Field(description="Whether it is set, and not the rule's length")
    service: str
    leads: str
    gets: dict[str, str] = Field(description="What it has of each path and all below it; `-` for nothing")
    defined: str = Field(description="File and line, container or API that it was read from")


class RoadReport(BaseModel):
    """One public address."""

    url: str
    proxy: str
    entrypoint: str = Field(description="Of Traefik; empty with other proxies")
    answers: list[AnswerReport]
    routers: list[RouterReport]


class IdleReport(BaseModel):
    """Something that is configured and not in force."""

    name: str
    why: str


class RoadsReport(BaseModel):
    """The whole answer."""

    host: str
    roads: list[RoadReport]
    idle: list[IdleReport]

    @classmethod
    def of(cls, found: Roads) -> RoadsReport:
        """Return roads as they stand in JSON."""
        return cls(
            host=found.host,
            roads=[_road(road) for road in found.roads],
            idle=[IdleReport(name=name, why=why) for name, why in found.idle],
        )


def _road(road: Road) -> RoadReport:
    paths = [answer.path for answer in road.answers]
    return RoadReport(
        url=road.way.origin,
        proxy=road.way.node.title,
        entrypoint=road.entrypoint,
        answers=[_answer(answer) for answer in road.answers],
        routers=[_router(each, paths) for each in road.candidates],
    )


def _answer(answer: Answer) -> AnswerReport:
    outcome: Literal["passed", "answered", "redirected", "undecided"]
    match answer.journey.last.outcome:
        case Passed():
            outcome = "passed"
        case Answered():
            outcome = "answered"
        case Redirected():
            outcome = "redirected"
        case _:
            outcome = "undecided"
    steps = [
        StepReport(proxy=step.title, did=step.did, router=step.router, defined=str(step.location or ""))
        for step in answer.steps
    ]
    return AnswerReport(path=answer.path, outcome=outcome, end=answer.end, ties=answer.ties, steps=steps)


def _router(each: Candidate, paths: list[str]) -> RouterReport:
    router = each.router
    return RouterReport(
        name=router.name,
        rule=router.rule,
        priority=router.effective_priority,
        explicit=bool(router.priority),
        service=router.service,
        leads=each.leads,
        gets=dict(zip(paths, each.gets, strict=True)),
        defined=str(router.location or ""),
    )
