"""The proxy's container has no more rights than nginx needs."""

from collections.abc import Iterator

from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.sidecars import sidecars
from raven_realtime.declared.world import Container, World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt109_container_not_hardened import ENTRY

ROOT = ("", "0", "root", "0:0", "root:root")
REQUIREMENTS = ("user", "read-only", "capabilities", "no-new-privileges", "memory")


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report what an nginx sidecar has, and does not need."""
    for container in sidecars(world):
        lacks = [said for name, said in _lacks(container) if name in {*parameters["requirements"], "privileged"}]
        if lacks:
            yield ENTRY.found(f"{container.name}: {', '.join(lacks)}", container.location)


def _lacks(container: Container) -> Iterator[tuple[str, str]]:
    if container.privileged:
        yield "privileged", "is privileged"
    if container.user in ROOT:
        yield "user", "runs as root"
    if not container.read_only:
        yield "read-only", "can write to its root file system"
    if container.declared:
        if not container.drops_all:
            yield "capabilities", "keeps capabilities"
        if not container.no_new_privileges:
            yield "no-new-privileges", "may gain privileges"
    if not container.memory_limit:
        yield "memory", "has no memory limit"


RULE = Rule(
    "hardened",
    "the proxy's container has no more rights than nginx needs",
    ENTRY,
    judge,
    {"requirements": Parameter(list(REQUIREMENTS), f"What is required, out of {', '.join(REQUIREMENTS)}")},
)
