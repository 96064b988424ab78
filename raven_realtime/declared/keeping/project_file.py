"""The project's file: ``raven-realtime.toml``, or ``[tool.raven-realtime]`` in pyproject.toml.

``python -m raven_realtime.declared.keeping.project_file`` writes its JSON schema; with ``--check`` it fails where the
schema is not in step.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raven_realtime.declared import rules
from raven_realtime.declared.keeping.configuration import FILE, PYPROJECT, Configuration, PathIgnore
from raven_realtime.declared.keeping.names import accepted, code_of, known, nearest
from raven_realtime.declared.rule import Rule
from raven_realtime.findings.entry import Level
from raven_realtime.problem import Problem
from raven_realtime.proxies import contents
from raven_realtime.proxies.location import Location

TABLE = ("tool", "raven-realtime")
SCHEMA = Path("docs/raven-realtime.schema.json")
LARGEST = 1 << 20

OFF, ON = "off", "on"
Said = Literal["off", "on", "note", "warning", "error"]


def _kebab(name: str) -> str:
    return name.replace("_", "-")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=_kebab, frozen=True, strict=True)


_ONE = r"^v?\d+(\.\d+)*$"


class Versions(_Strict):
    """Which version of a program runs, where no image says so."""

    traefik: Annotated[
        str, Field(description="Traefik's version, such as 2.11 or 3.6.", pattern=r"^v?[23](\.\d+)*$")
    ] = ""
    nginx: Annotated[
        str, Field(description="The version of the machine's own nginx, such as 1.30.6.", pattern=_ONE)
    ] = ""
    docker: Annotated[str, Field(description="The version of the Docker that Traefik asks.", pattern=_ONE)] = ""


class Ignored(_Strict):
    """Findings that are left out where they stand in certain files, and why."""

    codes: Annotated[list[str], Field(description="Codes or names of rules, such as RT107.", min_length=1)]
    paths: Annotated[
        list[str],
        Field(description="Files or resources, from this file's folder; * stands for anything.", min_length=1),
    ]
    reason: Annotated[str, Field(description="Why, for whoever reads this next.")] = ""


class Document(_Strict):
    """The file as it is written."""

    app: Annotated[Literal["frappe", "socketio"] | None, Field(description="What is behind the proxies.")] = None
    fail_on: Annotated[
        Literal["error", "warning", "note"] | None,
        Field(description="The least level that makes the exit code 1; error if left out."),
    ] = None
    baseline: Annotated[str, Field(description="A file of findings that were there before.")] = ""
    exclude: Annotated[
        list[str],
        Field(description="Files and folders that are not read, from this file's folder; * stands for anything."),
    ] = []
    versions: Annotated[Versions, Field(description="Versions of programs, where no image says so.")] = Versions()
    rules: Annotated[
        dict[str, Said | dict[str, Any]],
        Field(
            description="By a rule's name or a finding's code: off, on, a level, or a table with level and parameters."
        ),
    ] = {}
    ignore: Annotated[list[Ignored], Field(description="Findings that are left out by path.")] = []


def read(path: Path) -> Configuration:
    """Read the project's file.

    Raises:
        Problem: it cannot be read, or holds what is not known; the message has file, line and what is accepted.
    """
    shown = _shown(path)
    text = _text(path, shown)
    try:
        document: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"{shown}: the file is not TOML: {error}.") from None
    above: tuple[str, ...] = ()
    if path.name == PYPROJECT:
        above = TABLE
        document = document.get("tool", {}).get("raven-realtime", {})
    places = _Places(shown, text, above)
    try:
        given = Document.model_validate(document)
    except ValidationError as error:
        raise Problem(_complaint(error, places)) from None
    levels, off, parameters = _chosen(given, places)
    return Configuration(
        folder=path.absolute().parent,
        app=given.app or "",
        fail_on=Level(given.fail_on) if given.fail_on else None,
        baseline=path.absolute().parent / given.baseline if given.baseline else None,
        exclude=tuple(given.exclude),
        versions={name: value for name, value in given.versions.model_dump().items() if value},
        levels=levels,
        off=off,
        parameters=parameters,
        ignores=tuple(_ignores(given, places, path.absolute().parent)),
    )


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else str(path)


def _text(path: Path, shown: str) -> str:
    try:
        raw = contents.read_bytes(path)
    except OSError as error:
        raise Problem(f"{shown}: the file cannot be read: {error.strerror}.") from None
    if len(raw) > LARGEST:
        raise Problem(f"{shown}: larger than {LARGEST >> 20} MiB.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Problem(f"{shown}: the file is not text in UTF-8.") from None


class _Places:
    """On which line of a TOML file a key stands: its reader does not say."""

    def __init__(self, path: str, text: str, above: tuple[str, ...]) -> None:
        self.path = path
        self._above = above
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        counts: dict[tuple[str, ...], int] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if head := re.match(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]", line):
                table = _dotted(head[2])
                if head[1]:
                    counts[table] = counts.get(table, -1) + 1
                    table = (*table, str(counts[table]))
                self._lines.setdefault(table, number)
            elif key := re.match(r"""\s*((?:"[^"]*"|'[^']*'|[\w.-]|\s(?=\s*\.)|(?<=\.)\s)+)\s*=""", line):
                self._lines.setdefault((*table, *_dotted(key[1])), number)

    def line(self, *keys: str) -> int | None:
        """Return the line of a key, or of what it stands in."""
        whole = (*self._above, *keys)
        return next((self._lines[whole[:end]] for end in range(len(whole), 0, -1) if whole[:end] in self._lines), None)

    def __call__(self, *keys: str) -> str:
        """Return the place of a key, as editors write it."""
        line = self.line(*keys)
        return f"{self.path}:{line}" if line else self.path


