"""`raven-realtime render`: what the stacks install, printed; nginx's part is held by tests/unit/nginx."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from raven_realtime.cli import app, mount
from raven_realtime.problem import Problem
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--host", "https://chat.example.com"), "raven-realtime:hosts in the options", id="a URL"),
        pytest.param(("--host", "a.example.com", "--host", "a.example.com"), "twice", id="twice"),
        pytest.param(("--host", "a.example.com", "--upstream", "nowhere"), "raven-realtime:upstream", id="upstream"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], said: str) -> None:
    result = render("sidecar", *arguments)
    assert isinstance(result.exception, Problem)
    assert said in str(result.exception)
