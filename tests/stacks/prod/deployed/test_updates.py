"""Updates that nobody in a chat notices, under load from outside."""

from __future__ import annotations

import re

import pytest

from raven_realtime.sidecar import sizes
from raven_realtime.sidecar.nginx import WORKERS
from tests.engine import Run
from tests.stacks.prod.load import Seen, clients, handshakes
from tests.stacks.prod.production import ANSWERS_WITHIN, CAPACITY, HOST, Production, handshake, within
from tests.stacks.prod.stranger import stranger

SOCKETS, CLIENTS = 500, 200
RATE = 25
RECONNECTS = 3_000
"""Milliseconds in which a client that lost its connection is connected again."""
EACH = 20
"""Sockets opened after each change: enough that all workers of the generation have some."""


def untouched(held: int) -> Seen:
    """Return what clients notice that nothing happened to."""
    return Seen(connected=held, upgraded=held, lost=0, late=0, slowest=0, errors=())


def drain(said: str) -> int:
    """Return how many workers keep their sockets, as `install` says it."""
    (found,) = re.findall(r"(\d+) old workers keep their sockets", said)
    return int(found)


def said_of(run: Run, command: str) -> str:
    """Return what the command of the stack printed."""
    return "\n".join(content["message"] for content in run.of("diagnostic") if command in content.get("urn", ""))


def used_memory(prod: Production) -> int:
    """Return the bytes that the container's control group counts, file cache aside."""
    fields = prod.server.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", prod.container()).split()
    number, unit = re.fullmatch(r"([\d.]+)(\w+)", fields[0]).groups()  # type: ignore[union-attr]
    return int(float(number) * {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}[unit])


def test_ten_configuration_changes_drop_no_socket_and_an_eleventh_waits_for_the_old_workers(
    changing: Production,
) -> None:
    container, limit = changing.container(), changing.inspect(".HostConfig.Memory")
    assert limit == sizes.memory(CAPACITY) * sizes.MIB
    installing = changing.urn("nginx")
    with clients(changing.server, SOCKETS, "websocket") as live:
        assert live.first == untouched(SOCKETS)
        draining = 0
        for change in range(1, sizes.RELOADS + 1):
            only = () if change == sizes.RELOADS else ("--target", installing)
            run = changing.also(*only, proxyTimeout=80_000 + change)
            said = said_of(run, "-nginx")
            assert f"{container} has the new configuration" in said
            assert drain(said) > draining, "this generation keeps the sockets that were opened in it"
            draining = drain(said)
            held = SOCKETS + change * EACH
            assert live.more(EACH) == untouched(held)
        assert draining > sizes.DRAINING
        assert used_memory(changing) < limit

        refused = changing.also("--target", installing, proxyTimeout=81_000, expect=1).text
        assert f"{container} still has {draining} old workers" in refused
        assert "Nothing was changed" in refused
        configuration = changing.server.docker("exec", container, "cat", "/etc/frappe-socketio/nginx.conf")
        assert f"proxy_read_timeout {80_000 + sizes.RELOADS};" in configuration
        assert live.seen() == untouched(held)

        (end_them,) = set(re.findall(r"docker top .*xargs kill", refused))
        changing.server.run_inside("sh", "-c", end_them)
        within(20, lambda: live.seen().connected == held)
        assert live.seen().lost <= held - EACH, "the sockets of the workers that serve stay"
        said = said_of(changing.also("--target", installing, proxyTimeout=81_000), "-nginx")
        assert drain(said) <= WORKERS
    assert changing.containers() == [container]
    assert changing.inspect(".State.OOMKilled") is False
    assert changing.inspect(".RestartCount") == 0


@pytest.mark.parametrize(
    "transports",
    [
        pytest.param("polling,websocket", id="polling first", marks=pytest.mark.alone),
        pytest.param("websocket", id="WebSocket first", marks=[pytest.mark.alone, pytest.mark.full]),
    ],
)
def test_a_new_image_fails_no_handshake_and_every_client_is_back_in_three_seconds(
    changing: Production, other_image: str, transports: str
) -> None:
    before = changing.container()
    with clients(changing.server, CLIENTS, transports) as live, handshakes(changing.server, RATE) as asked:
        run = changing.also(image=other_image)
        within(10, lambda: live.seen().connected == CLIENTS)
        seen = live.seen()
    assert changing.container() != before
    assert changing.containers(running=False) == [changing.container()]
    assert "stopping" in said_of(run, "-settle")
    assert asked.failed == ()
    assert asked.asked / asked.seconds >= 20
    assert seen.lost - seen.late == CLIENTS, f"each loses its connection once: {seen}"
    assert seen.late <= CLIENTS // 20, f"a crowded machine's, not the update's: {seen}"
    assert seen.slowest <= RECONNECTS, seen


def test_a_change_of_labels_loses_no_handshake_and_says_what_carries_the_route(changing: Production) -> None:
    with (
        stranger(changing.server, "chat-other", priority="5"),  # who is below is no obstacle
        handshakes(changing.server, RATE) as asked,
    ):
        run = changing.also(priority=1000)
    assert asked.failed == ()
    assert "the routing labels change: frappe-socketio-bridge-" in said_of(run, "-bridge")
    assert changing.containers(running=False) == [changing.container()]
    assert handshake(changing.server) == "open"


def test_labels_that_traefik_has_no_use_for_leave_the_stage_to_the_container_before(changing: Production) -> None:
    before = changing.container()
    run = changing.also(entrypoint="nosuch", expect=1)
    assert "RT001: Traefik on this host does not lead" in run.text
    assert f"the new container was stopped, and {before} serves as before" in run.text
    within(ANSWERS_WITHIN, lambda: handshake(changing.server) == "open")
    assert changing.containers() == [before]
    changing.also()
    assert changing.containers(running=False) == [before]
    assert handshake(changing.server) == "open"


def test_a_resolver_that_traefik_does_not_know_changes_nothing(changing: Production) -> None:
    before = changing.container()
    run = changing.also(certResolver="nosuch", expect=1)
    assert "raven-realtime:certResolver: found nosuch, and Traefik on this host has: myresolver (" in run.text
    assert changing.containers(running=False) == [before]
    assert handshake(changing.server) == "open"


def test_a_configuration_that_nginx_refuses_leaves_the_one_before_in_force(changing: Production) -> None:
    status = changing.server.docker("exec", changing.container(), "cat", "/etc/frappe-socketio/nginx.conf")
    run = changing.also(clientMaxBodySize="99999999999999999999g", expect=1)
    assert "nginx refuses the configuration; the one before it stays in force" in run.text
    assert "client_max_body_size" in run.text
    assert handshake(changing.server, HOST) == "open"
    assert changing.server.docker("exec", changing.container(), "cat", "/etc/frappe-socketio/nginx.conf") == status
