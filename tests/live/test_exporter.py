"""A real Prometheus scrapes the exporter on the demo's bench; its promtool judges the rules."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client import generate_latest

from demo.processes import ROOT
from demo.running import RunningBench, free_ports
from raven_realtime.live import Result
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.exporter.metrics import Metrics
from raven_realtime.live.target import Target
from raven_realtime.sandbox.listener import answers
from tests.live.conftest import SITE, StartNginx, cli
from tests.measured import BESIDE_OTHERS

PLANTED = {"RAVEN_REALTIME_SID": "planted-sid-0123456789"}
PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: raven-realtime
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@contextmanager
def exporting(url: str, port: int, log: Path, *options: str, login: dict[str, str]) -> Iterator[None]:
    walked = [url, "--site", SITE, "--every", "10s"] if url else []
    argv = [sys.executable, "-m", "raven_realtime.cli", "exporter", *walked, *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **login}
    with log.open("w") as said:
        process = subprocess.Popen([*argv, "--listen", f"127.0.0.1:{port}"], env=environment, stdout=said, stderr=said)
        try:
            assert answers(port, 30), log.read_text()
            yield
        finally:
            process.terminate()
            process.wait(10)


def scraped(port: int, holds: str, within: float = 60) -> str:
    until = time.monotonic() + within
    text = ""
    while time.monotonic() < until:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
        if re.search(holds, text, re.MULTILINE):
            return text
        time.sleep(0.3)
    raise AssertionError(f"no {holds} in:\n{text}")


def test_scraped_by_prometheus(bench: RunningBench, tmp_path: Path) -> None:
    ports = free_ports()
    log = tmp_path / "exporter.log"
    with (
        exporting(bench.socketio_url, ports.web, log, login=PLANTED),
        _prometheus(tmp_path, ports.web, ports.socketio) as asked,
    ):
        text = scraped(ports.web, r'^raven_realtime_up\{hop="upgrade",.* 1\.0$')
        assert re.search(r"^raven_realtime_handshake_seconds\{.*\} 0\.\d+", text, re.MULTILINE)
        assert re.search(r"^raven_realtime_upgrade_seconds\{.*\} 0\.\d+", text, re.MULTILINE)
        assert _value(asked, 'raven_realtime_up{hop="handshake"}') == "1"
        assert _value(asked, "raven_realtime_walk_interval_seconds") == "10"
        for query in _dashboard_queries(bench.socketio_url):
            answer = httpx.get(f"{asked}/api/v1/query", params={"query": query})
            assert answer.status_code == 200, (query, answer.text)
        bench.stop("socketio")
        try:
            text = scraped(ports.web, r'^raven_realtime_verdict\{code="RT035"')
            assert re.search(r"^raven_realtime_healthy\{.*\} 0\.0", text, re.MULTILINE)
            assert 'hop="upgrade"' not in text
            assert _value(asked, "raven_realtime_healthy == 0") == "0"
        finally:
            bench.start("socketio")
        assert "RavenRealtimeBroken" in httpx.get(f"{asked}/api/v1/rules").text
    assert PLANTED["RAVEN_REALTIME_SID"] not in text + log.read_text()


def test_with_a_publisher_the_event_is_timed_and_the_failing_hop_is_down(
    bench: RunningBench, nginx: StartNginx, tmp_path: Path
) -> None:
    port = free_ports().web
    key = bench.bench.api_key(SITE)
    login = {"RAVEN_REALTIME_API_KEY": key.key, "RAVEN_REALTIME_API_SECRET": key.secret}
    options = ["--bench", str(bench.path), "--bench-command", str(ROOT / "demo" / "bench"), "--channel", "general"]
    log = tmp_path / "exporter.log"
    with exporting(nginx().origin, port, log, *options, "--timeout", "20", login=login):
        text = scraped(port, r'^raven_realtime_up\{hop="event",.* 1\.0$')
        took = re.search(r"^raven_realtime_event_round_trip_seconds\{.*\} ([\d.]+)$", text, re.MULTILINE)
        assert took is not None, text
        assert 0 < float(took[1]) < 20
        bench.stop("socketio")
        try:
            text = scraped(port, r'^raven_realtime_up\{hop="handshake",.* 0\.0$')
        finally:
            bench.start("socketio")
    assert re.search(r'^raven_realtime_up\{hop="edge",.* 1\.0$', text, re.MULTILINE), text
    assert 'up{hop="event"' not in text
    assert key.secret not in text + log.read_text()


@contextmanager
def _prometheus(folder: Path, exporter: int, port: int) -> Iterator[str]:
    file = folder / "prometheus.yml"
    file.write_text(PROMETHEUS.format(rules=ROOT / "docs" / "prometheus" / "alerts.yml", port=exporter))
    argv = ["prometheus", f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}"]
    process = subprocess.Popen(
        [*argv, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"], stderr=subprocess.DEVNULL
    )
    try:
        assert answers(port, 30)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _dashboard_queries(target: str) -> list[str]:
    dashboard = json.loads((ROOT / "docs" / "prometheus" / "dashboard.json").read_text())
    asked = [one["expr"] for panel in dashboard["panels"] for one in panel["targets"]]
    return [query.replace("$target", target) for query in asked]


@pytest.fixture
def probing(tmp_path: Path) -> Iterator[httpx.Client]:
    """An exporter that walks nothing by itself, started with credentials, which no probe may have."""
    port = free_ports().web
    log = tmp_path / "exporter.log"
    with exporting("", port, log, login=PLANTED), httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as asks:
        yield asks
    assert PLANTED["RAVEN_REALTIME_SID"] not in log.read_text()


def test_a_probe_is_one_walk_without_credentials(probing: httpx.Client, nginx: StartNginx) -> None:
    asked = {"target": nginx().origin, "site": SITE}
    first = probing.get("/probe", params=asked)
    assert first.status_code == 200
    assert re.search(r"^probe_success 1\.0$", first.text, re.MULTILINE), first.text
    assert re.search(r'^raven_realtime_up\{hop="upgrade",.* 1\.0$', first.text, re.MULTILINE)
    assert 'hop="room"' not in first.text, "nobody is logged in, so it was not checked"
    assert probing.get("/probe", params=asked).text == first.text, "the next walk comes ten seconds later"
    assert 'target="' not in probing.get("/metrics").text


def test_a_probe_of_what_is_broken_names_the_code(probing: httpx.Client) -> None:
    said = probing.get("/probe", params={"target": f"http://127.0.0.1:{free_ports().socketio}"}).text
    assert re.search(r"^probe_success 0\.0$", said, re.MULTILINE)
    assert 'raven_realtime_verdict{code="RT035"' in said


def test_a_probe_answers_within_the_scrapes_time(probing: httpx.Client) -> None:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        said = probing.get(
            "/probe",
            params={"target": f"http://127.0.0.1:{silent.getsockname()[1]}"},
            headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"},
        )
    assert re.search(r"^probe_success 0\.0$", said.text, re.MULTILINE)
    assert "raven_realtime_healthy" not in said.text.replace("# HELP raven_realtime_healthy", "").replace(
        "# TYPE raven_realtime_healthy", ""
    )
    assert time.monotonic() - began < 2 * BESIDE_OTHERS


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "target is missing"),
        ("target=", "target is missing"),
        ("target=ftp://chat.example.com", "ftp://chat.example.com"),
        ("target=https://chat.example.com&module=http_2xx", "module is not known"),
    ],
)
def test_a_probe_that_cannot_be_made_is_refused(probing: httpx.Client, query: str, said: str) -> None:
    refused = probing.get(f"/probe?{query}")
    assert refused.status_code == 400
    assert said in refused.text


def test_other_paths(probing: httpx.Client) -> None:
    assert probing.get("/").status_code == 200
    assert probing.get("/admin").status_code == 404


def test_the_end_of_the_certificate() -> None:
    metrics = Metrics("https://chat.example.com", 30)
    tls = Result.of("tls", "said", certificate_ends=1_767_225_600)
    metrics.take(Diagnosis(Target.parse("https://chat.example.com"), (tls,), 0.0, 1.0))
    text = generate_latest(metrics.registry).decode()
    assert 'certificate_expiry_timestamp_seconds{target="https://chat.example.com"} 1.7672256e+09' in text


def _value(prometheus: str, query: str) -> str:
    for _ in range(60):
        found = httpx.get(f"{prometheus}/api/v1/query", params={"query": query}).json()["data"]["result"]
        if found:
            return str(found[0]["value"][1])
        time.sleep(0.5)
    raise AssertionError(f"Prometheus has no {query}")


@pytest.mark.parametrize("command", [["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]])
def test_promtool(command: list[str]) -> None:
    ran = subprocess.run(
        ["promtool", *command], cwd=ROOT / "docs" / "prometheus", capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_rules_and_dashboard_name_metrics_that_exist() -> None:
    source = (ROOT / "raven_realtime" / "live" / "exporter" / "metrics.py").read_text()
    folder = ROOT / "docs" / "prometheus"
    dashboard = json.loads((folder / "dashboard.json").read_text())
    text = json.dumps(dashboard["panels"]) + (folder / "alerts.yml").read_text()
    named = set(re.findall(r"raven_realtime_(\w+)", text))
    assert named
    assert {name for name in named if f'"{name}"' not in source} == set()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--every", "1s"], "--every 1s is too often"),
        (["--listen", "nowhere"], "is no address and port"),
        (["--listen", "192.0.2.1:9469"], "cannot be used"),
    ],
)
def test_refused(arguments: list[str], said: str) -> None:
    ran = cli("exporter", "http://127.0.0.1:1", *arguments)
    assert ran.returncode == 2
    assert said in ran.stderr
