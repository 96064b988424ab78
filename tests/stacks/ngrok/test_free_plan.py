"""A free plan's warning page: the checks look like a browser and meet it, the guidelines' curl line does not."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.running import RunningBench, free_ports, running_bench
from raven_realtime.live import Outcome
from raven_realtime.live.checks import upgrade
from raven_realtime.live.target import Target
from tests.stacks.ngrok.tunnelled import HANDSHAKE
from tests.standins.ngrok.tokens import VALID

AGENT = Path(__file__).parents[2] / "standins" / "ngrok" / "ngrok"
HOST = "chat.example.com"
SITE = "raven.localhost"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBench]:
    with running_bench(tmp_path_factory.mktemp("free") / "bench", sites=(SITE,)) as running:
        yield running


@contextmanager
def agent(folder: Path, upstream: str, plan: str) -> Iterator[Target]:
    """Run the agent on a plan, with one URL that leads to ``upstream``; give what to ask."""
    ports = free_ports()
    policy = {"type": "add-headers", "config": {"headers": {"X-Frappe-Site-Name": SITE}}}
    endpoint = {
        "name": "raven",
        "url": f"https://{HOST}",
        "upstream": {"url": upstream},
        "traffic_policy": {"on_http_request": [{"actions": [policy]}]},
    }
    file = folder / "ngrok.yml"
    settings = {"authtoken": VALID, "web_addr": f"127.0.0.1:{ports.socketio}", "log": "stdout"}
    file.write_text(json.dumps({"version": 3, "agent": settings, "endpoints": [endpoint]}))
    chosen = {"DIR": str(folder), "PORT": str(ports.web), "PLAN": plan}
    environment = {f"NGROK_STANDIN_{name}": value for name, value in chosen.items()}
    command = [str(AGENT), "start", "--all", "--config", str(file)]
    with subprocess.Popen(
        command, env={"PATH": "/usr/bin:/bin", **environment}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert any("started tunnel" in line for line in process.stdout), "the agent ended"
            yield Target.parse(
                f"https://{HOST}:{ports.web}", site=SITE, ca=folder / "ca.pem", resolve="127.0.0.1", timeout=10
            )
        finally:
            process.terminate()


@pytest.mark.parametrize(("plan", "codes"), [("free", ["RT027"]), ("paid", [])])
def test_a_check_meets_the_page_as_a_browser_does(
    bench: RunningBench, tmp_path: Path, plan: str, codes: list[str]
) -> None:
    with agent(tmp_path, bench.socketio_url, plan) as target:
        result = asyncio.run(upgrade.check(target, stay=0.1))
    assert [finding.code for finding in result.findings] == codes, result
    assert result.outcome is (Outcome.FAIL if codes else Outcome.PASS)


def test_curl_does_not_meet_it(bench: RunningBench, tmp_path: Path) -> None:
    with agent(tmp_path, bench.socketio_url, "free") as target:
        place = f"{HOST}:{target.port}:127.0.0.1"
        command = ["curl", "-sS", "--cacert", str(target.ca), "--resolve", place, f"{target.origin}{HANDSHAKE}"]
        asked = subprocess.run(command, capture_output=True, text=True, check=True)
    assert asked.stdout.startswith('0{"sid"')
