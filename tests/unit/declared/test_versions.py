"""The table of versions on files: each row fired and silent, at the line of the image; what moves on is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from raven_realtime.declared import judge
from raven_realtime.declared.files import read
from raven_realtime.declared.keeping.project_file import Versions
from raven_realtime.findings.entry import Level
from raven_realtime.versions import TABLE

if TYPE_CHECKING:
    from pathlib import Path

CODES = {fault.code for fault in TABLE}
RETRY = "traefik.http.middlewares.again.retry.attempts: '3'"
COMPOSE = """
services:
  traefik:
    image: {traefik}
    command:
      - --providers.docker.endpoint={endpoint}
      - --entrypoints.websecure.address=:443
      - --certificatesresolvers.le.acme.email=a@example.com
    ports: ['443:443']
  docker:
    image: {docker}
  edge:
    image: {nginx}
    command: {command}
    volumes: ['./edge.conf:/etc/nginx/conf.d/default.conf:ro']
    labels:
      traefik.http.routers.erp.rule: Host(`erp.example.com`)
      traefik.http.routers.erp.entrypoints: websecure
      traefik.http.routers.erp.tls.certresolver: le
      traefik.http.routers.erp.middlewares: again
      {middleware}
      traefik.http.services.erp.loadbalancer.server.port: '80'
  other:
    image: nginx:1.30.1
  websocket:
    image: frappe/erpnext:v15.40.0
    command: [node, /home/frappe/frappe-bench/apps/frappe/socketio.js]
"""
NGINX = """
upstream socketio {
    server SERVER;
    KEEPALIVE
}
server {
    listen 80;
    server_name erp.example.com;
    location /socket.io/ {
        proxy_pass http://UPSTREAM;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "CONNECTION";
        proxy_set_header X-Frappe-Site-Name erp.example.com;
        proxy_set_header Origin https://erp.example.com;
        proxy_set_header Host $http_host;
        proxy_read_timeout 86400;
        proxy_buffering off;
    }
}
"""
SOUND = {
    "traefik": "traefik:v3.6.12",
    "nginx": "nginx:1.28.3",
    "docker": "docker:28.5.2-dind",
    "endpoint": "tcp://docker:2375",
    "middleware": RETRY,
    "command": "nginx -g 'daemon off;'",
    "server": "websocket:9000",
    "keepalive": "",
    "upstream": "socketio",
    "connection": "upgrade",
}
TRAEFIK_LINE, NGINX_LINE = 4, 13


def nginx(**said: str) -> str:
    """Return a configuration with what is said of it."""
    text = NGINX
    for name in ("server", "keepalive", "upstream", "connection"):
        text = text.replace(name.upper(), (SOUND | said)[name])
    return text


def found(folder: Path, **said: str) -> list[tuple[str, str, Level]]:
    """Lint a stack with what is said of it; return what the table's codes say."""
    given = SOUND | said
    (folder / "compose.yml").write_text(COMPOSE.format(**given))
    (folder / "edge.conf").write_text(nginx(**given))
    versions = {key: value for key, value in said.items() if key in Versions.model_fields and ":" not in value}
    world = read([str(folder)], versions=versions).world
    return [
        (each.code, str(each.location).removeprefix(f"{folder}/"), each.level)
        for each in judge(world)
        if each.code in CODES
    ]


