"""Routers from dynamic configuration files, as Traefik's file provider reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from raven_realtime.proxies.traefik.dynamic import http_of
from raven_realtime.proxies.traefik.elements import Element, read_text, read_toml, read_yaml
from raven_realtime.proxies.traefik.table import Contribution, Dropped, Middleware, Router, Service
from raven_realtime.proxies.unreadable import Unreadable

SUFFIXES = (".yml", ".yaml", ".toml")


def read_dynamic(paths: Iterable[Path]) -> Contribution:
    """Read dynamic files and folders of them.

    A name that an earlier file defined already is dropped, as Traefik does. Files are read without running Go templates
    in them.

    Args:
        paths: Files, or folders that are searched for `.yml`, `.yaml` and `.toml` files at every depth.

    Raises:
        Unreadable: If a file cannot be read, or Traefik would refuse it: it then keeps no router of this provider.
    """
    routers: dict[str, Router] = {}
    services: dict[str, Service] = {}
    middlewares: dict[str, Middleware] = {}
    dropped: list[Dropped] = []
    for path in paths:
        for file in _files(path):
            http = http_of(_element(file), labels=False, owner=str(file))
            dropped += _added(routers, http.routers, "router")
            dropped += _added(services, http.services, "service")
            dropped += _added(middlewares, http.middlewares, "middleware")
    for name, router in list(routers.items()):
        if not router.rule and not router.parents:
            dropped.append(Dropped(name, "the router has no rule", router.location))
            del routers[name]
    return Contribution(
        "file", tuple(routers.values()), tuple(services.values()), tuple(middlewares.values()), tuple(dropped)
    )


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for inner in sorted(path.iterdir()):
            if inner.is_dir() or inner.suffix.lower() in SUFFIXES:
                yield from _files(inner)
    else:
        yield path


def _element(file: Path) -> Element:
    try:
        return read_toml(file) if file.suffix.lower() == ".toml" else read_yaml(file)
    except Unreadable as problem:
        if "{{" in read_text(file):
            raise Unreadable(
                f"{problem} It holds Go template actions ({{{{ … }}}}), which are not run here."
            ) from problem
        raise


T = TypeVar("T", Router, Service, Middleware)


def _added(known: dict[str, T], more: Iterable[T], kind: str) -> Iterator[Dropped]:
    """Add what is new; tell what is not."""
    for one in more:
        if one.name in known:
            why = f"the {kind} is defined in {known[one.name].location} already, and Traefik keeps the first"
            yield Dropped(one.name, why, one.location)
        else:
            known[one.name] = one
