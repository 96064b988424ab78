"""Versions that would end in half a deployment, or in one that breaks: told from tags, from what runs, or as set."""

from __future__ import annotations

from collections.abc import Iterable

from raven_realtime.problem import Problem
from raven_realtime.settings import PROJECT, Prod
from raven_realtime.sidecar.containers import Standing
from raven_realtime.versions import OLDEST_API, OLDEST_NGINX, exact, faults, number, of_image

REFUSED = frozenset({"RT023", "RT060", "RT061"})
"""What no setting of Traefik's mends; WebSockets over HTTP/2 pass once HTTP/2 is switched off."""
ASK_DOCKER = "{{.Server.Version}} {{.Server.MinAPIVersion}}"
"""What `docker version` is asked for."""


def require_told(settings: Prod) -> None:
    """Refuse what the settings say of versions, before anything is asked.

    Raises:
        Problem: it would break.
    """
    _refuse({"traefik": exact(settings.traefik_version or "")}, retry=False, where=f"{PROJECT}:traefikVersion")
    require_nginx(of_image(settings.image or "")[1], settings.image or "")


def require_nginx(version: str, image: str) -> None:
    """Refuse an nginx that cannot do what it is asked.

    Raises:
        Problem: it is too old.
    """
    here, least = number(version), number(OLDEST_NGINX)
    if here and least and here < least:
        raise Problem(
            f"{PROJECT}:image: {image} has nginx {version}, and the sidecar needs {OLDEST_NGINX} or later: it starts "
            "nginx with `-e stderr` (https://nginx.org/en/docs/switches.html).\n"
            "Name a newer image. Nothing was changed."
        )


def require_running(docker: str, at_the_door: Iterable[Standing], *, retry: bool) -> None:
    """Refuse a Traefik that runs and would break the route.

    Args:
        docker: what `docker version` said to `ASK_DOCKER`.
        at_the_door: the containers at the public port.
        retry: whether the router is to have a retry middleware.

    Raises:
        Problem: it would break.
    """
    version, _, least = docker.partition(" ")
    api = number(least)
    daemon = version if api is None or api[:2] >= OLDEST_API else ""
    for one in at_the_door:
        program, traefik = of_image(str(one.inspected["Config"].get("Image", "")), one.labels)
        if program == "traefik" and traefik:
            _refuse({"traefik": traefik, "docker": daemon}, retry=retry, where=f"the container {one.name}")


def _refuse(versions: dict[str, str], *, retry: bool, where: str) -> None:
    for fault, which in faults(versions, retry=retry):
        if fault.code in REFUSED:
            instead = (
                f"\nOr keep it, without a retry on the router: pulumi config set {PROJECT}:traefikVersion "
                f"{versions['traefik']}"
                if fault.retry
                else ""
            )
            raise Problem(
                f"{fault.code}: {which} ({where}): {fault.wrong}.\n{fault.remedy} See {fault.source}.{instead}\n"
                f"Nothing was changed."
            )
