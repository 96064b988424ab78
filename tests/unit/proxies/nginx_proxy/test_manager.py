"""nginx-proxy-manager: what its hosts' files include."""

from __future__ import annotations

import re

import pytest

from raven_realtime.proxies.nginx_proxy.manager import HOSTS, MAIN, includes, is_npm

HOST_FILE = """\
server {
  set $forward_scheme http;
  set $server         "10.0.0.5";
  set $port           8000;
  listen 443 ssl;
  ssl_certificate /etc/letsencrypt/live/npm-1/fullchain.pem;
  location / {
    include conf.d/include/proxy.conf;
  }
}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(HOST_FILE, True, id="a host's file"),
        pytest.param("location / { include conf.d/include/proxy.conf; }", True, id="by its include"),
        pytest.param("ssl_certificate /etc/letsencrypt/live/npm-12/fullchain.pem;", True, id="by its certificate"),
        pytest.param("set $server a; set $port 1; set $forward_scheme http;", True, id="by its variables"),
        pytest.param("set $server a; set $port 1;", False, id="not by two of them"),
        pytest.param("server { listen 80; include /etc/nginx/proxy.conf; }", False, id="plain nginx"),
        pytest.param("ssl_certificate /etc/letsencrypt/live/example.com/fullchain.pem;", False, id="certbot's"),
    ],
)
def test_told_by_content(text: str, expected: bool) -> None:
    assert is_npm(text) is expected


@pytest.mark.parametrize(
    ("release", "proto"),
    [(None, "$scheme"), ((2, 13, 7), "$scheme"), ((2, 14, 0), "$x_forwarded_proto"), ((2, 15), "$x_forwarded_proto")],
)
def test_the_scheme_that_is_passed_on_depends_on_the_release(release: tuple[int, ...] | None, proto: str) -> None:
    text = includes(release)["conf.d/include/proxy.conf"]
    assert f"proxy_set_header X-Forwarded-Proto {proto};" in text
    assert "proxy_pass $forward_scheme://$server:$port$request_uri;" in text
    assert "Upgrade" not in text


@pytest.mark.parametrize("release", [None, (2, 14, 0)])
def test_nothing_is_included_that_is_not_there(release: tuple[int, ...] | None) -> None:
    texts = includes(release)
    named = {path for text in texts.values() for path in re.findall(r"\binclude\s+(\S+);", text)}
    assert named == {HOSTS, "conf.d/include/proxy.conf"}
    assert all(text.count("{") == text.count("}") for text in texts.values())
    assert f"include {HOSTS};" in texts[MAIN]