def _dotted(text: str) -> tuple[str, ...]:
    return tuple(
        part[0] or part[1] or part[2] for part in re.findall(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*\.?""", text)
    )


def _complaint(error: ValidationError, places: _Places) -> str:
    """Say the first thing that is wrong: where, what, and what is accepted."""
    first = error.errors(include_url=False)[0]
    keys = [str(each) for each in first["loc"] if not str(each).startswith(("literal[", "dict["))]
    at, name = places(*keys), ".".join(keys)
    if first["type"] == "extra_forbidden":
        return f"{at}: {nearest(keys[-1], _keys_beside(keys), 'key')}"
    if first["type"] == "missing":
        return f"{at}: `{keys[-1]}` is missing in `{'.'.join(keys[:-1])}`."
    if keys[:1] == ["rules"]:
        accepted_here = "off, on, note, warning, error, or a table with level and parameters"
        return f"{at}: {name} is {first['input']!r}. Accepted: {accepted_here}."
    return f"{at}: {name} is {first['input']!r}. {first['msg']}."


def _keys_beside(keys: Sequence[str]) -> list[str]:
    inner: dict[str, type[BaseModel]] = {"versions": Versions, "ignore": Ignored}
    model = inner.get(keys[0], Document) if keys[1:] else Document
    return [str(each.alias) for each in model.model_fields.values()]


def _chosen(
    given: Document, places: _Places
) -> tuple[dict[str, Level], frozenset[str], dict[str, dict[str, int | str | list[str]]]]:
    levels: dict[str, Level] = {}
    off: set[str] = set()
    parameters: dict[str, dict[str, Any]] = {}
    for name, said in given.rules.items():
        if not (code := code_of(name)):
            raise Problem(f"{places('rules', name)}: {nearest(name, known(), 'rule')}")
        table = dict(said) if isinstance(said, dict) else {"level": said}
        level = table.pop("level", ON)
        if level not in {OFF, ON, *Level}:
            at = places("rules", name, "level")
            raise Problem(f"{at}: the level of {name} is {level!r}. Accepted: off, on, note, warning, error.")
        if level == OFF:
            off.add(code)
        elif level != ON:
            levels[code] = Level(level)
        rule = next((each for each in rules().values() if each.entry.code == code), None)
        for key, value in table.items():
            at = places("rules", name, key)
            if rule is None or key not in rule.parameters:
                raise Problem(f"{at}: {nearest(key, ['level', *(rule.parameters if rule else ())], 'key')}")
            parameters.setdefault(rule.name, {})[key] = _value(rule, key, value, at)
    return levels, frozenset(off), parameters


def _value(rule: Rule, key: str, value: Any, at: str) -> Any:
    default = rule.parameters[key].default
    texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
    if type(value) is not type(default) or (isinstance(value, list) and not texts):
        kind = {int: "a whole number", str: "a text", list: "a list of texts"}[type(default)]
        raise Problem(f"{at}: {key} of {rule.name} is {value!r}. Accepted: {kind}, such as {json.dumps(default)}.")
    return value


def _ignores(given: Document, places: _Places, folder: Path) -> Iterator[PathIgnore]:
    for number, each in enumerate(given.ignore):
        keys = ("ignore", str(number), "codes")
        for name in each.codes:
            if not code_of(name):
                raise Problem(f"{places(*keys)}: {nearest(name, known(), 'rule')}")
        codes = tuple(code_of(name) for name in each.codes)
        where = Location(places.path, places.line("ignore", str(number)))
        yield PathIgnore(codes, tuple(each.paths), each.reason.strip(), where, folder)


def schema() -> dict[str, Any]:
    """Return the JSON schema of the file, each rule with its own parameters."""
    document = Document.model_json_schema(by_alias=True)
    levels = {"enum": [OFF, ON, *map(str, Level)], "description": "off, on, or the level that its findings have."}
    named: dict[str, Any] = {}
    for rule in rules().values():
        properties = {"level": levels, **{name: each.schema for name, each in rule.parameters.items()}}
        table = {"type": "object", "properties": properties, "additionalProperties": False}
        said = {"description": f"{rule.entry.code}: {rule.holds}.", "anyOf": [levels, table]}
        named |= {rule.name: said, rule.entry.code: said}
    plain = {"anyOf": [levels, {"type": "object", "properties": {"level": levels}, "additionalProperties": False}]}
    named |= {code: plain for code in accepted() if code not in named}
    wanted = {"type": "object", "properties": dict(sorted(named.items())), "additionalProperties": False}
    document["properties"]["rules"] = {**wanted, "description": document["properties"]["rules"]["description"]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "title": FILE}


def main(arguments: list[str]) -> int:
    """Write the schema, or with ``--check`` say whether it is in step; return the exit code."""
    text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if arguments == ["--check"]:
        fresh = SCHEMA.is_file() and SCHEMA.read_text(encoding="utf-8") == text
        if not fresh:
            sys.stderr.write(f"{SCHEMA}: not in step with the rules. Run `make docs`.\n")
        return 0 if fresh else 1
    if arguments:
        sys.stderr.write("usage: python -m raven_realtime.declared.keeping.project_file [--check]\n")
        return 2
    SCHEMA.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
