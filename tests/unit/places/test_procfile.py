"""Procfiles: what each line runs, told by its command."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raven_realtime.places import procfile
from raven_realtime.places.process import Program, process_of
from raven_realtime.proxies.location import Location

BENCH = """\
redis_cache: redis-server config/redis_cache.conf

# the web
web: bench serve --port 8000
socketio: /usr/bin/node apps/frappe/socketio.js
watch: bench watch
schedule: bench schedule
worker: OBJC_DISABLE_INITIALIZE_FORK_SAFETY=YES bench worker 1>> logs/worker.log 2>> logs/worker.error.log
"""


def test_a_bench() -> None:
    assert [(p.name, p.program, p.location.line, p.port, p.config) for p in procfile.read(BENCH, "Procfile")] == [
        ("redis_cache", Program.REDIS, 1, None, "config/redis_cache.conf"),
        ("web", Program.WEB, 4, 8000, ""),
        ("socketio", Program.REALTIME, 5, None, ""),
        ("watch", Program.WATCH, 6, None, ""),
        ("schedule", Program.SCHEDULER, 7, None, ""),
        ("worker", Program.WORKER, 8, None, ""),
    ]


@pytest.mark.parametrize(
    ("command", "program", "port", "address"),
    [
        ("bench serve", Program.WEB, None, ""),
        ("bench --site all serve --port=8001", Program.WEB, 8001, ""),
        ("/home/frappe/env/bin/gunicorn -b 127.0.0.1:8000 -w 4 frappe.app:application", Program.WEB, 8000, "127.0.0.1"),
        ("gunicorn --bind=0.0.0.0:8000 frappe.app", Program.WEB, 8000, "0.0.0.0"),
        ("gunicorn -b[::]:8000 frappe.app", Program.WEB, 8000, "::"),
        ("gunicorn -b unix:/run/web.sock frappe.app", Program.WEB, None, "unix:/run/web.sock"),
        ("python3 -m gunicorn.app -b :8000 frappe.app", Program.WEB, 8000, ""),
        ("redis-server --port 13000", Program.REDIS, 13000, ""),
        ("valkey-server x.conf", Program.REDIS, None, ""),
        ("exec env NODE_ENV=production node socketio.js", Program.REALTIME, None, ""),
        ("bash -c 'cd /srv && exec node apps/frappe/socketio.js'", Program.REALTIME, None, ""),
        ("sudo -u frappe -H bench worker --queue short", Program.WORKER, None, ""),
        ("npm run dev", Program.OTHER, None, ""),
        ("echo socketio", Program.OTHER, None, ""),
        ("node 'unclosed", Program.OTHER, None, ""),
        ("", Program.OTHER, None, ""),
    ],
)
def test_commands(command: str, program: Program, port: int | None, address: str) -> None:
    process = process_of("any", command, Location("Procfile", 1))
    assert (process.program, process.port, process.address) == (program, port, address)


@pytest.mark.parametrize("name", ["socketio", "realtime", "web"])
def test_a_name_tells_nothing(name: str) -> None:
    (process,) = procfile.read(f"{name}: sleep infinity", "Procfile")
    assert process.program is Program.OTHER


def test_where_it_runs() -> None:
    assert process_of("a", "cd /srv/bench && bench serve", Location("P", 1)).directory == "/srv/bench"
    assert process_of("a", "bench serve", Location("P", 1), "/srv").directory == "/srv"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(BENCH, True, id="a bench's"),
        pytest.param("web: bench serve", True, id="one line"),
        pytest.param("web: image\nname: x", False, id="YAML of the same form"),
        pytest.param("services:\n  web: bench serve", False, id="nested YAML"),
        pytest.param("server { listen 80; }", False, id="nginx"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_told_by_content(text: str, expected: bool) -> None:
    assert procfile.is_procfile(text) is expected


@settings(max_examples=80)
@given(st.text(alphabet="web: bashc-'\"&|;=\\\n1", max_size=80))
def test_any_text_is_read(text: str) -> None:
    procfile.is_procfile(text)
    procfile.read(text, "Procfile")
    process_of("a", text, Location("P", 1))
