"""Where Socket.IO is: as a container knows it, and as the server itself does."""

from __future__ import annotations

import pytest

from raven_realtime.sidecar.configuration import container_address, host_address


@pytest.mark.parametrize(
    ("upstream", "container", "host"),
    [
        ("172.17.0.1:9000", "172.17.0.1:9000", "172.17.0.1:9000"),
        ("10.0.0.7:9100", "10.0.0.7:9100", "10.0.0.7:9100"),
        ("[fd00::1]:9000", "[fd00::1]:9000", "[fd00::1]:9000"),
        ("host-gateway:9000", "host.docker.internal:9000", "localhost:9000"),
        ("websocket:9000", "websocket:9000", ""),
    ],
)
def test_the_address(upstream: str, container: str, host: str) -> None:
    assert (container_address(upstream), host_address(upstream)) == (container, host)
