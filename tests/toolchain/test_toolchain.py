"""``python3 -m toolchain``: what it brings, how fast when nothing changed, and what it says when it cannot."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from raven_realtime.problem import Problem
from tests.engine import throwaway
from tests.toolchain.stand_ins import make
from toolchain import __main__ as main
from toolchain import debian, engine, golang, progress, pulumi_home, shell
from toolchain.__main__ import path_of
from toolchain.golang import PULUMI, TRAEFIK, GoProgram
from toolchain.places import PULUMI_HOME, ROOT


def toolchain(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python3 -m toolchain`` as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "toolchain", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.alone
@pytest.mark.parametrize("uses", [("up",), ("up", "test"), ("prod",)], ids=" ".join)
def test_ensuring_again_takes_under_a_second(uses: tuple[str, ...]) -> None:
    command = ("ensure", "--for", *uses)
    assert toolchain(*command).returncode == 0
    times = []
    for _ in range(3):
        begun = time.monotonic()
        again = toolchain(*command)
        times.append(time.monotonic() - begun)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert min(times) < 1


def test_env_is_for_a_shell() -> None:
    script = 'eval "$(python3 -m toolchain env)" && command -v pulumi && pulumi version && echo "$PULUMI_HOME"'
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str(engine.require().binary), f"v{PULUMI.version}", str(PULUMI_HOME)]


def test_an_old_python_is_told_so() -> None:
    script = "import sys; sys.version_info = (3, 10, 1); import toolchain.__main__"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or newer is needed; ")


KEPT = {
    "a backend": ({"PULUMI_BACKEND_URL": "file:///mine"}, {"PULUMI_BACKEND_URL"}),
    "a passphrase": ({"PULUMI_CONFIG_PASSPHRASE": "mine"}, {"PULUMI_CONFIG_PASSPHRASE_FILE"}),
    "a passphrase file": ({"PULUMI_CONFIG_PASSPHRASE_FILE": "/mine"}, {"PULUMI_CONFIG_PASSPHRASE_FILE"}),
    "nothing": ({}, set()),
}


@pytest.mark.parametrize("case", KEPT)
def test_env_keeps_what_the_user_chose(tmp_path: Path, case: str) -> None:
    given, untouched = KEPT[case]
    chosen = shell.variables(engine.require(), {"PATH": "/bin", **given}, tmp_path)
    assert {"PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE_FILE"} - chosen.keys() == untouched
    assert chosen["PATH"].split(":")[-1] == "/bin"


def test_the_passphrase_is_made_once_and_for_the_user_alone(tmp_path: Path) -> None:
    paths = {shell.variables(engine.require(), {}, tmp_path)["PULUMI_CONFIG_PASSPHRASE_FILE"] for _ in range(2)}
    assert len(paths) == 1
    path = Path(paths.pop())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    words = path.read_text()
    shell.variables(engine.require(), {}, tmp_path)
    assert path.read_text() == words
    assert len(words) > 32
    assert {item.name for item in tmp_path.iterdir()} == {"backend", "passphrase"}


def test_exports_are_quoted() -> None:
    awkward = "it's $HOME"
    script = shell.exports({"A": awkward}) + 'printf %s "$A"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == awkward


def test_nothing_is_written_to_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    stack = throwaway(tmp_path, "from pulumi_command import local\nlocal.Command('c', create='true')\n")
    stack.environment["HOME"] = str(home)
    stack.up(preview=True)
    stack.destroy()
    assert list(home.rglob("*")) == []


# Debian's packages


def test_missing_packages_are_those_whose_programs_are_not_there(programs: Path) -> None:
    for program in ("nginx", "redis-server", "node", "npm"):
        make(programs, program)
    assert debian.missing(["up"]) == ["curl"]
    assert {"curl", "chromium", "docker.io"} <= set(debian.missing(["test", "prod"]))
    assert debian.missing(["traefik"]) == []


def test_without_root_it_prints_the_command(programs: Path) -> None:
    for program in ("apt-get", "nginx", "redis-server", "node", "npm"):
        make(programs, program)
    with pytest.raises(Problem) as raised:
        debian.ensure(["up"], root=False)
    assert "\n  sudo apt-get install --yes --no-install-recommends curl" in str(raised.value)


def test_without_apt_it_says_what_is_missing(programs: Path) -> None:
    with pytest.raises(Problem, match="These are missing: curl, nginx-light, nodejs, npm, redis-server"):
        debian.ensure(["up"])


def test_stops_only_the_services_that_its_install_brought(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With stand-ins for Debian's tools, which keep a list of installed packages and of stopped services."""
    for program in ("nginx", "node", "npm"):
        make(programs, program)
    listed, stopped = programs / "listed", programs / "stopped"
    listed.write_text("installed nginx-light\n")
    make(programs, "dpkg-query", f"while read -r line; do echo $line; done < {listed}")
    make(
        programs,
        "apt-get",
        f'[ "$1" = update ] || printf "installed redis-server\\ninstalled curl\\n" >> {listed}',
    )
    make(
        programs, "dpkg", "shift; for package; do echo /usr/share/doc/$package; echo /etc/init.d/$package-daemon; done"
    )
    make(programs, "service", f'echo "$@" >> {stopped}')
    make(programs, "systemctl", f'echo "$3 stop" >> {stopped}')
    debian.ensure(["up"], root=True)
    assert stopped.read_text().splitlines() == ["curl-daemon stop", "redis-server-daemon stop"]
    said = capsys.readouterr().err
    assert "Installing Debian packages: curl, redis-server" in said
    assert "Stopped the stock services that came with them" in said


