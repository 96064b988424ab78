"""The realtime process is told which redis it takes events from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt020_redis_refused import ENTRY

KEY = "redis_socketio"
QUEUE_SINCE = 15
"""The first Frappe whose realtime process reads another key, `redis_queue` (apps/frappe/node_utils.js)."""
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
        if int(tag[1]) < QUEUE_SINCE and KEY not in known:
            name = container.service or container.name
            text = f"{name} runs Frappe {tag[1]}, which takes events from {KEY}, and nothing sets it"
            yield ENTRY.found(text, container.location, _SETTING)


_SETTING = """\
`bench set-config -g redis_socketio redis://redis-queue:6379` in the bench (in frappe_docker: in the configurator's
command), then restart the realtime process.
"""

RULE = Rule("events-redis", "the realtime process is told which redis it takes events from", ENTRY, judge)
