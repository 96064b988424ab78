"""What has to hold before anything is created: programs, ports, the bench. Read-only, so it runs at preview too."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from raven_realtime.ports import FALLBACK_TLS_PORT, MULTIPLEXER_PORT, PUBLIC_TLS_PORT, SOCKETIO_PORT
from raven_realtime.problem import Problem
from raven_realtime.sandbox import nginx_check, ngrok
from raven_realtime.sandbox.bench import Bench
from raven_realtime.sandbox.clean_start import leftovers
from raven_realtime.sandbox.listener import answers, listeners, may_bind
from raven_realtime.sandbox.places import Places
from raven_realtime.settings import PROJECT, Sandbox


def require_programs(settings: Sandbox) -> None:
    """Refuse to go on without nginx, supervisor and, where it is the tunnel, ngrok.

    Raises:
        Problem: one is missing; with how to get it.
    """
    nginx_check.find()
    if importlib.util.find_spec("supervisor") is None:
        raise Problem(
            "supervisor is not installed: it keeps the sandbox's processes. pip install 'raven-realtime[pulumi]'"
        )
    if settings.tunnel == "ngrok":
        if settings.ngrok_authtoken is None:
            raise Problem(
                f"{PROJECT}:ngrokAuthtoken is missing, and tunnel is ngrok. "
                f"Set it as a secret: pulumi config set --secret {PROJECT}:ngrokAuthtoken"
            )
        ngrok.find(settings.ngrok_path)


def require_port(port: int, places: Places, what: str) -> None:
    """Refuse a port that somebody else holds.

    Raises:
        Problem: it is taken; by whom, from the socket table.
    """
    foreign = [found for found in listeners(port) if not _ours(found.pid, places)]
    if foreign:
        raise Problem(
            f"Port {port} is taken, and {what} needs it: {', '.join(str(found) for found in foreign)}. "
            f"Stop that process, then run `pulumi up` again. Nothing was changed."
        )


def _ours(pid: int | None, places: Places) -> bool:
    """Tell whether a process belongs to a program that we started, even if its supervisor is gone."""
    records = (places.root / "run").glob("*/started.json")
    return pid is not None and any(pid in leftovers(record) for record in records)


def require_origin(bench: Bench) -> None:
    """Refuse an existing bench whose Socket.IO does not answer on :9000.

    Raises:
        Problem: nothing accepts connections there.
    """
    if not answers(SOCKETIO_PORT):
        raise Problem(
            f"Nothing answers on 127.0.0.1:{SOCKETIO_PORT}: Frappe's realtime process of {bench.path} does not run. "
            f"Start the bench (`bench start` in that folder), then run `pulumi up` again. Nothing was changed."
        )


def choose_public_port(settings: Sandbox, places: Places) -> int:
    """Return where the local tunnel listens: as configured, else 443 where it may, else 8443.

    A port that our tunnel already holds stays, so that a second update changes nothing.

    Raises:
        Problem: the configured port, or the fallback, is taken or not permitted.
    """
    if settings.public_port is not None:
        require_port(settings.public_port, places, f"the local tunnel ({PROJECT}:publicPort)")
        if not listeners(settings.public_port) and not may_bind(settings.public_port):
            raise Problem(
                f"{PROJECT}:publicPort: this user may not listen on port {settings.public_port}. Choose above 1024."
            )
        return settings.public_port
    held = listeners(PUBLIC_TLS_PORT)
    if (held and all(_ours(found.pid, places) for found in held)) or (not held and may_bind(PUBLIC_TLS_PORT)):
        return PUBLIC_TLS_PORT
    require_port(FALLBACK_TLS_PORT, places, "the local tunnel (443 is taken or not permitted)")
    return FALLBACK_TLS_PORT


def require_multiplexer_port(places: Places) -> None:
    """Refuse to go on if :8005 belongs to somebody else."""
    require_port(MULTIPLEXER_PORT, places, "the multiplexer")


def bench_path(settings: Sandbox, places: Places) -> Path:
    """Return the folder of the bench that the stack uses."""
    return places.demo_bench if settings.bench == "demo" else Path(settings.bench).expanduser().absolute()


def require_ca_file(settings: Sandbox) -> None:
    """Refuse a certificate authority that is not there.

    Raises:
        Problem: no such file.
    """
    if settings.ca_file is not None and not Path(settings.ca_file).is_file():
        raise Problem(f"{PROJECT}:caFile: {settings.ca_file} is not a file. Name a PEM file, or remove the key.")
