"""Which engine is chosen: an installed one, the official install, a build; and what is said where none can be had.

The engines are stand-ins that note what they are asked for. The SDK's own installer runs; only what it would download,
the official script, is one of ours.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from raven_realtime.problem import Problem
from tests.toolchain.stand_ins import make
from toolchain import engine, pulumi_home, shell
from toolchain.golang import PULUMI, GoProgram

NO_PULUMI = "No `pulumi` is on PATH."
UNREACHABLE = "Pulumi's download host does not answer (<urlopen error nobody there>)."
SCRIPT = """#!/bin/sh
[ "$1 $2 $4" = "--no-edit-path --install-root --version" ] || exit 64
/bin/mkdir -p "$3/bin"
echo {pulumi} > "$3/bin/pulumi"
/bin/chmod +x "$3/bin/pulumi"
"""
"""What the official script does with the options that the SDK gives it."""
DOWNLOAD = """
import urllib.error, urllib.request

def urlopen(url, *_, **__):
    if {script!r} is None:
        raise urllib.error.URLError("nobody there")
    return open({script!r}, "rb")

urllib.request.urlopen = urlopen
"""
"""Read by Python as it starts: what a download brings."""


@pytest.fixture
def asked(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the toolchain folders of the test's own and no way to an engine; return what the engines are asked for."""
    monkeypatch.setattr(engine, "BUILDS", tmp_path / "builds")
    monkeypatch.setattr(engine, "CHOICE", tmp_path / "builds" / "engine.json")
    monkeypatch.setattr(engine, "OFFICIAL", tmp_path / "builds" / "official")
    monkeypatch.setattr(engine, "PULUMI_HOME", tmp_path / "home")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "theirs"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "python"))
    monkeypatch.setattr(GoProgram, "home", tmp_path / "builds" / "pulumi-for-these-pins")
    (tmp_path / "home" / "plugins" / "resource-command-v0.0.1").mkdir(parents=True)
    (tmp_path / "python").mkdir()
    downloads(tmp_path, None)
    return tmp_path / "asked"


def downloads(folder: Path, script: str | None) -> None:
    """Have the SDK's installer download this script, or nothing at all."""
    if script is not None:
        (folder / "install.sh").write_text(script)
    text = DOWNLOAD.format(script=script and str(folder / "install.sh"))
    (folder / "python" / "sitecustomize.py").write_text(text)


def pulumi(asked: Path, otherwise: str = "true") -> str:
    """Return the stand-in for an engine: it tells its version, and notes what else it is asked for."""
    return f'[ "$1" = version ] && echo v{PULUMI.version} || {{ echo "$@" >> {asked}; {otherwise}; }}'


PLUGINS = [f"plugin install resource {name} {pulumi_home.pinned_version(name)}" for name in pulumi_home.substitutes()]


