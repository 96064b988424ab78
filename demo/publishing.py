"""Publish realtime events as ``frappe.publish_realtime`` does: JSON on redis' channel ``events``."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

CHANNEL = "events"


@dataclass
class Transaction:
    """What one request or one ``bench execute`` publishes on ``site``; events that wait for the commit wait here."""

    site: str
    redis_url: str
    namespaces: bool = True
    """Whether sites are namespaces; else the site's name begins the room's (Frappe 14)."""
    _waiting: list[dict[str, object]] = field(default_factory=list)

    def publish_realtime(  # noqa: PLR0917 (the order is Frappe's)
        self,
        event: str | None = None,
        message: dict[str, Any] | None = None,
        room: str | None = None,
        user: str | None = None,
        doctype: str | None = None,
        docname: str | None = None,
        task_id: str | None = None,
        after_commit: bool = False,
    ) -> None:
        """Publish ``event`` to a room: the one given, else the task's, the user's, the document's, else the desk's.

        Source: frappe/realtime.py, whose order of rooms this follows.
        """
        packet: dict[str, object] = {
            "event": event or ("task_progress" if task_id else "global"),
            "message": (message or {}) | ({"task_id": task_id} if task_id and not room else {}),
            "room": room or self.room(_room(user, doctype, docname, task_id)),
            **({"namespace": self.site} if self.namespaces else {}),
        }
        if not after_commit or (task_id and not room):
            self._send(packet)
        elif packet not in self._waiting:
            self._waiting.append(packet)

    def room(self, name: str) -> str:
        """A room's name in this generation; one that ``publish_realtime`` is given is taken as it is."""
        return name if self.namespaces else f"{self.site}:{name}"

    def commit(self) -> None:
        """Send what waited for the commit."""
        waiting, self._waiting = self._waiting, []
        for packet in waiting:
            self._send(packet)

    def _send(self, packet: dict[str, object]) -> None:
        # Frappe does not fail a request because redis is away: the event is lost silently, and so it is here.
        with suppress(RedisConnectionError), Redis.from_url(self.redis_url, socket_connect_timeout=5) as redis:
            redis.publish(CHANNEL, json.dumps(packet, default=str, sort_keys=True))


def _room(user: str | None, doctype: str | None, docname: str | None, task_id: str | None) -> str:
    if task_id:
        return f"task_progress:{task_id}"
    if user:
        return f"user:{user}"
    if doctype and docname:
        return f"doc:{doctype}/{docname}"
    return "all"
