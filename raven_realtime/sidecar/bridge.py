"""A change of routing labels without a gap: a bridging container carries the old route meanwhile.

Traefik drops a router that two containers define differently, so two generations whose routing labels differ cannot
serve side by side. The bridge is a copy of the container that serves, whose router has a name of its own and goes
first: it answers all that the old router answered, but for the path by which a sidecar names itself. What comes after
it may so be proved before anything is stopped (docs/adr/0005).
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from raven_realtime.problem import Problem
from raven_realtime.sidecar import containers, labels
from raven_realtime.sidecar.containers import Standing
from raven_realtime.sidecar.host import Failed, Host
from raven_realtime.sidecar.nginx import WHO
from raven_realtime.sidecar.way import BRIDGE_HEADER, ROUTE_SECONDS, Way, within

SUFFIX = "-bridge"
_NAMED = re.compile(r"(traefik\.http\.(?:routers|services|middlewares)\.)([^.]+)(\..*)")
_HIGHEST = 2_147_483_647


def bridge(host: Host, stack: str, routing: str, way: Way) -> str:
    """Have the old route carried by a bridge if the routing labels change; return what there is to say.

    Args:
        host: where.
        stack: whose containers.
        routing: the hash of the routing labels that the new generation has.
        way: where Traefik is asked; the host of the old route is asked for.

    Raises:
        Problem: the bridge does not come to serve; nothing was stopped.
    """
    standing = containers.of_stack(host, stack)
    serving = [one for one in standing if one.running and not one.bridges and one.health == "healthy"]
    apart = [one for one in serving if one.routing != routing]
    if not apart:
        containers.remove_bridges(host, stack)
        return "the routing labels do not change" if serving else "nothing serves yet"
    old = apart[0]
    bridges = [one for one in standing if one.bridges]
    usable = [one for one in bridges if one.running and one.health == "healthy"]  # of an update that was interrupted
    if not usable:
        containers.remove(host, bridges)
        usable = [_start(host, stack, old)]
    name, way = usable[0].name, way.at(old.host)
    if not way.ask().status:
        time.sleep(containers.TRAEFIK_LISTS_SECONDS)
        return (
            f"the routing labels change: {name} carries the route of {old.name} meanwhile (nobody answers for "
            f"{old.host} from here, so this is not proved; waited {containers.TRAEFIK_LISTS_SECONDS:.0f} s)"
        )
    if not within(ROUTE_SECONDS, way.leads_over_bridge) and way.ask().is_open:
        containers.remove_bridges(host, stack)
        raise Problem(
            f"The routing labels change, and Traefik does not lead https://{old.host}/socket.io/ over the bridging "
            f"container {name}, which was to serve while {old.name} is replaced.\nTraefik's log says why. "
            "Nothing was changed."
        )
    return f"the routing labels change: {name} carries the route of {old.name} meanwhile"


def started(host: Host, stack: str, keep: str, way: Way) -> Standing:
    """Have a container run, behind a bridge where it and what serves define the router differently.

    One that failed before was stopped, and one that is gone back to was on its way out.

    Raises:
        Failed: it does not run.
        Problem: as `bridge`.
    """
    kept = next(iter(containers.inspect(host, [keep])), None)
    if kept is None:
        raise Failed(f"there is no container {keep}", 1)
    others = [one for one in containers.of_stack(host, stack, "status=running") if one.id != kept.id]
    if any(one.routing != kept.routing for one in others if not one.bridges):
        bridge(host, stack, kept.routing, way)
    host.docker("start", kept.id)
    host.docker("exec", kept.id, "rm", "-f", containers.LEAVING)
    containers.until(5, lambda: containers.ready(host, kept.id))
    return containers.inspect(host, [kept.id])[0]


def _start(host: Host, stack: str, old: Standing) -> Standing:
    marks = {labels.STACK: stack, labels.BRIDGE: old.id}
    name = f"frappe-socketio{SUFFIX}-{old.id[:8]}"
    try:
        made = host.docker("create", *arguments(old.inspected, name, {**routing(old.labels), **marks}))
        networks = list(_networks(old.inspected))
        for network in networks[1:]:
            host.docker("network", "connect", "--alias", "frappe-socketio", network, made)
        host.docker("start", made)
        healthy = containers.await_healthy(host, made)
    except Failed as failed:
        containers.remove_bridges(host, stack)
        raise Problem(f"The bridging container {name} cannot be run:\n{failed}\nNothing was changed.") from None
    if not healthy:
        said = containers.last_health(host, made)
        containers.remove_bridges(host, stack)
        raise Problem(f"The bridging container {name} never becomes healthy: {said}\nNothing was changed.")
    return containers.inspect(host, [made])[0]


def routing(of: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of a router beside the one that labels define: the same route under another name, first."""
    own = {(match[1], match[2]) for key in of if (match := _NAMED.fullmatch(key))}
    made: dict[str, str] = {
        key: value for key, value in of.items() if key in {"traefik.enable", "traefik.docker.network"}
    }
    for key, value in of.items():
        if not (match := _NAMED.fullmatch(key)):
            continue
        start, name, rest = match.groups()
        said = value
        if start.endswith("routers."):
            header = f"{name}{SUFFIX}-header"
            if rest == ".rule":
                said = f"({value}) && !Path(`{WHO}`)"
            elif rest == ".priority":
                said = str(min(int(value) + 1, _HIGHEST))
            elif rest == ".middlewares":
                middlewares = [one.strip() for one in value.split(",")]
                mine = [f"{one}{SUFFIX}" if ("traefik.http.middlewares.", one) in own else one for one in middlewares]
                said = ",".join([header, *mine])
            made[f"traefik.http.middlewares.{header}.headers.customresponseheaders.{BRIDGE_HEADER}"] = "yes"
        made[f"{start}{name}{SUFFIX}{rest}"] = said
    return made


