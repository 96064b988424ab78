"""The bench folder: what lies in it, who may read it, and that making it twice changes nothing."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from demo.bench_folder import PASSWORD, Bench, Ports, create_bench, find_bench
from demo.processes import programs
from raven_realtime.problem import Problem
from tests.demo.conftest import SECOND_SITE, SITE


def digest(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_what_a_bench_is_known_by(tmp_path: Path) -> None:
    bench = create_bench(tmp_path / "bench", sites=(SITE, SECOND_SITE))
    assert {path.name for path in bench.path.iterdir()} == {"DEMO.md", "demo.json", "apps", "config", "logs", "sites"}
    assert bench.config == {
        "default_site": SITE,
        "gunicorn_workers": 1,
        "redis_cache": "redis://127.0.0.1:11000",
        "redis_queue": "redis://127.0.0.1:11000",
        "redis_socketio": "redis://127.0.0.1:11000",
        "serve_default_site": True,
        "socketio_port": 9000,
        "webserver_port": 8000,
    }
    assert bench.sites == [SITE, SECOND_SITE]
    assert find_bench(bench.path / "sites" / SITE) == bench


def test_twice_changes_nothing(tmp_path: Path) -> None:
    path = create_bench(tmp_path / "bench").path
    before = digest(path)
    create_bench(path)
    assert digest(path) == before


def test_another_generation_leaves_nothing_of_the_former(tmp_path: Path) -> None:
    create_bench(tmp_path / "bench")
    changed = create_bench(tmp_path / "bench", generation="15")
    assert digest(changed.path).keys() == digest(create_bench(tmp_path / "new", generation="15").path).keys()
    assert (changed.generation.name, "socketio_backend" in changed.config) == ("15", False)


def test_other_ports_keep_the_data(tmp_path: Path) -> None:
    bench = create_bench(tmp_path / "bench")
    key = bench.api_key(SITE)
    again = create_bench(bench.path, ports=Ports(1, 2, 3))
    assert (again.ports, again.api_key(SITE)) == (Ports(1, 2, 3), key)


@pytest.mark.parametrize("file", ["api_key.json", "demo.sqlite3"])
def test_secrets_are_the_owners_alone(tmp_path: Path, file: str) -> None:
    bench = create_bench(tmp_path / "bench")
    assert stat.S_IMODE((bench.path / "sites" / SITE / file).stat().st_mode) == 0o600


def test_passwords_and_keys_are_stored_as_digests(tmp_path: Path) -> None:
    bench = create_bench(tmp_path / "bench", own_password=True)
    stored = (bench.path / "sites" / SITE / "demo.sqlite3").read_bytes()
    assert bench.password.encode() not in stored
    assert bench.api_key(SITE).secret.encode() not in stored
    assert bench.api_key(SITE).key.encode() in stored


def test_a_bench_that_others_can_reach_gets_a_password_of_its_own(tmp_path: Path) -> None:
    bench = create_bench(tmp_path / "bench")
    site = bench.site(SITE)
    assert site is not None
    assert site.sign_in("demo@example.com", PASSWORD)
    create_bench(bench.path, own_password=True)
    assert stat.S_IMODE(bench.password_file.stat().st_mode) == 0o600
    assert site.sign_in("demo@example.com", PASSWORD) is None
    assert site.sign_in("sam@example.com", bench.password)
    kept = bench.password
    create_bench(bench.path)
    assert (bench.password, kept in (bench.path / "DEMO.md").read_text()) == (kept, False)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(Problem, match="is no demo bench"):
        create_bench(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_bench_needs_a_site(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="at least one site"):
        create_bench(tmp_path / "bench", sites=())


@pytest.mark.parametrize("name", ["../x", "a/b", "", "x y", "/etc"])
def test_a_site_name_is_a_host_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem, match="host name"):
        create_bench(tmp_path / "bench", sites=(name,))


def test_programs_carry_the_ports_and_the_ca(tmp_path: Path) -> None:
    bench = create_bench(tmp_path / "bench", ports=Ports(18000, 19000, 21000), generation="16")
    redis, web, socketio = programs(bench.path, socketio_host="0.0.0.0", ca=tmp_path / "ca.pem")
    assert [each.port for each in (redis, web, socketio)] == [21000, 18000, 19000]
    assert "127.0.0.1:18000" in web.command
    assert socketio.environment["DEMO_SOCKETIO_HOST"] == "0.0.0.0"
    assert socketio.environment["NODE_EXTRA_CA_CERTS"] == str(tmp_path / "ca.pem")


def test_a_missing_program_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = create_bench(tmp_path / "bench")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match=r"needs redis-server.*apt-get install redis-server"):
        programs(bench.path)


def test_no_bench_above(tmp_path: Path) -> None:
    assert find_bench(tmp_path) is None
    with pytest.raises(Problem, match="does not exist"):
        _ = Bench(tmp_path).config
