"""`docker:host`: what is an address of a Docker host, and what is refused with what is accepted."""

from __future__ import annotations

import pytest

from components.docker_host import require_address
from raven_realtime.problem import Problem


@pytest.mark.parametrize(
    "address",
    [
        "unix:///run/user/1000/docker.sock",
        "tcp://server:2376",
        "tcp://[::1]:2376",
        "ssh://server",
        "ssh://me@server:2222",
    ],
)
def test_accepted(address: str) -> None:
    require_address(address)


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("ssh://", "ssh://user@server or ssh://user@server:port"),
        ("ssh://host:ssh", "ssh://user@server or ssh://user@server:port"),
        ("ssh://host:0", "ssh://user@server or ssh://user@server:port"),
        ("unix://", "unix:///var/run/docker.sock"),
        ("server:2376", "tcp://server:2376"),
        ("npipe:////./pipe/docker_engine", "ssh://user@server"),
    ],
)
def test_refused(address: str, accepted: str) -> None:
    with pytest.raises(Problem) as refused:
        require_address(address)
    assert f"found {address!r}" in str(refused.value)
    assert accepted in str(refused.value)
