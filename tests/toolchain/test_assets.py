"""``assetPaths`` and ``archivePaths``: which files a command's globs name, and what becomes of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.toolchain.cases import Resource, Table
from toolchain.plugins.command.globs import found
from toolchain.plugins.resource import OperationError
from toolchain.plugins.values import ASSET, SIGNATURE

FILES = [
    *("readme.md", "notes.txt", "src/index.js", "src/secret.js", "src/deep/a.js", "assets/logos/logo.svg", "a{b}.txt"),
    *("x1.log", "x2.log", "xa.log"),
]

GLOBS = {
    "the documented example": (
        ["assets/**", "src/**.js", "!**secret.*"],
        ["assets/logos/logo.svg", "src/deep/a.js", "src/index.js"],
    ),
    "a star stops at a slash": (["src/*.js"], ["src/index.js", "src/secret.js"]),
    "two stars do not": (["**.js"], ["src/deep/a.js", "src/index.js", "src/secret.js"]),
    "a question mark is one character": (["x?.log"], ["x1.log", "x2.log", "xa.log"]),
    "a class": (["x[0-9].log"], ["x1.log", "x2.log"]),
    "a class turned round": (["x[!0-9].log"], ["xa.log"]),
    "alternatives": (["{readme.md,*.txt}"], ["a{b}.txt", "notes.txt", "readme.md"]),
    "a quoted brace": ([r"a\{b\}.txt"], ["a{b}.txt"]),
    "an exclusion before what it excludes": (["!notes.txt", "*.txt"], ["a{b}.txt", "notes.txt"]),
    "folders are not files": (["src", "assets"], []),
    "nothing": (["*.none"], []),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize("case", GLOBS)
def test_globs(folder: Path, case: str) -> None:
    globs, expected = GLOBS[case]
    assert found(folder, globs) == expected


def test_a_glob_that_is_none_is_named(folder: Path) -> None:
    with pytest.raises(OperationError, match=r"the glob '\{a' has braces that do not match"):
        found(folder, ["{a"])


def test_assets_and_archive_are_in_the_state(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    inputs = {
        "create": "mkdir -p sub; echo a > a.txt; echo b > sub/b.txt; echo c > c.bin",
        "dir": str(tmp_path / "out"),
        "assetPaths": ["**.txt"],
        "archivePaths": ["**", "!c.bin"],
    }
    stack = Table(tmp_path).declare([Resource("made", inputs), Resource("unasked", {"create": "true"})])
    stack.up()
    outputs = stack.resources()["made"]["outputs"]
    asset = {SIGNATURE: ASSET, "path": f"{tmp_path}/out/a.txt", "hash": hashlib.sha256(b"a\n").hexdigest()}
    assert outputs["assets"]["a.txt"] == asset
    assert outputs["assets"].keys() == outputs["archive"]["assets"].keys() == {"a.txt", "sub/b.txt"}
    assert not {"assets", "archive"} & stack.resources()["unasked"]["outputs"].keys()
    assert stack.up().operations() == {}
