"""supervisord, the process manager that Frappe itself uses: started, asked, and told what to run.

Source of the options and states: supervisor's documentation, "Configuration File" and "XML-RPC API".
"""

from __future__ import annotations

import configparser
import glob
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record
from raven_realtime.sandbox.clean_start import end_leftovers
from raven_realtime.sandbox.places import Places
from raven_realtime.sandbox.whole_file import write_whole

ALREADY_STOPPED = 70
"""XML-RPC fault NOT_RUNNING."""
BAD_NAME = 10
"""XML-RPC fault BAD_NAME."""
STILL_RUNNING = 91
"""XML-RPC fault STILL_RUNNING."""
STOPPED_WITHIN = 15.0
"""Seconds: longer than any program here is given to stop before it is killed."""


@record
class Program:
    """One program that supervisor keeps alive."""

    name: str
    command: Sequence[str]
    directory: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "TERM"
    stop_seconds: int = 5

    def section(self, places: Places) -> str:
        """Return the program's file in supervisor's syntax; ``%`` is doubled, since supervisor expands it."""
        first = [sys.executable, "-m", "raven_realtime.sandbox.clean_start", str(places.started(self.name)), "--"]
        parser = configparser.RawConfigParser()
        parser[f"program:{self.name}"] = {
            "command": _escaped(shlex.join([*first, *self.command])),
            "directory": _escaped(str(self.directory or places.run(self.name))),
            "environment": ",".join(f'{key}="{_escaped(value)}"' for key, value in sorted(self.environment.items())),
            "autostart": "true",
            "autorestart": "true",
            "startsecs": "1",
            "startretries": "10",
            "stopsignal": self.stop_signal,
            "stopwaitsecs": str(self.stop_seconds),
            "stopasgroup": "true",
            "killasgroup": "true",
            "redirect_stderr": "true",
            # supervisor expands the name of a log twice (supervisor/options.py, processes_from_section)
            "stdout_logfile": _escaped(_escaped(str(places.logs / f"{self.name}.log"))),
            "stdout_logfile_maxbytes": "5MB",
            "stdout_logfile_backups": "1",
        }
        return _text(parser)


def _escaped(value: str) -> str:
    return value.replace("%", "%%")


def _text(parser: configparser.RawConfigParser) -> str:
    buffer = io.StringIO()
    parser.write(buffer)
    return buffer.getvalue()


