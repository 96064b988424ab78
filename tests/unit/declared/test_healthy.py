"""No false alarm on realistic healthy setups; each of them is really judged, because one broken word in it is found."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from raven_realtime.declared import judge
from raven_realtime.declared.files import read
from raven_realtime.findings.entry import Level

HEALTHY = Path(__file__).parent / "healthy"
CERTIFICATE = '[[tls.certificates]]\ncertFile = "/etc/ssl/erp.crt"\nkeyFile = "/etc/ssl/erp.key"\n'
ERP = "rule: Host(`erp.example.com`)\n"
SSL = "overrides/compose.multi-bench-ssl.yaml"
GRAFANA = "rule: Host(`grafana.example.com`)\n"
ABOVE_ALL = "rule: HostRegexp(`.`)\n      traefik.http.routers.grafana.priority: 999\n"
CATCH_ALL = "rule: PathPrefix(`/`)\n      priority: 999\n"
SETUPS = sorted(folder.name for folder in HEALTHY.iterdir() if folder.is_dir())


def test_there_are_a_dozen() -> None:
    assert len(SETUPS) >= 12


@pytest.mark.parametrize("setup", SETUPS)
def test_healthy_setup_raises_no_alarm(setup: str) -> None:
    reading = read([str(HEALTHY / setup)])
    assert [problem.value for problem in reading.problems] == []
    found = [each for each in judge(reading.world) if each.level is not Level.NOTE]
    assert [f"{finding.location} {finding.code} {finding.evidence}" for finding in found] == []


def test_what_is_said_of_several_sites_at_one_place_is_said_once(tmp_path: Path) -> None:
    text = (HEALTHY / "bench_site/frappe-bench.conf").read_text()
    names = " ".join(f"{site}.example.com" for site in ("erp", *"abcd"))
    (tmp_path / "many.conf").write_text(
        text.replace("server_name erp.example.com;", f"server_name {names};").replace("proxy_buffering off;", "")
    )
    found = judge(read([str(tmp_path / "many.conf")]).world)
    assert [each.evidence for each in found if each.code == "RT112"] == [
        "erp.example.com, a.example.com, b.example.com and 2 more: proxy_buffering is on where /socket.io/ is answered"
    ]


@pytest.mark.parametrize(
    ("setup", "file", "old", "new", "code"),
    [
        ("frappe_docker_overrides", SSL, "erp-https.service: erp", "erp-https.service: missing", "RT104"),
        (
            "frappe_docker_overrides",
            SSL,
            "labels:\n",
            "environment: {SOCKETIO: websocket:9001}\n    labels:\n",
            "RT016",
        ),
        ("frappe_docker_traefik", "compose.yaml", "-http.entrypoints=websecure", "-http.middlewares=missing", "RT104"),
        ("frappe_docker_traefik", "compose.yaml", "websocket:9000", "websocket:9001", "RT016"),
        ("frappe_docker_traefik", "compose.yaml", "${DB_PASSWORD}", "admin1234", "RT110"),
        ("apps_with_sockets_of_their_own", "compose.yml", "/board/socket.io", "/socket.io", "RT005"),
        ("behind_cloudflare", "compose.yml", "cloudflare/cloudflared", "alpine/socat", "RT102"),
        ("behind_cloudflare", "compose.yml", "${TUNNEL_TOKEN}", "eyJhIjoiZjQ1Y2YifQ", "RT110"),
        ("behind_cloudflare", "compose.yml", "traefik.enable=true", '"traefik.enable: true"', "RT104"),
        ("bench_behind_traefik", "frappe-bench.conf", "Origin $rt_scheme", "Origin $scheme", "RT011"),
        ("bench_site", "frappe-bench.conf", "127.0.0.1:9000", "127.0.0.1:3000", "RT018"),
        ("bench_site", "common_site_config.json", "9000", "9001", "RT016"),
        ("bench_two_sites", "frappe-bench.conf", 'Connection "upgrade"', 'Connection ""', "RT025"),
        ("debian_nginx", "sites-enabled/erp.conf", "proxy_set_header Origin", "proxy_set_header X-O", "RT008"),
        ("debian_nginx", "nginx.conf", "16384", "768", "RT029"),
        ("frappe_docker_overrides", SSL, "${SITES_RULE:-Host(`erp.example.com`)}", "Host(`${SITE}`)", "RT114"),
        ("file_provider", "erp.yml", "[retry, origin]", "[retry, usual]", "RT008"),
        ("file_provider", "erp.yml", "retry: {retry: {attempts: 3}}", "retry: {stripPrefix: {prefixes: [/]}}", "RT007"),
        ("file_provider", "erp.yml", "retry: {retry: {attempts: 3}}", "retry: {digestAuth: {users: [a]}}", "RT026"),
        ("file_provider", "erp.yml", 'Origin: "https://erp', 'Origin: "https://www', "RT008"),
        ("file_provider", "erp.yml", "PathPrefix(`/socket.io`)", "Path(`/socket.io`)", "RT001"),
        ("file_provider", "erp.yml", ERP, CATCH_ALL, "RT005"),
        ("frontend", "socket.ts", "window.location.origin", '"http://localhost:9000"', "RT014"),
        ("host_nginx_before_docker", "site.conf", "proxy_http_version 1.1;", "", "RT025"),
        ("inline_config", "compose.yml", "Upgrade $$http_upgrade", "Upgrade $$http_accept", "RT025"),
        ("inline_config", "compose.yml", "network_mode: proxy", "network_mode: none", "RT104"),
        (
            "inline_config",
            "compose.yml",
            "network_mode: proxy",
            "volumes: ['/absent/nginx.conf:/etc/nginx/x.conf']",
            "RT114",
        ),
        ("multi_tenant", "compose.yml", "/socket.io`", "/socket.iox`", "RT001"),
        ("multi_tenant", "compose.yml", GRAFANA, ABOVE_ALL, "RT005"),
        ("multi_tenant_v2", "erp.yml", "PathPrefix", "Path", "RT001"),
        ("own_certificates", "dynamic.toml", ":9000", ":9001", "RT016"),
        ("own_certificates", "dynamic.toml", CERTIFICATE, "", "RT103"),
        ("plain_v2_syntax", "compose.yml", "https\n", "http\n", "RT102"),
        ("redirected_by_routers", "compose.yml", "all.middlewares: tohttps", "all.service: all", "RT005"),
        ("redirected_to_https", "compose.yml", "rt.entrypoints: web,websecure", "rt.entrypoints: web", "RT102"),
        ("replicas", "compose.yml", "sticky.cookie.name: rt", "passhostheader: true", "RT006"),
        ("replicas", "compose.yml", "redis-local", "redis", "RT032"),
        ("sandbox_ngrok", "ngrok.yml", "8005", "8000", "RT001"),
        ("several_apps", "docker-compose.yml", "http.services.wiki.loadbalancer.server.port", "port", "RT104"),
        ("several_apps", "docker-compose.yml", "headers.Origin:", "headers.X-Origin:", "RT008"),
        ("several_apps", "docker-compose.yml", "PathPrefix(`/wiki`)", "PathPrefix(`/socket.io/x`)", "RT005"),
        ("several_sites", "compose.yml", "traefik.docker.network: proxy", "x: y", "RT004"),
        ("several_sites", "realtime.conf", "listen 80", "listen 81", "RT002"),
        ("sidecar_compose", "compose.yml", 'user: "101:101"', "user: root", "RT109"),
        ("sidecar_compose", "realtime.conf", "wss https;", "", "RT011"),
        ("swarm", "stack.yml", "      replicas: 1\n      labels:", "      replicas: 1\n    labels:", "RT104"),
        ("swarm", "stack.yml", "traefik.swarm.network=swarm_web", "x=y", "RT004"),
        ("swarm", "stack.yml", "server.port=9000", "server.port=9001", "RT016"),
    ],
)
def test_broken_word_is_found(  # noqa: PLR0917 (a row of the table)
    setup: str, file: str, old: str, new: str, code: str, tmp_path: Path
) -> None:
    folder = tmp_path / setup
    shutil.copytree(HEALTHY / setup, folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    found = {finding.code for finding in judge(read([str(folder)], "frappe").world)}
    assert code in found
