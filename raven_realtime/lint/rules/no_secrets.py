"""No secret stands in labels, variables, commands or plain configuration."""

import re
from collections.abc import Iterator

from raven_realtime.findings.entry import Finding, Location
from raven_realtime.findings.secret_in_the_open import ENTRY
from raven_realtime.lint.rule import Parameters, Rule
from raven_realtime.lint.world import World

_NAMES = r"(?:pass(?:word|wd)?|secret|token|api[_-]?key|private[_-]?key)"
_NAME = re.compile(rf"(?i)(?:^|[_.-]){_NAMES}$|^authtoken$|(?:^|[_.-])(?:auth)?token$")
_IN_COMMAND = re.compile(
    rf"(?i)(?:(?<![\w-])--[\w-]{{0,60}}{_NAMES}[= ]+|\b[A-Z_]*{_NAMES}=|--authtoken[= ]|"
    r"Authorization: *(?:token|Basic|Bearer) +)"
    r"(['\"]?)([^\s'\"]{4,})\1"
)
_IN_TEXT = {
    "ngrok": re.compile(r"(?im)^[ \t]*authtoken:[ \t]*['\"]?([^\s'\"#]{4,})"),
    "nginx": re.compile(r"(?i)Authorization\s+['\"]?(?:token|Basic|Bearer)\s+([^\s'\";$]{4,})"),
}
_REFERENCE = re.compile(r"^\$|^\{\{|^[/.~]|^\[secret\]$|^(?:true|false|yes|no|\d{1,3})?$|^<.*>$|^\*+$")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report where a secret's value is written out. The value itself is never shown."""
    for container in world.containers:
        for variable in container.environment:
            if _NAME.search(variable.name) and not _REFERENCE.search(variable.value):
                yield _found(f"{container.name}: the variable {variable.name}", variable.location)
        for label in container.routing.labels:
            if _NAME.search(label.key) and not _REFERENCE.search(label.value):
                yield _found(f"{container.name}: the label {label.key}", label.location)
    for command in world.commands:
        for found in _IN_COMMAND.finditer(command.value):
            if not _REFERENCE.search(found[2]):
                yield _found(f"a command line, after `{found[0].split('=')[0].split(' ')[0][:40]}`", command.location)
    yield from _configuration(world)


def _configuration(world: World) -> Iterator[Finding]:
    for plain in world.exposed:
        if not _REFERENCE.search(plain.value):
            yield _found(plain.name, plain.location)
    for text in world.texts:
        pattern = _IN_TEXT.get(text.name)
        for found in pattern.finditer(text.value) if pattern else ():
            if not _REFERENCE.search(found[1]):
                line = text.value.count("\n", 0, found.start(1)) + 1
                yield _found(f"{text.name} configuration", Location(text.location.path, line))


def _found(where: str, location: Location) -> Finding:
    return ENTRY.found(f"{where} holds a secret (not shown)", location)


RULE = Rule(
    "no-secrets", "no secret stands in labels, variables, commands or plain configuration", ENTRY, judge, alone=True
)