def arguments(inspected: Mapping[str, Any], name: str, marks: Mapping[str, str]) -> list[str]:
    """Return what `docker create` takes for a container like one that is there, with other labels."""
    config, settings = inspected["Config"], inspected["HostConfig"]
    check = config.get("Healthcheck") or {}
    limits = [f"{one['Name']}={one['Soft']}:{one['Hard']}" for one in settings.get("Ulimits") or ()]
    pairs: list[tuple[str, Any]] = [
        ("--name", name),
        *(("--label", f"{key}={value}") for key, value in sorted(marks.items())),
        ("--user", config.get("User")),
        ("--entrypoint", next(iter(config.get("Entrypoint") or ()), None)),
        ("--stop-signal", config.get("StopSignal")),
        ("--stop-timeout", config.get("StopTimeout")),
        ("--restart", (settings.get("RestartPolicy") or {}).get("Name")),
        ("--network", next(_networks(inspected), None)),
        *(("--tmpfs", f"{path}:{options}") for path, options in (settings.get("Tmpfs") or {}).items()),
        *(("--cap-drop", one) for one in settings.get("CapDrop") or ()),
        *(("--security-opt", one) for one in settings.get("SecurityOpt") or ()),
        *(("--sysctl", f"{key}={value}") for key, value in (settings.get("Sysctls") or {}).items()),
        *(("--ulimit", one) for one in limits),
        *(("--add-host", one) for one in settings.get("ExtraHosts") or ()),
        *(("--volume", one) for one in settings.get("Binds") or ()),
        *(("--mount", _mount(one)) for one in settings.get("Mounts") or ()),
        ("--memory", settings.get("Memory")),
        ("--memory-swap", settings.get("MemorySwap")),
        ("--pids-limit", settings.get("PidsLimit")),
        ("--log-driver", (settings.get("LogConfig") or {}).get("Type")),
        *(
            ("--log-opt", f"{key}={value}")
            for key, value in ((settings.get("LogConfig") or {}).get("Config") or {}).items()
        ),
        ("--health-cmd", (check.get("Test") or [None])[-1]),
        ("--health-interval", _nanoseconds(check.get("Interval"))),
        ("--health-timeout", _nanoseconds(check.get("Timeout"))),
        ("--health-retries", check.get("Retries")),
    ]
    given = [word for option, value in pairs if value for word in (option, str(value))]
    alias = ["--network-alias", "frappe-socketio"] if next(_networks(inspected), None) else []
    flags = [*given, *alias, *(["--read-only"] if settings.get("ReadonlyRootfs") else [])]
    return [*flags, str(inspected["Image"]), *(config.get("Cmd") or ())]


def _networks(inspected: Mapping[str, Any]) -> Iterator[str]:
    """Yield the networks that somebody made: the default one takes no alias and is joined anyway."""
    yield from (name for name in (inspected.get("NetworkSettings") or {}).get("Networks") or {} if name != "bridge")


def _mount(mount: Mapping[str, Any]) -> str:
    read_only = ",readonly" if mount.get("ReadOnly") else ""
    return f"type={mount['Type']},source={mount.get('Source', '')},target={mount['Target']}{read_only}"


def _nanoseconds(value: int | None) -> str:
    return f"{value}ns" if value else ""
