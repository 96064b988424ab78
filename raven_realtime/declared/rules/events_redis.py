"""The realtime process is told which redis it takes events from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt020_redis_refused import ENTRY

QUEUE_SINCE = 15
"""The first Frappe whose realtime process reads `redis_queue` (apps/frappe/node_utils.js); before, `redis_socketio`."""
_TAG = re.compile(r":v?(\d{2})(?:[.-]|$)")
_SET = re.compile(r"\bbench\s+set-config\s+-g\w*\s+(redis_\w+)")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Compare what each realtime process reads with what is set."""
    said = {each.name for file in world.bench if file.common for each in file.settings}
    known = said | {found for command in world.command_lines for found in _SET.findall(command)}
    if not any(each.startswith("redis_") for each in known):
        return
    for container in world.containers:
        tag = _TAG.search(container.image)
        if not (container.is_socketio and container.is_frappe and tag):
            continue
        key = "redis_queue" if int(tag[1]) >= QUEUE_SINCE else "redis_socketio"
        given = {each.name for each in container.environment}
        name = container.service or container.name
        if key not in known and f"FRAPPE_{key.upper()}" not in given:
            text = f"{name} runs Frappe {tag[1]}, which takes events from {key}, and nothing sets it"
            yield ENTRY.found(text, container.location, _SETTING.format(key=key))


_SETTING = """\
`bench set-config -g {key} redis://redis-queue:6379` in the bench (the configurator's command in frappe_docker), then
restart the realtime process.
"""

RULE = Rule("events-redis", "the realtime process is told which redis it takes events from", ENTRY, judge)
