"""A bench of the user's own, with 443 taken: what is said, and what a broken path does to an update."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.bench_folder import Ports, read_json_object, write_json
from demo.processes import ROOT
from demo.running import RunningBench, free_ports, running_bench
from raven_realtime.findings import explain
from raven_realtime.ports import FALLBACK_TLS_PORT, SOCKETIO_PORT
from raven_realtime.sandbox import certificate
from tests import golden
from tests.engine import Run, Stack
from tests.stacks.checkout import Checkout, checkout
from tests.stacks.deployment import QUICK
from tests.stacks.machine import left_as_found, somebody_on
from tests.symptoms import servers

GOLDEN = Path(__file__).parent / "golden"
HANDSHAKES = ["origin", "multiplexer", "public"]
CHECKS = [*HANDSHAKES, "upgrade", "connect", "event"]
WRONG_SECRET = "wrong-and-never-to-be-seen"


@dataclass(frozen=True)
class Own:
    """A user's bench with the sandbox's stack in front of it."""

    bench: RunningBench
    copy: Checkout
    stack: Stack
    first: Run
    at_the_same_time: Run
    """An update that was tried while the first one ran."""

    def configure(self, **more: Any) -> None:
        self.copy.configure({**QUICK, "bench": str(self.bench.path), **more})


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    folder = tmp_path_factory.mktemp("own")
    copy = checkout(folder / "c")
    # Node trusts the tunnel's certificate, as it would a public one
    certificate.ensure(copy.places)
    ca = copy.places.certificate
    with left_as_found(), somebody_on(443), running_bench(folder / "bench", ports=Ports(), ca=ca) as bench:
        (bench.path / "bench").symlink_to(ROOT / "demo" / "bench")
        stack = copy.stack(folder / "s", {**QUICK, "bench": str(bench.path)})
        started = stack.start("up", "--yes", "--skip-preview", "--stack", "sandbox", "--non-interactive")
        while not list(folder.glob("s/backend/.pulumi/locks/**/*.json")):
            assert started.poll() is None, started.communicate()
            time.sleep(0.05)
        second = stack.pulumi("up", "--yes", "--skip-preview", "--stack", "sandbox", expect=None)
        stdout, stderr = started.communicate(timeout=120)
        assert started.returncode == 0, stdout + stderr
        yield Own(bench, copy, stack, Run(("up",), 0, stdout, stderr), second)
        stack.destroy()


def test_the_public_port_falls_back_and_what_that_costs_is_said(own: Own) -> None:
    assert own.stack.outputs()["public_url"] == f"https://localhost:{FALLBACK_TLS_PORT}"
    warning = next(line for line in own.first.text.splitlines() if "warning:" in line)
    assert "443 is taken" in warning
    assert "(RT017)" in warning


def test_what_cannot_be_checked_says_so_and_does_not_count_as_passed(own: Own) -> None:
    said = own.stack.outputs()["checks"]
    assert sorted(said) == sorted(CHECKS)
    marks = {name: line[0] for name, line in said.items() if not line.startswith("✓")}
    assert marks == {"public": "!", "event": "?"}, "the odd port is a warning, and without an API key nobody can log in"
    assert said["event"].startswith("? event (public)  not checked: ")


def test_a_second_update_at_the_same_time_is_told_to_wait(own: Own) -> None:
    assert own.at_the_same_time.code not in {0, 32}
    text = own.at_the_same_time.text.replace(str(own.stack.state), "<STATE>")
    golden.hold(GOLDEN / "locked.txt", re.sub(r"(by|pid|at) \S+( \(pid \d+\))?|[0-9a-f-]{36}", "<WHO>", text))


def test_another_server_on_9000_fails_the_first_check_and_the_later_ones_do_not_run(own: Own) -> None:
    own.configure(clientMaxBodySize="61m")
    own.bench.stop("socketio")
    try:
        with somebody_on(SOCKETIO_PORT):
            run = own.stack.up(expect=1)
    finally:
        own.bench.start("socketio", {"NODE_EXTRA_CA_CERTS": str(own.copy.places.certificate)})
    fails(run, "origin", "RT001")


@dataclass(frozen=True)
class Broken:
    """What a proxy on :9000 in front of the real Socket.IO does wrong, and as what that is found."""

    fault: str
    code: str


BROKEN = {
    # it lets nobody in who comes by way of another proxy
    "multiplexer": Broken("if ($http_x_forwarded_for) { return 403; }", "RT026"),
    # who comes by TLS gets another server's answer
    "public": Broken(
        "if ($http_x_forwarded_proto = https) "
        """{ return 200 '0{"sid":"x","upgrades":[],"pingInterval":30000,"pingTimeout":20000,"maxPayload":100000}'; }""",
        "RT039",
    ),
    # it forbids the upgrade
    "upgrade": Broken("proxy_set_header Upgrade '';", "RT025"),
    # the bench knows no such site, and refuses the namespace
    "connect": Broken("proxy_set_header X-Frappe-Site-Name another.localhost;", "RT009"),
}
PROXY = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_upgrade $hop {{ default upgrade; "" close; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      {fault}
      proxy_pass http://127.0.0.1:{behind};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection $hop;
      {upgrade}
    }}
  }}
}}
"""
UPGRADE = "proxy_set_header Upgrade $http_upgrade;"


