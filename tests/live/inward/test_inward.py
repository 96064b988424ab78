"""Inward checks on real servers: for each fault its cause is the verdict; mended, there is none."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from demo.running import RunningBench, free_ports
from raven_realtime.live import Outcome, Result
from raven_realtime.live.checks import callback, configuration, listening, ports
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.journey import INWARD, Question, diagnose
from raven_realtime.live.inside import Inside
from raven_realtime.live.target import Target
from raven_realtime.sandbox.listener import answers
from tests.live.conftest import HEALTHY, SITE, StartNginx, cli


def walked(target: Target, inside: Inside) -> Diagnosis:
    return asyncio.run(diagnose(Question(target, inside=inside)))


def result(diagnosis: Diagnosis, check: str) -> Result:
    return next(one for one in diagnosis.results if one.hop == check)


def roomy(target: Target, folder: Path) -> Path:
    """Return a copy of the configuration that nginx runs with, with room for many: what is judged, not what runs."""
    file = folder / str(target.port) / "nginx.conf"
    text = file.read_text().replace("worker_connections 256;", "worker_connections 4096;")
    copy = file.with_name("judged.conf")
    copy.write_text(text)
    return copy


@pytest.fixture
def other_bench(bench: RunningBench, tmp_path: Path) -> Callable[..., Path]:
    """Copy the bench's configuration, changed: the servers stay what they are."""

    def change(**changed: object) -> Path:
        folder = tmp_path / "bench"
        (folder / "sites" / SITE).mkdir(parents=True)
        config = json.loads((bench.path / "sites" / "common_site_config.json").read_text())
        kept = {key: value for key, value in {**config, **changed}.items() if value is not None}
        (folder / "sites" / "common_site_config.json").write_text(json.dumps(kept))
        shutil.copy(bench.path / "sites" / SITE / "site_config.json", folder / "sites" / SITE)
        return folder

    return change


def test_healthy(bench: RunningBench, nginx: StartNginx, tmp_path: Path) -> None:
    target = nginx()
    diagnosis = walked(target, Inside(bench=bench.path, nginx=roomy(target, tmp_path)))
    seen = {one.hop: one.outcome for one in diagnosis.results if one.hop in dict(INWARD)}
    assert diagnosis.healthy, diagnosis.results
    assert [found.code for _, found in diagnosis.findings if found.code != "RT017"] == []
    assert {check for check, outcome in seen.items() if outcome is Outcome.PASS} == {
        "configuration", "upstream", "listening", "ports", "redis", "callback", "versions"
    }  # fmt: skip
    assert result(diagnosis, "listening").facts["realtime"] == ["Node"]


def test_port_3000_is_the_cause_of_502(bench: RunningBench, nginx: StartNginx, tmp_path: Path) -> None:
    # Nothing of ours listens on 3000; where something does, nginx finds that and the cause is the same.
    target = nginx(HEALTHY.replace("$socketio", "http://127.0.0.1:3000"))
    diagnosis = walked(target, Inside(bench=bench.path, nginx=roomy(target, tmp_path)))
    assert diagnosis.verdict is not None
    assert diagnosis.verdict[1].code == "RT018"


def test_another_port_is_the_cause_of_502(bench: RunningBench, nginx: StartNginx, tmp_path: Path) -> None:
    target = nginx(HEALTHY.replace("$socketio", f"http://127.0.0.1:{free_ports().socketio}"))
    diagnosis = walked(target, Inside(bench=bench.path, nginx=roomy(target, tmp_path)))
    assert diagnosis.verdict is not None
    assert diagnosis.verdict[1].code == "RT016"
    assert "common_site_config.json" in diagnosis.verdict[1].evidence


def test_redis_away_is_the_cause_of_502(
    bench: RunningBench, nginx: StartNginx, other_bench: Callable[..., Path], tmp_path: Path
) -> None:
    dead = free_ports().socketio
    folder = other_bench(redis_queue="redis://127.0.0.1:1", socketio_port=dead)
    target = nginx(HEALTHY.replace("$socketio", f"http://127.0.0.1:{dead}"))
    diagnosis = walked(target, Inside(bench=folder, nginx=roomy(target, tmp_path)))
    assert diagnosis.verdict is not None
    assert diagnosis.verdict[1].code == "RT020"
    assert "127.0.0.1:1" in diagnosis.verdict[1].evidence


def test_nobody_hears(bench: RunningBench, nginx: StartNginx, other_bench: Callable[..., Path], tmp_path: Path) -> None:
    port = free_ports().redis
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        folder = other_bench(redis_queue=f"redis://127.0.0.1:{port}")
        target = nginx()
        diagnosis = walked(target, Inside(bench=folder, nginx=roomy(target, tmp_path)))
    finally:
        server.terminate()
        server.wait(10)
    assert diagnosis.verdict is not None
    assert diagnosis.verdict[1].code == "RT021"


