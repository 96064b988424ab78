"""A configuration is put into force: validated in the image it runs in, swapped, hot reloaded, proved by nginx's word.

If anything fails, the one before it stays in force.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx.fingerprint import STATUS_HOST, configuration_hash
from raven_realtime.proxies.record import record
from raven_realtime.sidecar import containers, labels, sizes
from raven_realtime.sidecar.configuration import CONFIG_FOLDER, USER, add_hosts
from raven_realtime.sidecar.containers import Standing
from raven_realtime.sidecar.host import Failed, Host

CONFIG, NEW, OLD = (f"{CONFIG_FOLDER}/{name}.conf" for name in ("nginx", "new", "old"))
TAKES_SECONDS = 10.0
"""How long nginx may take to answer with the new configuration after its reload."""
SETTLES_SECONDS = 5.0
"""How long it may take, after that, to tell its old workers to leave."""


@record
class Target:
    """Where a configuration goes."""

    stack: str
    generation: str
    volume: str
    image: str
    files: int
    host_gateway: bool = False
    """Whether Socket.IO is asked at the host's gateway address, whose name nginx has to know then."""


def install(host: Host, target: Target, configuration: str) -> list[str]:
    """Install a configuration; return what there is to say.

    Raises:
        Problem: nginx refuses it, or does not take it; or its container has no room for another reload.
    """
    marks = (f"label={labels.GENERATION}={target.generation}", "status=running")
    running = [one for one in containers.of_stack(host, target.stack, *marks) if not one.bridges]
    for one in running:
        _require_room(host, one)
    _in_image(host, target, "0", f"cat > {NEW} && chmod 644 {NEW}", configuration)
    try:
        _in_image(host, target, USER, f"nginx -t -q -e stderr -c {NEW}")
    except Failed as failed:
        _in_image(host, target, "0", f"rm -f {NEW}")
        raise Problem(f"nginx refuses the configuration; the one before it stays in force:\n{failed}") from None
    _in_image(host, target, "0", f"{{ [ ! -f {CONFIG} ] || cp {CONFIG} {OLD}; }} && mv {NEW} {CONFIG}")
    wanted = configuration_hash(configuration)
    said = [_reload(host, target, one, wanted) for one in running]
    return [*said, f"configuration {wanted} is in force"]


def _in_image(host: Host, target: Target, user: str, line: str, stdin: str | None = None) -> str:
    """Run a shell line as a user in the sidecar's image, with the sidecar's view of the configuration."""
    bounds = (
        *("--network", "none", "--cap-drop", "ALL", "--cap-add", "DAC_OVERRIDE", "--tmpfs", "/tmp"),  # noqa: S108
        *("--security-opt", "no-new-privileges", "--ulimit", f"nofile={target.files}:{target.files}"),
    )
    run = ("run", "--rm", "-i", *bounds, *add_hosts(gateway=target.host_gateway), "--user", user)
    volume = ("--volume", f"{target.volume}:{CONFIG_FOLDER}")
    return host.docker(*run, *volume, "--entrypoint", "sh", target.image, "-c", line, stdin=stdin)


def _require_room(host: Host, one: Standing) -> None:
    """Refuse where old workers have used up the room for another reload.

    Each reload leaves the workers that have sockets behind, and the container's limits hold only so many: past them
    nginx cannot fork the new workers, or the kernel ends one that serves.
    """
    old = _draining(host, one)
    if len(old) > sizes.DRAINING:
        raise Problem(
            f"{one.name} still has {len(old)} old workers that keep their sockets, and its limits have room for a "
            f"reload at up to {sizes.DRAINING}.\nThe oldest began to serve {old[0].split()[1]} ago. Each ends when its "
            "last socket closes. Nothing was changed.\nWait, and run pulumi up again; or end them on the server, then "
            f"their clients connect again in a few seconds:\n  docker top {one.name} -o pid,args "
            "| awk '/shutting down/ {print $1}' | xargs kill"
        )


def _reload(host: Host, target: Target, one: Standing, wanted: str) -> str:
    former = _serving(host, one)
    host.docker("kill", "--signal", "HUP", one.id)
    if not containers.until(TAKES_SECONDS, lambda: _answers(host, one) == wanted):
        _in_image(host, target, "0", f"[ ! -f {OLD} ] || mv {OLD} {CONFIG}")
        host.docker("kill", "--signal", "HUP", one.id)
        raise Problem(
            f"{one.name} does not take the new configuration; the one before it is in force again. nginx said:\n"
            f"{host.log(one.id)}"
        )
    # nginx tells its old workers to leave a moment after the new ones have begun to answer
    deadline = time.monotonic() + SETTLES_SECONDS
    while time.monotonic() < deadline and set(former) & set(_serving(host, one)):
        time.sleep(0.2)
    return (
        f"{one.name} has the new configuration; {len(_draining(host, one))} old workers keep their sockets until "
        "these close"
    )


def _answers(host: Host, one: Standing) -> str:
    try:
        return host.ask_inside(one.id, "/", STATUS_HOST)
    except Failed:
        return ""


def _draining(host: Host, one: Standing) -> Sequence[str]:
    return [line for line in host.lines("top", one.id, "-o", "pid,etime,args") if "shutting down" in line]


def _serving(host: Host, one: Standing) -> Sequence[str]:
    lines = host.lines("top", one.id, "-o", "pid,args")
    return [line.split()[0] for line in lines if line.rstrip().endswith("worker process")]