@pytest.fixture(scope="module")
def broken(own: Own, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Break the path at one hop after the other; return what an update said each time."""
    folder = tmp_path_factory.mktemp("proxy")
    socketio, behind = own.bench.programs["socketio"], free_ports().socketio
    moved = {"FRAPPE_SOCKETIO_PORT": str(behind), "NODE_EXTRA_CA_CERTS": str(own.copy.places.certificate)}
    runs = {}
    own.configure(clientMaxBodySize="62m")
    own.bench.stop("socketio")
    try:
        with servers.running(list(socketio.command), folder / "log", {**socketio.environment, **moved}) as process:
            servers.wait(lambda: servers.listens(behind), "Socket.IO behind the proxy", process=process)
            for check, made in BROKEN.items():
                upgrade = UPGRADE if "Upgrade" not in made.fault else ""
                text = PROXY.format(folder=folder, port=SOCKETIO_PORT, behind=behind, fault=made.fault, upgrade=upgrade)
                with servers.nginx(text, folder, SOCKETIO_PORT):
                    runs[check] = own.stack.up(expect=1)
    finally:
        own.bench.start("socketio", {"NODE_EXTRA_CA_CERTS": str(own.copy.places.certificate)})
    return runs


@pytest.mark.parametrize("check", BROKEN)
def test_a_hop_that_breaks_fails_its_check_and_the_later_ones_do_not_run(
    own: Own, broken: dict[str, Run], check: str
) -> None:
    fails(broken[check], check, BROKEN[check].code)


def test_once_the_path_is_whole_again_the_checks_that_failed_pass(own: Own, broken: dict[str, Run]) -> None:
    assert {"sandbox-check-connect", "sandbox-check-event"} <= own.stack.up().operations().keys()
    assert own.stack.outputs()["checks"]["connect"].startswith("✓ connect (public)")


def test_a_refused_key_fails_the_event_check_and_is_not_shown(own: Own) -> None:
    key = own.bench.bench.api_key("raven.localhost")
    own.configure(apiKey=key.key)
    own.stack.set_config("raven-realtime:apiSecret", WRONG_SECRET, "--secret")
    run = own.stack.up(expect=1)
    fails(run, "event", "RT042")
    assert WRONG_SECRET not in run.text

    own.stack.set_config("raven-realtime:apiSecret", key.secret, "--secret")
    mended = own.stack.up()
    assert own.stack.outputs()["checks"]["event"].startswith("✓ event (public)  message_created received")
    assert key.secret not in mended.text


def fails(run: Run, check: str, code: str) -> None:
    """Hold that an update failed at one check, said which hop, what and what to do, and ran none of the later ones."""
    said = "\n".join(run.diagnostics("error"))
    place = check if check in HANDSHAKES else "public"
    assert re.search(rf"^{code} .* \(found by \w+ \({place}\); at fault: .*\)$", said, re.MULTILINE), run.text
    assert explain(code).title in said
    assert "  do:  " in said
    assert f"raven-realtime explain {code}" in said
    assert f"sandbox-check-{check}" in run.text
    assert not [late for late in CHECKS[CHECKS.index(check) + 1 :] if f"sandbox-check-{late}" in run.operations()]


def test_align_ports_runs_the_command_that_corrects_the_file(own: Own) -> None:
    file = own.bench.bench.config_file
    write_json(file, {**read_json_object(file), "socketio_port": 9001})
    own.configure(alignPorts=True)
    assert own.stack.up().operations()["sandbox-align-ports"] == "create"
    assert int(str(read_json_object(file)["socketio_port"])) == SOCKETIO_PORT
    assert own.stack.up().operations() == {}
