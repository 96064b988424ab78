"""Owners in JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from raven_realtime.declared.routes.owners import Answer, Door, Owners, servers
from raven_realtime.declared.routes.text import standing
from raven_realtime.proxies.traefik.table import Router, Table


class RouterReport(BaseModel):
    """One router of an entrypoint, the highest priority first."""

    name: str = Field(description="With its provider: `frappe-socketio@docker`")
    rule: str
    priority: int = Field(description="The one that counts")
    explicit: bool = Field(description="Whether it is set, and not the rule's length")
    service: str
    servers: list[str]
    socketio: str = Field(description="What it has of /socket.io; `-` for nothing")
    defined: str = Field(description="File and line, container or API that it was read from")


class AnswerReport(BaseModel):
    """Who gets one path."""

    path: str
    outcome: Literal["routed", "tie", "not found", "rejected"]
    routers: list[str] = Field(description="The winner; several where they tie")
    why: str


class DoorReport(BaseModel):
    """One entrypoint, encrypted or plain."""

    entrypoint: str
    tls: bool
    answers: list[AnswerReport]
    routers: list[RouterReport]


class IdleReport(BaseModel):
    """Something that is configured and not in force."""

    name: str
    why: str


class OwnersReport(BaseModel):
    """The whole answer."""

    host: str
    doors: list[DoorReport]
    idle: list[IdleReport]

    @classmethod
    def of(cls, found: Owners, table: Table) -> OwnersReport:
        """Return owners as they stand in JSON."""
        idle = [(router.name, why) for router, why in found.disabled]
        idle += [(dropped.name, dropped.why) for dropped in found.dropped]
        return cls(
            host=found.host,
            doors=[_door(door, table) for door in found.doors],
            idle=[IdleReport(name=name, why=why) for name, why in idle],
        )


def _door(door: Door, table: Table) -> DoorReport:
    return DoorReport(
        entrypoint=door.entrypoint,
        tls=door.tls,
        answers=[_answer(answer) for answer in door.answers],
        routers=[_router(router, door, table) for router in door.routers],
    )


def _answer(answer: Answer) -> AnswerReport:
    decision = answer.decision
    return AnswerReport(
        path=answer.path,
        outcome=decision.outcome.value,
        routers=[router.name for router in decision.winners],
        why=decision.why,
    )


def _router(router: Router, door: Door, table: Table) -> RouterReport:
    return RouterReport(
        name=router.name,
        rule=router.rule,
        priority=router.effective_priority,
        explicit=bool(router.priority),
        service=router.service,
        servers=servers(table, router.service),
        socketio=standing(router, door.claims),
        defined=str(router.location or ""),
    )
