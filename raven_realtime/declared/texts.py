"""What a text is, told from its content, and the part of a world that it declares.

The same readers serve files, the uploads of a container, and the standard input of a command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from raven_realtime.declared import kinds
from raven_realtime.declared.world import BenchFile, Nginx, Setting, Tunnel, World
from raven_realtime.ports import MULTIPLEXER_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.parse import dumped_files, is_dump, parse_files, parse_text
from raven_realtime.proxies.traefik.dynamic import http_of
from raven_realtime.proxies.traefik.elements import Element, yaml_element
from raven_realtime.proxies.traefik.table import Contribution

# bounded, and no repeat can give what the next one takes: the texts are whatever somebody uploads
_NGINX = re.compile(
    r"^[ \t]*+(?:http|server|events|upstream\s{1,20}\S{1,200}|location\s[^{;]{1,500}|"
    r"map\s{1,20}\S{1,200}\s{1,20}\S{1,200})\s{0,20}\{",
    re.MULTILINE,
)
_NGROK = re.compile(r"^(endpoints|tunnels):", re.MULTILINE)
_OF_MANAGER = re.compile(r"npm-\d|conf\.d/include/|/data/nginx/custom/|\$forward_scheme")
"""What each file of nginx-proxy-manager has in it, and other files too."""
_DYNAMIC = re.compile(r"^http:\s*$", re.MULTILINE)
SOURCES = frozenset({".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".vue", ".html"})
"""Endings of a frontend's (or the realtime process') files."""
_PORT_KEYS = {"socketio_port"}


def is_nginx(text: str) -> bool:
    """Tell whether a text looks like an nginx configuration."""
    return bool(_NGINX.search(text))


def is_ngrok(text: str) -> bool:
    """Tell whether a text looks like the ngrok agent's file."""
    return bool(_NGROK.search(text)) and ("upstream" in text or "addr" in text)


def read(text: str, name: str, *, runs_in: str = "") -> World | None:
    """Return what a text declares; None if it is nothing that is judged.

    Args:
        text: the content.
        name: what findings call it.
        runs_in: the container that it is a file of.

    Raises:
        Problem: it is one of the kinds that are judged, and malformed; the message has the line.
    """
    if world := kinds.take((*kinds.PLAIN, *kinds.YAML), text, PurePosixPath(name)):
        placed = tuple(replace(each, runs_in=runs_in) for each in world.proxies)
        tunnels = ngrok(yaml_element(text, name), text) if is_ngrok(text) else World()
        return World.of([replace(world, proxies=placed), tunnels])
    if is_ngrok(text):
        return ngrok(yaml_element(text, name), text)
    if "apiVersion" in text:
        from raven_realtime.declared import cluster  # noqa: PLC0415 (it reads texts itself)
        from raven_realtime.places import kubernetes  # noqa: PLC0415 (loaded only where there is a cluster)

        if kubernetes.is_manifest(text):
            return cluster.world_of(kubernetes.read(text, name))
    if is_dump(text) or is_nginx(text):
        return nginx(text, name, runs_in=runs_in)
    if _DYNAMIC.search(text) and "routers:" in text:
        http = http_of(yaml_element(text, name), labels=False, owner=name)
        return World(traefik_files=(Contribution("file", http.routers, http.services, http.middlewares),))
    if '"socketio_port"' in text or '"db_name"' in text:
        return site_config(yaml_element(text, name))
    return None


def stands_alone(text: str) -> bool:
    """Tell whether an nginx configuration brings what it includes: `nginx -T` prints it, nginx-proxy-manager has it."""
    return is_dump(text) or _is_managers(text)


def _is_managers(text: str) -> bool:
    if not _OF_MANAGER.search(text):
        return False
    from raven_realtime.proxies.nginx_proxy import manager  # noqa: PLC0415 (loaded only where there may be one)

    return manager.is_npm(text)


