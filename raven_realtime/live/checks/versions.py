"""Versions with known faults: Traefik's, by its API or its image's tag."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import httpx

from raven_realtime.findings import explain
from raven_realtime.live.inside import Inside, look
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target
from raven_realtime.machine import CannotLook
from raven_realtime.proxies.traefik.api import LARGEST_PAGE

CHECK = Check(
    name="versions",
    title="Versions with known faults",
    proves="Traefik is none of the versions that are known to cut WebSockets.",
    rank=220,
    through=("edge",),
)
FAULTY = {"2.11.1": "RT023", "3.0.0-rc4": "RT023", "3.2.4": "RT024"}
"""Traefik's version to the finding (traefik#10598, traefik#11405)."""
_TAG = re.compile(r"(?:^|/)traefik:v?(\d+\.\d+\.\d+[\w.-]*)")
SECONDS = 3.0


async def check(_target: Target, inside: Inside) -> Result:
    """Ask Traefik's API for its version, or read it off its image."""
    return await look(CHECK.name, lambda: _judge(inside))


def _judge(inside: Inside) -> Result:
    version, where = _version(inside)
    said = f"Traefik {version} ({where})"
    code = FAULTY.get(version.removeprefix("v").removesuffix("-alpine"))
    found = [explain(code).found(said, stack="traefik")] if code else []
    return Result.of(CHECK.name, said, *found, traefik=version, stack="traefik")


def _version(inside: Inside) -> tuple[str, str]:
    if inside.traefik_api:
        return _asked(inside), "by its API"
    for image in inside.in_docker("ps", "--format", "{{.Image}}").splitlines():
        if match := _TAG.search(image):
            return match[1], f"by its image {image}"
    raise CannotLook("no running container's image names a version of Traefik")


def _asked(inside: Inside) -> str:
    parts = urlsplit(inside.traefik_api)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    auth = (parts.username or "", parts.password or "") if parts.username else None
    with inside.machine.reach(parts.hostname or "127.0.0.1", port) as (host, number):
        try:
            url = f"{parts.scheme}://{host}:{number}/api/version"
            with httpx.stream("GET", url, auth=auth, timeout=SECONDS, trust_env=False) as answer:
                content = bytearray()
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > LARGEST_PAGE:
                        raise CannotLook(f"Traefik's API answers with more than {LARGEST_PAGE} bytes")
            return str(json.loads(bytes(content))["Version"])[:40]
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CannotLook(f"Traefik's API does not say its version: {type(error).__name__}") from None
