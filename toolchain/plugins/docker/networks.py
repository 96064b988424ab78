"""The Network resource."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from toolchain.plugins.docker.failure import ProviderError
from toolchain.plugins.docker.images import Daemon
from toolchain.plugins.docker.labels import from_labels, to_labels

REMOVAL_SECONDS = 30
"""How long a removal waits for the last container to leave."""


def create(daemon: Daemon, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Create a network; gives its id and state."""
    ipam = IPAMConfig(
        driver=inputs.get("ipamDriver") or "default",
        pool_configs=[_pool(config) for config in inputs.get("ipamConfigs") or ()],
        options=inputs.get("ipamOptions"),
    )
    try:
        made = daemon.client.create_network(
            inputs["name"],
            driver=inputs.get("driver") or "bridge",
            options=inputs.get("options"),
            ipam=ipam,
            check_duplicate=True,
            internal=inputs.get("internal", False),
            labels=from_labels(inputs.get("labels")),
            enable_ipv6=inputs.get("ipv6", False),
            attachable=inputs.get("attachable"),
            ingress=inputs.get("ingress"),
        )["Id"]
    except APIError as error:
        raise ProviderError(f"Unable to create network: {error.explanation or error}") from error
    found = read(daemon, made, inputs)
    if found is None:
        raise ProviderError(f"network {inputs['name']} was created and is gone again")
    return found


def read(daemon: Daemon, resource_id: str, state: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the id and state of a network now; None when it is gone."""
    try:
        network = daemon.client.inspect_network(resource_id)
    except NotFound:
        return None
    ipam = network.get("IPAM") or {}
    return network["Id"], dict(state) | {
        "name": network["Name"],
        "labels": to_labels(network.get("Labels")),
        "driver": network["Driver"],
        "internal": network["Internal"],
        "attachable": network["Attachable"],
        "ingress": network["Ingress"],
        "ipv6": network["EnableIPv6"],
        "ipamDriver": ipam.get("Driver", ""),
        "ipamConfigs": [_from_ipam(config) for config in ipam.get("Config") or []],
        "options": network.get("Options") or {},
        "scope": network["Scope"],
    }


def look_up(daemon: Daemon, name: str) -> dict[str, Any] | None:
    """Return what getNetwork answers: the network and who is on it; None when there is no such network."""
    found = read(daemon, name, {})
    if found is None:
        return None
    id_, state = found
    attached = daemon.client.inspect_network(id_).get("Containers") or {}
    kept = ("driver", "internal", "ipamConfigs", "name", "options", "scope")
    return {key: state[key] for key in kept} | {
        "id": id_,
        "containers": [
            {
                "containerId": container,
                "name": data["Name"],
                "endpointId": data["EndpointID"],
                "macAddress": data["MacAddress"],
                "ipv4Address": data["IPv4Address"],
                "ipv6Address": data["IPv6Address"],
            }
            for container, data in sorted(attached.items())
        ],
    }


def update(_daemon: Daemon, _resource_id: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing of a network changes in place."""
    return dict(state) | dict(inputs)


def delete(daemon: Daemon, resource_id: str, _state: Mapping[str, Any]) -> None:
    """Remove a network, waiting for containers that are about to leave it."""
    deadline = time.monotonic() + REMOVAL_SECONDS
    while True:
        try:
            daemon.client.remove_network(resource_id)
        except NotFound:
            return
        except APIError as error:
            said = str(error.explanation or error)
            waits = "has active endpoints" in said and time.monotonic() < deadline
            if not waits or not daemon.keeps_waiting(1):
                raise ProviderError(f"Unable to remove network: {said}") from error
        else:
            return


def _pool(config: Mapping[str, Any]) -> IPAMPool:
    return IPAMPool(
        subnet=config.get("subnet"),
        iprange=config.get("ipRange"),
        gateway=config.get("gateway"),
        aux_addresses=config.get("auxAddress"),
    )


def _from_ipam(config: Mapping[str, Any]) -> dict[str, Any]:
    names = {"Subnet": "subnet", "IPRange": "ipRange", "Gateway": "gateway", "AuxiliaryAddresses": "auxAddress"}
    return {name: config[key] for key, name in names.items() if config.get(key)}
