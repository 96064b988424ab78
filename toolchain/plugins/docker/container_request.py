"""From a container's inputs to the body of the daemon's request that creates it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolchain.plugins.docker.failure import ProviderError
from toolchain.plugins.docker.labels import from_labels
from toolchain.plugins.docker.rules import parse_duration

MEBIBYTE = 1024 * 1024


def request(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of ``POST /containers/create``.

    Raises:
        ProviderError: inputs contradict each other.
    """
    binds = _binds(inputs)
    exposed, bindings = _ports(inputs)
    if any(not word for word in inputs.get("command") or ()):
        raise ProviderError("values for command may not be empty")
    config = {
        "Image": inputs["image"],
        "Hostname": inputs.get("hostname"),
        "Domainname": inputs.get("domainname"),
        "Tty": inputs.get("tty"),
        "OpenStdin": inputs.get("stdinOpen"),
        "Env": inputs.get("envs"),
        "Cmd": inputs.get("command"),
        "Entrypoint": inputs.get("entrypoints"),
        "User": inputs.get("user"),
        "WorkingDir": inputs.get("workingDir"),
        "StopSignal": inputs.get("stopSignal"),
        "StopTimeout": inputs.get("stopTimeout"),
        "Labels": from_labels(inputs.get("labels")),
        "ExposedPorts": exposed,
        "Volumes": binds["Volumes"],
        "Healthcheck": _healthcheck(inputs.get("healthcheck")),
        "HostConfig": _host_config(inputs, binds, bindings),
    }
    return {key: value for key, value in config.items() if value not in (None, [], {}, "")}


def _host_config(inputs: Mapping[str, Any], binds: Mapping[str, Any], bindings: Mapping[str, Any]) -> dict[str, Any]:
    capabilities = inputs.get("capabilities") or {}
    config = {
        "Privileged": inputs.get("privileged"),
        "PublishAllPorts": inputs.get("publishAllPorts"),
        "RestartPolicy": {"Name": inputs["restart"], "MaximumRetryCount": inputs.get("maxRetryCount", 0)},
        "AutoRemove": inputs.get("rm"),
        "ReadonlyRootfs": inputs.get("readOnly"),
        "LogConfig": {"Type": inputs.get("logDriver", ""), "Config": inputs.get("logOpts") or {}},
        "Mounts": [_mount(mount) for mount in inputs.get("mounts") or ()],
        "Tmpfs": inputs.get("tmpfs"),
        "PortBindings": bindings,
        "ExtraHosts": [f"{host['host']}:{host['ip']}" for host in inputs.get("hosts") or ()],
        "Binds": binds["Binds"],
        "VolumesFrom": binds["VolumesFrom"],
        "Ulimits": [
            {"Name": limit["name"], "Soft": limit["soft"], "Hard": limit["hard"]}
            for limit in inputs.get("ulimits") or ()
        ],
        "CapAdd": capabilities.get("adds"),
        "CapDrop": capabilities.get("drops"),
        "Devices": [_device(device) for device in inputs.get("devices") or ()],
        "Dns": inputs.get("dns"),
        "DnsOptions": inputs.get("dnsOpts"),
        "DnsSearch": inputs.get("dnsSearches"),
        "SecurityOpt": inputs.get("securityOpts"),
        "Memory": inputs.get("memory", 0) * MEBIBYTE,
        "MemoryReservation": inputs.get("memoryReservation", 0) * MEBIBYTE,
        "MemorySwap": _swap(inputs.get("memorySwap", 0)),
        "ShmSize": inputs.get("shmSize", 0) * MEBIBYTE,
        "CpuShares": inputs.get("cpuShares"),
        "CpusetCpus": inputs.get("cpuSet"),
        "CpuPeriod": inputs.get("cpuPeriod"),
        "CpuQuota": inputs.get("cpuQuota"),
        "NanoCpus": round(float(inputs["cpus"]) * 10**9) if inputs.get("cpus") else None,
        "NetworkMode": inputs.get("networkMode"),
        "UsernsMode": inputs.get("usernsMode"),
        "PidMode": inputs.get("pidMode"),
        "CgroupnsMode": inputs.get("cgroupnsMode"),
        "CgroupParent": inputs.get("cgroupParent"),
        "Sysctls": inputs.get("sysctls"),
        "StorageOpt": inputs.get("storageOpts"),
        "IpcMode": inputs.get("ipcMode"),
        "GroupAdd": inputs.get("groupAdds"),
        "Init": inputs.get("init"),
        "Runtime": inputs.get("runtime"),
    }
    return {key: value for key, value in config.items() if value not in (None, [], {}, "", 0)}


def _swap(mebibytes: int) -> int:
    return mebibytes * MEBIBYTE if mebibytes > 0 else mebibytes


def _healthcheck(check: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not check:
        return None
    return {
        "Test": check.get("tests"),
        "Interval": parse_duration(check.get("interval", "0s")),
        "Timeout": parse_duration(check.get("timeout", "0s")),
        "StartPeriod": parse_duration(check.get("startPeriod", "0s")),
        "Retries": check.get("retries", 0),
    } | ({"StartInterval": interval} if (interval := parse_duration(check.get("startInterval", "0s"))) else {})


def _ports(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    bindings: dict[str, list[dict[str, str]]] = {}
    for port in inputs.get("ports") or ():
        external = str(port["external"]) if port.get("external") else ""
        name = f"{port['internal']}/{port['protocol']}"
        bindings.setdefault(name, []).append({"HostIp": port["ip"], "HostPort": external})
    return {name: {} for name in bindings}, bindings


def _binds(inputs: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Volumes": {}, "Binds": [], "VolumesFrom": []}
    for volume in inputs.get("volumes") or ():
        other, path = volume.get("fromContainer"), volume.get("containerPath")
        source = volume.get("hostPath") or volume.get("volumeName")
        if bool(other) == bool(path):
            raise ProviderError("a volume needs either 'containerPath' or 'fromContainer', and not both")
        if other:
            found["VolumesFrom"].append(other)
            continue
        found["Volumes"][path] = {}
        if source:
            found["Binds"].append(f"{source}:{path}:{'ro' if volume.get('readOnly') else 'rw'}")
    return found


def _device(device: Mapping[str, Any]) -> dict[str, str]:
    return {
        "PathOnHost": device["hostPath"],
        "PathInContainer": device.get("containerPath") or device["hostPath"],
        "CgroupPermissions": device.get("permissions") or "rwm",
    }


def _mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "Type": mount["type"],
        "Target": mount["target"],
        "Source": mount.get("source", ""),
        "ReadOnly": mount.get("readOnly", False),
    }
    match mount["type"]:
        case "bind" if options := mount.get("bindOptions"):
            body["BindOptions"] = {"Propagation": options.get("propagation", "")}
        case "volume" if options := mount.get("volumeOptions"):
            body["VolumeOptions"] = {
                "NoCopy": options.get("noCopy", False),
                "Labels": from_labels(options.get("labels")),
                "DriverConfig": {"Name": options.get("driverName", ""), "Options": options.get("driverOptions")},
            }
        case "tmpfs" if options := mount.get("tmpfsOptions"):
            body["TmpfsOptions"] = {"SizeBytes": options.get("sizeBytes", 0), "Mode": options.get("mode", 0)}
    return body
