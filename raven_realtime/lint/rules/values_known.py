"""What rules read is known before the update."""

from collections.abc import Iterator

from raven_realtime.findings.entry import Finding
from raven_realtime.findings.value_not_known import ENTRY
from raven_realtime.lint.rule import Parameters, Rule
from raven_realtime.lint.world import World


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report every unknown property that a rule would have read."""
    for unknown in world.unknown:
        why = unknown.value or "is not known before the update"
        remedy = "Set it in the environment, or in .env beside the (first) compose file." if unknown.value else ""
        yield ENTRY.found(f"{unknown.name} {why}", unknown.location, remedy)


RULE = Rule("values-known", "what the rules read is known before the update", ENTRY, judge, alone=True, advises=True)
