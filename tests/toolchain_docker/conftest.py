"""One throw-away Docker daemon with the nginx image for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.dockerd import Dockerd, throwaway_dockerd


@dataclass(frozen=True)
class Host:
    """The daemon, and the id of the nginx image on it."""

    dockerd: Dockerd
    image: str

    def inspect(self, container: str, template: str) -> str:
        """Return what ``docker inspect`` says of a container, by template."""
        return self.dockerd.docker("inspect", "-f", template, container)

    def exec(self, container: str, *command: str) -> str:
        """Run a command in a container and return its output."""
        return self.dockerd.docker("exec", container, *command)


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """A daemon of our own, gone afterwards."""
    with throwaway_dockerd("plugin") as dockerd:
        yield Host(dockerd, dockerd.load_nginx())
