"""The demo's ``bench``: what it publishes, what it configures, and what it says to a mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis import Redis

from demo import bench_command
from demo.bench_folder import Bench, create_bench
from demo.publishing import CHANNEL, Transaction
from demo.running import RunningBench
from tests.demo.conftest import SECOND_SITE, SITE

COMMAND = str(Path(__file__).parents[2] / "demo" / "bench")


@dataclass(frozen=True)
class Answer:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Answer]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in a folder, within this process: a table of cases need not start Python for each."""

    def act(folder: Path, *arguments: str) -> Answer:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["bench", *arguments])
        with pytest.raises(SystemExit) as ended:
            bench_command.main()
        written = capsys.readouterr()
        return Answer(int(ended.value.code or 0), written.out, written.err)

    return act


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return create_bench(tmp_path / "bench", sites=(SITE, SECOND_SITE)).path


PUBLISHED = {
    "the seed's test": (
        {
            "event": "message_created",
            "message": {"a": 1},
            "doctype": "Raven Channel",
            "docname": "x",
            "after_commit": True,
        },
        {"event": "message_created", "message": {"a": 1}, "room": "doc:Raven Channel/x"},
    ),
    "a room is kept": (
        {"event": "e", "room": "website", "user": "u"},
        {"event": "e", "message": {}, "room": "website"},
    ),
    "a user": ({"event": "e", "user": "u@x"}, {"event": "e", "message": {}, "room": "user:u@x"}),
    "a user goes before a document": (
        {"event": "e", "user": "u@x", "doctype": "D", "docname": "N"},
        {"event": "e", "message": {}, "room": "user:u@x"},
    ),
    "a task": ({"task_id": "t"}, {"event": "task_progress", "message": {"task_id": "t"}, "room": "task_progress:t"}),
    "a doctype alone": ({"event": "e", "doctype": "D"}, {"event": "e", "message": {}, "room": "all"}),
    "nothing": ({}, {"event": "global", "message": {}, "room": "all"}),
}


@pytest.mark.parametrize(("kwargs", "expected"), PUBLISHED.values(), ids=PUBLISHED.keys())
def test_what_is_published(bench: RunningBench, kwargs: dict[str, object], expected: dict[str, object]) -> None:
    def act() -> None:
        transaction = Transaction(SITE, bench.bench.redis_url)
        transaction.publish_realtime(**kwargs)  # type: ignore[arg-type]
        transaction.commit()

    with Redis.from_url(bench.bench.redis_url) as redis, redis.pubsub() as listener:
        listener.subscribe(CHANNEL)
        listener.get_message(timeout=2)
        act()
        message = listener.get_message(timeout=2)
    assert message is not None
    assert json.loads(message["data"]) == {**expected, "namespace": SITE}


def test_the_executable_publishes_from_anywhere_in_the_bench_on_each_site(bench: RunningBench) -> None:
    with Redis.from_url(bench.bench.redis_url) as redis, redis.pubsub() as listener:
        listener.subscribe(CHANNEL)
        listener.get_message(timeout=2)
        arguments = ("execute", "frappe.publish_realtime", "--kwargs", "{'event': 'e', 'after_commit': True}")
        answer = subprocess.run(
            [COMMAND, "--site", "all", *arguments],
            cwd=bench.path / "sites",
            capture_output=True,
            text=True,
            check=False,
        )
        heard = [listener.get_message(timeout=2) for _ in (SITE, SECOND_SITE)]
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert [json.loads(each["data"])["namespace"] for each in heard if each] == [SITE, SECOND_SITE]


def test_nothing_waits_for_a_commit_that_does_not_come(bench: RunningBench) -> None:
    with Redis.from_url(bench.bench.redis_url) as redis, redis.pubsub() as listener:
        listener.subscribe(CHANNEL)
        listener.get_message(timeout=2)
        Transaction(SITE, bench.bench.redis_url).publish_realtime("e", after_commit=True)
        assert listener.get_message(timeout=0.3) is None


def test_redis_away_is_no_error_as_in_frappe(run: Run, folder: Path) -> None:
    Bench(folder)
    assert run(folder, "set-config", "-g", "redis_queue", "redis://127.0.0.1:1").returncode == 0
    assert run(folder, "execute", "frappe.publish_realtime", "--kwargs", "{'event': 'e'}").returncode == 0


CONFIGURED = {
    "text, as in Frappe, without --parse": (("-g", "socketio_port", "9000"), "9000"),
    "a number": (("-g", "-p", "socketio_port", "9000"), 9000),
    "a switch": (("-g", "socketio_port", "1"), 1),
    "a word for a switch": (("-g", "socketio_port", "true"), True),
    "None removes": (("-g", "socketio_port", "None"), None),
}


@pytest.mark.parametrize(("arguments", "expected"), CONFIGURED.values(), ids=CONFIGURED.keys())
def test_set_config(run: Run, folder: Path, arguments: tuple[str, ...], expected: object) -> None:
    answer = run(folder, "set-config", *arguments)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert Bench(folder).config.get("socketio_port") == expected


def test_set_config_of_one_site(run: Run, folder: Path) -> None:
    assert run(folder, "--site", SECOND_SITE, "set-config", "host_name", "https://x").returncode == 0
    assert json.loads((folder / "sites" / SECOND_SITE / "site_config.json").read_text())["host_name"] == "https://x"
    assert "host_name" not in Bench(folder).config


def test_version_says_that_it_is_the_demo(run: Run, folder: Path) -> None:
    assert "demo bench" in run(folder, "--version").stdout


EXECUTE = ("execute", "frappe.publish_realtime", "--kwargs")
MISTAKES = {
    "no such site": (("--site", "nosuch.site", *EXECUTE, "{}"), "404 Not Found: nosuch.site does not exist"),
    "a path for a site": (("--site", "../sites", *EXECUTE, "{}"), "does not exist"),
    "another method": (("execute", "frappe.ping"), "no method 'frappe.ping'"),
    "no Python literal": ((*EXECUTE, "{event: 'e'}"), "--kwargs is no Python literal"),
    "JSON's true": ((*EXECUTE, '{"after_commit": true}'), "write True, False and None"),
    "a call in the literal": ((*EXECUTE, "{'event': open('x')}"), "--kwargs is no Python literal"),
    "no dict": ((*EXECUTE, "['e']"), "--kwargs must be a dict, found list"),
    "an unknown argument": ((*EXECUTE, "{'channel': 'x'}"), "unexpected keyword argument 'channel'"),
    "a value that is no literal": (("set-config", "-g", "-p", "key", "{"), "VALUE is no Python literal"),
}


@pytest.mark.parametrize(("arguments", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake(run: Run, folder: Path, arguments: tuple[str, ...], said: str) -> None:
    answer = run(folder, *arguments)
    assert answer.returncode == 1
    assert answer.stderr.startswith("bench: ")
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_outside_a_bench(run: Run, tmp_path: Path) -> None:
    answer = run(tmp_path, *EXECUTE, "{}")
    assert (answer.returncode, "is not inside a bench" in answer.stderr) == (1, True)


def test_broken_configuration_is_named_with_its_line(run: Run, folder: Path) -> None:
    file = folder / "sites" / "common_site_config.json"
    file.write_text('{\n "default_site": "raven.localhost",\n "socketio_port": ,\n}\n')
    answer = run(folder, *EXECUTE, "{}")
    assert answer.returncode == 1
    assert f"{file}:3: no valid JSON" in answer.stderr
