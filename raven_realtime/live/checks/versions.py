"""Versions with known faults: Traefik's, Docker's and nginx's, by what each says of itself."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection
from urllib.parse import urlsplit

import httpx

from raven_realtime.findings import Finding, explain
from raven_realtime.live.checks.configuration import answering, read
from raven_realtime.live.inside import Inside, look
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Target
from raven_realtime.machine import CannotLook
from raven_realtime.problem import Problem
from raven_realtime.proxies.traefik.api import LARGEST_PAGE
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.versions import LABEL, NAMES, SERVER, Trait, faults, of_image, reads_labels

CHECK = Check(
    name="versions",
    title="Versions with known faults",
    proves="Traefik, Docker and nginx are none of the versions that are known to cut WebSockets, to lose routers, or "
    "to have open holes.",
    rank=220,
    through=("edge",),
)
SECONDS = 3.0
RETRY = ".retry."
"""What stands in the label that gives a router's middleware to repeat requests."""


async def check(target: Target, inside: Inside) -> Result:
    """Ask Traefik's API for its version, or read it off its image; Docker for its own; nginx for its own."""
    return await look(CHECK.name, lambda: _judge(target, inside))


def _judge(target: Target, inside: Inside) -> Result:
    known = _traefik(inside)
    for program, ask in (("docker", _docker), ("nginx", _nginx)):
        with contextlib.suppress(CannotLook):
            known[program] = ask(inside)
    if not known:
        raise CannotLook("no running container's image names a version of Traefik, and no nginx is at hand")
    versions = {program: version for program, (version, _) in known.items()}
    said = ", ".join(f"{NAMES[program]} {version} ({where})" for program, (version, where) in known.items())
    judgeable = versions if not _allows_older(inside) else {**versions, "docker": ""}
    having = [Trait.HTTP2, *([Trait.RETRY] if _retries(inside) else [])]
    having += [Trait.DEFAULTS] if "nginx" in versions and _keeps(target, inside) else []
    found = judged(judgeable, having)
    return Result.of(CHECK.name, said, *found, stack="traefik" if "traefik" in known else "", **versions)


def judged(versions: dict[str, str], having: Collection[Trait] = ()) -> list[Finding]:
    """Return the findings of the table for programs that work together."""
    return [
        explain(fault.code).found(f"{which}: {fault.wrong} ({fault.source})", remedy=fault.remedy)
        for fault, which in faults(versions, having=having)
    ]


def _traefik(inside: Inside) -> dict[str, tuple[str, str]]:
    if inside.traefik_api:
        return {"traefik": (_asked(inside), "by its API")}
    with contextlib.suppress(CannotLook):
        listed = inside.in_docker("ps", "--format", f'{{{{.Image}}}} {{{{.Label "{LABEL}"}}}}')
        for image, _, label in (line.partition(" ") for line in listed.splitlines()):
            program, version = of_image(image, {LABEL: label})
            if program == "traefik" and version:
                return {"traefik": (version, f"by its image {image}")}
    return {}


def _docker(inside: Inside) -> tuple[str, str]:
    version = inside.in_docker("version", "--format", "{{.Server.Version}}").strip()
    if not version:
        raise CannotLook("Docker does not say its version")
    return version[:40], "by its daemon"


def _allows_older(inside: Inside) -> bool:
    """Whether Docker speaks an API that any Traefik asks for: a newer one may be told to."""
    with contextlib.suppress(CannotLook):
        return reads_labels(inside.in_docker("version", "--format", "{{.Server.MinAPIVersion}}"))
    return False


def _keeps(target: Target, inside: Inside) -> bool:
    """Whether nginx's configuration leaves to the defaults how long it keeps connections to Socket.IO."""
    with contextlib.suppress(CannotLook, Problem, Unreadable):
        return answering(read(inside)[1], target).keeps_by_default
    return False


def _nginx(inside: Inside) -> tuple[str, str]:
    """Return the version of the machine's nginx, where its configuration is the one that is looked at."""
    if inside.nginx is None:
        raise CannotLook("no nginx is named")
    match = SERVER.search(inside.machine.run("sh", "-c", "exec nginx -v 2>&1"))
    if match is None:
        raise CannotLook("nginx does not say its version")
    return match[1], "by nginx -v"


def _retries(inside: Inside) -> bool:
    """Whether some container gives its router a retry middleware; where labels cannot be read, Traefik's API says."""
    with contextlib.suppress(CannotLook):
        return any(RETRY in label.key.lower() for one in inside.containers for label in one.labels)
    with contextlib.suppress(CannotLook, Problem):
        return '"retry"' in _page(inside, "/api/http/middlewares")
    return False


def _asked(inside: Inside) -> str:
    try:
        return str(json.loads(_page(inside, "/api/version"))["Version"])[:40]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CannotLook(f"Traefik's API does not say its version: {type(error).__name__}") from None


def _page(inside: Inside, path: str) -> str:
    """Return what Traefik's API answers.

    Raises:
        CannotLook: it does not answer, or without end.
    """
    parts = urlsplit(inside.traefik_api)
    if not parts.hostname:
        raise CannotLook("Traefik's API is not named")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    auth = (parts.username or "", parts.password or "") if parts.username else None
    with inside.machine.reach(parts.hostname, port) as (host, number):
        try:
            url = f"{parts.scheme}://{host}:{number}{path}"
            with httpx.stream("GET", url, auth=auth, timeout=SECONDS, trust_env=False) as answer:
                content = bytearray()
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > LARGEST_PAGE:
                        raise CannotLook(f"Traefik's API answers with more than {LARGEST_PAGE} bytes")
            return bytes(content).decode("utf-8", "replace")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CannotLook(f"Traefik's API does not say its version: {type(error).__name__}") from None
