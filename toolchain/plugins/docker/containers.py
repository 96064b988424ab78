"""The Container resource: create, read, update and delete, in the order and within the limits of the official one."""

from __future__ import annotations

import base64
import io
import tarfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound
from docker.utils import version_lt

from toolchain.plugins.docker.container_request import MEBIBYTE, request
from toolchain.plugins.docker.container_state import container_state
from toolchain.plugins.docker.failure import PartlyCreatedError, ProviderError
from toolchain.plugins.docker.images import Daemon

UPDATED = ("restart", "maxRetryCount", "cpuShares", "memory", "memoryReservation", "cpuSet", "memorySwap")
"""What the daemon changes on a running container; of the rest the new value is recorded and the container stays."""

POLL_SECONDS = 0.1


def create(daemon: Daemon, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Create and start a container; gives its id and state.

    Raises:
        ProviderError: it could not be created, or exited at once (it is removed again).
        PartlyCreatedError: it was created but not started, filled or healthy.
    """
    client = daemon.client
    try:
        daemon.image_pulled(inputs["image"], inputs.get("platform"))
    except ProviderError as error:
        raise ProviderError(f"Unable to create container with image {inputs['image']}: {error}") from error
    config = request(inputs)
    if config.get("Healthcheck", {}).get("StartInterval") and version_lt(client.api_version, "1.44"):
        raise ProviderError("healthcheck.startInterval needs Docker 25 (API 1.44); this daemon is older")
    try:
        made = client.create_container_from_config(config, inputs["name"], inputs.get("platform"))["Id"]
    except APIError as error:
        raise ProviderError(f"Unable to create container: {error.explanation or error}") from error
    try:
        logs = _bring_up(daemon, made, inputs)
        return made, _settled(daemon, made, dict(inputs) | logs)
    except _FailedStepError as error:
        raise PartlyCreatedError(made, _described(daemon, made, inputs), str(error)) from error


class _FailedStepError(Exception):
    """A step after the creation failed; the container stays."""


def _bring_up(daemon: Daemon, container: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    client = daemon.client
    _step("connect the container to its networks", _connect, daemon, container, inputs)
    for upload in inputs.get("uploads") or ():
        _step(f"upload {upload['file']}", client.put_archive, container, "/", _archive(upload))
    if not inputs["start"]:
        return {}
    _step("start container", client.start, container)
    if inputs["wait"]:
        _wait_until_healthy(daemon, container, inputs["waitTimeout"])
    if not inputs["attach"]:
        return {}
    while client.inspect_container(container)["State"]["Running"]:
        _pause(daemon, "end")
    return {"containerLogs": client.logs(container).decode(errors="replace")} if inputs["logs"] else {}


def _pause(daemon: Daemon, what: str) -> None:
    if not daemon.keeps_waiting(POLL_SECONDS):
        raise _FailedStepError(f"the update was cancelled while waiting for the container to {what}")


def _step(what: str, action: Any, *arguments: Any) -> None:
    try:
        action(*arguments)
    except APIError as error:
        raise _FailedStepError(f"Unable to {what}: {error.explanation or error}") from error


def _connect(daemon: Daemon, container: str, inputs: Mapping[str, Any]) -> None:
    networks = inputs.get("networksAdvanced") or ()
    if not networks:
        return
    client = daemon.client
    try:
        client.disconnect_container_from_network(container, "bridge")
    except APIError as error:
        if "is not connected to" not in str(error.explanation):
            raise
    for network in networks:
        client.connect_container_to_network(
            container,
            network["name"],
            aliases=network.get("aliases"),
            ipv4_address=network.get("ipv4Address"),
            ipv6_address=network.get("ipv6Address"),
            link_local_ips=network.get("linkLocalIps"),
            driver_opt=dict(option.split("=", 1) for option in network.get("driverOpts") or ()) or None,
            mac_address=network.get("macAddress"),
        )


def _archive(upload: Mapping[str, Any]) -> bytes:
    given = [key for key in ("content", "contentBase64", "source") if upload.get(key)]
    if len(given) != 1:
        raise _FailedStepError(
            f"error with upload content of {upload['file']}: exactly one of 'content', 'contentBase64' or 'source' "
            f"must be set, and it must not be empty; set are: {', '.join(given) or 'none'}"
        )
    match given[0]:
        case "content":
            content = upload["content"].encode()
        case "contentBase64":
            content = base64.b64decode(upload["contentBase64"])
        case _:
            try:
                content = Path(upload["source"]).read_bytes()
            except OSError as error:
                raise _FailedStepError(f"could not read file: {error}") from error
    member = tarfile.TarInfo(upload["file"].lstrip("/"))
    member.size = len(content)
    member.mtime = int(time.time())
    member.mode = int(upload["permissions"], 8) if upload.get("permissions") else 0o644
    if upload.get("executable") and not upload.get("permissions"):
        member.mode = 0o744
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def _wait_until_healthy(daemon: Daemon, container: str, seconds: int) -> None:
    deadline = time.monotonic() + seconds
    while True:
        state = daemon.client.inspect_container(container)["State"]
        if "Health" not in state:
            raise _FailedStepError("you have to specify a healthcheck to wait for the container to be healthy")
        if state["Health"]["Status"] == "healthy":
            return
        if time.monotonic() > deadline:
            last = [entry["Output"].strip() for entry in state["Health"].get("Log") or ()][-1:]
            said = f"; its health check last said: {last[0]}" if last and last[0] else ""
            raise _FailedStepError(f"container not in healthy state in time ({seconds} s){said}")
        _pause(daemon, "be healthy")


def _settled(daemon: Daemon, container: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Wait until a new container runs, as far as it must, and return its state."""
    if not (inputs["mustRun"] and inputs["start"]):
        return _described(daemon, container, inputs)
    deadline = time.monotonic() + inputs["containerReadRefreshTimeoutMilliseconds"] / 1000
    while True:
        _pause(daemon, "run")  # before the first look too, as the original does: most that exit do so at once
        try:
            inspected = daemon.client.inspect_container(container)
        except NotFound as error:
            raise ProviderError("container exited immediately and, having `rm`, is gone") from error
        state = inspected["State"]
        if state["Running"] and not state["Restarting"]:
            return container_state(inspected, inputs)
        if not state["Restarting"]:
            logs = daemon.client.logs(container, tail=5).decode(errors="replace").strip()
            _remove(daemon, container, inputs)
            raise ProviderError(f"container exited immediately (exit code {state['ExitCode']}); it said: {logs}")
        if time.monotonic() > deadline:
            raise _FailedStepError("container failed to be in running state")


def _described(daemon: Daemon, container: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return container_state(daemon.client.inspect_container(container), inputs)


def read(daemon: Daemon, resource_id: str, state: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the id and state of a container now; None when it is gone.

    A container that must run and does not is recorded with ``mustRun: false``, so that the next update starts it.
    """
    try:
        inspected = daemon.client.inspect_container(resource_id)
    except NotFound:
        return None
    found = container_state(inspected, state)
    if not inspected["State"]["Running"] and state.get("mustRun", True):
        found["mustRun"] = False
    return inspected["Id"], found


def update(daemon: Daemon, resource_id: str, state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Change limits and restart policy in place, and start a container that must run and was found stopped.

    Others (``healthcheck``, ``tmpfs``) are recorded only: the daemon cannot change them on a container that exists.
    """
    client = daemon.client
    changed = [key for key in UPDATED if (state.get(key) or None) != (inputs.get(key) or None)]
    if changed:
        swap = inputs.get("memorySwap", 0)
        try:
            client.update_container(
                resource_id,
                restart_policy={"Name": inputs["restart"], "MaximumRetryCount": inputs.get("maxRetryCount", 0)},
                cpu_shares=inputs.get("cpuShares"),
                cpuset_cpus=inputs.get("cpuSet"),
                mem_limit=inputs.get("memory", 0) * MEBIBYTE,
                mem_reservation=inputs.get("memoryReservation", 0) * MEBIBYTE,
                memswap_limit=swap * MEBIBYTE if swap > 0 else swap,
            )
        except APIError as error:
            raise ProviderError(f"Unable to update a container: {error.explanation or error}") from error
    if inputs["mustRun"] and state.get("mustRun") is False:
        try:
            client.start(resource_id)
        except APIError as error:
            raise ProviderError(f"Unable to start container: {error.explanation or error}") from error
        return _described(daemon, resource_id, dict(state) | dict(inputs))
    return dict(state) | dict(inputs)


def delete(daemon: Daemon, resource_id: str, state: Mapping[str, Any]) -> None:
    """Stop a container, within its grace period, and remove it with its anonymous volumes; one that is gone is gone.

    Raises:
        ProviderError: it could not be stopped.
    """
    if not state.get("attach"):
        grace = state.get("destroyGraceSeconds") or 0
        try:
            daemon.client.stop(resource_id, timeout=grace)
        except NotFound:
            return
        except APIError as error:
            raise ProviderError(f"Error stopping container {resource_id}: {error.explanation or error}") from error
    _remove(daemon, resource_id, state)


def _remove(daemon: Daemon, container: str, state: Mapping[str, Any]) -> None:
    client = daemon.client
    try:
        client.remove_container(container, v=bool(state.get("removeVolumes", True)), force=True)
    except NotFound:
        return
    except APIError as error:
        if "is already in progress" not in str(error.explanation):
            raise ProviderError(f"Error deleting container {container}: {error.explanation or error}") from error
    with suppress(NotFound):
        client.wait(container, condition="removed")
