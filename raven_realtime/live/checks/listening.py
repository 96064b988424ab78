"""Who listens on the port of Socket.IO, on which address, and how many processes answer there."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from raven_realtime.findings import Finding, explain
from raven_realtime.live.generation import Generation, of_process
from raven_realtime.live.inside import Inside, look
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target
from raven_realtime.machine import CannotLook, Listener

CHECK = Check(
    name="listening",
    title="The port of Socket.IO",
    proves="A process listens on the port of Socket.IO, on an address that its proxy reaches.",
    rank=250,
    through=("realtime",),
)

REALTIME = re.compile(r"socketio\.js|socketio_server|frappe[./]realtime|realtime/(?:index|server)\.js", re.IGNORECASE)
"""What stands in the command line of Frappe's realtime servers (Procfiles of bench; frappe, realtime/README.md)."""
FROZEN = ("RT002", "RT003", "RT025", "RT038", "RT046")
"""What shows outside when the process does not run on."""
_STATE = re.compile(r"^State:\s+([Tt] \([^)]*\))", re.MULTILINE)


async def check(_target: Target, inside: Inside) -> Result:
    """Look at the listening sockets of the machine."""
    return await look(CHECK.name, lambda: _judge(inside))


def _judge(inside: Inside) -> Result:
    listening = [one for one in inside.machine.listeners() if one.port == inside.port]
    if not listening:
        return _absent(inside)
    addresses = ", ".join(map(str, listening))
    found: list[Finding] = [*_frozen(inside, listening)]
    if all(one.loopback for one in listening) and inside.docker is not None and _proxied_from_docker(inside):
        said = f"{addresses}: loopback only, and its proxy runs in a container"
        found.append(explain("RT003").found(said, stack="frappe_docker", causes=("RT002",)))
    count = len({one.pid for one in listening if one.pid})
    generations = {one for each in listening if (one := generation_of(inside, each))}
    kinds = sorted({kind(one) for one in listening})
    many = f", {count} processes" if count > 1 else ""
    return Result.of(
        CHECK.name,
        f"{addresses}: {', '.join(kinds)}{many}",
        *found,
        processes=count,
        realtime=kinds,
        port=inside.port,
        **({"generation": generations.pop().value} if len(generations) == 1 else {}),
    )


def _absent(inside: Inside) -> Result:
    """Nothing listens here: a fault on the machine of a bench, and nothing to say where Socket.IO may be elsewhere."""
    if elsewhere := realtime(inside):
        where = ", ".join(map(str, elsewhere))
        said = f"nothing listens on port {inside.port}, and Socket.IO does on {where}"
        if inside.bench is None and not inside.outside:
            return Result.of(CHECK.name, said)  # no file that is read says 9000, and all is well outside
        return Result.of(CHECK.name, said, explain("RT016").found(said, stack="bench" if inside.bench else ""))
    if inside.bench is None:
        raise CannotLook(f"nothing listens on port {inside.port} of this machine; Socket.IO may run in a container")
    said = f"nothing listens on port {inside.port}, which the bench's configuration gives Socket.IO"
    return Result.of(CHECK.name, said, explain("RT002").found(said, stack="bench"))


def command_line(inside: Inside, listener: Listener) -> str:
    """Return the arguments of the process that listens, joined by spaces; empty where they do not show."""
    if not listener.pid:
        return ""
    try:
        return inside.machine.read(Path(f"/proc/{listener.pid}/cmdline")).replace("\0", " ").strip()
    except CannotLook:
        return ""


def generation_of(inside: Inside, listener: Listener) -> Generation | None:
    """Return which of Frappe's realtime servers a process is, by its command line, its libraries and Frappe's files."""
    libraries = ""
    if listener.pid and kind(listener) == "Python":
        with contextlib.suppress(CannotLook):
            libraries = inside.machine.read(Path(f"/proc/{listener.pid}/maps"))
    return of_process(listener.process, command_line(inside, listener), inside.frappe, libraries)


def realtime(inside: Inside) -> list[Listener]:
    """Return where processes listen that are Frappe's realtime server by their command lines: the bench's own only."""
    try:
        listening = inside.machine.listeners()
    except CannotLook:
        return []
    likely = [one for one in listening if kind(one) in {"Node", "Python"}]
    return [one for one in likely if REALTIME.search(command_line(inside, one)) and _of_bench(inside, one)]


def _of_bench(inside: Inside, listener: Listener) -> bool:
    """Whether a process works in the bench's folder; where none is named, every one counts."""
    if inside.bench is None:
        return True
    try:
        folder = inside.machine.run("readlink", "-f", "--", f"/proc/{listener.pid}/cwd").strip()
        bench = inside.machine.run("readlink", "-f", "--", str(inside.bench)).strip()
    except CannotLook:
        return False
    return Path(folder).is_relative_to(bench)


def _frozen(inside: Inside, listening: list[Listener]) -> Iterator[Finding]:
    """Yield the processes that are stopped: the kernel accepts connections for them, and nobody answers."""
    for one in listening:
        try:
            state = _STATE.search(inside.machine.read(Path(f"/proc/{one.pid}/status"))) if one.pid else None
        except CannotLook:
            continue
        if state:
            said = f"{one}: the process is stopped (state {state[1]}): it accepts connections and answers none"
            remedy = f"Let it go on: `kill -CONT {one.pid}`, or restart it. Somebody stopped it: a debugger, or Ctrl-Z."
            yield explain("RT038").found(said, remedy=remedy, hop="realtime", causes=FROZEN)


def _proxied_from_docker(inside: Inside) -> bool:
    try:
        return any(
            one.label("traefik.enable") == "true" and "socket" in one.name and one.network_mode != "host"
            for one in inside.containers
        )
    except CannotLook:
        return False


def kind(listener: Listener) -> str:
    """Return which realtime server a process is, by its program's name."""
    name = listener.process.lower()
    if name.startswith(("node", "mainthread")):
        return "Node"
    if name.startswith(("python", "gunicorn", "uvicorn")):
        return "Python"
    return name or "a process that does not show itself"