@pytest.mark.parametrize(
    ("broken", "sound", "expected"),
    [
        pytest.param(
            {"traefik": "traefik:v2.11.1"}, {"traefik": "traefik:v2.11.2"}, ["RT023"], id="lingering timeout of 2"
        ),
        pytest.param(
            {"traefik": "traefik:v3.0.0-rc4"},
            {"traefik": "traefik:v3.0.0-rc5"},
            ["RT023"],
            id="lingering timeout of 3",
        ),
        pytest.param({"traefik": "traefik:v3.2.4"}, {"traefik": "traefik:v3.2.5"}, ["RT024"], id="HTTP/2"),
        pytest.param({"traefik": "traefik:v3.7.6"}, {"traefik": "traefik:v3.7.8"}, ["RT060"], id="retry"),
        pytest.param(
            {"traefik": "docker.io/library/traefik:3.7.7@sha256:" + "0" * 64},
            {"traefik": "traefik:3.7.7", "middleware": "traefik.http.middlewares.again.compress: 'true'"},
            ["RT060"],
            id="retry, and another middleware",
        ),
        pytest.param(
            {"traefik": "traefik:v3.6.0", "docker": "docker:29.0.1-dind"},
            {"traefik": "traefik:v3.6.1", "docker": "docker:29.0.1-dind"},
            ["RT061"],
            id="Docker 29",
        ),
        pytest.param(
            {"traefik": "traefik:v2.11.30", "docker": "docker:29.0.1-dind"},
            {"traefik": "traefik:v2.11.31", "docker": "docker:29.0.1-dind"},
            ["RT061"],
            id="Docker 29, Traefik 2",
        ),
        pytest.param(
            {"nginx": "nginx:1.30.6-alpine"},
            {"nginx": "nginx:1.30.6-alpine", "keepalive": "keepalive 32; keepalive_timeout 4s;"},
            ["RT062"],
            id="nginx's defaults, and said",
        ),
        pytest.param(
            {"nginx": "nginx:1.31.4"}, {"nginx": "nginx:1.31.4", "upstream": "websocket:9000"}, ["RT062"], id="a block"
        ),
        pytest.param({"nginx": "nginx:1.29.8"}, {"nginx": "nginx:1.28.3"}, ["RT062", "RT063", "RT063"], id="holes"),
        pytest.param(
            {"nginx": "nginx:1.26.3", "server": "websocket:9000 resolve", "keepalive": "zone socketio 64k;"},
            {"nginx": "nginx:1.28.3", "server": "websocket:9000 resolve", "keepalive": "zone socketio 64k;"},
            ["RT064"],
            id="resolve",
        ),
        pytest.param(
            {"nginx": "nginx:1.28.3", "keepalive": "sticky cookie way;"},
            {"nginx": "nginx:1.30.6", "keepalive": "keepalive 0; sticky cookie way;"},
            ["RT064"],
            id="sticky",
        ),
        pytest.param(
            {"nginx": "nginx:1.18.0", "command": "nginx -e stderr -g 'daemon off;'"},
            {"nginx": "nginx:1.18.0"},
            ["RT064"],
            id="an option",
        ),
        pytest.param(
            {"nginx": "nginx:1.30.3", "keepalive": "keepalive 0;"},
            {"nginx": "nginx:1.30.4", "keepalive": "keepalive 0;"},
            ["RT063"],
            id="one hole",
        ),
    ],
)
def test_row(broken: dict[str, str], sound: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    told = found(tmp_path, **broken)
    assert sorted(code for code, _, _ in told) == expected
    line = NGINX_LINE if "nginx" in broken else TRAEFIK_LINE
    assert {where for _, where, _ in told} == {f"compose.yml:{line}"}
    notes = {"RT062", "RT063"}
    assert all(level is (Level.NOTE if code in notes else Level.ERROR) for code, _, level in told)
    assert found(tmp_path, **sound) == []


@pytest.mark.parametrize(
    "image", ["traefik:v3.7", "traefik:3", "traefik:latest", "traefik", "traefik:v3.2", "traefik:v2.11", "own/traefik"]
)
def test_what_moves_on_is_left_alone(image: str, tmp_path: Path) -> None:
    assert found(tmp_path, traefik=image, docker="docker:29.0.1-dind") == []


@pytest.mark.parametrize(
    "image", ["nginx:1.29", "nginx:1.30", "nginx:stable", "nginx", "nginx:alpine", "own/edge:1.30.1"]
)
def test_an_nginx_that_moves_on_is_left_alone(image: str, tmp_path: Path) -> None:
    assert found(tmp_path, nginx=image) == []


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        pytest.param({"docker": "docker:29.0.1-cli"}, [], id="a client"),
        pytest.param({"endpoint": "unix:///var/run/docker.sock"}, [], id="another Docker"),
        pytest.param({"docker": "29.0.1", "endpoint": "unix:///var/run/docker.sock"}, ["RT061"], id="as is said"),
    ],
)
def test_which_docker_traefik_asks(said: dict[str, str], codes: list[str], tmp_path: Path) -> None:
    given = {"traefik": "traefik:v3.6.0", "docker": "docker:29.0.1-dind"} | said
    assert [code for code, _, _ in found(tmp_path, **given)] == codes


def test_an_nginx_on_the_machine(tmp_path: Path) -> None:
    (tmp_path / "erp.conf").write_text(nginx(server="127.0.0.1:9000"))
    told = {
        version: [each.code for each in judge(read([str(tmp_path)], versions=said).world) if each.code in CODES]
        for version, said in {"": {}, "1.30": {"nginx": "1.30"}, "1.30.6": {"nginx": "1.30.6"}}.items()
    }
    assert told == {"": [], "1.30": [], "1.30.6": ["RT062"]}


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge}
spec:
  selector: {matchLabels: {app: edge}}
  template:
    metadata: {labels: {app: edge}}
    spec:
      containers:
        - name: nginx
          image: nginx:1.30.3
          ports: [{containerPort: 80}]
          volumeMounts: [{name: conf, mountPath: /etc/nginx/conf.d}]
      volumes: [{name: conf, configMap: {name: edge}}]
---
apiVersion: v1
kind: Service
metadata: {name: edge}
spec: {type: LoadBalancer, selector: {app: edge}, ports: [{port: 80, targetPort: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: edge}
data:
  default.conf: |
"""


def test_in_a_cluster(tmp_path: Path) -> None:
    text = nginx(keepalive="keepalive 0;")
    indented = "".join(f"    {line}\n" for line in text.strip().splitlines())
    (tmp_path / "edge.yaml").write_text(DEPLOYMENT + indented)
    told = [each for each in judge(read([str(tmp_path)]).world) if each.code in CODES]
    assert [(each.code, str(each.location)) for each in told] == [("RT063", f"{tmp_path}/edge.yaml:12")]


QUADLETS = {
    "edge.container": "[Container]\nContainerName=edge\nImage=docker.io/library/nginx:1.30.3\nNetwork=host\n"
    "Volume=./edge.conf:/etc/nginx/conf.d/default.conf\n",
}


def test_in_a_quadlet(tmp_path: Path) -> None:
    text = nginx(server="127.0.0.1:9000", keepalive="keepalive 0;")
    for name, content in {**QUADLETS, "edge.conf": text}.items():
        (tmp_path / name).write_text(content)
    told = [each for each in judge(read([str(tmp_path)]).world) if each.code in CODES]
    assert [(each.code, str(each.location)) for each in told] == [("RT063", f"{tmp_path}/edge.container:3")]