def configuration(places: Places) -> str:
    """Return supervisord's own configuration: a socket only we can open, one log, the programs' folder."""
    parser = configparser.RawConfigParser()
    parser["unix_http_server"] = {"file": _escaped(str(places.supervisor_socket)), "chmod": "0600"}
    parser["supervisord"] = {
        "logfile": _escaped(str(places.logs / "supervisord.log")),
        "pidfile": _escaped(str(places.supervisor_pid)),
        "directory": _escaped(str(places.root)),
        "childlogdir": _escaped(str(places.logs)),
    }
    parser["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    parser["supervisorctl"] = {"serverurl": f"unix://{_escaped(str(places.supervisor_socket))}"}
    # supervisor splits the value at white space and takes it for a pattern; a checkout's path may have both
    programs = re.sub(r"\s", "?", glob.escape(str(places.programs)))
    parser["include"] = {"files": _escaped(f"{programs}/*.conf")}
    return _text(parser)


class Supervisor:
    """The sandbox's supervisord."""

    def __init__(self, places: Places) -> None:
        """Use the supervisord that lives, or will live, at these places."""
        self.places = places

    def _rpc(self) -> xmlrpc.client.ServerProxy:
        from supervisor.xmlrpc import SupervisorTransport  # noqa: PLC0415 (absent in the plain wheel)

        url = f"unix://{self.places.supervisor_socket}"
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=SupervisorTransport("", "", url))

    def alive(self) -> bool:
        """Tell whether supervisord answers."""
        if not self.places.supervisor_socket.exists():
            return False
        try:
            state = self._rpc().supervisor.getState()
        except (OSError, xmlrpc.client.Error):
            return False
        return isinstance(state, dict) and state.get("statename") == "RUNNING"

    def start(self) -> None:
        """Start supervisord unless it answers, and wait until it does.

        What an earlier supervisord left running (it was killed) is ended first, so that nothing runs twice.

        Raises:
            Problem: it does not come up; the message carries what it said.
        """
        if self.alive():
            return
        for folder in (self.places.root, self.places.programs, self.places.logs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for program in self.declared():
            end_leftovers(self.places.started(program))
        self.places.supervisor_socket.unlink(missing_ok=True)
        self.places.supervisor_conf.write_text(configuration(self.places))
        for program in self.declared():
            self.places.run(program).mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.places.supervisor_conf)]
        said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if said.returncode or not _until(self.alive, 10):
            raise Problem(
                f"supervisord did not start (exit {said.returncode}): {(said.stderr or said.stdout).strip()[-600:]}\n"
                f"Its log: {self.places.logs / 'supervisord.log'}"
            )

    def stop(self) -> None:
        """Stop every program and supervisord itself; end what they may have left."""
        declared = self.declared()
        pid = self._pid()
        if self.alive():
            self._rpc().supervisor.shutdown()
            _until(lambda: not self.alive() and (pid is None or not Path(f"/proc/{pid}").exists()), 30)
        for program in declared:
            end_leftovers(self.places.started(program))

    def _pid(self) -> int | None:
        try:
            return int(self.places.supervisor_pid.read_text())
        except (OSError, ValueError):
            return None

    def declared(self) -> list[str]:
        """Return the names of the programs that supervisor was told to keep alive."""
        return sorted(path.stem for path in self.places.programs.glob("*.conf"))

    def states(self) -> dict[str, str]:
        """Return each program's state by name: RUNNING, STARTING, BACKOFF, and so on."""
        return {info["name"]: info["statename"] for info in self._infos()}

    def pids(self) -> dict[str, int]:
        """Return the process id of each running program by name."""
        return {info["name"]: info["pid"] for info in self._infos() if info["pid"]}

    def _infos(self) -> list[dict[str, Any]]:
        if not self.alive():
            return []
        infos = self._rpc().supervisor.getAllProcessInfo()
        return infos if isinstance(infos, list) else []

    def apply(self, program: Program, *, wait: bool = True) -> bool:
        """Have a program run as declared: added, restarted when its declaration changed, started when it was down.

        Args:
            program: what to run.
            wait: whether to return only when it has stayed up; else `wait_running` is the caller's to call.

        Returns:
            Whether it was (re)started.

        Raises:
            Problem: it does not stay up; the message carries the end of its log.
        """
        file = self.places.programs / f"{program.name}.conf"
        text = program.section(self.places)
        changed = not file.exists() or file.read_text() != text
        self.places.run(program.name).mkdir(parents=True, exist_ok=True)
        if not changed and self.states().get(program.name) in ("RUNNING", "STARTING"):
            if wait:
                self.wait_running(program.name)
            return False
        write_whole(file, text, 0o600)  # a program's environment may hold secrets
        self._forget(program.name)
        rpc = self._rpc().supervisor
        rpc.reloadConfig()
        rpc.addProcessGroup(program.name)
        if wait:
            self.wait_running(program.name)
        return True

    def down(self) -> None:
        """Stop every program and supervisord, and remove the sandbox's folder."""
        self.stop()
        shutil.rmtree(self.places.root, ignore_errors=True)

    def remove(self, name: str) -> None:
        """Stop a program and forget it; nothing happens if there is none."""
        (self.places.programs / f"{name}.conf").unlink(missing_ok=True)
        if self.alive():
            self._forget(name)
            self._rpc().supervisor.reloadConfig()
        end_leftovers(self.places.started(name))

    def _forget(self, name: str) -> None:
        """Have it stopped and removed; again, where it was being stopped or started by itself at that moment.

        Raises:
            Problem: it does not stop.
        """
        rpc = self._rpc().supervisor

        def forgotten() -> bool:
            for call in (rpc.stopProcessGroup, rpc.removeProcessGroup):
                try:
                    call(name)
                except xmlrpc.client.Fault as fault:
                    if fault.faultCode == STILL_RUNNING:
                        return False
                    if fault.faultCode not in (ALREADY_STOPPED, BAD_NAME):
                        raise
            return True

        if not _until(forgotten, STOPPED_WITHIN):
            raise Problem(f"{name} does not stop (supervisor: {self.states().get(name)}).\n{self.log_end(name)}")

    def hup(self, name: str) -> bool:
        """Have nginx read its configuration anew (SIGHUP to its master); returns False: nothing was restarted."""
        os.kill(self.pids()[name], signal.SIGHUP)
        return False

    def stop_program(self, name: str) -> None:
        """Stop one program; it stays declared, and nothing happens if it does not run."""
        try:
            self._rpc().supervisor.stopProcess(name)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != ALREADY_STOPPED:
                raise

    def restart(self, name: str, *, wait: bool = True) -> None:
        """Stop and start one program; ``wait`` until it has stayed up for its startsecs, else that is not judged."""
        self.stop_program(name)
        self._rpc().supervisor.startProcess(name, wait)

    def revive(self, name: str) -> None:
        """Start a program that supervisor has given up on, or that somebody stopped; nothing happens if it runs."""
        if self.states().get(name) not in ("RUNNING", "STARTING", "BACKOFF", "STOPPING"):
            self.restart(name, wait=False)

    def wait_running(self, name: str, seconds: float = 15) -> None:
        """Wait until a program has stayed up for its startsecs.

        Raises:
            Problem: it did not; with the end of its log.
        """
        if not _until(lambda: self.states().get(name) in ("RUNNING", "FATAL"), seconds) or (
            self.states().get(name) != "RUNNING"
        ):
            raise Problem(f"{name} does not stay up (supervisor: {self.states().get(name)}).\n{self.log_end(name)}")

    def log_end(self, name: str, characters: int = 800) -> str:
        """Return the end of a program's log, with the log's path."""
        log = self.places.logs / f"{name}.log"
        try:
            text = log.read_text(errors="replace")[-characters:].strip()
        except OSError:
            text = "(no log yet)"
        return f"The end of {log}:\n{text}"


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
