"""From the daemon's description of a container to the resource's state.

What the official provider does not read back (environment, labels, uploads, volumes, networks, grace, wait) keeps the
value of the inputs. What it reads is recorded as the daemon writes it, even where the program wrote it differently:
capabilities with their ``CAP_`` prefix, durations in Go's form; a program that does otherwise sees a change each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolchain.plugins.docker.container_request import MEBIBYTE
from toolchain.plugins.docker.labels import to_labels
from toolchain.plugins.docker.rules import format_duration


def container_state(inspected: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a container from ``GET /containers/ID/json`` and the inputs or state known so far."""
    config, host = inspected["Config"], inspected["HostConfig"]
    networks = inspected.get("NetworkSettings") or {}
    state = dict(known) | {
        "name": inspected["Name"].lstrip("/"),
        "image": inspected["Image"],
        "rm": host["AutoRemove"],
        "readOnly": host["ReadonlyRootfs"],
        "hostname": config["Hostname"],
        "domainname": config["Domainname"],
        "command": config["Cmd"] or [],
        "entrypoints": config["Entrypoint"] or [],
        "user": config["User"],
        "workingDir": config["WorkingDir"],
        "tty": config["Tty"],
        "stdinOpen": config["OpenStdin"],
        "stopSignal": config.get("StopSignal", ""),
        "stopTimeout": config.get("StopTimeout") or 0,
        "healthcheck": _healthcheck(config.get("Healthcheck")),
        "exitCode": inspected["State"]["ExitCode"],
        "bridge": networks.get("Bridge", ""),
        "ports": _ports(networks.get("Ports")),
        "networkDatas": _networks(networks.get("Networks")),
        "envs": known.get("envs", []),
        "labels": known.get("labels", []),
        "containerLogs": known.get("containerLogs", ""),
        "platform": known.get("platform", inspected.get("Platform", "")),
    }
    return state | _limits(host) | _isolation(host)


def _limits(host: Mapping[str, Any]) -> dict[str, Any]:
    swap = host["MemorySwap"]
    return {
        "restart": host["RestartPolicy"]["Name"] or "no",
        "maxRetryCount": host["RestartPolicy"]["MaximumRetryCount"],
        "memory": host["Memory"] // MEBIBYTE,
        "memoryReservation": host["MemoryReservation"] // MEBIBYTE,
        "memorySwap": swap // MEBIBYTE if swap > 0 else swap,
        "shmSize": host["ShmSize"] // MEBIBYTE,
        "cpuShares": host["CpuShares"],
        "cpuSet": host["CpusetCpus"],
        "ulimits": [
            {"name": limit["Name"], "soft": limit["Soft"], "hard": limit["Hard"]} for limit in host["Ulimits"] or ()
        ],
        "logDriver": host["LogConfig"]["Type"],
        "logOpts": host["LogConfig"]["Config"] or {},
        "storageOpts": host.get("StorageOpt") or {},
        "sysctls": host.get("Sysctls") or {},
    }


def _isolation(host: Mapping[str, Any]) -> dict[str, Any]:
    adds, drops = host["CapAdd"] or [], host["CapDrop"] or []
    return {
        "capabilities": {"adds": adds, "drops": drops} if adds or drops else None,
        "securityOpts": host["SecurityOpt"] or [],
        "privileged": host["Privileged"],
        "publishAllPorts": host["PublishAllPorts"],
        "init": bool(host.get("Init")),
        "runtime": host["Runtime"],
        "networkMode": host["NetworkMode"],
        "pidMode": host["PidMode"],
        "ipcMode": host["IpcMode"],
        "usernsMode": host["UsernsMode"],
        "groupAdds": host["GroupAdd"] or [],
        "dns": host["Dns"] or [],
        "dnsOpts": host["DnsOptions"] or [],
        "dnsSearches": host["DnsSearch"] or [],
        "hosts": [_host(entry) for entry in host["ExtraHosts"] or ()],
        "tmpfs": host.get("Tmpfs") or {},
        "mounts": [_mount(mount) for mount in host.get("Mounts") or ()],
        "devices": [
            {
                "hostPath": device["PathOnHost"],
                "containerPath": device["PathInContainer"],
                "permissions": device["CgroupPermissions"],
            }
            for device in host["Devices"] or ()
        ],
    }


def _host(entry: str) -> dict[str, str]:
    name, _, address = entry.partition(":")
    return {"host": name, "ip": address}


def _healthcheck(check: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not check:
        return None
    return {
        "tests": check.get("Test") or [],
        "interval": format_duration(check.get("Interval", 0)),
        "timeout": format_duration(check.get("Timeout", 0)),
        "startPeriod": format_duration(check.get("StartPeriod", 0)),
        "startInterval": format_duration(check.get("StartInterval", 0)),
        "retries": check.get("Retries", 0),
    }


def _ports(ports: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    found = []
    for name in sorted(ports or {}, key=lambda name: int(name.split("/")[0])):
        internal, protocol = name.split("/")
        found += [
            {
                "internal": int(internal),
                "external": int(binding["HostPort"]),
                "ip": binding["HostIp"],
                "protocol": protocol,
            }
            for binding in (ports or {})[name] or ()
        ]
    return found


def _networks(networks: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [
        {
            "networkName": name,
            "ipAddress": data["IPAddress"],
            "ipPrefixLength": data["IPPrefixLen"],
            "gateway": data["Gateway"],
            "globalIpv6Address": data["GlobalIPv6Address"],
            "globalIpv6PrefixLength": data["GlobalIPv6PrefixLen"],
            "ipv6Gateway": data["IPv6Gateway"],
            "macAddress": data.get("MacAddress", ""),
        }
        for name, data in sorted((networks or {}).items())
    ]


def _mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = {
        "type": mount["Type"],
        "target": mount["Target"],
        "source": mount.get("Source", ""),
        "readOnly": mount.get("ReadOnly", False),
    }
    if options := mount.get("BindOptions"):
        state["bindOptions"] = {"propagation": options.get("Propagation", "")}
    if options := mount.get("VolumeOptions"):
        driver = options.get("DriverConfig") or {}
        state["volumeOptions"] = {
            "noCopy": options.get("NoCopy", False),
            "labels": to_labels(options.get("Labels")),
            "driverName": driver.get("Name", ""),
            "driverOptions": driver.get("Options") or {},
        }
    if options := mount.get("TmpfsOptions"):
        state["tmpfsOptions"] = {"sizeBytes": options.get("SizeBytes", 0), "mode": options.get("Mode", 0)}
    return state
