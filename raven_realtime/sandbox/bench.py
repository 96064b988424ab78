"""An existing bench: what its sites/common_site_config.json says of ports and sites.

Source: Frappe reads ``socketio_port`` from common_site_config.json and the environment only, never from a site's own
site_config.json (frappe, node_utils.js).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record
from raven_realtime.settings import PROJECT

ALIGN = ("bench", "set-config", "-g", "socketio_port", str(SOCKETIO_PORT))


@record
class Bench:
    """A bench folder as far as realtime is concerned."""

    path: Path
    web_port: int
    socketio_port: int
    default_site: str
    sites: tuple[str, ...]

    @property
    def common_config(self) -> Path:
        """The file that names the ports."""
        return self.path / "sites" / "common_site_config.json"

    @property
    def command(self) -> str:
        """The `bench` command that belongs to this bench: its own one, else the one on PATH."""
        own = self.path / "bench"
        return str(own) if own.is_file() else "bench"


def read(path: Path, site: str | None = None) -> Bench:
    """Read a bench.

    Args:
        path: the bench's folder.
        site: the site to serve; the bench's default site if left out.

    Raises:
        Problem: no such folder, not a bench, broken JSON (with its line), no such site, no site to choose.
    """
    key = f"{PROJECT}:bench"
    if not path.is_dir():
        raise Problem(f'{key}: {path} is not a folder. Accepted: "demo", or the path of a bench.')
    file = path / "sites" / "common_site_config.json"
    if not file.is_file():
        raise Problem(
            f"{key}: {path} is not a bench: it has no sites/common_site_config.json. Name the bench's folder."
        )
    config = _json(file)
    sites = tuple(sorted(found.parent.name for found in path.glob("sites/*/site_config.json")))
    chosen = site or config.get("default_site") or (sites[0] if len(sites) == 1 else None)
    if chosen is None:
        raise Problem(
            f"{file} names no default_site, and the bench has {len(sites)} sites: {', '.join(sites) or 'none'}. "
            f"Choose one with: pulumi config set {PROJECT}:site <site>"
        )
    if site is not None and site not in sites:
        raise Problem(f"{PROJECT}:site: the bench {path} has no site {site!r}. It has: {', '.join(sites) or 'none'}.")
    return Bench(
        path,
        web_port=_port(config, "webserver_port", WEB_PORT, file),
        socketio_port=_port(config, "socketio_port", SOCKETIO_PORT, file),
        default_site=chosen,
        sites=sites,
    )


def _json(file: Path) -> dict[str, Any]:
    try:
        config = json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise Problem(f"{file}:{error.lineno}:{error.colno}: broken JSON: {error.msg}. Correct the file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"{file}: cannot be read: {error}.") from None
    if not isinstance(config, dict):
        raise Problem(f"{file}:1: found a {type(config).__name__}; a bench has a JSON object here.")
    return config


def _port(config: dict[str, Any], key: str, default: int, file: Path) -> int:
    value = config.get(key, default)
    try:
        port = int(value)
    except (TypeError, ValueError):
        port = 0
    if isinstance(value, bool) or not 0 < port < 65_536:
        raise Problem(f"{file}: {key} is {value!r}; a port is a number from 1 to 65535.")
    return port


def require_port_9000(bench: Bench) -> None:
    """Refuse a bench whose Socket.IO is configured to listen anywhere but on 9000.

    Raises:
        Problem: it is; with the file and the command that corrects it.
    """
    if bench.socketio_port != SOCKETIO_PORT:
        raise Problem(
            f"{bench.common_config}: socketio_port is {bench.socketio_port}, and realtime's one port is "
            f"{SOCKETIO_PORT}. Correct it, in {bench.path}, with: {' '.join(ALIGN)} — then restart the bench. "
            f"Or let `pulumi up` do it: pulumi config set {PROJECT}:alignPorts true"
        )


def align(bench: Bench) -> None:
    """Run the command that sets socketio_port to 9000.

    Raises:
        Problem: there is no `bench`, or it failed.
    """
    program = bench.command if Path(bench.command).is_file() else shutil.which("bench")
    if program is None:
        raise Problem(
            f"`bench` is not on PATH, so socketio_port cannot be aligned. Run in {bench.path}: {' '.join(ALIGN)}"
        )
    ran = subprocess.run([program, *ALIGN[1:]], cwd=bench.path, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Problem(f"`{' '.join(ALIGN)}` failed in {bench.path}: {(ran.stderr or ran.stdout).strip()[-500:]}")
