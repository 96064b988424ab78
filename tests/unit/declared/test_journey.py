"""Where a browser's requests go: from proxy to proxy, by names, ports and networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from raven_realtime.declared import names
from raven_realtime.declared.files import read
from raven_realtime.declared.journey import ways

COMPOSE = """\
services:
  front:
    image: nginx
    volumes: ["./front.conf:/etc/nginx/conf.d/front.conf"]
    ports: ["8080:80"]
    networks: [a]
  realtime:
    image: frappe/erpnext:v15.40.0
    command: node /home/frappe/frappe-bench/apps/frappe/socketio.js
    networks: [a]
  elsewhere:
    image: frappe/erpnext:v15.40.0
    command: node /home/frappe/frappe-bench/apps/frappe/socketio.js
    networks: [b]
"""
SERVER = "server { listen 80; server_name erp.example.com; location / { proxy_pass http://%s; } }\n"


@pytest.mark.parametrize(
    ("address", "chain", "known"),
    [
        ("realtime:9000", "http://erp.example.com:8080 → front → realtime:9000", True),
        ("elsewhere:9000", "http://erp.example.com:8080 → front → elsewhere:9000", False),
        ("127.0.0.1:9000", "http://erp.example.com:8080 → front → front:9000", True),
        ("10.0.0.5:9000", "http://erp.example.com:8080 → front → 10.0.0.5:9000", False),
    ],
)
def test_a_name_is_resolved_as_compose_does(tmp_path: Path, address: str, chain: str, known: bool) -> None:
    (tmp_path / "compose.yml").write_text(COMPOSE)
    (tmp_path / "front.conf").write_text(SERVER % address)
    (way,) = ways(read([str(tmp_path)]).world)
    assert way.chain == chain
    end = way.poll.destination
    assert end is not None
    assert (end.container is not None) is known


def test_a_proxy_that_another_leads_to_is_no_public_address(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text("erp.example.com {\n\treverse_proxy localhost:8005\n}\n")
    (tmp_path / "inner.conf").write_text("server { listen 8005; location / { proxy_pass http://127.0.0.1:9000; } }\n")
    found = [way.chain for way in ways(read([str(tmp_path)]).world) if way.scheme == "https"]
    assert found == ["https://erp.example.com → caddy → nginx → 127.0.0.1:9000"]
    assert not [way for way in ways(read([str(tmp_path)]).world) if way.node.proxy.kind == "nginx"]


def test_a_loop_ends(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("server { listen 8001; location / { proxy_pass http://127.0.0.1:8001; } }\n")
    assert all(way.poll.looped for way in ways(read([str(tmp_path)]).world))


@pytest.mark.parametrize(
    ("name", "public"),
    [
        ("erp.example.com", True),
        ("frontend", False),
        ("erp.local", False),
        ("erp.localhost", False),
        ("erp.lan", False),
        ("erp.internal", False),
        ("erp.home.arpa", False),
        ("192.168.1.5", True),
        ("127.0.0.1", False),
    ],
)
def test_what_is_public(name: str, public: bool) -> None:
    assert names.is_public(name) is public