def _wait_for(port: int) -> None:
    assert answers(port, 10)


def test_few_connections_are_warned_of(bench: RunningBench, nginx: StartNginx, tmp_path: Path) -> None:
    target = nginx()
    diagnosis = walked(target, Inside(bench=bench.path, nginx=tmp_path / str(target.port) / "nginx.conf"))
    assert diagnosis.healthy
    assert "RT029" in [found.code for _, found in diagnosis.findings]
    assert "at most 128" in result(diagnosis, "configuration").findings[0].evidence


def test_an_nginx_that_does_not_run_is_the_cause_and_not_its_size(
    bench: RunningBench, nginx: StartNginx, tmp_path: Path
) -> None:
    running = nginx()
    stopped = replace(running, port=free_ports().web)
    judged = tmp_path / "judged.conf"
    text = (tmp_path / str(running.port) / "nginx.conf").read_text()
    judged.write_text(text.replace(f"listen 127.0.0.1:{running.port}", f"listen 127.0.0.1:{stopped.port}"))
    diagnosis = walked(stopped, Inside(bench=bench.path, nginx=judged))
    assert diagnosis.verdict is not None
    check, found = diagnosis.verdict
    assert (check, found.code, found.at_fault) == ("configuration", "RT035", "proxy")
    assert f"nothing listens on port {stopped.port}" in found.evidence
    assert "systemctl start nginx" in found.todo
    assert "RT029" in [also.code for _, also in diagnosis.warnings]


def test_an_address_of_before_is_the_cause_of_502(bench: RunningBench, nginx: StartNginx, tmp_path: Path) -> None:
    # nginx runs with the address that the name had; its file has the name, which leads to Socket.IO now.
    target = nginx(HEALTHY.replace("$socketio", "http://127.0.0.1:1"))
    judged = roomy(target, tmp_path)
    judged.write_text(judged.read_text().replace("127.0.0.1:1;", f"{os.uname().nodename}:{bench.ports.socketio};"))
    diagnosis = walked(target, Inside(nginx=judged))
    assert diagnosis.verdict is not None
    assert diagnosis.verdict[1].code == "RT030", [(one.hop, one.summary) for one in diagnosis.results]


@pytest.mark.parametrize(
    ("changed", "site", "places"),
    [
        ({"socketio_port": 9001}, None, "9001"),
        ({}, {"socketio_port": 9001}, "site_config.json says 9001"),
    ],
    ids=["the Procfile says another", "only the client reads another"],
)
def test_places_that_disagree(
    other_bench: Callable[..., Path],
    changed: dict[str, object],
    site: dict[str, object] | None,
    places: str,
) -> None:
    folder = other_bench(**changed)
    if site is not None:
        (folder / "sites" / SITE / "site_config.json").write_text(json.dumps(site))
    else:
        (folder / "Procfile").write_text("socketio: FRAPPE_SOCKETIO_PORT=9000 node apps/frappe/socketio.js\n")
    found = asyncio.run(ports.check(Target.parse("127.0.0.1:1", site=SITE), Inside(bench=folder))).findings
    assert [one.code for one in found] == ["RT016"]
    assert places in found[0].evidence


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("config/supervisor.conf", 'environment=FRAPPE_SOCKETIO_PORT="9001"'),
        ("apps/raven/frontend/.env", "VITE_SOCKET_PORT=9001"),
        ("apps/raven/frontend/.env.local", "A=1\nVITE_SOCKET_PORT='9001'"),
        ("apps/raven/frontend/.env.production", "VITE_SOCKET_PORT=9001"),
        ("config/nginx.conf", "upstream bench-socketio-server {\n  server 127.0.0.1:9001 fail_timeout=0;\n}"),
    ],
)
def test_a_file_of_the_bench_that_names_another_port(other_bench: Callable[..., Path], place: str, text: str) -> None:
    folder = other_bench(socketio_port=9000)
    inside, target = Inside(bench=folder), Target.parse("127.0.0.1:1", site=SITE)
    file = folder / place
    file.parent.mkdir(parents=True, exist_ok=True)
    for written, expected in ((text, ["RT016"]), (text.replace("9001", "9000"), [])):
        file.write_text(written)
        told = asyncio.run(ports.check(target, inside))
        assert [one.code for one in told.findings] == expected, told
        assert place in told.summary or not expected


def test_callback_that_leads_nowhere(bench: RunningBench) -> None:
    target = Target.parse(f"http://127.0.0.1:{free_ports().web}")
    told = asyncio.run(callback.check(target, Inside(bench=bench.path)))
    assert [found.code for found in told.findings] == ["RT012"]
    assert "ECONNREFUSED" in told.summary


