"""The throw-away server behaves as a production server does, and goes without a trace."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from demo.bench_folder import PASSWORD
from demo.server import Server
from tests.sidecar.conftest import HOST, SECOND_HOST, SECOND_SITE

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
CURL = ("curl", "-sS", "--noproxy", "*", "--max-time", "5")


def more(*parts: str) -> list[ParameterSet]:
    """Return rows of the same kind; what is deployed to a server meets these faults in tests/stacks/prod."""
    return [pytest.param(part, marks=pytest.mark.full) for part in parts]


def get(server: Server, url: str, *options: str) -> tuple[int, str]:
    """Ask a URL from outside, trusting the server's CA; return the status (0 for none) and the body."""
    ask = (*CURL, "--cacert", str(server.ca), "-w", "\n%{http_code}", *options, url)
    said = server.run_outside(*ask, check=False).stdout
    body, _, status = said.rpartition("\n")
    return int(status or 0), body


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def handshake_answers(server: Server) -> bool:
    status, body = get(server, f"https://{HOST}{HANDSHAKE}")
    return status == 200 and body.startswith('0{"sid"')


def test_the_seeds_sidecar_answers_through_traefik_with_a_certificate_that_acme_issued(
    server: Server, sidecar: str
) -> None:
    assert within(5, lambda: handshake_answers(server)), get(server, f"https://{HOST}{HANDSHAKE}")
    shown = server.run_outside(*CURL, "-v", "--cacert", str(server.ca), "-o", "/dev/null", f"https://{HOST}/").stderr
    assert "issuer: CN=Pebble Intermediate CA" in shown
    stranger = server.run_outside(*CURL, f"https://{HOST}{HANDSHAKE}", check=False)
    assert stranger.returncode == 60, "without the CA the certificate is not trusted"


def test_the_bench_is_on_the_server_where_production_has_it(server: Server) -> None:
    assert server.run_inside(*CURL, f"http://localhost:9000{HANDSHAKE}").stdout.startswith('0{"sid"')
    assert server.run_inside(*CURL, f"http://172.17.0.1:9000{HANDSHAKE}").stdout.startswith('0{"sid"')
    assert "execute" in server.run_inside("bench", "--help").stdout


@pytest.mark.parametrize(
    ("url", "status"),
    [
        pytest.param(f"https://{HOST}/", 200, id="frappe's web"),
        pytest.param(f"https://{SECOND_HOST}/", 200, id="the second site's web"),
        pytest.param(f"https://{SECOND_HOST}{HANDSHAKE}", 404, id="no sidecar for the second host: the web's 404"),
        pytest.param(f"http://{HOST}/", 301, id="plain HTTP is sent to HTTPS"),
    ],
)
def test_routes(server: Server, sidecar: str, url: str, status: int) -> None:
    assert get(server, url)[0] == status


def test_socketio_reaches_the_sites_public_url_with_its_certificate(server: Server, sidecar: str) -> None:
    assert within(5, lambda: handshake_answers(server))
    client = Path(__file__).with_name("outside_client.py")
    answer = server.run_outside(sys.executable, str(client), HOST, HOST, str(server.ca), PASSWORD).stdout
    assert answer.startswith(f'40/{HOST},{{"sid"'), answer


def test_ssh_leads_to_the_servers_own_docker(server: Server) -> None:
    root = f"{server.layout.folder}/docker/data"
    said = server.run_outside(*server.ssh.command("docker info --format '{{.DockerRootDir}}'; command -v bench"))
    assert said.stdout.split() == [root, f"{server.layout.bin}/bench"]


def test_the_image_can_be_pulled_by_its_digest(server: Server) -> None:
    assert "@sha256:" in server.image
    assert "up to date" in server.docker("pull", server.image)


def test_a_second_up_leaves_everything_running(server: Server, sidecar: str) -> None:
    before = server.supervisor.pids()
    server.up()
    assert server.supervisor.pids() == before
    assert json.loads(server.layout.description.read_text()) == json.loads(json.dumps(server.describe()))


@pytest.mark.parametrize("part", ["traefik", *more("socketio", "web", "redis")])
def test_a_part_that_was_killed_comes_back(server: Server, sidecar: str, part: str) -> None:
    killed = server.pid(part)
    os.kill(killed, signal.SIGKILL)
    assert within(10, lambda: server.supervisor.pids().get(part) not in (None, killed))
    server.wait_ready(part)
    assert within(5, lambda: handshake_answers(server)), get(server, f"https://{HOST}{HANDSHAKE}")


@pytest.mark.parametrize("part", ["socketio", *more("traefik", "dockerd")])
def test_the_handshake_answers_soon_after_a_part_was_restarted(server: Server, sidecar: str, part: str) -> None:
    before = server.pid(part)
    server.restart(part)
    assert server.pid(part) != before
    assert within(5, lambda: handshake_answers(server)), get(server, f"https://{HOST}{HANDSHAKE}")


def test_a_stopped_socketio_is_a_502_and_nothing_else(server: Server, sidecar: str) -> None:
    assert within(20, lambda: handshake_answers(server))
    server.stop("socketio")
    assert get(server, f"https://{HOST}{HANDSHAKE}")[0] == 502
    server.start("socketio")
    assert within(5, lambda: handshake_answers(server))


def test_mounts_do_not_reach_the_machine(server: Server) -> None:
    assert str(server.layout.folder) not in Path("/proc/mounts").read_text()


def test_second_site_is_the_benches(server: Server) -> None:
    assert server.bench.sites == sorted([HOST, SECOND_SITE])
