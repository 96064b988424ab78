"""Reach a Docker daemon: a local socket, ``tcp://`` with or without TLS, or ``ssh://`` through the system's ssh."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import requests
from docker.tls import TLSConfig

from toolchain.plugins.docker.failure import ProviderError

DEFAULT_HOST = "unix:///var/run/docker.sock"
TIMEOUT_SECONDS = 120


@dataclass
class Connection:
    """A daemon and how to reach it; the client is made on first use."""

    host: str
    ssh_options: Sequence[str] = ()
    tls: TLSConfig | None = None
    _client: docker.APIClient | None = None
    _tunnel: SshTunnel | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def client(self) -> docker.APIClient:
        """The client of the Docker SDK.

        Raises:
            ProviderError: the daemon does not answer.
        """
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def close(self) -> None:
        """Close the connections; processes of ssh end with them."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            if self._tunnel is not None:
                self._tunnel.close()
            self._client = self._tunnel = None

    def _connect(self) -> docker.APIClient:
        scheme = urlsplit(self.host).scheme
        if scheme not in ("unix", "tcp", "ssh", "http", "https"):
            raise ProviderError(f"docker:host is '{self.host}'; accepted are unix://, tcp:// and ssh:// addresses")
        address = self.host
        try:
            if scheme == "ssh":
                self._tunnel = SshTunnel(self.host, self.ssh_options)
                address = self._tunnel.address
            return _Client(
                base_url=address, version="auto", timeout=TIMEOUT_SECONDS, tls=self.tls if self.tls else False
            )
        except (docker.errors.DockerException, requests.RequestException, OSError) as error:
            said = self._tunnel.said() if self._tunnel else ""
            self._drop_tunnel()
            reason = said or _innermost(error)
            raise ProviderError(f"failed to reach the Docker daemon at {self.host}: {reason}") from error

    def _drop_tunnel(self) -> None:
        if self._tunnel is not None:
            self._tunnel.close()
            self._tunnel = None


def connection(config: Mapping[str, Any]) -> Connection:
    """Make the connection that a provider's configuration asks for; ``context`` goes before ``host``.

    Raises:
        ProviderError: the context does not exist, or the TLS material is incomplete.
    """
    options = config.get("sshOpts") or ()
    name = config.get("context") or os.environ.get("DOCKER_CONTEXT")
    if name and name != "default":
        host, tls = _context(name)
        return Connection(host, options, tls or _tls(config))
    host = config.get("host") or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    return Connection(host, options, _tls(config))


def _context(name: str) -> tuple[str, TLSConfig | None]:
    """Read a context of the docker client: they lie in its configuration folder, under the hash of their name."""
    contexts = Path(os.environ.get("DOCKER_CONFIG", "~/.docker")).expanduser() / "contexts"
    hashed = hashlib.sha256(name.encode()).hexdigest()
    try:
        described = json.loads((contexts / "meta" / hashed / "meta.json").read_text())
        host = str(described["Endpoints"]["docker"]["Host"])
    except (OSError, ValueError, KeyError) as error:
        raise ProviderError(f"docker:context is '{name}', and no Docker context of that name exists here") from error
    material = contexts / "tls" / hashed / "docker"
    return host, _tls_of(material) if material.exists() else None


def _tls(config: Mapping[str, Any]) -> TLSConfig | None:
    folder = config.get("certPath") or os.environ.get("DOCKER_CERT_PATH")
    material = {key: config.get(key) for key in ("caMaterial", "certMaterial", "keyMaterial")}
    if any(material.values()):
        missing = [f"docker:{key}" for key, value in material.items() if not value]
        if missing:
            raise ProviderError(f"TLS to the Docker daemon needs {' and '.join(missing)} as well")
        return TLSConfig(
            client_cert=(_in_memory(material["certMaterial"]), _in_memory(material["keyMaterial"])),
            ca_cert=_in_memory(material["caMaterial"]),
            verify=True,
        )
    if not folder:
        return None
    return _tls_of(Path(folder))


def _in_memory(text: Any) -> str:
    """Return a path under which this process, and no disk, holds a text: TLS takes its material by path only."""
    descriptor = os.memfd_create("docker-tls")
    os.write(descriptor, str(text).encode())
    return f"/proc/self/fd/{descriptor}"


def _tls_of(folder: Path) -> TLSConfig:
    pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
    return TLSConfig(client_cert=pair, ca_cert=str(folder / "ca.pem"), verify=True)


def _innermost(error: BaseException) -> str:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return str(error)


class _Client(docker.APIClient):
    """The SDK's client, deaf to REQUESTS_CA_BUNDLE and the like: they would go before the daemon's own CA."""

    @property
    def trust_env(self) -> bool:
        """Always false."""
        return False

    @trust_env.setter
    def trust_env(self, value: bool) -> None:
        """Stay false, whatever the base class asks for."""


class SshTunnel:
    """A socket here that leads to the daemon there: each connection is one ``ssh HOST docker system dial-stdio``.

    That is how the docker client itself does ``ssh://``; the daemon is the one that the remote docker client uses.
    """

    def __init__(self, host: str, options: Sequence[str]) -> None:
        """Listen; ``host`` is ``ssh://[user@]name[:port]``, ``options`` are flags of ssh.

        Raises:
            ProviderError: there is no ssh client, or the address is none.
        """
        if shutil.which("ssh") is None:
            raise ProviderError(f"docker:host is {host}, and there is no ssh client here; install openssh-client")
        parts = urlsplit(host)
        if not parts.hostname or parts.path.strip("/") or parts.password:
            raise ProviderError(f"docker:host is '{host}'; accepted is ssh://[user@]host[:port]")
        user = ["-l", parts.username] if parts.username else []
        port = ["-p", str(parts.port)] if parts.port else []
        self._command = ["ssh", *options, *user, *port, "-o", "BatchMode=yes", "-o", "ConnectTimeout=30"]
        self._command += ["--", parts.hostname, "docker", "system", "dial-stdio"]
        self._folder = Path(tempfile.mkdtemp(prefix="docker-ssh-"))
        self._errors = (self._folder / "errors").open("w+b")
        self._children: list[subprocess.Popen[bytes]] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self._folder / "docker.sock"))
        self._server.listen()
        threading.Thread(target=self._serve, daemon=True).start()
        atexit.register(self.close)

    @property
    def address(self) -> str:
        """The address for a Docker client."""
        return f"unix://{self._folder}/docker.sock"

    def said(self) -> str:
        """What ssh wrote to its standard error: why the server refused."""
        for child in self._children:
            with suppress(subprocess.TimeoutExpired):
                child.wait(timeout=2)
        lines = (self._folder / "errors").read_text(errors="replace").strip().splitlines()
        return " ".join(line.strip("@ \r") for line in lines if line.strip("@ \r"))[-1000:]

    def close(self) -> None:
        """Stop listening and end the ssh processes; the second time does nothing."""
        atexit.unregister(self.close)
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for child in self._children:
            child.terminate()
            child.wait()
        self._errors.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _serve(self) -> None:
        while True:
            try:
                connected, _ = self._server.accept()
            except OSError:
                return
            with connected:
                self._children.append(
                    subprocess.Popen(
                        self._command, stdin=connected.fileno(), stdout=connected.fileno(), stderr=self._errors
                    )
                )
