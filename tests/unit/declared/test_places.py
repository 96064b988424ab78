"""What runs where, whoever declares it: each with a fault that has to be named, and its healthy twin.

And what people have at hand, told by its content: from a file of any name, and from standard input.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from raven_realtime.declared import judge
from raven_realtime.declared.files import STDIN, read
from raven_realtime.declared.outputs.report import Report
from raven_realtime.findings.entry import Level

if TYPE_CHECKING:
    from pathlib import Path

Files = dict[str, str]
BENCH = {
    "common_site_config.json": '{"socketio_port": 9000, "webserver_port": 8000, "default_site": "erp.example.com"}'
}
NGINX = """
server {
    listen 80;
    server_name erp.example.com;
    location /socket.io/ {
        proxy_pass http://REALTIME;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection "upgrade";
        proxy_set_header X-Frappe-Site-Name erp.example.com;
        proxy_set_header Origin $scheme://$http_host;
        proxy_set_header Host $http_host;
        proxy_read_timeout 86400;
        proxy_buffering off;
    }
    location / {
        proxy_pass http://WEB;
        proxy_set_header X-Frappe-Site-Name erp.example.com;
        proxy_set_header Host $http_host;
    }
}
"""


def nginx(realtime: str = "127.0.0.1:9000", web: str = "127.0.0.1:8000", *, without: str = "\0") -> str:
    text = NGINX.replace("REALTIME", realtime).replace("WEB", web)
    return "".join(line for line in text.splitlines(keepends=True) if without not in line)


def nginx_proxy(where: str) -> Files:
    """frappe_docker behind nginx-proxy: the host's name leads to this service's port."""
    asked = {
        "frontend": ("VIRTUAL_HOST: erp.example.com\n      VIRTUAL_PORT: '8080'", ""),
        "websocket": ("", "VIRTUAL_HOST: erp.example.com\n      VIRTUAL_PORT: '9000'\n      VIRTUAL_PATH: /socket.io/"),
    }[where]
    return {
        "compose.yml": f"""
services:
  nginx-proxy:
    image: nginxproxy/nginx-proxy:1.7
    ports: ["80:80"]
    volumes: ["/var/run/docker.sock:/tmp/docker.sock:ro"]
  frontend:
    image: frappe/erpnext:v15.40.0
    command: [nginx-entrypoint.sh]
    environment:
      BACKEND: backend:8000
      SOCKETIO: websocket:9000
      FRAPPE_SITE_NAME_HEADER: erp.example.com
      {asked[0]}
    networks:
      default:
        aliases: [erp.example.com]
  backend:
    image: frappe/erpnext:v15.40.0
  websocket:
    image: frappe/erpnext:v15.40.0
    command: [node, /home/frappe/frappe-bench/apps/frappe/socketio.js]
    environment:
      NODE_ENV: production
      {asked[1]}
    extra_hosts: ["erp.example.com:host-gateway"]
"""
    }


def quadlets(configuration: str) -> Files:
    """Frappe under Podman: nginx with this configuration, and the realtime process."""
    return {
        "nginx.container": (
            "[Container]\nImage=docker.io/library/nginx:1.27\nContainerName=proxy\nNetwork=frappe.network\n"
            "PublishPort=80:80\nVolume=./site.conf:/etc/nginx/conf.d/default.conf:ro\n"
        ),
        "websocket.container": (
            "[Container]\nImage=docker.io/frappe/erpnext:v15.40.0\nContainerName=websocket\nNetwork=frappe.network\n"
            "Exec=node /home/frappe/frappe-bench/apps/frappe/socketio.js\nAddHost=erp.example.com:host-gateway\n"
        ),
        "backend.container": (
            "[Container]\nImage=docker.io/frappe/erpnext:v15.40.0\nContainerName=backend\nNetwork=frappe.network\n"
        ),
        "frappe.network": "[Network]\nNetworkName=frappe\n",
        "site.conf": configuration,
    }


def procfile(realtime: int) -> Files:
    """A bench of a developer, whose web process is not where it usually is."""
    return BENCH | {
        "Procfile": (
            "redis_cache: redis-server config/redis_cache.conf\nweb: bench serve --port 8001\n"
            "socketio: /usr/bin/node apps/frappe/socketio.js\nwatch: bench watch\n"
        ),
        "site.conf": nginx(f"127.0.0.1:{realtime}", "127.0.0.1:8001"),
    }


def systemd(realtime: int) -> Files:
    return BENCH | {
        "frappe-web.service": (
            "[Unit]\nDescription=web\n[Service]\nWorkingDirectory=/home/frappe/frappe-bench/sites\n"
            "ExecStart=/home/frappe/frappe-bench/env/bin/gunicorn -b 127.0.0.1:8001 frappe.app:application\n"
        ),
        "frappe-socketio.service": "[Service]\nExecStart=node /home/frappe/frappe-bench/apps/frappe/socketio.js\n",
        "site.conf": nginx(f"127.0.0.1:{realtime}", "127.0.0.1:8001"),
    }


def tailscale(port: int) -> Files:
    """Tailscale in a container whose network frappe_docker's frontend, or its realtime process, shares."""
    serve = {
        "TCP": {"443": {"HTTPS": True}},
        "Web": {"erp.example.ts.net:443": {"Handlers": {"/": {"Proxy": f"http://127.0.0.1:{port}"}}}},
    }
    return {
        "serve.json": json.dumps(serve),
        "compose.yml": """
services:
  tailscale:
    image: tailscale/tailscale:latest
    environment:
      TS_SERVE_CONFIG: /config/serve.json
    volumes: ["./serve.json:/config/serve.json"]
    extra_hosts: ["erp.example.ts.net:127.0.0.1"]
  frontend:
    image: frappe/erpnext:v15.40.0
    network_mode: service:tailscale
    command: [nginx-entrypoint.sh]
    environment:
      BACKEND: backend:8000
      SOCKETIO: 127.0.0.1:9000
  backend:
    image: frappe/erpnext:v15.40.0
  websocket:
    image: frappe/erpnext:v15.40.0
    network_mode: service:tailscale
    command: [node, /home/frappe/frappe-bench/apps/frappe/socketio.js]
""",
    }


