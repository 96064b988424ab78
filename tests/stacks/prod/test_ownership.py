"""Who owns `/socket.io` on the real server: asked of its containers before a deployment, of its Traefik after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from demo.server import traefik
from tests.stacks.prod.production import HOST, Production, handshake, remove_containers, within

GREEDY = {
    "traefik.enable": "true",
    "traefik.http.routers.greedy.rule": "HostRegexp(`.+`) && PathPrefix(`/socket.io`)",
    "traefik.http.routers.greedy.entrypoints": "websecure",
    "traefik.http.routers.greedy.tls": "true",
    "traefik.http.services.greedy.loadbalancer.server.port": "80",
}


@contextmanager
def running(prod: Production, name: str, **changes: str) -> Iterator[None]:
    """Have a stranger's container run on the server."""
    labels = GREEDY | {f"traefik.http.routers.greedy.{key}": value for key, value in changes.items()}
    words = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    prod.server.docker("run", "--detach", "--name", name, *words, prod.server.image, "sleep", "600")
    try:
        yield
    finally:
        remove_containers(prod.server, name)


@pytest.mark.parametrize(
    ("priority", "code"),
    [pytest.param("1000", "RT005", id="a higher priority"), pytest.param("77", "RT101", id="a tie")],
)
def test_somebody_in_the_way_stops_the_deployment(changing: Production, priority: str, code: str) -> None:
    before = changing.containers()
    with running(changing, "chat-other", priority=priority):
        run = changing.up(priority=77, expect=None)
        assert run.code != 0
        assert code in run.text
        assert "greedy@docker (chat-other; rule HostRegexp" in run.text
        assert changing.containers() == before
    within(20, lambda: handshake(changing.server) == "open")


def test_a_stranger_below_is_no_obstacle(changing: Production) -> None:
    with running(changing, "chat-other", priority="5"):
        assert changing.up(priority=78).code == 0


def test_traefik_itself_is_asked(changing: Production) -> None:
    changing.up(traefikApi=changing.server.traefik_api)
    line = changing.stack.outputs()["checks"]["routers"]
    assert line.startswith(f"✓ routers  Traefik gives /socket.io on {HOST} to frappe-socketio@docker, one of ")


def test_an_api_that_does_not_answer_is_said(changing: Production) -> None:
    changing.up(traefikApi="http://127.0.0.1:9")
    assert changing.stack.outputs()["checks"]["routers"].startswith("? routers  not checked: Traefik's API at")


def test_traefik_names_who_took_the_path_since(changing: Production) -> None:
    with running(changing, "chat-other", priority="1000"):
        run = changing.up(traefikApi=changing.server.traefik_api, expect=None)
        assert run.code != 0
        assert "RT005 Another service owns /socket.io" in run.text
        assert "greedy@docker" in run.text


@pytest.mark.parametrize(
    ("source", "files"),
    [
        pytest.param(("--docker",), False, id="its containers"),
        pytest.param(("--traefik-api", traefik.API), True, id="Traefik itself, which has files too"),
    ],
)
def test_routes_says_who_owns_what_of_the_server(prod: Production, source: tuple[str, ...], files: bool) -> None:
    program = str(prod.copy.folder / ".venv/bin/raven-realtime")
    said = prod.server.run_inside(program, "routes", HOST, *source).stdout
    _, at_the_door, rest = said.partition(f"{HOST} at websecure (TLS)\n")
    assert at_the_door, said
    assert re.match(r"  /socket\.io/ +frappe-socketio@docker → frappe-socketio@docker \(\S*( |:)80\)\n", rest), said
    assert ("frappe-web-1@file → frappe-web@file" in rest) is files, said
