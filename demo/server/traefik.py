"""Traefik as a Frappe server has it: Docker provider, ``websecure``, ``myresolver``, and the route to Frappe's web."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML

from demo.server import acme
from demo.server.layout import Layout
from raven_realtime.ports import WEB_PORT
from raven_realtime.sandbox.supervisor import Program
from raven_realtime.sandbox.whole_file import write_whole
from toolchain.__main__ import path_of

ENTRYPOINT = "websecure"
RESOLVER = "myresolver"
API_PORT = 8080
API = f"http://127.0.0.1:{API_PORT}"
"""Traefik's own API, on the server's loopback."""


def program(layout: Layout) -> Program:
    """Write the configuration and return Traefik.

    Raises:
        Problem: Traefik is not built yet.
    """
    static = layout.traefik / "traefik.yml"
    write_whole(static, _yaml(_static(layout)))
    write_whole(layout.traefik / "dynamic" / "frappe.yml", _yaml(_frappe(layout)))
    trust = {"LEGO_CA_CERTIFICATES": str(acme.certificate(layout))}
    command = layout.server.command(str(path_of("traefik")), f"--configFile={static}")
    return Program("traefik", command, environment=trust, stop_seconds=15)


def forget_certificates(layout: Layout) -> None:
    """Remove the account and the certificates of an ACME server that is gone."""
    (layout.traefik / "acme.json").unlink(missing_ok=True)


def _static(layout: Layout) -> Mapping[str, Any]:
    to_https = {"to": ENTRYPOINT, "scheme": "https"}
    resolver = {
        "email": "admin@example.com",
        "storage": str(layout.traefik / "acme.json"),
        "caServer": acme.DIRECTORY,
        "keyType": "EC256",  # the default, RSA of 4096 bits, costs a small machine seconds for some hundred clients
        "tlsChallenge": {},
    }
    return {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "INFO"},
        "accessLog": {"filePath": str(layout.places.logs / "traefik-access.log")},
        "api": {"insecure": True},
        "entryPoints": {
            "web": {"address": ":80", "http": {"redirections": {"entryPoint": to_https}}},
            ENTRYPOINT: {"address": ":443"},
            "traefik": {"address": f"127.0.0.1:{API_PORT}"},
        },
        "providers": {
            "docker": {"endpoint": layout.docker_host, "exposedByDefault": False},
            "file": {"directory": str(layout.traefik / "dynamic"), "watch": True},
        },
        "certificatesResolvers": {RESOLVER: {"acme": resolver}},
    }


def _frappe(layout: Layout) -> Mapping[str, Any]:
    """Return the routes to Frappe's web: one a host, so that none has a longer rule than the sidecar's."""
    routers = {}
    middlewares = {}
    for number, served in enumerate(layout.hosts, 1):
        routers[f"frappe-web-{number}"] = {
            "rule": f"Host(`{served.host}`)",
            "entryPoints": [ENTRYPOINT],
            "service": "frappe-web",
            "middlewares": [f"frappe-site-{number}"],
            "tls": {"certResolver": RESOLVER},
        }
        site = {"X-Frappe-Site-Name": served.site}
        middlewares[f"frappe-site-{number}"] = {"headers": {"customRequestHeaders": site}}
    web = {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{WEB_PORT}"}]}}
    return {"http": {"routers": routers, "middlewares": middlewares, "services": {"frappe-web": web}}}


def _yaml(content: Mapping[str, Any]) -> str:
    buffer = io.StringIO()
    writer = YAML()
    writer.default_flow_style = False
    writer.dump(content, buffer)
    return buffer.getvalue()
