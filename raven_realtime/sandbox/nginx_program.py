"""One of our nginx processes: a new configuration is validated, swapped in, reloaded; if it fails, the old one stays.

The proof that a reload took effect is nginx's own word: every configuration tells its hash (nginx/fingerprint.py).
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import httpx

from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx.fingerprint import STATUS_HOST, configuration_hash
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.sandbox import nginx_check
from raven_realtime.sandbox.places import Places
from raven_realtime.sandbox.supervisor import Program, Supervisor
from raven_realtime.sandbox.survey import is_unseen
from raven_realtime.sandbox.whole_file import write_whole
from raven_realtime.sidecar.pieces import Capacity

PATIENCE = 10.0
"""Seconds that nginx gets to answer with a new configuration."""
IN_A_ROW = 10
"""Answers that have to agree: for a moment after a reload the former workers accept connections beside the new ones."""


def owner() -> str:
    """Return whom nginx's workers have to run as to get at the sandbox's private folder: root, where root starts it."""
    return "root" if os.geteuid() == 0 else ""


def capacity(sockets: int) -> Capacity:
    """Return the capacity that this machine's limit of files allows, if it is this machine's nginx."""
    return Capacity(sockets, limit=None if is_unseen() else resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def install(places: Places, name: str, text: str, status_url: str) -> bool:
    """Bring one nginx to a configuration, without dropping a connection if it runs already.

    Args:
        places: the sandbox's folder.
        name: the program's name, such as ``multiplexer``.
        text: the whole configuration.
        status_url: where the configuration, once live, tells its hash: scheme, address and port.

    Returns:
        Whether anything was changed.

    Raises:
        Problem: nginx refuses the configuration (its own words), or does not serve it; what ran before still runs.
    """
    conf = places.nginx_conf(name)
    conf.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    nginx_check.verify(text, name=str(conf))
    supervisor = Supervisor(places)
    program = Program(
        name, (nginx_check.find(), "-e", "stderr", "-p", str(conf.parent), "-c", str(conf)), stop_signal="QUIT"
    )
    old = conf.read_text() if conf.exists() else None
    if live_hash(status_url) == configuration_hash(text) and old == text:
        # a certificate beside the configuration may be new: reading it anew drops nothing
        return supervisor.apply(program) or supervisor.hup(name)
    write_whole(conf, text)
    try:
        if not supervisor.apply(program):
            supervisor.hup(name)
        _wait_for(status_url, configuration_hash(text))
    except (Problem, Unreadable) as problem:
        if old is not None:
            write_whole(conf, old)
            if name in supervisor.pids():
                supervisor.hup(name)
            raise Problem(f"{problem}\nThe configuration before this one is in force again.") from None
        supervisor.remove(name)
        raise Problem(f"{problem}\n{_error_log(conf.parent)}") from None
    return True


def live_hash(status_url: str) -> str | None:
    """Return the hash of the configuration that new connections get now; None when nginx does not tell."""
    try:
        # the listener is our own, on loopback, and its certificate is for the public name
        with httpx.Client(verify=False, timeout=2, trust_env=False) as client:  # noqa: S501
            answer = client.get(status_url, headers={"Host": STATUS_HOST})
    except httpx.HTTPError:
        return None
    return answer.text.strip() if answer.status_code == httpx.codes.OK else None


def _wait_for(status_url: str, wanted: str) -> None:
    deadline = time.monotonic() + PATIENCE
    in_a_row = 0
    while in_a_row < IN_A_ROW:
        live = live_hash(status_url)
        in_a_row = in_a_row + 1 if live == wanted else 0
        if time.monotonic() > deadline:
            found = "does not answer" if live is None else "still serves another configuration"
            raise Problem(f"nginx at {status_url} {found} after {PATIENCE:.0f} s.")
        if not in_a_row:
            time.sleep(0.05)


def _error_log(folder: Path) -> str:
    log = folder / "error.log"
    return f"The end of {log}:\n{log.read_text(errors='replace')[-600:]}" if log.exists() else ""
