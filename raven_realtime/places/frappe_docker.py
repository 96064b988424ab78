"""The nginx that frappe_docker's image brings: what its entrypoint makes of the container's variables.

Read in frappe_docker's resources (nginx-template.conf, nginx-entrypoint.sh): Origin is made of the site's name, with
nginx's own scheme until early 2026, with what the proxy in front says since then. The image of a version is built anew
with every change of frappe_docker, so that the tag tells it only roughly: `OWN_SCHEME_UNTIL`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PORT = 8080
"""What it listens on."""
OWN_SCHEME_UNTIL = {15: 95, 16: 10}
"""For each major version the first minor one whose image takes the scheme from X-Forwarded-Proto."""
_DEFAULTS = {
    "BACKEND": "0.0.0.0:8000",
    "SOCKETIO": "0.0.0.0:9000",
    "UPSTREAM_REAL_IP_ADDRESS": "127.0.0.1",
    "UPSTREAM_REAL_IP_HEADER": "X-Forwarded-For",
    "UPSTREAM_REAL_IP_RECURSIVE": "off",
    "FRAPPE_SITE_NAME_HEADER": "$host",
    "PROXY_READ_TIMEOUT": "120",
    "CLIENT_MAX_BODY_SIZE": "50m",
}
_VERSION = re.compile(r":v?(\d{1,3})(?:\.(\d{1,4}))?")
_PLAIN = re.compile(r"[\w.$:\-]+")


def nginx_of(image: str, variables: Mapping[str, str]) -> str | None:
    """Return the nginx configuration that a frontend container runs; None where a variable is nothing for nginx.

    Args:
        image: As written, with its tag.
        variables: The container's environment.
    """
    given = {name: variables.get(name) or default for name, default in _DEFAULTS.items()}
    if not all(_PLAIN.fullmatch(value) for value in given.values()):
        return None
    site = given["FRAPPE_SITE_NAME_HEADER"]
    scheme = "$proxy_x_forwarded_proto" if _takes_forwarded_scheme(image) else "$scheme"
    return f"""\
upstream backend-server {{ server {given["BACKEND"]} fail_timeout=0; }}
upstream socketio-server {{ server {given["SOCKETIO"]} fail_timeout=0; }}
map $http_x_forwarded_proto $proxy_x_forwarded_proto {{ default $scheme; https https; }}
server {{
    listen {PORT};
    server_name {site};
    root /home/frappe/frappe-bench/sites;
    location /socket.io {{
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header X-Frappe-Site-Name {site};
        proxy_set_header Origin {scheme}://{site};
        proxy_set_header Host $host;
        proxy_pass http://socketio-server;
    }}
    location / {{ try_files /{site}/public/$uri @webserver; }}
    location @webserver {{
        proxy_http_version 1.1;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto {scheme};
        proxy_set_header X-Frappe-Site-Name {site};
        proxy_set_header Host $host;
        proxy_read_timeout {given["PROXY_READ_TIMEOUT"]};
        proxy_pass http://backend-server;
    }}
}}
"""


def _takes_forwarded_scheme(image: str) -> bool:
    version = major_minor(image)
    if version is None:
        return True
    major, minor = version
    return major > max(OWN_SCHEME_UNTIL) or minor >= OWN_SCHEME_UNTIL.get(major, 10_000)


def major_minor(image: str) -> tuple[int, int] | None:
    """Return the version that an image's tag says; None for a tag without one (`latest`, a digest)."""
    found = _VERSION.search(image.partition("@")[0])
    return (int(found[1]), int(found[2] or 9_999)) if found else None
