"""Every configuration can be read."""

from collections.abc import Iterator

from raven_realtime.declared.passages import refused
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt116_configuration_unreadable import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report what could not be read, and what nginx would refuse, with the reader's own words."""
    for broken in (*world.unreadable, *refused(world)):
        yield ENTRY.found(broken.value, broken.location)


RULE = Rule("readable", "every configuration can be read", ENTRY, judge, alone=True)
