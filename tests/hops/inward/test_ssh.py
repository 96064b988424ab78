"""The whole doctor by its command line, over a real SSH server: what it is told on the line is what it looks at."""

from __future__ import annotations

import json
import os
from pathlib import Path

from demo.running import RunningBench
from tests.hops.conftest import SITE, StartNginx, cli
from tests.toolchain.sshd import serving

INWARD = {"configuration", "upstream", "listening", "ports", "redis", "callback"}


def results(stdout: str) -> dict[str, dict[str, str]]:
    return {one["hop"]: one for one in json.loads(stdout)["results"]}


def test_over_ssh(bench: RunningBench, nginx: StartNginx, tmp_path: Path) -> None:
    target = nginx()
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
        ran = cli(
            *("doctor", target.origin, "--site", SITE, "--ssh", "server", "-o", "json"),
            *("--bench", str(bench.path), "--nginx", str(tmp_path / str(target.port) / "nginx.conf")),
            environment={"PATH": os.pathsep.join([str(program.parent), "/usr/bin", "/bin"])},
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = results(ran.stdout)
    assert {name for name in INWARD if told[name]["outcome"] in {"pass", "warn"}} == INWARD, told
    assert "from the realtime process's side" in told["callback"]["summary"]


def test_every_option_of_the_look_inside(bench: RunningBench, nginx: StartNginx, tmp_path: Path) -> None:
    target = nginx()
    ran = cli(
        *("doctor", target.origin, "--site", SITE, "-o", "json", "--inside"),
        *("--docker", "unix:///nowhere.sock", "--nginx", str(tmp_path / str(target.port) / "nginx.conf")),
        *("--traefik-api", "http://127.0.0.1:1", "--redis", f"redis://127.0.0.1:{bench.ports.redis}"),
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = results(ran.stdout)
    assert told["containers"]["outcome"] == "not checked"
    assert "Docker host" in told["containers"]["summary"]
    assert "http://127.0.0.1:1 does not answer" in told["routers"]["summary"]
    assert str(target.port) in told["configuration"]["summary"]
    assert "--redis (127.0.0.1" in told["redis"]["summary"]
