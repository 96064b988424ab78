"""No secret stands in labels, variables, commands or plain configuration."""

import re
from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.secret_names import WORDS
from raven_realtime.declared.world import Hidden, Setting, World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt110_secret_in_the_open import ENTRY
from raven_realtime.proxies.location import Location

_NAMES = rf"(?:{WORDS}|pass)"
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
_SETTING = re.compile(
    r"""(?m)"(?P<key>[\w.-]{1,80})"\s{0,9}:\s{0,9}"(?P<value>[^"\s$(){}<>]{4,})"|"""
    r"""^(?:export\ )?(?P<name>[A-Z][A-Z0-9_]{0,80}+)=(["']?)(?P<text>[^\s"'`$(){}<>]{4,})\4[ \t]*$"""
)
"""A pair of a JSON object, or a line of an environment file."""
_REFERENCE = re.compile(
    r"^\$|^\{\{|^[/.~]|^\[secret\]$|^(?:true|false|yes|no|\d{1,3})?$|^<.*>$|^[*x.]+$|"
    r"(?i:^(?:admin|root|frappe|erpnext|pass(?:word)?|secret|redacted|hidden|example|test|none|null|"
    r"change[-_ ]?(?:me|it)?|your[-_].*)$)"
)
"""What stands for a secret, or is the word that everybody's example has in its place."""


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report where a secret's value is written out. The value itself is never shown.

    What Pulumi keeps secret is written out in labels and command lines only: they are shown to whoever lists containers
    or processes. A variable, a file or standard input reaches the one who needs it.
    """
    for container in world.containers:
        for variable in container.environment:
            if _NAME.search(variable.name) and _is_plain(variable.value):
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
        if _is_plain(plain.value):
            yield _found(plain.name, plain.location)
    for text in world.texts:
        if isinstance(text.value, Hidden):
            continue
        for what, value, position in _settings(text) if text.name == "settings" else _in_text(text):
            if _is_plain(value):
                line = text.value.count("\n", 0, position) + 1
                yield _found(what, Location(text.location.path, line))


def _in_text(text: Setting) -> Iterator[tuple[str, str, int]]:
    pattern = _IN_TEXT.get(text.name)
    for found in pattern.finditer(text.value) if pattern else ():
        yield f"{text.name} configuration", found[1], found.start(1)


def _settings(text: Setting) -> Iterator[tuple[str, str, int]]:
    """Yield the settings with a secret's name that a file or standard input holds."""
    for found in _SETTING.finditer(text.value):
        name = found["key"] or found["name"]
        if _NAME.search(name):
            yield f"the setting {name}", found["value"] or found["text"], found.start()


def _is_plain(value: str) -> bool:
    return not isinstance(value, Hidden) and not _REFERENCE.search(value)


def _found(where: str, location: Location) -> Finding:
    return ENTRY.found(f"{where} holds a secret (not shown)", location)


RULE = Rule(
    "no-secrets", "no secret stands in labels, variables, commands or plain configuration", ENTRY, judge, alone=True
)
