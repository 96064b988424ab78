"""The ngrok agent, version 3: its configuration, its start, and its public URLs, read from its local API.

Sources: ngrok documentation, "Agent Config Version 3", "Agent API" and "Add Headers" (``host`` is replaced, not added).
"""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from ruamel.yaml import YAML

from raven_realtime.ports import NGROK_API_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.sandbox.places import Places
from raven_realtime.sandbox.supervisor import Program, Supervisor
from raven_realtime.sandbox.whole_file import write_whole
from raven_realtime.settings import PROJECT

PROGRAM = "ngrok"
API = f"http://127.0.0.1:{NGROK_API_PORT}/api"
PATIENCE = 20.0
"""Seconds that the agent gets to open its session and endpoints."""
REFUSED = re.compile(r"ERR_NGROK_\d+")
"""How the agent names a refusal (ngrok documentation, "Error Reference")."""

SET_TOKEN = f"Copy the authtoken from ngrok's dashboard and set it: pulumi config set --secret {PROJECT}:ngrokAuthtoken"
REMEDIES = {
    "ERR_NGROK_105": SET_TOKEN,
    "ERR_NGROK_107": SET_TOKEN,
    "ERR_NGROK_108": "The account already runs an agent, and its plan allows one. Stop that one: ngrok's dashboard "
    "lists it with its machine.",
    "ERR_NGROK_334": "Stop the endpoint that has this URL, or configure another URL.",
}
"""What to do about a refusal; for the others the code's page says it."""


@record
class Endpoint:
    """One public URL and what it leads to."""

    name: str
    upstream: str
    """URL of the server behind it, on 127.0.0.1: ``localhost`` may mean ::1, where nothing listens."""
    url: str | None = None
    """A reserved URL; a random one if left out."""
    host: str | None = None
    """The Host header to send instead of the browser's."""
    site: str | None = None
    """The value of X-Frappe-Site-Name, where no nginx adds it."""

    def definition(self) -> dict[str, Any]:
        """Return the endpoint as the agent's file and API have it."""
        headers = {"host": self.host, "X-Frappe-Site-Name": self.site}
        wanted = {name: value for name, value in headers.items() if value}
        policy = {"on_http_request": [{"actions": [{"type": "add-headers", "config": {"headers": wanted}}]}]}
        return {
            "name": self.name,
            **({"url": self.url} if self.url else {}),
            "upstream": {"url": self.upstream},
            **({"traffic_policy": policy} if wanted else {}),
        }


def configuration(endpoints: Sequence[Endpoint]) -> str:
    """Return the agent's file without the authtoken, which joins it only on disk."""
    agent = {
        "console_ui": False,
        "log": "stdout",
        "log_format": "json",
        "update_check": False,
        "web_addr": f"127.0.0.1:{NGROK_API_PORT}",
    }
    return _dump({"version": 3, "agent": agent, "endpoints": [endpoint.definition() for endpoint in endpoints]})


def _dump(document: Mapping[str, Any]) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    buffer = io.StringIO()
    yaml.dump(document, buffer)
    return buffer.getvalue()


def find(agent: str) -> str:
    """Return the absolute path of the agent, which may be named, or given as a path: supervisor runs it elsewhere.

    Raises:
        Problem: there is no such program.
    """
    is_path = "/" in agent
    found = shutil.which(Path(agent).expanduser() if is_path else agent)
    if found is None:
        what = "not a file that can be executed" if is_path else "not a program on PATH"
        raise Problem(
            f"{PROJECT}:ngrokPath: {agent!r} is {what}. Install the ngrok agent (version 3), or name its file: "
            f"pulumi config set {PROJECT}:ngrokPath /path/to/ngrok"
        )
    return str(Path(found).absolute())


