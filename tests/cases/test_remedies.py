"""What a remedy gives to paste is pasted into the faulty system: the finding is gone, and no next one comes of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from raven_realtime.declared import judge
from raven_realtime.declared.files import read
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.proxies.nginx.parse import parse_text
from tests.cases.test_cases import FAULTY, folder

INTO_BLOCK = re.compile(r"In (\S+), in `(.+)` \(line (\d+)\)[^:]*:\n\n((?:    .*\n)+)")
IN_PLACE = re.compile(r"In (\S+), line (\d+):\n\n    (.*)\n")
AT_HTTP = re.compile(r"and at http level:\n\n((?:    .*\n)+)")
INTO_SERVICE = re.compile(r"In (\S+), give the service (\S+) .*:\n\n((?:    .*\n)+)")
WANTED = {
    ("01", "RT008"),
    ("04", "RT012"),
    ("06", "RT011"),
    ("10", "RT012"),
    ("13", "RT001"),
    ("16", "RT008"),
    ("20", "RT008"),
    ("20", "RT011"),
    ("20", "RT016"),
    ("22", "RT008"),
    ("22", "RT011"),
    ("25", "RT011"),
    ("28", "RT012"),
    ("31", "RT025"),
    ("33", "RT007"),
    ("35", "RT025"),
}
"""What has something to paste: the case and the code. More are pasted where there are."""


def said(system: Path) -> list[Finding]:
    """Return what is worth acting on."""
    reading = read([str(system)])
    assert [problem.value for problem in reading.problems] == []
    return [each for each in judge(reading.world) if each.level is not Level.NOTE]


def paste(remedy: str) -> bool:
    """Do what a remedy says; tell whether it gives anything to paste."""
    if into := INTO_BLOCK.search(remedy):
        at_http = AT_HTTP.search(remedy)
        _into_block(Path(into[1]), int(into[3]), into[4], at_http[1] if at_http else "")
    elif line := IN_PLACE.search(remedy):
        file = Path(line[1])
        lines = file.read_text().splitlines(keepends=True)
        name = line[3].split()[0]
        at = int(line[2]) - 1
        lines[at] = re.sub(rf"\b{name}\s[^;]*;", lambda _: line[3], lines[at])
        file.write_text("".join(lines))
    elif service := INTO_SERVICE.search(remedy):
        _into_service(Path(service[1]), service[2], service[3])
    else:
        return False
    return True


def _into_block(file: Path, start: int, lines: str, at_http: str) -> None:
    """Put lines at the top of a block of nginx, and take away what says the same in it."""
    text = file.read_text().splitlines(keepends=True)
    wanted = {_key(each.name, each.args) for each in parse_text(lines, "pasted", check=False)}
    kept, depth = [], 0
    for number, line in enumerate(text, 1):
        inside = number > start and depth > 0
        if number >= start and (number == start or depth > 0):
            depth += line.count("{") - line.count("}")
        words = line.strip().rstrip(";").split()
        if not (inside and depth == 1 and words and _key(words[0], tuple(words[1:])) in wanted):
            kept.append(line)
        if number == start:
            head, brace, tail = line.partition("{")
            kept[-1:] = [head + brace + "\n", lines, tail]
    whole = "".join(kept)
    http = re.search(r"^http\s*\{", whole, re.MULTILINE)
    file.write_text(whole[: http.end()] + "\n" + at_http + whole[http.end() :] if http else at_http + whole)


def _key(name: str, arguments: tuple[str, ...]) -> tuple[str, str]:
    return name, arguments[0].lower() if name == "proxy_set_header" else ""


def _into_service(file: Path, name: str, lines: str) -> None:
    yaml = YAML()
    document = yaml.load(file.read_text())
    for key, value in YAML(typ="safe").load(lines).items():
        service = document["services"][name]
        service[key] = [*(service.get(key) or []), *value]
    with file.open("w") as opened:
        yaml.dump(document, opened)


@pytest.mark.parametrize("number", FAULTY)
def test_what_is_pasted_mends(number: str, tmp_path: Path) -> None:
    before = said(Path(folder(number)))
    pasted = set()
    for count in range(len(before)):
        system = tmp_path / str(count)
        shutil.copytree(folder(number), system)
        here = said(system)
        assert [each.code for each in here] == [each.code for each in before]
        finding = here[count]
        if not paste(finding.todo):
            continue
        pasted.add((number, finding.code))
        after = said(system)
        mended = {
            str(each.location) for each in after if each.code == finding.code and each.evidence == finding.evidence
        }
        assert mended == set(), finding.todo
        assert {each.code for each in after} <= {each.code for each in before}, finding.todo
    assert {each for each in WANTED if each[0] == number} <= pasted


@pytest.mark.parametrize("number", sorted({number for number, _ in WANTED}))
def test_remedies_name_what_is_there(number: str) -> None:
    for finding in said(Path(folder(number))):
        if (number, finding.code) in WANTED:
            assert "chat.example.com" not in finding.todo or finding.host == "chat.example.com"
            assert folder(number) in finding.todo
