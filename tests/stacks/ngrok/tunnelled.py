"""A sandbox whose tunnel is ngrok's agent, or rather the stand-in of tests/standins/ngrok."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
from ruamel.yaml import YAML

from raven_realtime.sandbox.ngrok import API
from tests.engine import Run, Stack
from tests.stacks.checkout import Checkout, checkout
from tests.stacks.ngrok.surroundings import surroundings
from tests.standins.ngrok.edge import Authority
from tests.standins.ngrok.tokens import VALID

STANDIN = Path("tests/standins/ngrok")
ELSEWHERE = "elsewhere/agent"
"""The stand-in once more, relative to the project: not on PATH, and called otherwise."""
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


@dataclass
class Tunnelled:
    """A copy of the project whose sandbox stack has ``tunnel: ngrok``."""

    copy: Checkout
    stack: Stack
    account: Path
    """What the stand-in keeps: its certificate authority, its sessions."""
    before: tuple[str, ...]
    """The command to put before one that is to run where the stack runs."""
    tokens: dict[str, dict[str, str]] = field(default_factory=dict)
    """Each token that was configured, as Pulumi encrypted it: encrypted anew it would count as a change."""
    printed: list[str] = field(default_factory=list)
    """Everything that `pulumi` printed."""

    def configure(self, config: dict[str, Any] | None = None, token: str = VALID) -> None:
        """Configure the stack: these settings on top of the tunnel's own."""
        own = {"tunnel": "ngrok", "caFile": str(self.account / "ca.pem"), "staySeconds": 1, **(config or {})}
        if token not in self.tokens:
            self.copy.configure(own)
            self.stack.set_config("ngrokAuthtoken", token, "--secret")
            written = YAML(typ="safe").load(self.copy.folder / "Pulumi.sandbox.yaml")
            self.tokens[token] = written["config"]["raven-realtime:ngrokAuthtoken"]
        self.copy.configure({**own, "ngrokAuthtoken": self.tokens[token]})

    def up(self, config: dict[str, Any] | None = None, *, token: str = VALID, expect: int = 0) -> Run:
        """Update the stack to these settings."""
        self.configure(config, token)
        return self.noted(self.stack.up(expect=expect))

    def noted(self, run: Run) -> Run:
        """Keep what a command printed for those who search it."""
        self.printed.append(run.text)
        return run

    def processes_of_the_agent(self) -> list[psutil.Process]:
        """Return the wrapper that supervisor keeps and, below it, the agent itself; nothing of what is not there."""
        try:
            wrapper = psutil.Process(self.copy.supervisor.pids()["ngrok"])
            return [wrapper, *wrapper.children()]
        except (KeyError, psutil.Error):
            return []

    def urls(self) -> dict[str, str]:
        """Return each endpoint's public URL as the agent's API lists them now; none while it does not answer."""
        try:
            listed = httpx.get(f"{API}/endpoints", timeout=2, trust_env=False).json()["endpoints"]
        except (httpx.HTTPError, ValueError):
            return {}
        return {endpoint["name"]: endpoint["url"] for endpoint in listed}

    def shakes_hands(self, url: str) -> bool:
        """Tell whether a handshake through a public URL is answered with 200 and an open packet."""
        trust = ssl.create_default_context(cafile=self.account / "ca.pem")
        name = urlsplit(url).netloc
        try:
            with httpx.Client(verify=trust, timeout=2, trust_env=False) as client:
                asked = client.build_request(
                    "GET",
                    f"https://127.0.0.1{HANDSHAKE}",
                    headers={"Host": name},
                    extensions={"sni_hostname": name},
                )
                answer = client.send(asked)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.text.startswith('0{"sid"')

    def processes(self) -> list[psutil.Process]:
        """Return the live processes of this stack: they name the copy's folder, or work in it."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            said = f"{' '.join(process.cmdline())} {process.cwd()}"
            holder = process.name() in {"sh", "sleep"} and process.ppid() == os.getpid()
            return str(self.copy.folder) in said and not holder and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def steady(self, text: str) -> str:
        """Return a message without what differs from run to run."""
        for pattern, instead in (
            (re.escape(str(self.copy.folder)), "<PROJECT>"),
            (re.escape(str(self.account)), "<ACCOUNT>"),
            (r"\d{4}-\d\d-\d\dT[\d:]+(Z|\+00:00)", "<TIME>"),
        ):
            text = re.sub(pattern, instead, text)
        return text


@contextmanager
def tunnelled(folder: Path, *, network: bool = False, **standin: str) -> Iterator[Tunnelled]:
    """Make such a stack below ``folder``; what it still runs afterwards is ended.

    Args:
        folder: A folder of the test's own.
        network: Whether it gets loopback of its own, so that several run at once.
        standin: What the stand-in is to do; see its README.
    """
    account = folder / "account"
    account.mkdir(parents=True)
    Authority(account)
    copy = checkout(folder / "c")
    elsewhere = copy.folder / ELSEWHERE
    elsewhere.parent.mkdir()
    elsewhere.symlink_to(copy.folder / STANDIN / "ngrok")
    chosen = {"DIR": str(account), "HOSTS": "/etc/hosts", **standin}
    with surroundings(copy.folder, folder / "hosts", network=network) as before:
        environment = {f"NGROK_STANDIN_{name}": value for name, value in chosen.items()}
        stack = Stack(
            folder / "s",
            copy.folder,
            "sandbox",
            environment={"PYTHONPATH": str(copy.folder), **environment},
            before=before,
        )
        stack.environment["PATH"] = f"{copy.folder / STANDIN}{os.pathsep}{stack.environment['PATH']}"
        made = Tunnelled(copy, stack, account, before)
        try:
            yield made
        finally:
            left = made.processes()
            for process in left:
                process.kill()
            psutil.wait_procs(left, 5)