def start(
    places: Places, text: str, *, authtoken: str, agent: str = "ngrok", then: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Keep the agent running under supervisor and return each endpoint's public URL by its name.

    Args:
        places: the sandbox's folder.
        text: the agent's file as `configuration` gives it.
        authtoken: the account's; written to the file (mode 0600) and nowhere else.
        agent: the program.
        then: an endpoint that needs the first one's random URL, to be added through the agent's API: its definition,
            whose Host is then the first one's.

    Raises:
        Problem: no such program, a refused session, an API that does not answer. An agent that ran before runs on as
            it did; else it is stopped again, and supervisord with it if it keeps nothing else.
    """
    program = find(agent)
    document = YAML(typ="safe").load(text)
    document["agent"]["authtoken"] = authtoken
    later = places.run(PROGRAM) / "then.json"
    supervisor = Supervisor(places)
    ran = PROGRAM in supervisor.declared()
    wanted = {places.ngrok_conf: _dump(document), later: json.dumps(then)}
    former = {file: file.read_text() for file in wanted if ran and file.exists()}
    for file, content in wanted.items():
        write_whole(file, content, 0o600)
    command = [program, "start", "--all", "--config", str(places.ngrok_conf)]
    wrapped = [sys.executable, "-m", "raven_realtime.sandbox.ngrok_agent", str(places.ngrok_conf), str(later), "--"]
    log = places.logs / f"{PROGRAM}.log"
    before = log.stat().st_size if log.exists() else 0
    try:
        if not supervisor.apply(Program(PROGRAM, [*wrapped, *command]), wait=False):
            supervisor.restart(PROGRAM, wait=False)  # a refused session ends it at once: the log says why
        names = [str(endpoint["name"]) for endpoint in document["endpoints"]]
        urls = _wait_for([*names, *([str(then["name"])] if then else [])], places, before, authtoken)
    except (Problem, Unreadable, KeyboardInterrupt) as failed:
        if former == wanted:
            raise
        if former:
            for file, content in former.items():
                write_whole(file, content, 0o600)
            supervisor.restart(PROGRAM, wait=False)
            if isinstance(failed, Problem):
                raise Problem(f"{failed}\nThe agent runs with its former configuration again.") from None
            raise
        places.ngrok_conf.unlink(missing_ok=True)
        supervisor.remove(PROGRAM)
        if not supervisor.declared():
            supervisor.down()
            if isinstance(failed, Problem):
                raise Problem(f"{failed}\nNothing was created.") from None
        raise
    write_whole(places.run(PROGRAM) / "urls.json", json.dumps(urls))
    return urls


def urls_now(seconds: float = 2.0) -> dict[str, str] | None:
    """Return the public URL of each endpoint that the agent has online now; None when its API does not answer."""
    try:
        answer = httpx.get(f"{API}/endpoints", timeout=seconds, trust_env=False)
        found = answer.json()["endpoints"]
        return {str(endpoint["name"]): str(endpoint["url"]) for endpoint in found}
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return None


def moved(places: Places) -> bool:
    """Tell whether the agent has other URLs than the last update saw: it was restarted and they are random."""
    try:
        known = json.loads((places.run(PROGRAM) / "urls.json").read_text())
    except (OSError, ValueError):
        return False
    return bool(urls_now() != known)


def host_of(url: str) -> str:
    """Return a URL's host, with its port where it has one."""
    return urlsplit(url).netloc


def _wait_for(names: Sequence[str], places: Places, log_from: int, authtoken: str) -> dict[str, str]:
    deadline = time.monotonic() + PATIENCE
    log = places.logs / f"{PROGRAM}.log"
    while True:
        said = log.read_bytes()[log_from:].decode(errors="replace") if log.exists() else ""
        said = said.replace(authtoken, "[authtoken]")
        if code := REFUSED.search(said):
            remedy = REMEDIES.get(code.group())
            raise Problem(
                f"ngrok refuses ({code.group()}): {_message(said)}\n"
                + (f"{remedy}\n" if remedy else "")
                + f"What the code means: https://ngrok.com/docs/errors/{code.group().lower()}"
            )
        urls = urls_now(1.0)
        if urls is not None and all(name in urls for name in names):
            return {name: urls[name] for name in names}
        if time.monotonic() > deadline:
            raise Problem(f"{_silence(urls, names)}\nThe last that it said: {_last(said)}")
        time.sleep(0.1)


def _silence(urls: Mapping[str, str] | None, names: Sequence[str]) -> str:
    """Say what is missing when the time is up, and what to do."""
    if urls is None:
        return (
            f"The ngrok agent runs, but its API at {API} does not answer within {PATIENCE:.0f} s, so its public URL is "
            "unknown. Is it version 3 (`ngrok version`)?"
        )
    missing = ", ".join(name for name in names if name not in urls)
    return (
        f"The ngrok agent runs, but has no public URL for {missing} after {PATIENCE:.0f} s: it does not reach ngrok. "
        "`ngrok diagnose` tells whether a firewall or proxy is in the way."
    )


def _last(said: str) -> str:
    """Return the agent's last record in short."""
    for line in reversed(said.splitlines()):
        try:
            record = json.loads(line)
            parts = [str(record[key]) for key in ("msg", "err") if record.get(key)]
        except (ValueError, AttributeError, TypeError):
            parts = [line]
        if text := " ".join(": ".join(parts).split()):
            return text[:300]
    return "nothing"


def _message(said: str) -> str:
    """Return the first thing that the agent said about a refusal, without what it repeats."""
    for line in said.splitlines():
        try:
            text = str(json.loads(line).get("err", ""))
        except (ValueError, AttributeError):
            text = line.removeprefix("ERROR:").strip()
        if text.strip() and ("failed" in text or "ERR_NGROK" in text):
            return " ".join(part for part in text.split("\n")[0].split() if part)
    return "no session"
