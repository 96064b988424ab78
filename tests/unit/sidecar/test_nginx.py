"""The rendered configurations to the letter, and what cannot be rendered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx.build import build
from raven_realtime.proxies.nginx.directive import block, say
from raven_realtime.proxies.nginx.fingerprint import configuration_hash
from raven_realtime.proxies.nginx.parse import parse_text
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.sandbox import local_tunnel, multiplexer
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar
from raven_realtime.sidecar.pieces import Capacity
from tests import golden

GOLDEN = Path(__file__).with_name("golden")
FOLDER = Path("/srv/raven-realtime/nginx")
V2 = ServedHost.parse("v2.sysmayal.cloud")
ERP = ServedHost.parse("erp.example.com=erp")

RENDERED: dict[str, Callable[[], str]] = {
    "multiplexer": lambda: multiplexer.render(multiplexer.Multiplexer(FOLDER, "raven.localhost")),
    "multiplexer_hosts": lambda: multiplexer.render(multiplexer.Multiplexer(FOLDER, "raven.localhost", (V2, ERP))),
    "sidecar": lambda: sidecar.render(sidecar.Sidecar((V2, ERP))),
    "sidecar_resolver": lambda: sidecar.render(
        sidecar.Sidecar((V2,), upstream="websocket:9000", resolver="127.0.0.11", capacity=Capacity(500))
    ),
    "local_tunnel": lambda: local_tunnel.render(
        local_tunnel.LocalTunnel(FOLDER, FOLDER / "cert.pem", FOLDER / "key.pem")
    ),
    "local_tunnel_two": lambda: local_tunnel.render(
        local_tunnel.LocalTunnel(
            FOLDER,
            FOLDER / "cert.pem",
            FOLDER / "key.pem",
            (
                local_tunnel.Endpoint(443, "127.0.0.1:8000"),
                local_tunnel.Endpoint(8444, "127.0.0.1:9000", host="localhost"),
            ),
        )
    ),
}


@pytest.mark.parametrize("name", RENDERED)
def test_to_the_letter(name: str) -> None:
    golden.hold(GOLDEN / f"{name}.conf", RENDERED[name]())


@pytest.mark.parametrize("name", RENDERED)
def test_reads_back_and_builds_again(name: str) -> None:
    text = RENDERED[name]()
    assert build(parse_text(text)) == text


@pytest.mark.parametrize("name", RENDERED)
def test_carries_its_own_hash(name: str) -> None:
    text = RENDERED[name]()
    assert f"configuration {configuration_hash(text)};" in text
    assert configuration_hash(text) == configuration_hash(text.replace(configuration_hash(text), "0" * 64))
    assert configuration_hash(text) != configuration_hash(text.replace("absolute_redirect off", "absolute_redirect on"))


SEED_DIRECTIVES = """\
proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_read_timeout 86400;
proxy_send_timeout 86400;
proxy_buffering off;
"""


@pytest.mark.parametrize("name", [name for name in RENDERED if not name.startswith("local_tunnel")])
def test_the_seed_is_kept_to_the_letter(name: str) -> None:
    (location,) = [
        directive
        for top in parse_text(RENDERED[name]())
        for directive in top.walk()
        if directive.name == "location" and directive.args == ("/socket.io/",)
    ]
    there = {str(directive) for directive in location.children()}
    assert set(SEED_DIRECTIVES.splitlines()) <= there


@pytest.mark.parametrize("sockets", [100, 10_000, 500_000])
def test_a_client_takes_two_connections_and_each_is_a_file(sockets: int) -> None:
    capacity = Capacity(sockets)
    assert 2 * sockets < capacity.connections < capacity.files


@pytest.mark.parametrize(
    ("limit", "connections", "files", "fits"),
    [
        (1_000_000, 20_512, 21_024, 10_000),
        (20_000, 19_488, 20_000, 9_488),
        (4096, 3584, 4096, 1536),
        (256, 128, 256, 0),
    ],
)
def test_a_machine_with_few_files_gets_the_connections_it_can_hold(
    limit: int, connections: int, files: int, fits: int
) -> None:
    capacity = Capacity(10_000, limit=limit)
    assert (capacity.connections, capacity.files, capacity.fits) == (connections, files, fits)


@pytest.mark.parametrize(
    "value", ["plain", "", "two words", "a;b", "{x}", "it's", 'say "hi"', "\\.", "a\\\\b", "~^/a{2}$"]
)
def test_an_argument_is_read_back_as_it_was(value: str) -> None:
    tree = (block("http", of=(say("set", "$x", value), say("access_log", "off"))),)
    assert parse_text(build(tree), check=False) == tree


@pytest.mark.parametrize(
    ("render", "words"),
    [
        pytest.param(lambda: sidecar.render(sidecar.Sidecar(())), "at least one public host", id="no host"),
        pytest.param(
            lambda: sidecar.render(sidecar.Sidecar((V2,), trusted_proxies=("traefik",))),
            "'traefik' is not an IP address or network",
            id="name as trusted proxy",
        ),
        pytest.param(
            lambda: multiplexer.render(multiplexer.Multiplexer(Path("/srv/a\nb"), "x")),
            "control character",
            id="newline in a path",
        ),
    ],
)
def test_what_cannot_be_rendered_says_why(render: Callable[[], str], words: str) -> None:
    with pytest.raises((Problem, Unreadable), match=words):
        render()
