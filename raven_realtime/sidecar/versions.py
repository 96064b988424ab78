"""Versions that would end in half a deployment, or in one that breaks: told from tags, from what runs, or as set."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from raven_realtime.problem import Problem
from raven_realtime.settings import PROJECT, Prod
from raven_realtime.sidecar.containers import Standing
from raven_realtime.versions import Trait, exact, faults, of_image, reads_labels

REFUSED = frozenset({"RT023", "RT060", "RT061", "RT064"})
"""What breaks the route, and no setting of the program's own mends; WebSockets over HTTP/2 pass once that is off."""
ASK_DOCKER = "{{.Server.Version}} {{.Server.MinAPIVersion}}"
"""What `docker version` is asked for."""


def require_told(settings: Prod) -> None:
    """Refuse what the settings say of versions, before anything is asked.

    Raises:
        Problem: it would break.
    """
    _refuse({"traefik": exact(settings.traefik_version or "")}, where=f"{PROJECT}:traefikVersion")
    require_nginx(of_image(settings.image or "")[1], settings.image or "")


def require_nginx(version: str, image: str) -> None:
    """Refuse an nginx that cannot do what production asks: it starts nginx with ``-e stderr``.

    Raises:
        Problem: it is too old.
    """
    _refuse({"nginx": version}, having=(Trait.LOG_OPTION,), where=f"{PROJECT}:image {image}")


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
    daemon = "" if reads_labels(least) else version
    for one in at_the_door:
        program, traefik = of_image(str(one.inspected["Config"].get("Image", "")), one.labels)
        if program == "traefik" and traefik:
            having = (Trait.RETRY,) if retry else ()
            _refuse({"traefik": traefik, "docker": daemon}, having=having, where=f"the container {one.name}")


def _refuse(versions: dict[str, str], *, where: str, having: Collection[Trait] = ()) -> None:
    for fault, which in faults(versions, having=having):
        if fault.code in REFUSED:
            instead = (
                f"\nOr keep it, without a retry on the router: pulumi config set {PROJECT}:traefikVersion "
                f"{versions['traefik']}"
                if fault.takes is Trait.RETRY
                else ""
            )
            raise Problem(
                f"{fault.code}: {which} ({where}): {fault.wrong}.\n{fault.remedy} See {fault.source}.{instead}\n"
                f"Nothing was changed."
            )