@pytest.mark.parametrize(
    ("uses", "steps"),
    [
        pytest.param(["preview"], ["environment", "engine"], id="a preview needs no package of Debian's, so no root"),
        pytest.param(["up"], ["debian", "node", "environment", "engine"], id="the sandbox"),
        pytest.param(["traefik"], ["traefik"], id="Traefik alone"),
    ],
)
def test_what_each_use_brings(uses: list[str], steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    for step in ("debian", "node", "environment", "engine"):
        monkeypatch.setattr(getattr(main, step), "ensure", lambda *_, step=step: done.append(step))
    monkeypatch.setattr(GoProgram, "ensure", lambda _: done.append("traefik"))
    main.ensure(uses)
    assert done == steps


def test_a_failed_install_says_why(programs: Path) -> None:
    make(programs, "dpkg-query")
    make(programs, "apt-get", "echo 'E: Unable to locate package' >&2; exit 100")
    with pytest.raises(Problem, match=r"(?s)failed with exit code 100:\nE: Unable to locate package"):
        debian.ensure(["up"], root=True)


# The choice of an engine and its plugins


def test_a_changed_pin_asks_for_a_new_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = tmp_path / "engine.json"
    choice.write_text(engine.CHOICE.read_text())
    monkeypatch.setattr(engine, "CHOICE", choice)
    assert engine.current() == engine.require()
    monkeypatch.setattr(pulumi_home, "pinned_version", lambda name: "9.9.9")
    assert engine.current() is None
    with pytest.raises(Problem, match="Run `python3 -m toolchain ensure` first"):
        engine.require()


def test_plugins_of_older_pins_go(tmp_path: Path) -> None:
    stale = tmp_path / "plugins" / "resource-command-v0.0.1"
    stale.mkdir(parents=True)
    pulumi_home.lay_out(tmp_path)
    expected = {f"resource-{name}-v{pulumi_home.pinned_version(name)}" for name in pulumi_home.substitutes()}
    assert {path.name for path in (tmp_path / "plugins").iterdir()} == expected
    pulumi_home.link_official(tmp_path / "theirs", tmp_path)
    assert (tmp_path / "plugins").readlink() == tmp_path / "theirs"
    pulumi_home.lay_out(tmp_path)
    assert not (tmp_path / "plugins").is_symlink()


# Programs built from Go modules

GO_MOD = """\
module example.test/hello

go 1.24

require example.test/pinned v1.2.3

replace example.test/pinned => ./pinned

tool example.test/hello
"""
MAIN = """\
package main

import "example.test/pinned"

func main() { println(pinned.Version) }
"""


@pytest.fixture
def hello(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GoProgram:
    """Return a small program of Go, pinned as the real ones are."""
    monkeypatch.setattr(golang, "BUILDS", tmp_path / "builds")
    source = tmp_path / "source"
    (source / "pinned").mkdir(parents=True)
    (source / "go.mod").write_text(GO_MOD)
    (source / "go.sum").touch()
    (source / "main.go").write_text(MAIN)
    (source / "pinned" / "go.mod").write_text("module example.test/pinned\n\ngo 1.24\n")
    (source / "pinned" / "pinned.go").write_text('package pinned\n\nvar Version = "dev"\n')
    return GoProgram("hello", str(source), "example.test/pinned", "example.test/pinned.Version", "v")


def test_builds_once_with_the_pinned_version_in_it(hello: GoProgram) -> None:
    binary = hello.ensure()
    assert subprocess.run([binary], capture_output=True, text=True, check=True).stderr == "v1.2.3\n"
    made = binary.stat().st_mtime_ns
    assert hello.ensure().stat().st_mtime_ns == made
    (hello.source / "go.sum").write_text("\n")
    assert hello.binary != binary, "other pins are another build"
    binary = hello.binary
    (hello.source / "pinned" / "pinned.go").write_text('package pinned\n\nvar Version = "test"\n')
    assert hello.binary != binary, "so is another module of ours"


def test_a_build_reads_the_users_settings_of_go_and_writes_nothing_beside_them(
    hello: GoProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOENV", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    settings = tmp_path / "config" / "go" / "env"
    settings.parent.mkdir(parents=True)
    settings.write_text("GOOS=plan9\n")
    with pytest.raises(OSError, match="Exec format error"):
        subprocess.run([hello.ensure()], check=False)
    assert [each for each in settings.parent.rglob("*") if each.is_file()] == [settings]


def test_a_failed_build_shows_the_compilers_words(hello: GoProgram) -> None:
    (hello.source / "main.go").write_text(MAIN.replace("pinned.Version", "pinned.Nothing"))
    with pytest.raises(Problem, match=r"(?s)`go build` failed with exit code 1:.*undefined: pinned\.Nothing"):
        hello.ensure()
    assert not hello.binary.exists()


GO = {
    "no Go": ("", "`go` is not on PATH. Install Go 1.26 or newer"),
    "an old Go": ("echo go1.19.8", "is go1.19.8. Install Go 1.26 or newer"),
}


@pytest.mark.parametrize("case", GO)
def test_without_a_usable_go_it_says_how_to_get_one(hello: GoProgram, programs: Path, case: str) -> None:
    script, message = GO[case]
    if script:
        make(programs, "go", script)
    with pytest.raises(Problem) as raised:
        hello.ensure()
    assert message in str(raised.value)


def test_the_real_programs_are_pinned() -> None:
    assert (PULUMI.version, TRAEFIK.version) == ("3.259.0", "3.7.12")
    assert PULUMI.package.startswith(PULUMI.module)
    assert TRAEFIK.package.startswith(TRAEFIK.module)


def test_path_tells_where_a_program_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert toolchain("path", "pulumi").stdout == f"{engine.require().binary}\n"
    monkeypatch.setattr(golang, "BUILDS", tmp_path)
    with pytest.raises(
        Problem, match=r"Traefik is not built yet\. Run `python3 -m toolchain ensure --for traefik` first"
    ):
        path_of("traefik")


def test_a_long_step_says_how_far_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.05)
    script = "echo out; echo a >&2; echo b >&2; sleep 0.3"
    with (
        progress.Progress("doing it") as going,
        subprocess.Popen(["sh", "-c", script], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
    ):
        assert going.follow(process) == ["out"]
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("doing it")
    assert said[-1] == "doing it, 2, 0:00 done"
