"""The realtime process's question whether a user may read a document reaches Frappe's web.

On `doc_subscribe` it asks `Origin` + `/api/method/frappe.realtime.has_permission` and joins the room only after a yes
(frappe, realtime/handlers/frappe_handlers.js).
"""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.journey import frappes
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.rules.callback_reachable import WHO, led_elsewhere
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt033_room_not_joined import ENTRY

MAY_READ = "/api/method/frappe.realtime.has_permission"


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Follow the question; where all questions are led elsewhere, users are not known at all, another finding."""
    for way in frappes(world):
        if way.ends_at_realtime and not led_elsewhere(way, WHO) and (led := led_elsewhere(way, MAY_READ)):
            yield ENTRY.found(f"{way.shown}: {led[0]}", led[1], host=way.host)


RULE = Rule("room-joined", "the question whether a user may read a document reaches Frappe's web", ENTRY, judge)