def manager(upgrade: str) -> Files:
    """A host's file that nginx-proxy-manager wrote, for a notes app with Socket.IO."""
    return {
        "1.conf": f"""
server {{
  set $forward_scheme http;
  set $server         "notes";
  set $port           3000;
  listen 443 ssl;
  server_name notes.example.com;
  ssl_certificate /etc/letsencrypt/live/npm-1/fullchain.pem;
  ssl_certificate_key /etc/letsencrypt/live/npm-1/privkey.pem;
  include conf.d/include/block-exploits.conf;
  location /socket.io/ {{
    {upgrade}
    include conf.d/include/proxy.conf;
  }}
}}
"""
    }


def traefik(version: str, hosts: str, service: str = "") -> Files:
    """frappe_docker's frontend behind a Traefik of this version."""
    return {
        "compose.yml": f"""
services:
  traefik:
    image: traefik:{version}
    command:
      - --providers.docker=true
      - --providers.docker.exposedbydefault=false
      - --entrypoints.websecure.address=:443
      - --certificatesresolvers.le.acme.tlschallenge=true
    ports: ["443:443"]
  frontend:
    image: frappe/erpnext:v16.2.0
    command: [nginx-entrypoint.sh]
    environment:
      BACKEND: backend:8000
      SOCKETIO: websocket:9000
      FRAPPE_SITE_NAME_HEADER: $$host
    labels:
      traefik.enable: "true"
      traefik.http.routers.erp.rule: Host(`{hosts}`)
      traefik.http.routers.erp.entrypoints: websecure
      traefik.http.routers.erp.tls.certresolver: le
      traefik.http.services.erp.loadbalancer.server.port: "8080"
  backend:
    image: frappe/erpnext:v16.2.0
  websocket:
    image: frappe/erpnext:v16.2.0
    command: [node, /home/frappe/frappe-bench/apps/frappe/socketio.js]
{service}
"""
    }


def replicated(strategy: str) -> Files:
    """Three realtime processes of another application behind Traefik's file provider."""
    return {
        "dynamic.yml": f"""
http:
  routers:
    notes:
      rule: Host(`notes.example.com`) && PathPrefix(`/socket.io/`)
      entryPoints: [websecure]
      service: notes
      tls:
        certResolver: le
  services:
    notes:
      loadBalancer:
        strategy: {strategy}
        servers:
          - url: http://10.0.0.1:3000
          - url: http://10.0.0.2:3000
          - url: http://10.0.0.3:3000
"""
    }


UPGRADE = "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;"


