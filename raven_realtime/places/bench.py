"""Benches: where their files are, and what their configuration says.

Source: Frappe's documentation of ``common_site_config.json`` and ``site_config.json`` (basics, sites).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Generic, TypeVar

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.tunnels.document import Element, Kind, read_json
from raven_realtime.proxies.unreadable import Unreadable

ValueT = TypeVar("ValueT")

COMMON_FILE = "common_site_config.json"
SITE_FILE = "site_config.json"

_KEYS_OF_BENCHES = (
    *("redis_cache", "redis_queue", "redis_socketio", "socketio_port", "webserver_port", "db_name", "db_host"),
    *("frappe_user", "dns_multitenant", "gunicorn_workers", "default_site", "serve_default_site", "rebase_on_pull"),
)


@record
class Setting(Generic[ValueT]):
    """A value and where it stands."""

    value: ValueT
    location: Location


@record
class BenchConfig:
    """What a bench's, or a site's, configuration says; None for what it leaves out."""

    location: Location
    socketio_port: Setting[int] | None = None
    socketio_uds: Setting[str] | None = None
    """A Unix socket in place of the port."""
    socketio_backend: Setting[str] | None = None
    webserver_port: Setting[int] | None = None
    webserver_host: Setting[str] | None = None
    http_port: Setting[int] | None = None
    redis_cache: Setting[str] | None = None
    redis_queue: Setting[str] | None = None
    redis_socketio: Setting[str] | None = None
    developer_mode: Setting[bool] | None = None
    default_site: Setting[str] | None = None
    serve_default_site: Setting[bool] | None = None
    host_name: Setting[str] | None = None
    """The address that the site gives as its own, with or without a scheme."""
    dns_multitenant: Setting[bool] | None = None
    use_ssl: Setting[bool] | None = None
    ssl_certificate: Setting[str] | None = None
    nginx_port: Setting[int] | None = None
    domains: Setting[tuple[str, ...]] | None = None
    """The names of a site besides its own."""
    allow_cors: Setting[tuple[str, ...]] | None = None
    restart_supervisor_on_update: Setting[bool] | None = None
    restart_systemd_on_update: Setting[bool] | None = None
    file_watcher_port: Setting[int] | None = None
    others: tuple[str, ...] = ()
    """The names of all other keys."""
    wrong: tuple[tuple[str, Setting[str]], ...] = ()
    """Keys of ports whose value is no port, and that value."""


_PORTS = ("socketio_port", "webserver_port", "http_port", "nginx_port", "file_watcher_port")


def is_bench_config(text: str) -> bool:
    """Tell by its content whether a text is a bench's or a site's configuration."""
    if not text.lstrip("\ufeff \t\r\n").startswith("{") or not any(f'"{key}"' in text for key in _KEYS_OF_BENCHES):
        return False
    try:
        document = read_json(text, "")
    except Unreadable:
        return False
    return any(document.get(key) is not None for key in _KEYS_OF_BENCHES)


def read(text: str, name: str) -> BenchConfig:
    """Read ``common_site_config.json`` or ``site_config.json``.

    Args:
        text: The file's text.
        name: What its locations call the file.

    Raises:
        Unreadable: If it is not JSON, or no mapping.
    """
    document = read_json(text, name)
    if document.kind is not Kind.MAPPING:
        raise Unreadable("A mapping of settings is expected.", document.location)
    known = {field.name for field in fields(BenchConfig)}
    return BenchConfig(
        location=Location(name, 1),
        socketio_port=_port(document, "socketio_port"),
        socketio_uds=_text(document, "socketio_uds"),
        socketio_backend=_text(document, "socketio_backend"),
        webserver_port=_port(document, "webserver_port"),
        webserver_host=_text(document, "webserver_host"),
        http_port=_port(document, "http_port"),
        redis_cache=_text(document, "redis_cache"),
        redis_queue=_text(document, "redis_queue"),
        redis_socketio=_text(document, "redis_socketio"),
        developer_mode=_switch(document, "developer_mode"),
        default_site=_text(document, "default_site"),
        serve_default_site=_switch(document, "serve_default_site"),
        host_name=_text(document, "host_name"),
        dns_multitenant=_switch(document, "dns_multitenant"),
        use_ssl=_switch(document, "use_ssl"),
        ssl_certificate=_text(document, "ssl_certificate"),
        nginx_port=_port(document, "nginx_port"),
        domains=_list(document, "domains"),
        allow_cors=_list(document, "allow_cors"),
        restart_supervisor_on_update=_switch(document, "restart_supervisor_on_update"),
        restart_systemd_on_update=_switch(document, "restart_systemd_on_update"),
        file_watcher_port=_port(document, "file_watcher_port"),
        others=tuple(key for key, _ in document.entries if key not in known),
        wrong=tuple(
            (key, value)
            for key in _PORTS
            if (value := _text(document, key)) is not None and _port(document, key) is None
        ),
    )


def _scalar(document: Element, key: str) -> Element | None:
    element = document.get(key)
    return element if element is not None and element.kind is Kind.SCALAR else None


def _text(document: Element, key: str) -> Setting[str] | None:
    element = _scalar(document, key)
    return Setting(element.text, element.location) if element else None


def _port(document: Element, key: str) -> Setting[int] | None:
    element = _scalar(document, key)
    text = element.text.strip() if element else ""
    if element is None or not (text.isascii() and text.isdigit() and int(text[:9]) < 65536):
        return None
    return Setting(int(text), element.location)


def _switch(document: Element, key: str) -> Setting[bool] | None:
    element = _scalar(document, key)
    # 0, false and the empty text are off.
    return Setting(element.text.lower() not in ("0", "0.0", "false", ""), element.location) if element else None


def _list(document: Element, key: str) -> Setting[tuple[str, ...]] | None:
    element = document.get(key)
    if element is None or element.kind is Kind.MAPPING:
        return None
    # A domain with a certificate of its own is a mapping with its name.
    named = tuple(item.string("domain") if item.kind is Kind.MAPPING else item.text for item in element.items)
    values = (element.text,) if element.kind is Kind.SCALAR else named
    return Setting(tuple(value for value in values if value), element.location)


@record
class Site:
    """A site of a bench."""

    name: str
    config: str
    """The path of its ``site_config.json``."""


@record
class Bench:
    """A bench's folder, by the files that are in it."""

    root: str
    """The folder; empty for the one that paths are given from."""
    common: str = ""
    """The path of ``common_site_config.json``; empty without it."""
    apps: str = ""
    """The path of ``apps.txt``; empty without it."""
    procfile: str = ""
    sites: tuple[Site, ...] = ()


def benches_in(paths: Iterable[str]) -> tuple[Bench, ...]:
    """Find benches among the paths of files: a folder whose ``sites`` has ``apps.txt``, the common file, or sites.

    Args:
        paths: Paths with slashes, relative or not, in any order.
    """
    known = sorted({path.replace("\\", "/") for path in paths})
    roots: dict[str, dict[str, str]] = {}
    sites: dict[str, list[Site]] = {}
    for path in known:
        *folders, name = path.split("/")
        if folders[-1:] == ["sites"] and name in ("apps.txt", COMMON_FILE):
            roots.setdefault("/".join(folders[:-1]), {})[name] = path
        elif name == SITE_FILE and folders[-2:-1] == ["sites"]:
            root = "/".join(folders[:-2])
            roots.setdefault(root, {})
            sites.setdefault(root, []).append(Site(folders[-1], path))
    return tuple(
        Bench(
            root,
            common=files.get(COMMON_FILE, ""),
            apps=files.get("apps.txt", ""),
            procfile=procfile if (procfile := f"{root}/Procfile" if root else "Procfile") in known else "",
            sites=tuple(sites.get(root, ())),
        )
        for root, files in roots.items()
    )
