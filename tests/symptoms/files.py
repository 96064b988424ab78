"""The files of a path: what an operator would have on disk, for the linter."""

from __future__ import annotations

import json
import re
from pathlib import Path as File

from raven_realtime.sandbox import multiplexer
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar
from tests.symptoms.path import HOST, SITE, Path, merge, without_none
from tests.symptoms.world import ELSEWHERE, PORTS, SIDECAR_PORT, healthy, replaced

_SOURCE = re.compile(r"location /(assets/\S+|development)/? \{ return 200 '(.*)'; \}")


def write(path: Path, folder: File) -> list[str]:
    """Write a path's files and name them."""
    said = {"socketio_port": PORTS.socketio, "webserver_port": PORTS.web, "default_site": SITE}
    named = [
        _json(folder / "common_site_config.json", said),
        *_edge(path, folder),
        *_proxies(path, folder),
        *_sources(path, folder),
    ]
    return [str(each) for each in named]


def _edge(path: Path, folder: File) -> list[File]:
    if path.ngrok is not None:
        file = folder / "ngrok.yml"
        endpoint = f"  - name: sandbox\n    url: https://{HOST}\n    upstream: {{url: {path.ngrok.upstream}}}\n"
        file.write_text(f"version: 3\nagent: {{}}\nendpoints:\n{endpoint}")
        return [file]
    redirect = {"http": {"redirections": {"entryPoint": {"to": "websecure"}}}}
    entrypoints = {"web": {"address": ":80", **redirect}, "websecure": {"address": ":443"}}
    http = without_none(merge(healthy(path), path.traefik))
    if path.url.endswith(":8443"):
        entrypoints["second"] = {"address": ":8443"}
    for router in http["routers"].values():
        router["entryPoints"] = [name for name in router["entryPoints"] if name in entrypoints]
    return [
        _json(folder / "traefik.yml", {"entryPoints": entrypoints, "providers": {"file": {"directory": "dynamic"}}}),
        _json(folder / "dynamic.yml", {"http": http, "tls": {"certificates": [{"certFile": "a", "keyFile": "b"}]}}),
    ]


def _proxies(path: Path, folder: File) -> list[File]:
    if path.ngrok is not None or path.local_tunnel:
        file = folder / "multiplexer.conf"
        file.write_text(replaced(multiplexer.render(multiplexer.Multiplexer(folder, SITE)), path))
        return [file]
    files = [folder / f"sidecar-{number}.conf" for number in range(path.replicas)]
    for number, file in enumerate(files):
        served = (ServedHost(host=HOST, site=SITE),)
        upstream = f"127.0.0.1:{PORTS.socketio + number}"
        text = sidecar.render(sidecar.Sidecar(served, upstream, port=SIDECAR_PORT + number, folder=folder))
        file.write_text(replaced(text, path))
    return files


def _sources(path: Path, folder: File) -> list[File]:
    """Write the page, or its script, that Traefik takes from elsewhere."""
    chosen = str(path.traefik.get("middlewares", {}).get("page", ""))
    found = []
    for name, text in _SOURCE.findall(ELSEWHERE.replace("{{", "{").replace("}}", "}")):
        if name.removeprefix("assets/").removesuffix(".js") in chosen:
            file = folder / f"{File(name).stem}{File(name).suffix or '.html'}"
            file.write_text(text)
            found.append(file)
    return found


def _json(file: File, document: object) -> File:
    file.write_text(json.dumps(document, indent=1))
    return file
