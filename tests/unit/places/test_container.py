"""Ports and mounts as Docker and Podman write them."""

from __future__ import annotations

import pytest

from raven_realtime.places.container import Container, Mount, Published, Variable, mount_of, published_of
from raven_realtime.proxies.location import Location

PLACE = Location("compose.yml", 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8080:80", [(8080, 80, "", "tcp")]),
        ("80", [(None, 80, "", "tcp")]),
        ("127.0.0.1:9000:9000", [(9000, 9000, "127.0.0.1", "tcp")]),
        ("127.0.0.1::9000", [(None, 9000, "127.0.0.1", "tcp")]),
        ("[::1]:8000:80/udp", [(8000, 80, "::1", "udp")]),
        ("8000-8001:80-81", [(8000, 80, "", "tcp"), (8001, 81, "", "tcp")]),
        ("8000-8002:80-81", []),
        ("${PORT}:80", []),
        ("99999:80", []),
        ("", []),
        ("[", []),
    ],
)
def test_published(text: str, expected: list[tuple[int | None, int, str, str]]) -> None:
    found = published_of(text, PLACE)
    assert found == tuple(Published(host, port, PLACE, address, protocol) for host, port, address, protocol in expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sites:/sites", Mount("sites", "/sites", PLACE)),
        ("./a.conf:/etc/a.conf:ro,Z", Mount("./a.conf", "/etc/a.conf", PLACE, read_only=True)),
        ("/data", Mount("", "/data", PLACE)),
        ("", None),
        ("a:", None),
    ],
)
def test_mounts(text: str, expected: Mount | None) -> None:
    assert mount_of(text, PLACE) == expected


def test_the_last_of_equal_names_is_in_force() -> None:
    variables = (Variable("A", "1", PLACE), Variable("A", "2", PLACE))
    container = Container("web", "image", PLACE, environment=variables, labels=variables)
    assert container.variable("A") == container.label("A") == variables[1]
    assert container.variable("B") is container.label("B") is None
