"""Who listens on the port of Socket.IO, on which address, and how many processes answer there."""

from __future__ import annotations

from raven_realtime.findings import Finding, explain
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


async def check(_target: Target, inside: Inside) -> Result:
    """Look at the listening sockets of the machine."""
    return await look(CHECK.name, lambda: _judge(inside))


def _judge(inside: Inside) -> Result:
    listening = [one for one in inside.machine.listeners() if one.port == inside.port]
    if not listening:
        return _absent(inside)
    addresses = ", ".join(map(str, listening))
    found: list[Finding] = []
    if all(one.loopback for one in listening) and inside.docker is not None and _proxied_from_docker(inside):
        said = f"{addresses}: loopback only, and its proxy runs in a container"
        found.append(explain("RT003").found(said, stack="frappe_docker", causes=("RT002",)))
    count = len({one.pid for one in listening if one.pid})
    kinds = sorted({kind(one) for one in listening})
    many = f", {count} processes" if count > 1 else ""
    return Result.of(
        CHECK.name, f"{addresses}: {', '.join(kinds)}{many}", *found, processes=count, realtime=kinds, port=inside.port
    )


def _absent(inside: Inside) -> Result:
    """Nothing listens here: a fault on the machine of a bench, and nothing to say where Socket.IO may be elsewhere."""
    if inside.bench is None:
        raise CannotLook(f"nothing listens on port {inside.port} of this machine; Socket.IO may run in a container")
    said = f"nothing listens on port {inside.port}, which the bench's configuration gives Socket.IO"
    return Result.of(CHECK.name, said, explain("RT002").found(said, stack="bench"))


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
