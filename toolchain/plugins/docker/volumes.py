"""The Volume resource."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from docker.errors import APIError, NotFound

from toolchain.plugins.docker.failure import ProviderError
from toolchain.plugins.docker.images import Daemon
from toolchain.plugins.docker.labels import from_labels, to_labels

REMOVAL_SECONDS = 30
"""How long a removal waits for the last container to let go."""


def create(daemon: Daemon, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Create a volume; gives its id, which is its name, and state."""
    try:
        volume = daemon.client.create_volume(
            inputs.get("name"), inputs.get("driver"), inputs.get("driverOpts"), from_labels(inputs.get("labels"))
        )
    except APIError as error:
        raise ProviderError(f"Unable to create volume: {error.explanation or error}") from error
    return _recorded(volume, inputs)


def read(daemon: Daemon, resource_id: str, state: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the id and state of a volume now; None when it is gone."""
    try:
        return _recorded(daemon.client.inspect_volume(resource_id), state)
    except NotFound:
        return None


def update(_daemon: Daemon, _resource_id: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing of a volume changes in place."""
    return dict(state) | dict(inputs)


def delete(daemon: Daemon, resource_id: str, _state: Mapping[str, Any]) -> None:
    """Remove a volume, waiting for containers that are about to let go of it; one that is gone is gone.

    The original asks with ``force``, and the daemon then answers 204 for a volume that does not exist. docker-py takes
    the option and does not send it.
    """
    deadline = time.monotonic() + REMOVAL_SECONDS
    while True:
        try:
            daemon.client.remove_volume(resource_id)
        except NotFound:
            return
        except APIError as error:
            said = str(error.explanation or error)
            waits = "volume is in use" in said and time.monotonic() < deadline
            if not waits or not daemon.keeps_waiting(1):
                raise ProviderError(f"Unable to remove volume: {said}") from error
        else:
            return


def _recorded(volume: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    return volume["Name"], dict(inputs) | {
        "name": volume["Name"],
        "labels": to_labels(volume.get("Labels")),
        "driver": volume["Driver"],
        "driverOpts": volume.get("Options") or {},
        "mountpoint": volume["Mountpoint"],
    }
