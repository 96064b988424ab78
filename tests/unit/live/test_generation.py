"""Which generation what was seen leaves, and how inside its process tells."""

from __future__ import annotations

import pytest

from raven_realtime.live.generation import NODE, PYTHON, Generation, of_process, possible
from raven_realtime.live.result import Result

NODES = (Generation.V15, Generation.V16, Generation.SECRET)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([{}], ()),
        ([{"server": NODE}], NODES),
        ([{"server": NODE}, {"root": True}], (Generation.V14,)),
        ([{"server": NODE}, {"root": False, "apps": False, "secret": False}], (Generation.V15,)),
        ([{"server": NODE}, {"apps": True, "secret": False}], (Generation.V16,)),
        ([{"server": NODE}, {"apps": True, "secret": True}], (Generation.SECRET,)),
        ([{"server": NODE}, {"apps": None}], NODES),
        ([{"server": PYTHON}, {"secret": True}], (Generation.GEVENT, Generation.ASYNCIO)),
        ([{"server": PYTHON}, {"generation": "python-asyncio"}], (Generation.ASYNCIO,)),
        ([{"stacks": ["traefik"]}], ()),
    ],
)
def test_possible(facts: list[dict[str, object]], expected: tuple[Generation, ...]) -> None:
    assert possible([Result.of("x", "said", **each) for each in facts]) == expected


@pytest.mark.parametrize(
    ("frappe", "expected"),
    [
        (13, None),
        (14, Generation.V14),
        (15, Generation.V15),
        (16, Generation.V16),
        (17, Generation.SECRET),
        (None, None),
    ],
)
def test_of_a_process_on_node(frappe: int | None, expected: Generation | None) -> None:
    assert of_process("node", "/usr/bin/node /bench/apps/frappe/socketio.js", frappe) == expected


@pytest.mark.parametrize(
    ("program", "command", "libraries", "expected"),
    [
        ("node", "/usr/bin/node /bench/apps/frappe/socketio.js", "", None),
        ("python", "../env/bin/python -m frappe.realtime.server", "/gevent/_queue.so", Generation.GEVENT),
        ("python", "../env/bin/python -m frappe.realtime.server", "/_asyncio.so", Generation.ASYNCIO),
        ("python", "../env/bin/python -m frappe.realtime.server", "", None),
        ("uvicorn", "/env/bin/python /env/bin/uvicorn frappe.realtime.server:app", "", Generation.ASYNCIO),
        ("gunicorn", "gunicorn -k gevent frappe.app", "", Generation.GEVENT),
        ("python", "python -m http.server", "/_asyncio.so", None),
    ],
)
def test_of_process(program: str, command: str, libraries: str, expected: Generation | None) -> None:
    assert of_process(program, command, libraries=libraries) == expected
