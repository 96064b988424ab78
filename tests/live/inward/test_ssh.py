"""The whole doctor by its command line, over a real SSH server: what it is told on the line is what it looks at."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import psutil
import pytest

from demo.processes import ROOT
from demo.running import RunningBench
from raven_realtime.live.target import Target
from tests.live.conftest import SITE, StartNginx, cli
from tests.toolchain.sshd import serving

LOGINS = 5
INWARD = {"configuration", "upstream", "listening", "ports", "redis", "callback"}


def results(stdout: str) -> dict[str, dict[str, str]]:
    return {one["hop"]: one for one in json.loads(stdout)["results"]}


Doctor = Callable[..., "CompletedProcess[str]"]


def left(folder: Path) -> list[str]:
    """Return the logins that outlived the doctor; ssh shows where it shares one."""
    lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    return [
        line
        for line in lines
        if line.startswith(("ssh ", "ssh:", "/usr/bin/ssh ")) and (str(folder) in line or "raven-realtime-" in line)
    ]


@pytest.fixture
def over_ssh(tmp_path: Path, bench: RunningBench) -> Iterator[Doctor]:
    """Ask the doctor of a bench on another machine, which ssh's own configuration calls ``server``."""
    with serving(tmp_path) as server:
        config = tmp_path / "ssh_config"
        known = tmp_path / "known_hosts"
        known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}")
        config.write_text(
            f"Host server\n  HostName 127.0.0.1\n  Port {server.port}\n  User {server.user}\n"
            f"  IdentityFile {tmp_path / 'user_key'}\n  UserKnownHostsFile {known}\n"
            # as many have it, for their own logins
            f"  ControlMaster auto\n  ControlPath {tmp_path}/m%p\n  ControlPersist 60\n"
        )
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {config} "$@"\n')
        program.chmod(0o755)
        path = os.pathsep.join([str(program.parent), "/usr/bin", "/bin"])

        def doctor(target: Target, address: str, *options: str, **environment: str) -> CompletedProcess[str]:
            asked = (target.origin, "--site", SITE, "--ssh", address, "--bench", str(bench.path), "-o", "json")
            nowhere = ("--docker", "unix:///nowhere.sock")
            return cli("doctor", *asked, *nowhere, *options, environment={"PATH": path, **environment})

        yield doctor


# What ssh is given, how bench is called there, and what comes of the event.
GIVEN = {
    "a name of ssh's": ("server", str(ROOT / "demo" / "bench"), "pass", "message_created received in the room of "),
    "a URL": ("ssh://server", str(ROOT / "demo" / "bench"), "pass", "message_created received in the room of "),
    "no bench on the PATH": ("server", "no-bench", "fail", "no-bench on server exited with 127: "),
}


@pytest.mark.parametrize(
    "given", [next(iter(GIVEN)), *(pytest.param(one, marks=pytest.mark.full) for one in [*GIVEN][1:])]
)
def test_over_ssh(over_ssh: Doctor, nginx: StartNginx, sid: str, given: str, tmp_path: Path) -> None:
    address, command, outcome, said = GIVEN[given]
    target = nginx()
    options = ("--bench-command", command, "--channel", "general")
    configuration = tmp_path / str(target.port) / "nginx.conf"
    ran = over_ssh(target, address, *options, "--nginx", str(configuration), RAVEN_REALTIME_SID=sid)
    told = results(ran.stdout)
    assert {name for name in INWARD if told[name]["outcome"] in {"pass", "warn"}} == INWARD, told
    assert "from the realtime process's side" in told["callback"]["summary"]
    assert (told["event"]["outcome"], told["event"]["summary"][: len(said)]) == (outcome, said), ran.stdout + ran.stderr
    assert sid not in ran.stdout + ran.stderr
    # one for all commands, one for redis' port; more only for what came before the first had succeeded
    assert (tmp_path / "sshd.log").read_text().count("Accepted publickey") <= LOGINS
    assert left(tmp_path) == []


def test_without_docker_it_says_what_to_name_instead(over_ssh: Doctor, nginx: StartNginx) -> None:
    told = results(over_ssh(nginx(), "server").stdout)
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
