"""Port 9000 as the one truth: files on the server, a row each, and what ports.sh says of them (golden/ports/)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.bench_folder import create_bench, write_json
from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.sidecar.scripts import FOLDER, command
from tests import golden
from toolchain.places import ROOT

GOLDEN = Path(__file__).parent / "golden" / "ports"
UPSTREAM = """\
upstream bench-frappe {
    server 127.0.0.1:8000 fail_timeout=0;
}
upstream bench-socketio-server {
    server 127.0.0.1:%s fail_timeout=0;
}
"""


@dataclass(frozen=True)
class Row:
    """What is in the files; the key is the variable that names the file."""

    files: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    """The socketio_port of a bench; 0 for a bench that names none."""
    fails: bool = False
    align: bool = False


ROWS = {
    "all agree": Row({"COMPOSE": "  SOCKETIO: websocket:9000\n", "NGINX": UPSTREAM % 9000}, port=9000),
    "a bench on 9001": Row(port=9001, fails=True),
    "a bench that names none": Row(port=0),
    "a bench on 9001, aligned": Row(port=9001, align=True),
    "a bench on 9000, to align": Row(port=9000, align=True),
    "compose as a mapping": Row(
        {
            "COMPOSE": "services:\n  backend:\n    environment:\n      SOCKETIO_PORT: '9001'\n"
            "  frontend:\n    environment:\n      SOCKETIO: websocket:9002\n      BACKEND: backend:8000\n"
        },
        fails=True,
    ),
    "compose as a list": Row(
        {
            "COMPOSE": "services:\n  websocket:\n    environment:\n      - FRAPPE_SOCKETIO_PORT=9001\n"
            '      - "SOCKETIO=websocket:9000"\n'
        },
        fails=True,
    ),
    "compose without a port": Row({"COMPOSE": "services:\n  frontend:\n    image: nginx\n"}),
    "bench's nginx on 3000": Row({"NGINX": UPSTREAM % 3000}, fails=True),
    "every place is reported": Row(
        {
            "COMPOSE": "      SOCKETIO: websocket:9002\n",
            "NGINX": UPSTREAM % 3000,
        },
        port=9001,
        fails=True,
    ),
    "aligning reports what it may not touch": Row({"NGINX": UPSTREAM % 9001}, port=9001, fails=True, align=True),
}
PLACES = {"BENCH": "bench/sites/common_site_config.json", "COMPOSE": "compose.yaml", "NGINX": "bench/config/nginx.conf"}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_said(tmp_path: Path, name: str) -> None:
    row = ROWS[name]
    files = dict(row.files)
    if row.port is not None:
        made = create_bench(tmp_path / "bench", sites=["raven.localhost"])
        port = {"socketio_port": row.port} if row.port else {}
        write_json(made.config_file, {"default_site": "raven.localhost", **port, "webserver_port": 8000})
        files["BENCH"] = made.config_file.read_text()
    said = run(tmp_path, files, align=row.align)
    assert (said.returncode != 0) == row.fails
    shown = f"{said.stdout}{said.stderr}".replace(str(tmp_path), "<SERVER>")
    golden.hold(GOLDEN / f"{name.replace(' ', '_').replace(',', '')}.txt", shown)
    if row.align:
        assert int(json.loads((tmp_path / PLACES["BENCH"]).read_text())["socketio_port"]) == SOCKETIO_PORT


@pytest.mark.parametrize("place", PLACES)
def test_a_file_that_is_not_there_is_named_with_its_key(tmp_path: Path, place: str) -> None:
    said = run(tmp_path, {}, named={place: str(tmp_path / "nothing")})
    assert said.returncode == 1
    key = {"BENCH": "benchPath", "COMPOSE": "composeFile", "NGINX": "nginxFile"}[place]
    assert f"raven-realtime:{key}" in said.stderr
    assert str(tmp_path / "nothing") in said.stderr


def run(
    folder: Path, files: Mapping[str, str], *, align: bool = False, named: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Lay the files out, with the demo's `bench`, and run the script on them."""
    variables = {**dict.fromkeys(PLACES, ""), **(named or {})}
    for place, text in files.items():
        file = folder / PLACES[place]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        variables[place] = str(folder / "bench") if place == "BENCH" else str(file)
    (folder / "bin").mkdir()
    (folder / "bin" / "bench").symlink_to(ROOT / "demo" / "bench")
    given = {**variables, "ALIGN": "yes" if align else "no", "PORT_WANTED": str(SOCKETIO_PORT)}
    path = f"{folder}/bin{os.pathsep}{os.environ['PATH']}"
    line = ["sh", "-c", command("ports", given, str(FOLDER))]
    return subprocess.run(line, env={"PATH": path}, capture_output=True, text=True, check=False, timeout=20)
