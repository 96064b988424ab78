"""Images: find or pull them, and the RemoteImage resource."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from docker.auth import AuthConfig
from docker.errors import APIError, ImageNotFound, NotFound
from docker.utils import parse_repository_tag

from toolchain.plugins.docker.failure import ProviderError


@dataclass(frozen=True)
class Daemon:
    """A daemon, and the credentials for the registries that it pulls from."""

    client: Any
    """A ``docker.APIClient``, whose types are incomplete."""
    registry_auth: Sequence[Mapping[str, Any]] = field(default=())
    stopping: Event = field(default_factory=Event)
    """Set when the update was cancelled: what waits gives up, so that what was made so far is recorded."""

    def keeps_waiting(self, seconds: float) -> bool:
        """Pause for a moment; false when the update was cancelled."""
        return not self.stopping.wait(seconds)

    def image(self, name: str) -> dict[str, Any] | None:
        """Return what the daemon knows of an image by name, digest or id; None when it does not have it."""
        try:
            return dict(self.client.inspect_image(name))
        except (ImageNotFound, NotFound):
            return None

    def image_pulled(self, name: str, platform: str | None = None) -> dict[str, Any]:
        """Return an image that the daemon has, or has pulled now.

        Raises:
            ProviderError: there is no such image, here or at the registry.
        """
        found = self.image(name)
        if found is None:
            self._pull(name, platform)
            found = self.image(name)
        if found is None:
            raise ProviderError(f"unable to find or pull image {name}")
        return found

    def _pull(self, name: str, platform: str | None) -> None:
        repository, tag = parse_repository_tag(name)
        try:
            self.client.pull(
                repository, tag=tag or "latest", platform=platform, auth_config=self.credentials(repository)
            )
        except (APIError, NotFound) as error:
            raise ProviderError(f"unable to pull image {name}: {error.explanation or error}") from error

    def credentials(self, repository: str) -> dict[str, str] | None:
        """Return the credentials for the registry of an image's name, if there are any."""
        registry = registry_of(repository)
        for entry in self.registry_auth:
            address = entry["address"].removeprefix("https://").removeprefix("http://").split("/")[0]
            if address != registry or entry.get("authDisabled"):
                continue
            if entry.get("username"):
                return {"username": entry["username"], "password": entry.get("password", "")}
            return _from_file(entry, registry)
        return None


def registry_of(repository: str) -> str:
    """Return the registry of an image name: ``localhost:5000`` of ``localhost:5000/nginx``, else Docker Hub's."""
    first, slash, _ = repository.partition("/")
    is_host = bool(slash) and (any(c in first for c in ".:") or first == "localhost")
    return first if is_host else "registry-1.docker.io"


def _from_file(entry: Mapping[str, Any], registry: str) -> dict[str, str] | None:
    if entry.get("configFileContent"):
        text = entry["configFileContent"]
    elif entry.get("configFile"):
        text = Path(entry["configFile"]).expanduser().read_text()
    else:
        return None
    found = AuthConfig.load_config(None, json.loads(text)).resolve_authconfig(registry)
    return dict(found) if found else None


def create(daemon: Daemon, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Pull an image, unless the daemon has it; gives the resource's id and state."""
    name = inputs["name"]
    try:
        found = daemon.image_pulled(name, inputs.get("platform"))
    except ProviderError as error:
        raise ProviderError(f"Unable to read Docker image into resource: {error}") from error
    return _recorded(found, inputs)


def read(daemon: Daemon, resource_id: str, state: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Return the id and state of an image now; None when the daemon has it no more."""
    name = state.get("name") or resource_id[len("sha256:") + 64 :]
    found = daemon.image(name) if name else None
    return None if found is None else _recorded(found, dict(state) | {"name": name})


def update(daemon: Daemon, _resource_id: str, _state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Take over what does not need a new image, such as ``keepLocally``."""
    return create(daemon, inputs)[1]


def delete(daemon: Daemon, _resource_id: str, state: Mapping[str, Any]) -> None:
    """Remove the image from the daemon, unless it is kept or gone."""
    if state.get("keepLocally") or daemon.image(state["name"]) is None:
        return
    try:
        daemon.client.remove_image(state["name"], force=bool(state.get("forceRemove")))
    except APIError as error:
        raise ProviderError(f"Unable to remove Docker image: {error.explanation or error}") from error


def repo_digest(name: str, image: Mapping[str, Any]) -> str:
    """Return the registry's digest of an image for a name, as ``repository@sha256:…``; empty when it has none."""
    digests = image.get("RepoDigests") or []
    if name in digests:
        return name
    repository, _ = parse_repository_tag(name.partition("@")[0])
    return next((d for d in digests if d.partition("@")[0] == repository), digests[0] if digests else "")


def _recorded(image: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    name = inputs["name"]
    state = dict(inputs) | {"imageId": image["Id"], "repoDigest": repo_digest(name, image)}
    return f"{image['Id']}{name}", state
