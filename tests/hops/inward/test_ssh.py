"""The whole doctor by its command line, over a real SSH server: what it is told on the line is what it looks at."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from demo.processes import ROOT
from demo.running import RunningBench
from tests.hops.conftest import SITE, StartNginx, cli
from tests.toolchain.sshd import serving

INWARD = {"configuration", "upstream", "listening", "ports", "redis", "callback"}


def results(stdout: str) -> dict[str, dict[str, str]]:
    return {one["hop"]: one for one in json.loads(stdout)["results"]}


Doctor = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def over_ssh(tmp_path: Path) -> Iterator[Doctor]:
    """Run the doctor where ssh's own configuration knows a host called ``server``; gives what it printed."""
    with serving(tmp_path) as server:
        config = tmp_path / "ssh_config"
        known = tmp_path / "known_hosts"
        known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}")
        config.write_text(
            f"Host server\n  HostName 127.0.0.1\n  Port {server.port}\n  User {server.user}\n"
            f"  IdentityFile {tmp_path / 'user_key'}\n  UserKnownHostsFile {known}\n"
        )
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {config} "$@"\n')
        program.chmod(0o755)
        path = os.pathsep.join([str(program.parent), "/usr/bin", "/bin"])

        def doctor(*arguments: str, environment: dict[str, str] | None = None) -> CompletedProcess[str]:
            return cli("doctor", *arguments, "-o", "json", environment={"PATH": path, **(environment or {})})

        yield doctor


@pytest.mark.parametrize("address", ["server", "ssh://server"])
def test_over_ssh(over_ssh: Doctor, bench: RunningBench, nginx: StartNginx, tmp_path: Path, address: str) -> None:
    target = nginx()
    ran = over_ssh(
        *(target.origin, "--site", SITE, "--ssh", address, "--docker", "unix:///nowhere.sock"),
        *("--bench", str(bench.path), "--nginx", str(tmp_path / str(target.port) / "nginx.conf")),
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = results(ran.stdout)
    assert {name for name in INWARD if told[name]["outcome"] in {"pass", "warn"}} == INWARD, told
    assert "from the realtime process's side" in told["callback"]["summary"]


# How bench is called, and what comes of it.
PUBLISHED = {
    "its full name": (
        str(ROOT / "demo" / "bench"),
        ("pass", "message_created received in the room of Raven Channel general after "),
    ),
    "not on the PATH": ("no-such-bench", ("fail", "no-such-bench on server exited with 127: ")),
}


@pytest.mark.parametrize("called", PUBLISHED)
def test_the_event_is_published_over_ssh(
    over_ssh: Doctor, bench: RunningBench, nginx: StartNginx, sid: str, called: str
) -> None:
    command, (outcome, said) = PUBLISHED[called]
    ran = over_ssh(
        *(nginx().origin, "--site", SITE, "--ssh", "server", "--docker", "unix:///nowhere.sock"),
        *("--bench", str(bench.path), "--bench-command", command, "--channel", "general"),
        environment={"RAVEN_REALTIME_SID": sid},
    )
    told = results(ran.stdout)["event"]
    assert (told["outcome"], told["summary"][: len(said)]) == (outcome, said), ran.stdout + ran.stderr
    assert sid not in ran.stdout + ran.stderr


def test_without_docker_it_says_what_to_name_instead(over_ssh: Doctor, nginx: StartNginx) -> None:
    told = results(over_ssh(nginx().origin, "--ssh", "server", "--docker", "unix:///nowhere.sock").stdout)
    assert "Docker host" in told["containers"]["summary"]
    assert "no nginx configuration is named" in told["configuration"]["summary"]


def test_every_option_of_the_look_inside(bench: RunningBench, nginx: StartNginx, tmp_path: Path) -> None:
    target = nginx()
    ran = cli(
        *("doctor", target.origin, "--site", SITE, "-o", "json", "--inside"),
        *("--docker", "unix:///nowhere.sock", "--nginx", str(tmp_path / str(target.port) / "nginx.conf")),
        *("--traefik-api", "127.0.0.1:1", "--redis", f"redis://127.0.0.1:{bench.ports.redis}"),
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = results(ran.stdout)
    assert told["containers"]["outcome"] == "not checked"
    assert "Docker host" in told["containers"]["summary"]
    assert "http://127.0.0.1:1 does not answer" in told["routers"]["summary"]
    assert str(target.port) in told["configuration"]["summary"]
    assert "--redis (127.0.0.1" in told["redis"]["summary"]
