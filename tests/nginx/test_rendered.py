"""What the rendered configurations do, asked of the real nginx."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from demo.ports import free_port
from raven_realtime.proxies.nginx.fingerprint import STATUS_HOST, configuration_hash
from raven_realtime.sandbox import local_tunnel, multiplexer
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar
from raven_realtime.sidecar.pieces import Capacity
from tests.nginx.backend import Backend
from tests.nginx.server import Client, Nginx, seen_values

SMALL = Capacity(100)
UPGRADE = (("Upgrade", "websocket"), ("Connection", "Upgrade"))
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> multiplexer.Multiplexer:
    return multiplexer.Multiplexer(
        folder=tmp_path_factory.mktemp("multiplexer"),
        site="raven.test",
        hosts=(ServedHost(host="erp.test", site="erp-site"),),
        port=free_port(),
        web=f"127.0.0.1:{backend.port}",
        socketio=f"127.0.0.1:{backend.port}",
        body_size="10k",
        capacity=SMALL,
    )


@pytest.fixture(scope="module")
def front(wanted: multiplexer.Multiplexer) -> Iterator[Client]:
    path = wanted.folder / "nginx.conf"
    path.write_text(multiplexer.render(wanted))
    with Nginx(path, wanted.port), Client(wanted.port) as client:
        yield client


class TestMultiplexer:
    @pytest.mark.parametrize(
        ("sent", "expected"),
        [
            pytest.param((), "http://raven.test", id="absent"),
            pytest.param((("X-Forwarded-Proto", "https"),), "https://raven.test", id="absent, behind TLS"),
            pytest.param((("X-Forwarded-Proto", "wss"),), "https://raven.test", id="absent, upgrade behind Traefik"),
            pytest.param((("X-Forwarded-Proto", "WSS"),), "https://raven.test", id="scheme in capitals"),
            pytest.param((("X-Forwarded-Proto", "https,http"),), "https://raven.test", id="two proxies"),
            pytest.param((("X-Forwarded-Proto", "ws"),), "http://raven.test", id="ws"),
            pytest.param((("X-Forwarded-Proto", "gopher"),), "http://raven.test", id="nonsense"),
            pytest.param((("Origin", "https://evil.test"),), "https://evil.test", id="present, cross-site: untouched"),
            pytest.param((("Origin", "null"),), "null", id="null is an Origin"),
        ],
    )
    def test_origin_is_filled_in_only_when_absent(
        self, front: Client, sent: tuple[tuple[str, str], ...], expected: str
    ) -> None:
        assert front.ask(HANDSHAKE, "raven.test", sent).seen["origin"] == [expected]

    def test_origin_keeps_a_port_and_host_drops_it_as_in_the_seed(self, front: Client) -> None:
        reply = front.ask(HANDSHAKE, "raven.test:8443", [("X-Forwarded-Proto", "https")])
        assert seen_values(reply, "Origin", "Host") == {"Origin": "https://raven.test:8443", "Host": "raven.test"}

    def test_web_gets_no_origin_and_keeps_the_port(self, front: Client) -> None:
        reply = front.ask("/app", "raven.test:8443")
        assert seen_values(reply, "Origin", "Host") == {"Origin": None, "Host": "raven.test:8443"}

    @pytest.mark.parametrize("target", ["/", "/app/home?x=1", HANDSHAKE])
    @pytest.mark.parametrize(
        ("host", "site"), [("raven.test", "raven.test"), ("erp.test", "erp-site"), ("other.test", "raven.test")]
    )
    def test_the_site_is_ours_to_say(self, front: Client, target: str, host: str, site: str) -> None:
        forged = front.ask(target, host, [("X-Frappe-Site-Name", "victim"), ("x-frappe-site-name", "victim2")])
        assert forged.seen["x-frappe-site-name"] == [site]

    def test_socketio_without_slash_is_served_without_a_redirect(self, front: Client) -> None:
        reply = front.ask("/socket.io?EIO=4&transport=polling", method="POST")
        assert (reply.status, reply.line) == (200, "POST /socket.io/?EIO=4&transport=polling HTTP/1.0")

    def test_a_post_says_what_a_poll_says(self, front: Client) -> None:
        sent = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("Cookie", "sid=a")]
        target = f"{HANDSHAKE}&sid=a%2Fb"
        posted = front.ask(target, "erp.test", sent, method="POST")
        polled = front.ask(target, "erp.test", sent)
        assert posted.line == f"POST {target} HTTP/1.0"
        assert posted.seen == polled.seen | {"connection": ["close"]}

    @pytest.mark.parametrize(("size", "status"), [(10_240, 200), (10_241, 413)])
    def test_the_largest_packet(self, wanted: multiplexer.Multiplexer, size: int, status: int) -> None:
        with Client(wanted.port) as client:
            head = f"POST {HANDSHAKE} HTTP/1.1\r\nHost: raven.test\r\nContent-Length: {size}\r\n\r\n".encode()
            assert client.send(head + b"x" * size).status == status

    @pytest.mark.parametrize("target", ["/socket.iox", "/socket.io.js", "/api/socket.io/"])
    def test_a_path_that_only_looks_like_it_goes_to_web(self, front: Client, target: str) -> None:
        assert "origin" not in front.ask(target).seen

    def test_the_query_string_arrives_unchanged(self, front: Client) -> None:
        target = "/socket.io/?EIO=4&transport=polling&sid=a%2Fb%20c&t=%F0%9F"
        assert front.ask(target).line == f"GET {target} HTTP/1.1"

    def test_who_asked_is_taken_from_the_tunnel(self, front: Client) -> None:
        reply = front.ask(HANDSHAKE, headers=[("X-Forwarded-For", "203.0.113.9")])
        assert reply.seen["x-real-ip"] == ["203.0.113.9"]
        assert reply.seen["x-forwarded-for"][0].split(",")[0] == "203.0.113.9"

    def test_forwarded_headers_of_a_stranger_are_not_believed(self, wanted: multiplexer.Multiplexer) -> None:
        claims = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")]
        with Client(wanted.port, source="127.0.0.2") as stranger:
            reply = stranger.ask(HANDSHAKE, headers=claims)
        assert seen_values(reply, "X-Real-IP", "X-Forwarded-Proto", "Origin") == {
            "X-Real-IP": "127.0.0.2",
            "X-Forwarded-Proto": "http",
            "Origin": "http://site.test",
        }

    def test_plain_requests_share_connections_to_socketio(self, front: Client, backend: Backend) -> None:
        front.ask(HANDSHAKE)
        before = backend.connections
        for _ in range(20):
            assert "connection" not in front.ask(HANDSHAKE).seen
        assert backend.connections == before

    def test_an_upgrade_passes_and_echoes(self, wanted: multiplexer.Multiplexer) -> None:
        with Client(wanted.port) as client:
            assert client.ask("/socket.io/?EIO=4&transport=websocket", headers=UPGRADE).status == 101
            assert client.echo(b"2probe") == b"2probe"

    @pytest.mark.parametrize(("size", "status"), [(10_240, 200), (10_241, 413)])
    def test_the_largest_upload(self, wanted: multiplexer.Multiplexer, size: int, status: int) -> None:
        with Client(wanted.port) as client:
            head = f"POST /upload HTTP/1.1\r\nHost: raven.test\r\nContent-Length: {size}\r\n\r\n".encode()
            assert client.send(head + b"x" * size).status == status

    def test_everything_is_in_its_folder(self, front: Client, wanted: multiplexer.Multiplexer) -> None:
        front.ask("/")
        names = {path.name for path in wanted.folder.iterdir()}
        assert {"nginx.pid", "error.log", "client_body_temp", "proxy_temp"} <= names


class TestStatus:
    def test_tells_the_hash_of_the_live_configuration(self, front: Client, wanted: multiplexer.Multiplexer) -> None:
        reply = front.ask("/", STATUS_HOST)
        assert (reply.status, reply.body.decode()) == (200, configuration_hash(multiplexer.render(wanted)))

    def test_a_reload_changes_it_and_drops_no_socket(self, tmp_path: Path, backend: Backend) -> None:
        first = multiplexer.Multiplexer(
            tmp_path, "raven.test", port=free_port(), socketio=f"127.0.0.1:{backend.port}", capacity=SMALL
        )
        second = multiplexer.render(replace(first, timeout=120))
        path = tmp_path / "nginx.conf"
        path.write_text(multiplexer.render(first))
        with Nginx(path, first.port) as nginx:
            held = [Client(first.port) for _ in range(50)]
            for client in held:
                assert client.ask("/socket.io/?EIO=4&transport=websocket", headers=UPGRADE).status == 101
            path.write_text(second)
            nginx.reload()
            deadline = time.monotonic() + 10
            told = ""
            while told != configuration_hash(second):
                assert time.monotonic() < deadline, nginx.log.read_text()
                with Client(first.port) as asking:
                    told = asking.ask("/", STATUS_HOST).body.decode()
            assert [client.echo(b"3") for client in held] == [b"3"] * 50
            for client in held:
                client.close()


@pytest.fixture(scope="module")
def sidecar_wanted(tmp_path_factory: pytest.TempPathFactory, backend: Backend) -> sidecar.Sidecar:
    return sidecar.Sidecar(
        hosts=(ServedHost(host="v2.test", site="v2.test"), ServedHost(host="erp.test", site="erp-site")),
        upstream=f"127.0.0.1:{backend.port}",
        port=free_port(),
        folder=tmp_path_factory.mktemp("sidecar"),
        capacity=SMALL,
    )


@pytest.fixture(scope="module")
def side(sidecar_wanted: sidecar.Sidecar) -> Iterator[Client]:
    path = sidecar_wanted.folder / "nginx.conf"
    path.write_text(sidecar.render(sidecar_wanted))
    with Nginx(path, sidecar_wanted.port), Client(sidecar_wanted.port) as client:
        yield client


class TestSidecar:
    @pytest.mark.parametrize(("host", "site"), [("v2.test", "v2.test"), ("erp.test", "erp-site")])
    def test_each_host_has_its_site(self, side: Client, host: str, site: str) -> None:
        reply = side.ask(HANDSHAKE, host, [("X-Forwarded-Proto", "wss"), ("X-Frappe-Site-Name", "victim")])
        assert reply.seen["x-frappe-site-name"] == [site]
        assert seen_values(reply, "Origin", "X-Forwarded-Proto", "Host") == {
            "Origin": f"https://{host}",
            "X-Forwarded-Proto": "https",
            "Host": host,
        }

    def test_a_host_that_is_not_served_is_refused(self, side: Client) -> None:
        assert side.ask(HANDSHAKE, "stranger.test").status == 421

    def test_only_socketio_is_served(self, side: Client) -> None:
        assert side.ask("/app", "v2.test").status == 404

    def test_tells_its_hash(self, side: Client, sidecar_wanted: sidecar.Sidecar) -> None:
        assert side.ask("/", STATUS_HOST).body.decode() == configuration_hash(sidecar.render(sidecar_wanted))

    def test_a_name_as_upstream_is_asked_for_again_and_again(
        self, tmp_path: Path, sidecar_wanted: sidecar.Sidecar
    ) -> None:
        """Nobody resolves here: nginx must start all the same, and say 502 rather than not run."""
        named = replace(
            sidecar_wanted,
            folder=tmp_path,
            port=free_port(),
            upstream="websocket:9000",
            resolver=f"127.0.0.1:{free_port()}",
        )
        path = tmp_path / "nginx.conf"
        path.write_text(sidecar.render(named))
        with Nginx(path, named.port), Client(named.port) as client:
            assert client.ask("/", STATUS_HOST).status == 200


class TestLocalTunnel:
    def test_says_what_the_edge_of_ngrok_says(self, tmp_path: Path, backend: Backend) -> None:
        certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
        make = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
        files = ["-keyout", str(key), "-out", str(certificate)]
        subprocess.run([*make.split(), *files], check=True, capture_output=True)
        ports = free_port(), free_port()
        behind = f"127.0.0.1:{backend.port}"
        wanted = local_tunnel.LocalTunnel(
            tmp_path,
            certificate,
            key,
            (local_tunnel.Endpoint(ports[0], behind), local_tunnel.Endpoint(ports[1], behind, host="web.test")),
            capacity=SMALL,
        )
        path = tmp_path / "nginx.conf"
        path.write_text(local_tunnel.render(wanted))
        with Nginx(path, ports[0]):
            asked = [_curl(port, HANDSHAKE, "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: http") for port in ports]
            assert f'"Host", "localhost:{ports[0]}"' in asked[0]
            assert '"Host", "web.test"' in asked[1]
            for answer in asked:
                assert '"X-Forwarded-Proto", "https"' in answer
                assert '"X-Forwarded-For", "127.0.0.1"' in answer
                assert '"6.6.6.6"' not in answer
            assert _curl(ports[1], "/", f"Host: {STATUS_HOST}") == configuration_hash(path.read_text())


def _curl(port: int, target: str, *headers: str) -> str:
    options = [part for header in headers for part in ("-H", header)]
    command = ["curl", "-sk", "--max-time", "10", *options, f"https://localhost:{port}{target}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
