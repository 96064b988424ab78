"""Who owns `/socket.io` on the real server: asked of its containers before a deployment, of its Traefik after it."""

from __future__ import annotations

import re

import pytest

from demo.server import traefik
from tests.stacks.prod.production import HOST, Production, handshake, within
from tests.stacks.prod.stranger import stranger


@pytest.mark.parametrize(
    ("priority", "code"),
    [pytest.param("1000", "RT005", id="a higher priority"), pytest.param("77", "RT101", id="a tie")],
)
def test_somebody_in_the_way_stops_the_deployment(changing: Production, priority: str, code: str) -> None:
    before = changing.containers()
    with stranger(changing.server, "chat-other", priority=priority):
        run = changing.also(priority=77, expect=None)
        assert run.code != 0
        assert code in run.text
        assert "greedy@docker (chat-other; rule HostRegexp" in run.text
        assert changing.containers() == before
    within(20, lambda: handshake(changing.server) == "open")


def test_traefik_itself_is_asked(changing: Production) -> None:
    changing.also(traefikApi="http://127.0.0.1:9")
    assert changing.stack.outputs()["checks"]["routers"].startswith("? routers  not checked: Traefik's API at")

    with stranger(changing.server, "chat-other", priority="1000"):
        run = changing.also(traefikApi=changing.server.traefik_api, expect=None)
        assert run.code != 0
        assert "RT005 Another service owns /socket.io" in run.text
        assert "greedy@docker" in run.text

    changing.also(traefikApi=changing.server.traefik_api)
    line = changing.stack.outputs()["checks"]["routers"]
    assert line.startswith(f"✓ routers  Traefik gives /socket.io on {HOST} to frappe-socketio@docker, one of ")


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
    _, at_the_door, rest = said.partition(f"https://{HOST} (traefik, entrypoint websecure)\n")
    assert at_the_door, said
    assert re.match(r"  /socket\.io/ +→ traefik → \S+:80\n +traefik: frappe-socketio@docker matches", rest), said
    assert ("frappe-web-1@file" in rest) is files, said