@pytest.mark.parametrize(
    ("faulty", "code", "healthy"),
    [
        pytest.param(nginx_proxy("websocket"), "RT008", nginx_proxy("frontend"), id="nginx-proxy"),
        pytest.param(
            quadlets(nginx("websocket:9000", "backend:8000", without="Upgrade")), "RT025",
            quadlets(nginx("websocket:9000", "backend:8000")), id="quadlets",
        ),
        pytest.param(procfile(8001), "RT001", procfile(9000), id="procfile"),
        pytest.param(systemd(8001), "RT001", systemd(9000), id="systemd"),
        pytest.param(tailscale(9000), "RT008", tailscale(8080), id="tailscale"),
        pytest.param(manager(""), "RT025", manager(UPGRADE), id="nginx-proxy-manager"),
        pytest.param(
            traefik("v3.6", "*.example.com"), "RT104", traefik("v3.7", "*.example.com"), id="traefik-wildcards"
        ),
        pytest.param(replicated("p2c"), "RT006", replicated("hrw"), id="traefik-hrw"),
    ],
)  # fmt: skip
def test_a_fault_and_its_healthy_twin(faulty: Files, code: str, healthy: Files, tmp_path: Path) -> None:
    assert (code, Level.ERROR) in said(written(tmp_path / "faulty", faulty))
    assert {found for found in said(written(tmp_path / "healthy", healthy)) if found[1] is not Level.NOTE} == set()


def written(folder: Path, files: Files) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def said(*paths: Path | str) -> set[tuple[str, Level]]:
    reading = read([str(path) for path in paths])
    assert [problem.value for problem in reading.problems] == []
    assert Report((), world=reading.world).journeys
    return {(finding.code, finding.level) for finding in judge(reading.world)}


def dump(configuration: str) -> str:
    """What `nginx -T` prints."""
    return (
        "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n"
        "nginx: configuration file /etc/nginx/nginx.conf test is successful\n"
        "# configuration file /etc/nginx/nginx.conf:\nuser www-data;\nevents { }\n"
        "http {\n    include mime.types;\n    include /etc/nginx/sites-enabled/*;\n}\n\n"
        "# configuration file /etc/nginx/mime.types:\ntypes { text/html html; }\n\n"
        f"# configuration file /etc/nginx/sites-enabled/frappe:\n{configuration}\n"
    )


def composed(header: str) -> str:
    """What `docker compose config` prints of frappe_docker's published set-up."""
    return f"""name: erp
services:
  backend:
    image: frappe/erpnext:v15.40.0
    networks:
      default: null
  frontend:
    command:
      - nginx-entrypoint.sh
    environment:
      BACKEND: backend:8000
      FRAPPE_SITE_NAME_HEADER: {header}
      SOCKETIO: websocket:9000
    image: frappe/erpnext:v15.40.0
    networks:
      default:
        aliases:
          - erp.example.com
    ports:
      - mode: ingress
        target: 8080
        published: "80"
        protocol: tcp
  websocket:
    command:
      - node
      - /home/frappe/frappe-bench/apps/frappe/socketio.js
    extra_hosts:
      - erp.example.com=10.0.0.9
    image: frappe/erpnext:v15.40.0
    networks:
      default: null
networks:
  default:
    name: erp_default
"""


def inspected(service: str) -> str:
    """What `docker inspect` prints: Traefik's labels lead to this one of frappe_docker's services."""

    def container(name: str, image: str, command: list[str], **more: object) -> dict[str, object]:
        labels = {"com.docker.compose.service": name, "com.docker.compose.project": "erp"}
        if name == service:
            labels |= {
                "traefik.enable": "true",
                "traefik.http.routers.erp.rule": "Host(`erp.example.com`)",
                "traefik.http.routers.erp.entrypoints": "websecure",
                "traefik.http.routers.erp.tls.certresolver": "le",
                "traefik.http.services.erp.loadbalancer.server.port": "9000" if name == "websocket" else "8080",
            }
        return {
            "Id": f"{name}0123456789",
            "Name": f"/erp-{name}-1",
            "State": {"Status": "running"},
            "Config": {
                "Hostname": f"{name}0123",
                "Image": image,
                "Cmd": command,
                "Entrypoint": None,
                "Env": ["PATH=/usr/bin", "DB_PASSWORD=f7hq8s1kz", *more.get("env", [])],  # type: ignore[misc]
                "Labels": labels,
                "ExposedPorts": more.get("ports", {}),
            },
            "HostConfig": {
                "NetworkMode": "erp_default",
                "PortBindings": {"443/tcp": [{"HostIp": "", "HostPort": "443"}]} if name == "traefik" else {},
                "ExtraHosts": ["erp.example.com:10.0.0.9"] if name == "websocket" else None,
            },
            "Mounts": [],
            "NetworkSettings": {"Networks": {"erp_default": {"Aliases": [name, f"erp-{name}-1"]}}},
        }

    frappe = "frappe/erpnext:v16.2.0"
    listed = [
        container("traefik", "traefik:v3.6", [
            "--providers.docker=true", "--providers.docker.exposedbydefault=false",
            "--entrypoints.websecure.address=:443", "--certificatesresolvers.le.acme.tlschallenge=true",
        ]),
        container("frontend", frappe, ["nginx-entrypoint.sh"], env=[
            "BACKEND=backend:8000", "SOCKETIO=websocket:9000", "FRAPPE_SITE_NAME_HEADER=$host",
        ], ports={"8080/tcp": {}}),
        container("backend", frappe, [], ports={"8000/tcp": {}}),
        container("websocket", frappe, ["node", "/home/frappe/frappe-bench/apps/frappe/socketio.js"],
                  ports={"9000/tcp": {}}),
    ]  # fmt: skip
    return json.dumps(listed, indent=4)


