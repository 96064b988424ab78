"""`raven-realtime render`: what the stacks install, printed; nginx's part is held by tests/unit/nginx."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner, Result

from raven_realtime.cli import app, mount
from raven_realtime.problem import Problem
from raven_realtime.render.targets import targets
from raven_realtime.settings import load_prod
from raven_realtime.sidecar import configuration

APP = mount(app, "render")
LABELS = """\
- "traefik.enable=true"
- "traefik.http.middlewares.frappe-socketio-retry.retry.attempts=3"
- "traefik.http.middlewares.frappe-socketio-retry.retry.initialinterval=50ms"
- "traefik.http.routers.frappe-socketio.entrypoints=websecure"
- "traefik.http.routers.frappe-socketio.middlewares=frappe-socketio-retry"
- "traefik.http.routers.frappe-socketio.rule=Host(`chat.example.com`) && PathPrefix(`/socket.io`)"
- "traefik.http.routers.frappe-socketio.tls.certresolver=letsencrypt"
- "traefik.http.services.frappe-socketio.loadbalancer.server.port=80"
"""


def render(*arguments: str) -> Result:
    return CliRunner().invoke(APP, ["render", *arguments])


def test_labels() -> None:
    named = ("labels", "--host", "chat.example.com", "--cert-resolver", "letsencrypt")
    assert render(*named).stdout == LABELS
    without = "".join(line for line in LABELS.splitlines(keepends=True) if "retry" not in line)
    assert render(*named, "--traefik-version", "3.7.6").stdout == without


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        pytest.param((), {}, id="defaults"),
        pytest.param(
            ("--upstream", "websocket:9000", "--network", "frappe"),
            {"upstream": "websocket:9000", "networks": ["frappe"]},
            id="a container",
        ),
        pytest.param(("--capacity", "500"), {"capacity": 500}, id="capacity"),
    ],
)
def test_the_sidecar_is_the_stack_s(arguments: tuple[str, ...], settings: dict[str, object]) -> None:
    host = "chat.example.com=chat"
    wanted = configuration.render(load_prod({"hosts": [host], **settings}, where="here"))
    assert render("sidecar", "--host", host, *arguments).stdout == wanted


def test_the_multiplexer_names_each_site() -> None:
    said = render("multiplexer", "--host", "a.example.com=a", "--host", "b.example.com", "--folder", "/run/mux").stdout
    assert "listen 127.0.0.1:8005" in said
    assert "b.example.com b.example.com;" in said
    assert "pid /run/mux/" in said


HOST = ("--host", "chat.example.com")
REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "a URL": (("sidecar", "--host", "https://chat.example.com"), "--host: found"),
    "twice": (("sidecar", *HOST, *HOST), "--host: found"),
    "no host": (("caddy",), "--host is missing"),
    "an upstream": (("sidecar", *HOST, "--upstream", "nowhere"), "--upstream: found"),
    "a port": (("caddy", *HOST, "--web", "127.0.0.1:70000"), "--web: found '127.0.0.1:70000': a port is a number"),
    "a network": (("compose", *HOST, "--network", "-"), "--network: found"),
    "a router": (("labels", *HOST, "--router", "a b"), "--router: found"),
    "a resolver": (("traefik", *HOST, "--cert-resolver", "a b"), "--cert-resolver: found"),
    "a version": (("labels", *HOST, "--traefik-version", "3"), "--traefik-version: found"),
    "an image": (("compose", *HOST, "--image", "nginx"), "--image: found"),
    "a capacity": (("sidecar", *HOST, "--capacity", "3"), "--capacity: found 3"),
    "a folder": (("multiplexer", *HOST, "--folder", "/tmp/a b"), "--folder: found"),
    "a bench": (("bench", *HOST, "--bench", "frappe-bench"), "--bench: found"),
    "a certificate": (("haproxy", *HOST, "--certificate", "/a;b"), "--certificate: found"),
    "no key": (("caddy", *HOST, "--certificate", "/a"), "--certificate and --certificate-key belong together"),
    "a class": (("ingress", *HOST, "--ingress-class", "N"), "--ingress-class: found"),
    "a gateway": (("httproute", *HOST, "--gateway", "a b"), "--gateway: found"),
    "not used": (("caddy", *HOST, "--router", "a"), "--router: caddy does not use it. Used by: compose, frappe-docker"),
    "sites of one frontend": (("frappe-docker", *HOST, "--host", "erp.example.com=erp"), "--host: frappe_docker's"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_input_is_refused_by_the_options_name(arguments: tuple[str, ...], said: str) -> None:
    result = render(*arguments)
    assert isinstance(result.exception, Problem)
    assert str(result.exception).startswith(said)


def test_without_a_target_all_are_listed() -> None:
    result = render()
    assert result.exit_code == 0
    for name, target in targets().items():
        assert re.search(rf"^  {name} +{re.escape(target.title)}$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("written", "near"),
    [("cady", "caddy"), ("Haproxy", "haproxy"), ("proxy-manager", "nginx-proxy-manager"), ("docker", "frappe-docker")],
)
def test_an_unknown_target_is_answered_with_the_nearest(written: str, near: str) -> None:
    result = render(written, *HOST)
    assert isinstance(result.exception, Problem)
    assert f"render: {written!r} is not known. Did you mean {near}?" in str(result.exception)
    assert all(f"  {name} " in str(result.exception) for name in targets())


def test_caddy_gets_its_certificate_unless_there_is_one() -> None:
    assert "tls " not in render("caddy", *HOST).stdout
    own = render("caddy", *HOST, "--certificate", "/etc/ssl/a.pem", "--certificate-key", "/etc/ssl/a.key").stdout
    assert "\n\ttls /etc/ssl/a.pem /etc/ssl/a.key\n" in own


def test_annotations_of_ingress_nginx_are_for_its_class_only() -> None:
    assert "nginx.ingress" in render("ingress", *HOST).stdout
    assert "nginx.ingress" not in render("ingress", *HOST, "--ingress-class", "traefik").stdout


def test_a_frontend_with_one_site_is_told_its_name() -> None:
    assert "FRAPPE_SITE_NAME_HEADER: chat\n" in render("frappe-docker", "--host", "chat.example.com=chat").stdout
