"""How a provider's configuration becomes a connection, and what is said when there is none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dockerd import throwaway_dockerd
from tests.toolchain_docker.conftest import Host
from toolchain.plugins.docker.connection import Connection, SshTunnel, connection
from toolchain.plugins.docker.failure import ProviderError
from toolchain.plugins.docker.images import Daemon, registry_of
from toolchain.plugins.values import Values

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment that says nothing of Docker."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.mark.parametrize(
    ("config", "environment", "host"),
    [
        pytest.param({}, {}, "unix:///var/run/docker.sock", id="default"),
        pytest.param({}, {"DOCKER_HOST": "tcp://a:1"}, "tcp://a:1", id="environment"),
        pytest.param({"host": "tcp://b:2"}, {"DOCKER_HOST": "tcp://a:1"}, "tcp://b:2", id="configuration"),
    ],
)
def test_which_host(config: Values, environment: dict[str, str], host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert connection(config).host == host


@pytest.mark.parametrize(
    ("config", "said"),
    [
        pytest.param({"host": "docker.example"}, "accepted are unix://, tcp:// and ssh://", id="no scheme"),
        pytest.param({"host": "tcp://127.0.0.1:1"}, r"failed to reach .* tcp://127.0.0.1:1: .*refused", id="refused"),
        pytest.param({"host": "ssh://a/b"}, r"accepted is ssh://\[user@\]host\[:port\]", id="ssh with a path"),
        pytest.param({"host": "ssh://a:secret@b"}, "accepted is ssh://", id="ssh with a password"),
        pytest.param({"context": "nowhere"}, "no Docker context of that name", id="context"),
        pytest.param({"caMaterial": "x", "keyMaterial": "y"}, "needs docker:certMaterial as well", id="TLS"),
    ],
)
def test_what_is_said_when_there_is_none(config: Values, said: str) -> None:
    with pytest.raises(ProviderError, match=said):
        _ = connection(config).client


def test_a_context_goes_before_the_host(host: Host) -> None:
    host.dockerd.docker("context", "create", "mine", "--docker", f"host={host.dockerd.host}")
    assert connection({"context": "mine", "host": "tcp://127.0.0.1:1"}).host == host.dockerd.host


ASK = """
import json, sys
from toolchain.plugins.docker.connection import connection
asked = connection(json.loads(sys.argv[1]))
print(asked.client.version()["ApiVersion"])
asked.close()
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``ca.pem``, ``cert.pem`` and ``key.pem`` that are good for server and client."""
    folder = tmp_path_factory.mktemp("tls")
    new = ("openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "1")
    signed = ("-CA", "ca.pem", "-CAkey", "ca-key.pem", "-addext", "subjectAltName=IP:127.0.0.1")
    for arguments in (
        (*new, "-subj", "/CN=test-ca", "-keyout", "ca-key.pem", "-out", "ca.pem"),
        (*new, "-subj", "/CN=test", *signed, "-keyout", "key.pem", "-out", "cert.pem"),
    ):
        subprocess.run(arguments, cwd=folder, check=True, capture_output=True)
    return folder


def test_tcp_with_tls(certificates: Path) -> None:
    files = {"caMaterial": "ca.pem", "certMaterial": "cert.pem", "keyMaterial": "key.pem"}
    material = {key: (certificates / name).read_text() for key, name in files.items()}
    flags = [
        f"--tls{name}={certificates}/{file}.pem" for name, file in (("cacert", "ca"), ("cert", "cert"), ("key", "key"))
    ]
    with throwaway_dockerd("tls", tcp_port=2376, options=["--tlsverify", *flags]) as dockerd:

        def ask(config: Values) -> str:
            return dockerd.run("env", f"PYTHONPATH={ROOT}", sys.executable, "-c", ASK, json.dumps(config))

        address = {"host": "tcp://127.0.0.1:2376"}
        assert ask(address | material).strip() == "1.41"
        assert ask(address | {"certPath": str(certificates)}).strip() == "1.41"
        with pytest.raises(RuntimeError, match=r"failed to reach the Docker daemon at tcp://127.0.0.1:2376"):
            ask(address)


def test_a_name_that_ssh_cannot_find() -> None:
    asked = Connection("ssh://no-such-host.invalid", ("-o", "ConnectTimeout=5"))
    with pytest.raises(ProviderError, match=r"ssh://no-such-host.invalid: .*Could not resolve hostname"):
        _ = asked.client


def test_a_tunnel_leaves_nothing() -> None:
    tunnel = SshTunnel("ssh://nowhere.invalid", ())
    socket = Path(tunnel.address.removeprefix("unix://"))
    assert socket.exists()
    tunnel.close()
    assert not socket.parent.exists()


@pytest.mark.parametrize(
    ("name", "registry"),
    [
        ("nginx", "registry-1.docker.io"),
        ("library/nginx", "registry-1.docker.io"),
        ("localhost/nginx", "localhost"),
        ("localhost:5000/nginx", "localhost:5000"),
        ("ghcr.io/frappe/x", "ghcr.io"),
    ],
)
def test_the_registry_of_a_name(name: str, registry: str) -> None:
    assert registry_of(name) == registry


PASSWORDS = {"auths": {"https://r.example": {"auth": "dTpw"}}}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param({"username": "u", "password": "p"}, {"username": "u", "password": "p"}, id="user"),
        pytest.param({"username": "u", "authDisabled": True}, None, id="disabled"),
        pytest.param({}, None, id="nothing"),
        pytest.param(
            {"configFileContent": json.dumps(PASSWORDS)},
            {"username": "u", "password": "p"},
            id="configuration",
        ),
    ],
)
def test_credentials_are_those_of_the_registry(entry: Values, expected: Values | None) -> None:
    daemon = Daemon(None, [{"address": "https://other.example"}, {"address": "https://r.example", **entry}])
    found = daemon.credentials("r.example/nginx")
    assert (found and {key: found[key] for key in ("username", "password")}) == expected
    assert daemon.credentials("else.example/nginx") is None