def cluster(port: int) -> str:
    """What `kubectl get -o yaml` prints."""
    return f"""apiVersion: v1
items:
- apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata:
    name: erp
    namespace: erp
    annotations:
      nginx.ingress.kubernetes.io/proxy-read-timeout: "86400"
  spec:
    ingressClassName: nginx
    rules:
    - host: erp.example.com
      http:
        paths:
        - backend:
            service:
              name: {"frappe-socketio" if port == 9000 else "frappe-nginx"}
              port:
                number: {port}
          path: /
          pathType: Prefix
    tls:
    - hosts: [erp.example.com]
      secretName: erp-tls
- apiVersion: v1
  kind: Service
  metadata:
    name: frappe-nginx
    namespace: erp
  spec:
    ports:
    - name: http
      port: 8080
      targetPort: 8080
    selector:
      app: nginx
- apiVersion: v1
  kind: Service
  metadata:
    name: frappe-socketio
    namespace: erp
  spec:
    ports:
    - port: 9000
      targetPort: 9000
    selector:
      app: socketio
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: frappe-nginx
    namespace: erp
  spec:
    replicas: 1
    selector:
      matchLabels:
        app: nginx
    template:
      metadata:
        labels:
          app: nginx
      spec:
        containers:
        - name: nginx
          image: frappe/erpnext:v16.2.0
          args: [nginx-entrypoint.sh]
          env:
          - name: BACKEND
            value: frappe-gunicorn:8000
          - name: SOCKETIO
            value: frappe-socketio:9000
          - name: FRAPPE_SITE_NAME_HEADER
            value: $host
          ports:
          - containerPort: 8080
- apiVersion: apps/v1
  kind: Deployment
  metadata:
    name: frappe-socketio
    namespace: erp
  spec:
    replicas: 1
    selector:
      matchLabels:
        app: socketio
    template:
      metadata:
        labels:
          app: socketio
      spec:
        containers:
        - name: socketio
          image: frappe/erpnext:v16.2.0
          args: [node, /home/frappe/frappe-bench/apps/frappe/socketio.js]
          ports:
          - containerPort: 9000
kind: List
metadata:
  resourceVersion: ""
"""


AT_HAND = [
    pytest.param((dump(nginx(without="Upgrade")), "RT025", dump(nginx())), id="nginx -T"),
    pytest.param((composed("frontend"), "RT008", composed("erp.example.com")), id="docker compose config"),
    pytest.param((inspected("websocket"), "RT008", inspected("frontend")), id="docker inspect"),
    pytest.param((cluster(9000), "RT008", cluster(8080)), id="kubectl get -o yaml"),
]


@pytest.mark.parametrize("name", ["output", "saved.txt", "standard input"])
@pytest.mark.parametrize("case", AT_HAND)
def test_what_people_have_at_hand(
    case: tuple[str, str, str], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty, code, healthy = case

    def found(text: str) -> set[tuple[str, Level]]:
        if name == STDIN:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
            return said("-")
        (tmp_path / name).write_text(text)
        return said(tmp_path / name)

    assert (code, Level.ERROR) in found(faulty)
    assert {each for each in found(healthy) if each[1] is not Level.NOTE} == set()


def test_a_finding_in_a_dump_stands_in_its_own_file(tmp_path: Path) -> None:
    (tmp_path / "dump.txt").write_text(dump(nginx(without="Upgrade")))
    places = {str(each.location) for each in judge(read([str(tmp_path / "dump.txt")]).world) if each.code == "RT025"}
    assert places == {"/etc/nginx/sites-enabled/frappe:5"}


def test_secrets_of_running_containers_are_neither_reported_nor_shown(tmp_path: Path) -> None:
    (tmp_path / "inspect.json").write_text(inspected("frontend"))
    findings = judge(read([str(tmp_path / "inspect.json")]).world)
    assert "RT110" not in {each.code for each in findings}
    assert "f7hq8s1kz" not in str(findings)


@pytest.mark.parametrize("text", ["hello\n", "{}", "[1, 2]", "a: b\n", ""])
def test_what_is_nothing_of_the_kind_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    (problem,) = read(["-"]).problems
    assert problem.value.startswith("standard input: ")
