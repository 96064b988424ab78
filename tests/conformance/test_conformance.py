"""Engine.IO, Socket.IO and WebSocket behave through our proxies as they do directly: the same cases, the same answers.

The cases are written from the protocols' documents; what they expect is what those ask for.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from demo import node_packages
from demo.ports import free_ports
from raven_realtime.sandbox import certificate, local_tunnel, multiplexer
from raven_realtime.sandbox.places import Places
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar
from tests.conformance import engineio, frames, socketio
from tests.conformance.peer import Peer
from tests.symptoms.path import HOST, SITE
from tests.symptoms.servers import Traefik, listens, nginx, running, wait

SERVER = Path(__file__).with_name("server.js")
HOPS = ("directly", "multiplexer", "tunnel", "sidecar", "traefik")
SUITES = {"engine": engineio.CASES, "socket": socketio.CASES, "frames": frames.CASES}
CASES = [(suite, case) for suite, cases in SUITES.items() for case in cases]


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The server's port."""
    node_packages.install()
    (port,) = free_ports(1)
    times = (engineio.PING_INTERVAL, engineio.PING_TIMEOUT, socketio.CONNECT_TIMEOUT)
    command = ["node", str(SERVER), *map(str, (port, *times))]
    with running(command, tmp_path_factory.mktemp("server") / "log", node_packages.environment()) as process:
        wait(lambda: listens(port), "the server of the cases", process=process)
        yield port


@pytest.fixture(scope="module")
def peers(upstream: int) -> Iterator[dict[str, Peer]]:
    """Every way to the server."""
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        # nginx's workers are nobody, and keep what is large in files below it.
        folder.chmod(0o755)
        yield _proxied(folder, upstream, stack)


def _proxied(folder: Path, upstream: int, stack: ExitStack) -> dict[str, Peer]:
    here = f"127.0.0.1:{upstream}"
    shared, served = free_ports(2)
    places = Places.at(folder)
    certificate.ensure(places)
    trusted = ssl.create_default_context(cafile=str(places.certificate))
    for name in ("multiplexer", "sidecar", "tunnel"):
        (folder / name).mkdir()
    wanted = multiplexer.Multiplexer(folder / "multiplexer", SITE, port=shared, web=here, socketio=here)
    stack.enter_context(nginx(multiplexer.render(wanted), folder / "multiplexer", shared))
    (tunnel_port,) = free_ports(1)
    tunnel = local_tunnel.LocalTunnel(
        folder / "tunnel",
        places.certificate,
        places.certificate_key,
        (local_tunnel.Endpoint(tunnel_port, f"127.0.0.1:{shared}"),),
    )
    stack.enter_context(nginx(local_tunnel.render(tunnel), folder / "tunnel", tunnel_port))
    hosts = (ServedHost(host=HOST, site=SITE),)
    aside = sidecar.Sidecar(hosts, here, port=served, folder=folder / "sidecar")
    stack.enter_context(nginx(sidecar.render(aside), folder / "sidecar", served))
    traefik = Traefik(folder / "traefik", places.certificate, places.certificate_key)
    stack.enter_context(traefik.run((), {}))
    router = {"rule": f"Host(`{HOST}`)", "entryPoints": ["websecure"], "service": "sidecar", "tls": {}}
    server = {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{served}"}]}}
    traefik.load({"routers": {"sidecar": router}, "services": {"sidecar": server}})
    return {
        "directly": Peer(f"http://{here}"),
        "multiplexer": Peer(f"http://127.0.0.1:{shared}"),
        "tunnel": Peer(f"https://{HOST}:{tunnel_port}", trusted),
        "sidecar": Peer(f"http://{HOST}:{served}"),
        "traefik": Peer(f"https://{HOST}", trusted),
    }


@pytest.mark.parametrize("hop", HOPS)
@pytest.mark.parametrize(("suite", "case"), CASES, ids=[f"{suite}: {case}" for suite, case in CASES])
def test_case(peers: dict[str, Peer], hop: str, suite: str, case: str) -> None:
    ask, expected = SUITES[suite][case]
    assert ask(peers[hop]) == expected


@pytest.mark.full
@pytest.mark.parametrize("hop", HOPS)
@pytest.mark.parametrize("case", frames.LARGE_CASES)
def test_large(peers: dict[str, Peer], hop: str, case: str) -> None:
    ask, expected = frames.LARGE_CASES[case]
    assert ask(peers[hop]) == expected


def test_as_many_kinds_as_the_public_suites_have() -> None:
    """Engine.IO's suite has 25 cases and Socket.IO's 32."""
    assert len(engineio.CASES) >= 25
    assert len(socketio.CASES) >= 32