def test_an_installed_one_with_its_plugins_is_used(
    programs: Path, asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(programs, "pulumi", pulumi(asked))
    linked: list[Path] = []
    monkeypatch.setattr(pulumi_home, "link_official", linked.append)
    chosen = engine.ensure()
    assert (chosen.origin, chosen.binary) == ("installed", programs / "pulumi")
    assert linked == [tmp_path / "theirs" / "plugins"]
    assert asked.read_text().splitlines() == PLUGINS
    assert engine.ensure() == engine.require() == chosen
    assert asked.read_text().splitlines() == PLUGINS, "the choice holds"


def test_else_the_official_install_is(asked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    downloads(tmp_path, SCRIPT.format(pulumi=shlex.quote(f"#!/bin/sh\n{pulumi(asked)}")))
    chosen = engine.ensure()
    assert (chosen.origin, chosen.binary) == ("official", tmp_path / "builds" / "official" / "bin" / "pulumi")
    assert asked.read_text().splitlines() == PLUGINS
    assert not (tmp_path / "home" / "plugins").exists(), "a substitute would count as the official plugin"
    assert capsys.readouterr().err.splitlines() == [NO_PULUMI, "Trying the official install of Pulumi."]
    assert engine.ensure() == chosen
    assert asked.read_text().splitlines() == PLUGINS, "the choice holds"
    found = shell.variables(chosen, {"PATH": "/bin"}, tmp_path / "state")
    assert found["PATH"].split(":")[1] == str(tmp_path / "builds" / "official" / "bin")
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in found, "an official one fetches its plugins"


def built(folder: Path) -> Callable[[GoProgram], Path]:
    """Return what stands for the build: it makes the program and nothing else."""

    def ensure(program: GoProgram) -> Path:
        program.binary.parent.mkdir(parents=True)
        make(program.binary.parent, "pulumi")
        (folder / "python" / "cmd").mkdir(parents=True)
        (folder / "python" / "cmd" / engine.EXECUTOR).write_text("executor\n")
        return program.binary

    return ensure


def test_else_it_is_built_and_furnished(
    asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(GoProgram, "ensure", built(tmp_path / "sdk"))
    monkeypatch.setattr(GoProgram, "module_folder", lambda _self, _module: tmp_path / "sdk")
    laid_out: list[bool] = []
    monkeypatch.setattr(pulumi_home, "lay_out", lambda: laid_out.append(True))
    chosen = engine.ensure()
    assert chosen.origin == "built"
    beside = {item.name: item.read_text() for item in Path(chosen.folder).iterdir()}
    assert beside.keys() == {"pulumi", "pulumi-language-python", engine.EXECUTOR}
    assert beside[engine.EXECUTOR] == "executor\n"
    assert laid_out == [True]
    assert capsys.readouterr().err.splitlines() == [
        NO_PULUMI,
        "Trying the official install of Pulumi.",
        f"The official install of Pulumi does not work here: {UNREACHABLE}",
        "Building the engine from its pinned Go module: a few minutes, once.",
    ]


OFFICIAL_FAILS = {
    "its host is out of reach": (None, UNREACHABLE),
    "its script lacks a program": ("#!/bin/sh\necho 'curl is not there' >&2\nexit 1\n", "curl is not there"),
    "it brings no program": ("#!/bin/sh\n", "No such file or directory: '{folder}/bin/pulumi'"),
    "its plugins are out of reach": (
        SCRIPT.format(pulumi=shlex.quote("#!/bin/sh\n" + pulumi(Path("/dev/null"), "echo no such host; exit 1"))),
        "command: no such host",
    ),
}


@pytest.mark.parametrize("case", OFFICIAL_FAILS)
def test_a_failed_official_install_says_why_and_leaves_nothing(asked: Path, tmp_path: Path, case: str) -> None:
    script, said = OFFICIAL_FAILS[case]
    downloads(tmp_path, script)
    with pytest.raises(Problem, match=r"^The official install of Pulumi does not work here: ") as raised:
        engine.official()
    assert said.format(folder=engine.OFFICIAL) in str(raised.value)
    assert not engine.OFFICIAL.exists()


def test_where_no_way_works_it_says_what_each_lacks(asked: Path) -> None:
    with pytest.raises(Problem) as raised:
        engine.ensure()
    assert str(raised.value).splitlines() == [
        "No way leads to a usable `pulumi` here:",
        f"- {NO_PULUMI}",
        f"- The official install of Pulumi does not work here: {UNREACHABLE}",
        "- pulumi has to be built here and `go` is not on PATH. Install Go 1.26 or newer (package golang-go of your "
        "system where it is new enough, or Go's own archive), then run this again.",
        "Mend one of them, then run this again. The simplest is to install Pulumi as its documentation says "
        '("Download and install Pulumi").',
    ]
    assert not engine.CHOICE.exists()


def test_an_installed_one_without_plugins_is_not_used(programs: Path, asked: Path) -> None:
    make(programs, "pulumi", pulumi(asked, "echo error: no such host >&2; exit 1"))
    with pytest.raises(Problem) as raised:
        engine.installed()
    assert str(raised.value) == (
        f"{programs / 'pulumi'} is there, but not the official plugins, and it cannot fetch them: "
        "command: error: no such host"
    )


@pytest.mark.parametrize(("version", "said"), [("v3.149.9", "v3.149.9"), ("v2.25.2", "v2.25.2"), ("", "unknown")])
def test_an_old_one_is_not_used(programs: Path, asked: Path, version: str, said: str) -> None:
    make(programs, "pulumi", f"echo {version}")
    with pytest.raises(Problem) as raised:
        engine.installed()
    assert str(raised.value) == f"{programs / 'pulumi'} is of version {said}, and 3.150 or newer is needed."


def test_a_choice_that_is_gone_is_made_anew(programs: Path, asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi_home, "link_official", lambda _plugins: None)
    make(programs, "pulumi", pulumi(asked))
    engine.ensure()
    assert json.loads(engine.CHOICE.read_text())["origin"] == "installed"
    (programs / "pulumi").unlink()
    assert engine.current() is None
