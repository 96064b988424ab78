"""What rules read is known before the update."""

from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt114_value_not_known import ENTRY

HERE = {
    "the variable ": "Set it in the environment, or in .env beside the (first) compose file.",
    "the configuration ": "Run `raven-realtime lint` on the machine that has it, or keep it beside the compose file.",
}
"""What to do about what files do not tell, by how it is called."""


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report every unknown property that a rule would have read."""
    for unknown in world.unknown:
        why = unknown.value or "is not known before the update"
        remedy = next((said for start, said in HERE.items() if unknown.name.startswith(start)), "")
        yield ENTRY.found(f"{unknown.name} {why}", unknown.location, remedy)


RULE = Rule("values-known", "what the rules read is known before the update", ENTRY, judge, alone=True, advises=True)