def test_what_cannot_be_looked_at_is_not_checked() -> None:
    diagnosis = walked(Target.parse("127.0.0.1:1"), Inside())
    unchecked = {one.hop: one.summary for one in diagnosis.unchecked}
    assert unchecked["containers"] == "no Docker is named: give --docker"
    assert unchecked["routers"] == "Traefik's API is not named: give --traefik-api URL"
    assert unchecked["redis"] == "no bench is named: give --bench"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--redis", "redis://:planted-secret@127.0.0.1"], "RAVEN_REALTIME_REDIS"),
        (["--traefik-api", "http://u:planted-secret@127.0.0.1:8080"], "RAVEN_REALTIME_TRAEFIK_API"),
        (["--traefik-api", "ftp://127.0.0.1"], "is not the URL of Traefik's API"),
        (["--traefik-api", "http://127.0.0.1:port"], "is not the URL of Traefik's API"),
        (["--ssh", "-oProxyCommand=true"], "not an SSH destination"),
        (["--ssh", "ssh://-oProxyCommand=true"], "not an SSH destination"),
    ],
)
def test_refused(arguments: list[str], said: str) -> None:
    ran = cli("doctor", "http://127.0.0.1:1", *arguments)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "planted-secret" not in ran.stdout + ran.stderr


def test_secret_of_redis_is_in_no_output(bench: RunningBench) -> None:
    target = Target.parse("127.0.0.1:1")
    environment = {"RAVEN_REALTIME_REDIS": f"redis://:planted-secret@127.0.0.1:{bench.ports.redis}"}
    for form in ("text", "json"):
        ran = cli("doctor", target.origin, "--site", SITE, "-o", form, environment=environment)
        assert "redis" in ran.stdout
        assert "planted-secret" not in ran.stdout + ran.stderr


def test_two_processes_with_a_port_each_are_no_mixture(
    bench: RunningBench, nginx: StartNginx, second_socketio: str, tmp_path: Path
) -> None:
    servers = "".join(f"server {url.removeprefix('http://')}; " for url in (bench.socketio_url, second_socketio))
    target = nginx(HEALTHY.replace("$socketio", "http://both"), http=f"upstream both {{ ip_hash; {servers}}}")
    diagnosis = walked(target, Inside(bench=bench.path, nginx=roomy(target, tmp_path)))
    assert "RT016" not in [found.code for _, found in diagnosis.findings]
    assert result(diagnosis, "configuration").outcome is Outcome.PASS
    assert result(diagnosis, "upstream").outcome is Outcome.PASS


def test_the_path_that_nginx_takes_away_is_the_cause_and_not_its_size(
    bench: RunningBench, nginx: StartNginx, tmp_path: Path
) -> None:
    target = replace(nginx(HEALTHY.replace("proxy_pass $socketio;", "proxy_pass $socketio/;")), timeout=1.5)
    outside = asyncio.run(diagnose(Question(target)))
    inside = walked(target, Inside(bench=bench.path, nginx=tmp_path / str(target.port) / "nginx.conf"))
    for diagnosis in (outside, inside):
        assert diagnosis.verdict is not None
        assert diagnosis.verdict[1].code == "RT007", [(one.hop, one.summary) for one in diagnosis.results]


def test_a_process_on_another_port_than_the_configured_one_is_found(
    bench: RunningBench, other_bench: Callable[..., Path]
) -> None:
    another = free_ports().socketio
    for folder, code in ((bench.path, "RT016"), (other_bench(socketio_port=another), "RT002")):
        inside = Inside(bench=folder)
        vars(inside)["port"] = another
        told = asyncio.run(listening.check(Target.parse("127.0.0.1:1"), inside))
        assert [found.code for found in told.findings] == [code], told
        assert (f":{bench.ports.socketio}" in told.summary) is (code == "RT016")


def test_a_configuration_that_is_not_there_is_refused(tmp_path: Path) -> None:
    ran = cli("doctor", "http://127.0.0.1:1", "--nginx", str(tmp_path / "nginx.cnf"))
    assert ran.returncode == 2
    assert "nginx.cnf is not a file" in ran.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a process the first one")
def test_the_configuration_of_a_containers_own_nginx_is_printed(tmp_path: Path) -> None:
    port = free_ports().web
    file = tmp_path / "sidecar.conf"
    file.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log stderr; events {{}} "
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; location /socket.io/ {{ return 204; }} }} }}\n"
    )
    started = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "nginx", "-e", "stderr", "-c", str(file)]
    with subprocess.Popen(started, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            first = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
            enter = ["nsenter", "-t", first, "-p", "-m", "sh", "-c", configuration.DUMP]
            printed = subprocess.run(enter, capture_output=True, text=True, check=True).stdout
        finally:
            process.kill()  # unshare leaves SIGTERM to its child
    assert printed.startswith(f"# configuration file {file}:")
    assert "location /socket.io/" in printed
