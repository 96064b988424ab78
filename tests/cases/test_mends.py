"""`lint --fix` on the systems of the field: the finding is gone, the rest of the file is as it was, nginx takes it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from raven_realtime.sandbox import nginx_check
from tests.cases.test_cases import folder
from tests.unit.declared.seat import lint

MENDED = {
    "01": "RT008 RT107 RT112",
    "04": "RT107 RT112",
    "06": "RT011 RT107 RT112",
    "08": "RT107 RT112",
    "16": "RT008 RT107 RT112",
    "22": "RT008 RT011 RT107 RT115",
    "25": "RT011 RT107 RT112",
    "28": "RT107 RT112",
    "31": "RT025 RT112",
    "33": "RT007 RT107 RT112",
    "48": "RT117",
}
"""Faulty cases with a safe mend, and the codes that are gone afterwards."""
UNCOVERED = {"22": {"RT012"}}
"""What is said only then: the journey gets further."""
LEFT = {
    "20": ("RT008", "changes more than Socket.IO's path"),
    "35": ("RT025", "changes more than Socket.IO's path"),
}
"""Faulty cases whose mend is the user's to decide."""
MAY_CHANGE = re.compile(
    r"\s*(?:proxy_set_header (?:Origin|Host|X-Forwarded-Proto|Upgrade|Connection) .*"
    r"|proxy_pass http://127\.0\.0\.1:5000/socket\.io;|proxy_(?:read|send)_timeout .*|service: ws://.*)\n"
)


def texts(where: Path) -> dict[str, bytes]:
    return {str(each.relative_to(where)): each.read_bytes() for each in sorted(where.rglob("*")) if each.is_file()}


def codes(where: str) -> set[str]:
    document = json.loads(lint(where, "-o", "json").out)
    assert document["problems"] == []
    return {each["code"] for each in document["findings"]}


def refused(text: str, where: Path) -> str:
    """Return what the real nginx has against a site's file, its names and certificates aside."""
    plain = re.sub(r"(?m)^\s*ssl_.*$|^\s*include .*$", "", text)
    plain = re.sub(r"(listen [^;]*?)(?: ssl| http2)+", r"\1", plain).replace("http2 on;", "")
    plain = re.sub(r"(server |//)[a-z][\w.-]*(?=:\d|[ ;/])", r"\g<1>127.0.0.1", plain)
    plain = re.sub(r"listen (?:\[::\]:)?(\d+)", r"listen 127.0.0.1:2\1", plain)
    whole = plain if re.search(r"(?m)^http\b", plain) else f"events {{}}\nhttp {{\n{plain}\n}}\n"
    file = where / "tested.conf"
    file.write_text(whole)
    line = [nginx_check.find(), "-e", "stderr", "-t", "-p", str(where), "-c", str(file), "-g", f"pid {where}/pid;"]
    ran = subprocess.run(line, capture_output=True, text=True, check=False)
    return "" if ran.returncode == 0 else ran.stderr


@pytest.mark.parametrize("number", MENDED)
def test_a_safe_mend(number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder(number), "case")
    shutil.copytree(folder(number), "patched/case")
    before, said = texts(Path("case")), codes("case")
    gone = set(MENDED[number].split())
    assert gone <= said

    patch = lint("case", "--diff")
    assert texts(Path("case")) == before, "--diff writes nothing"
    ran = lint("case", "--fix")
    assert "mended in case/" in ran.err
    assert codes("case") <= said - gone | UNCOVERED.get(number, set()), (
        "what a page on another port is told may be gone too"
    )

    after = texts(Path("case"))
    for name, old in before.items():
        was, now = old.decode().splitlines(keepends=True), after[name].decode().splitlines(keepends=True)
        for kind, start, end, *_ in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
            assert kind in {"equal", "insert"} or all(map(MAY_CHANGE.fullmatch, was[start:end])), was[start:end]
        if name.endswith("nginx.conf"):
            assert refused(old.decode(), tmp_path) == ""
            assert refused(after[name].decode(), tmp_path) == ""
    assert before.keys() == after.keys()

    subprocess.run(["patch", "-s", "-p1"], cwd="patched", input=patch.out, text=True, check=True)
    assert texts(Path("patched/case")) == after, "what --diff shows is what --fix does"
    assert lint("case", "--fix").code == ran.code
    assert texts(Path("case")) == after, "the second time there is nothing to do"


@pytest.mark.parametrize("number", LEFT)
def test_what_is_not_safe_is_shown_and_left(number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folder(number), "case")
    before, (code, why) = texts(Path("case")), LEFT[number]
    ran = lint("case", "--fix")
    assert f"{code} is not mended: this {why}" in ran.err
    assert "+++ b/case/nginx.conf" in ran.err
    assert code in ran.out
    assert texts(Path("case")) == before
    diff = lint("case", "--diff").out
    assert f"{code}, which --fix leaves alone" in diff
    assert all(line.startswith("# ") for line in diff.splitlines()), "nothing that `patch` would apply"
