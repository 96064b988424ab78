"""What surrounds the rules, against the real Traefik: TLS, parents, redirections, defaults, denied escapes, the API."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.api import read_api
from raven_realtime.proxies.traefik.decide import Outcome, route
from raven_realtime.proxies.traefik.file import read_dynamic
from raven_realtime.proxies.traefik.request import Request
from raven_realtime.proxies.traefik.static import static_arguments
from raven_realtime.proxies.traefik.table import Table, assemble
from tests.traefik.running import HEADER, Answer, Traefik, traefik

OPTIONS = (
    "--entrypoints.e1.http.tls=true",
    "--entrypoints.e2.http.redirections.entrypoint.to=e1",
    "--entrypoints.e3.asdefault=true",
    "--entrypoints.e4.http.encodedcharacters.allowencodedslash=false",
    "--entrypoints.e4.http.encodedcharacters.allowencodedsemicolon=false",
    "--entrypoints.e5.http.sanitizepath=false",
    "--entrypoints.e6.http.encodequerysemicolons=true",
    "--entrypoints.e7.forwardedheaders.insecure=true",
    "--core.defaultrulesyntax=v2",
)
EVERYWHERE = [f"e{number}" for number in range(8)]
ROUTERS: dict[str, dict[str, object]] = {
    "web": {"rule": "Host(`a`)", "entryPoints": EVERYWHERE},
    "socket": {"rule": "Host(`a`) && PathPrefix(`/socket.io`)", "entryPoints": EVERYWHERE},
    "socket-tls": {"rule": "Host(`a`) && PathPrefix(`/socket.io`)", "entryPoints": EVERYWHERE, "tls": {}},
    "v2": {"rule": "Host(`b`, `c`) && Path(`/{x:[a-z]+}`)", "entryPoints": EVERYWHERE},
    "v3": {"rule": "HostRegexp(`^d$`)", "ruleSyntax": "v3", "entryPoints": EVERYWHERE},
    "by-default": {"rule": "Host(`default`)"},
    "query": {"rule": "Query(`x=1`)", "entryPoints": EVERYWHERE},
    "forwarded": {"rule": "Headers(`X-Forwarded-Proto`, `wss`)", "entryPoints": EVERYWHERE, "priority": 500},
    "parent": {"rule": "Host(`family`)", "entryPoints": EVERYWHERE},
    "child": {"rule": "PathPrefix(`/socket.io`)", "parentRefs": ["parent"]},
    "child-high": {"rule": "Path(`/socket.io/high`)", "parentRefs": ["parent"], "priority": 900},
    "lost": {"rule": "Host(`a`)", "service": "gone", "priority": 1000, "entryPoints": EVERYWHERE},
    "unfiltered": {"rule": "Host(`a`)", "middlewares": ["gone"], "priority": 1000, "entryPoints": EVERYWHERE},
    "nowhere": {"rule": "Host(`a`)", "priority": 1000, "entryPoints": ["none"]},
    "too-high": {"rule": "Host(`a`)", "priority": 2**63 - 5, "entryPoints": EVERYWHERE},
}
TARGETS = ["/", "/socket.io/", "/socket.io/high", "/x", "/a%2Fb", "/a%3bb", "/y/../socket.io/", "/?x=1", "/?y=2;x=1"]
HEADERS = [(), (("X-Forwarded-Proto", "wss"),), (("Connection", "Upgrade"), ("Upgrade", "websocket"))]

UNVERIFIED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
UNVERIFIED.check_hostname = False
UNVERIFIED.verify_mode = ssl.CERT_NONE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traefik]:
    with traefik(tmp_path_factory.mktemp("arranged"), 8, options=OPTIONS) as running:
        middlewares = {name: {"headers": {"customResponseHeaders": {HEADER: f"{name}@file"}}} for name in ROUTERS}
        routers = {
            name: {"service": "backend"} | router | {"middlewares": [name, *router.get("middlewares", [])]}  # type: ignore[misc]
            for name, router in ROUTERS.items()
        }
        routers["parent"] |= {"service": "", "middlewares": []}
        running.load({"routers": routers, "middlewares": middlewares}, besides=frozenset({"e1", "e2"}))
        running.wait(lambda: ask(running, "e1", Request("a", tls=True)).status == 200)
        running.wait(lambda: ask(running, "e2", Request("a")).status != 404)
        yield running


@pytest.fixture(scope="module")
def ours(server: Traefik) -> Table:
    static = static_arguments(
        [*(f"--entrypoints.{name}.address=:{port}" for name, port in server.ports.items()), *OPTIONS],
        Location("options"),
    )
    return assemble([read_dynamic([server.file])], static.entrypoints, default_syntax=static.default_syntax)


def ask(server: Traefik, entrypoint: str, request: Request) -> Answer:
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {request.host}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    raw = "\r\n".join([*lines, "", ""]).encode()
    if not request.tls:
        return server.ask(entrypoint, raw)
    with (
        socket.create_connection(("127.0.0.1", server.ports[entrypoint]), timeout=10) as plain,
        UNVERIFIED.wrap_socket(plain, server_hostname="any.example") as connection,
    ):
        connection.sendall(raw)
        response = HTTPResponse(connection)
        response.begin()
        return Answer(response.status, response.getheader(HEADER) or "")


STATUSES = {
    Outcome.NOT_FOUND: {404},
    Outcome.REJECTED: {400},
    Outcome.ROUTED: {200},
    Outcome.TIE: {200},
}


def requests(entrypoint: str) -> Iterator[Request]:
    """Every host with every target, and the headers that matter; encrypted too at some (a handshake takes its time)."""
    for tls in (False, True) if entrypoint in {"e0", "e1"} else (False,):
        for host in ("a", "b", "d", "default", "family", "nobody"):
            for target in TARGETS:
                yield Request(host, target, client_ip="127.0.0.1", tls=tls)
        for headers in HEADERS:
            yield Request("a", "/socket.io/", headers=headers, client_ip="127.0.0.1", tls=tls)


@pytest.mark.parametrize("entrypoint", EVERYWHERE)
def test_same_answer(server: Traefik, ours: Table, entrypoint: str) -> None:
    wrong = []
    winners = set()
    for request in requests(entrypoint):
        theirs = ask(server, entrypoint, request)
        decision = route(ours, request, entrypoint)
        named = {router.name for router in decision.winners}
        winners |= named
        if named == {"e2-to-e1@internal"}:
            right = 301 <= theirs.status <= 308
        else:
            right = theirs.status in STATUSES[decision.outcome] and (theirs.status != 200 or theirs.router in named)
        if not right:
            wrong.append(f"{request}: Traefik {theirs}, we {decision.why}")
    assert not wrong[:3]
    assert winners


def test_same_routers_by_the_api(server: Traefik, ours: Table) -> None:
    theirs = read_api(server.api)
    disabled = {name for name in theirs.disabled if name.endswith("@file")}
    assert {name for name in ours.disabled if not name.startswith("generation-")} == {
        name.partition("-")[2] if name.startswith("e") and name[1:2].isdigit() else name for name in disabled
    }
    assert set(theirs.entrypoints) == {*EVERYWHERE, "traefik"}
    assert {name: theirs.entrypoints[name].paths for name in EVERYWHERE} == {
        name: ours.entrypoints[name].paths for name in EVERYWHERE
    }