def nginx(text: str, name: str, *, runs_in: str = "") -> World:
    """Return the world of an nginx configuration, of all files that `nginx -T` prints, or of nginx-proxy-manager's.

    Raises:
        Unreadable: it is malformed; the message has the line.
    """
    if is_dump(text):
        files = dumped_files(text)
        main = next(iter(files))
        tree = parse_files(files)
        return World(
            nginx=(Nginx(main, tree, Location(main), runs_in),),
            texts=tuple(Setting("nginx", inner, Location(path)) for path, inner in files.items()),
        )
    if _is_managers(text):
        from raven_realtime.proxies.nginx_proxy import manager  # noqa: PLC0415 (loaded only where it is one)

        tree = manager.parse_host(text, name)
    else:
        tree = parse_text(text, name, check=False)
    return World(nginx=(Nginx(name, tree, Location(name), runs_in),), texts=(Setting("nginx", text, Location(name)),))


def ngrok(root: Element, text: str) -> World:
    """Return the tunnels of an ngrok agent's file, version 2 or 3 (ngrok documentation, "Agent Config")."""
    found: list[Tunnel] = []
    for endpoint in _entries(root.get("endpoints")):
        upstream = endpoint.path("upstream", "url") or endpoint.get("upstream")
        named = endpoint.get("name")
        found += _tunnel((named.value if named else None) or endpoint.name, upstream, _host_header(endpoint))
    for tunnel in _entries(root.get("tunnels")):
        host = tunnel.get("host_header")
        found += _tunnel(tunnel.name, tunnel.get("addr"), (host.value or "") if host else "")
    return World(tunnels=tuple(found), texts=(Setting("ngrok", text, root.location),))


def _entries(element: Element | None) -> list[Element]:
    return element.children if element else []


def _host_header(endpoint: Element) -> str:
    policy = endpoint.get("traffic_policy")
    pending = [policy] if policy else []
    while pending:
        element = pending.pop()
        if element.name.lower() == "host" and element.value:
            return element.value
        pending += element.children
    return ""


def _tunnel(name: str, upstream: Element | None, host: str) -> Iterator[Tunnel]:
    if upstream is None or not upstream.value:
        return
    port = local_port(upstream.value)
    if port is None:
        example = f"http://127.0.0.1:{MULTIPLEXER_PORT}"
        raise Problem(f"{upstream.location}: {upstream.value[:80]!r} is no address; {example} is one.")
    yield Tunnel(name, port, upstream.location, host)


def local_port(address: str) -> int | None:
    """Return the port of an address as ngrok takes it: ``8005``, ``localhost:8005``, ``http://127.0.0.1:8005``."""
    if address.isdigit():
        return int(address)
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        named = parts.port
    except ValueError:
        return None
    return named or (443 if parts.scheme == "https" else 80)


def site_config(root: Element) -> World:
    """Return what a bench's common_site_config.json or a site's site_config.json says about the port."""
    said = tuple(
        Setting(child.name, child.value or "", child.location) for child in root.children if not child.children
    )
    path = PurePosixPath(root.location.path)
    common = path.name != "site_config.json"
    file = BenchFile(Location(root.location.path), said, common, "" if common else path.parent.name)
    return World(ports=tuple(each for each in said if each.name in _PORT_KEYS), bench=(file,))


_COMMAND_TUNNEL = re.compile(r"\bngrok\s+http\b([^\n;|&]*)")


def command(text: str, location: Location) -> World:
    """Return what a command line declares: a tunnel, and the line itself."""
    found: list[Tunnel] = []
    for started in _COMMAND_TUNNEL.finditer(text):
        words = [word for word in started[1].split() if not word.startswith("-")]
        port = local_port(words[0].strip("'\"")) if words else None
        if port is not None:
            found.append(Tunnel(f"ngrok http {words[0]}", port, location))
    return World(commands=(Setting("command", text, location),), tunnels=tuple(found))
