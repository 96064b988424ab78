"""Bad input, a row each: what `pulumi up` says (golden/refusals/), that it fails, and that nothing was created."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from demo.bench_folder import create_bench, read_json_object, write_json
from tests import golden
from tests.engine import Stack
from tests.stacks.checkout import Checkout, checkout
from tests.stacks.machine import left_as_found, settled, somebody_on, without

GOLDEN = Path(__file__).parent / "golden" / "refusals"
TOKEN = "2bNeverToBeSeen_7GhTokenTokenToken"


def bench(folder: Path, *sites: str, config: Mapping[str, object] | None = None, text: str | None = None) -> None:
    """Lay out a bench; ``config`` changes its common_site_config.json, None removes a key; ``text`` replaces it."""
    made = create_bench(folder, sites=sites or ("raven.localhost",))
    changed = {**read_json_object(made.config_file), **(config or {})}
    write_json(made.config_file, {key: value for key, value in changed.items() if value is not None})
    if text is not None:
        made.config_file.write_text(text)


@dataclass(frozen=True)
class Row:
    """One bad input: a configuration, what else is the matter, and what hides from this machine."""

    config: Mapping[str, Any] = field(default_factory=dict)
    bench: Callable[[Path], None] | None = None
    """Lays out the bench that the configuration then names."""
    meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext
    lacks: Sequence[Path] = ()


ROWS = {
    "port 8005 taken": Row(meanwhile=lambda: somebody_on(8005)),
    "port 9000 taken": Row(meanwhile=lambda: somebody_on(9000)),
    "no public port left": Row(meanwhile=lambda: somebody_on(443, 8443)),
    "the chosen public port taken": Row({"publicPort": 7443}, meanwhile=lambda: somebody_on(7443)),
    "nginx missing": Row(lacks=[Path("/usr/sbin/nginx")]),
    "supervisor missing": Row(lacks=[Path(str(getattr(find_spec("supervisor"), "origin", None))).parent]),
    "bench path absent": Row({"bench": "/no/such/bench"}),
    "not a bench": Row(bench=lambda folder: folder.mkdir()),
    "broken JSON": Row(
        bench=lambda folder: bench(folder, text='{\n "socketio_port": 9000,\n "webserver_port": 80 00\n}')
    ),
    "socketio_port 9001": Row(bench=lambda folder: bench(folder, config={"socketio_port": 9001})),
    "no default site": Row(
        bench=lambda folder: bench(folder, "a.localhost", "b.localhost", config={"default_site": None})
    ),
    "a site that the bench lacks": Row({"site": "c.localhost"}, bench=lambda folder: bench(folder, "a.localhost")),
    "Socket.IO does not answer": Row(bench=bench),
    "malformed site": Row({"site": "https://raven.localhost/"}),
    "unknown key": Row({"proxyTimeuot": 60}),
    "wrong type": Row({"proxyTimeout": "a day"}),
    "ngrok without a token": Row({"tunnel": "ngrok"}),
    "ngrok without the agent": Row({"tunnel": "ngrok", "ngrokAuthtoken": TOKEN, "ngrokPath": "no-such-ngrok"}),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    with left_as_found():
        yield checkout(tmp_path_factory.mktemp("r") / "c")


@pytest.fixture(scope="module")
def stack(copy: Checkout) -> Stack:
    return copy.stack(copy.folder.parent / "s")


@pytest.mark.parametrize("name", ROWS)
def test_refused(copy: Checkout, stack: Stack, tmp_path: Path, name: str) -> None:
    row, config = ROWS[name], dict(ROWS[name].config)
    if row.bench:
        row.bench(tmp_path / "bench")
        config["bench"] = str(tmp_path / "bench")
    copy.configure({key: value for key, value in config.items() if value != TOKEN})
    for key in (key for key, value in config.items() if value == TOKEN):
        stack.set_config(f"raven-realtime:{key}", TOKEN, "--secret")
    with row.meanwhile():
        before = settled()
        command = ("pulumi", "up", "--yes", "--skip-preview", "--stack", "sandbox", "--non-interactive")
        ran = copy.run(
            *(without(*row.lacks) if row.lacks else ()), *command, expect=None, environment=stack.environment
        )
        assert ran.code not in {0, 32}, ran.text
        assert settled() == before
    assert not copy.places.root.exists()
    assert "Traceback" not in ran.text
    assert TOKEN not in ran.text
    said = re.search(r"^Diagnostics:\n(.*?)^Resources:", ran.stdout, re.MULTILINE | re.DOTALL)
    # what the engine itself refuses has no diagnostics of a program
    golden.hold(GOLDEN / f"{name.replace(' ', '_')}.txt", _steady(said[1] if said else ran.text, tmp_path, copy))


def _steady(text: str, tmp_path: Path, copy: Checkout) -> str:
    """Replace what differs from machine to machine."""
    for found, instead in (
        (re.escape(str(tmp_path)), "<TMP>"),
        (re.escape(str(copy.folder)), "<PROJECT>"),
        (re.escape(sys.executable), "<PYTHON>"),
        (r"pid \d+", "pid <N>"),
    ):
        text = re.sub(found, instead, text)
    return text.rstrip() + "\n"
