"""One stack, deployed over ssh, whose updates are crashed; its steps as one that is not crashed has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from demo.server import Server
from tests.stacks.checkout import checkout
from tests.stacks.prod.crashes.crash import Step, Update
from tests.stacks.prod.crashes.held import Steps
from tests.stacks.prod.production import Production, from_laptop


@dataclass
class Crashed:
    """The stack and the two configurations that it goes to and fro between."""

    prod: Production
    steps: Steps
    configurations: tuple[dict[str, Any], dict[str, Any]]
    _now: int = 0

    def turn(self) -> None:
        """Write the configuration that is not deployed: another image, other labels, another configuration."""
        self._now = 1 - self._now
        self.prod.configure(**self.configurations[self._now])

    def begin(self) -> Update:
        """Begin an update to what is written."""
        return Update.begin(self.prod, self.steps)

    def left(self) -> tuple[int, int, int]:
        """Count all containers, volumes and networks of the server, whosever they are."""
        docker = self.prod.server.docker
        lists = (("ps", "--all", "--quiet"), ("volume", "ls", "--quiet"), ("network", "ls", "--quiet"))
        containers, volumes, networks = (len(docker(*words).split()) for words in lists)
        return containers, volumes, networks


@pytest.fixture(scope="session")
def crashed(server: Server, tmp_path_factory: pytest.TempPathFactory, second_image: str) -> Iterator[Crashed]:
    """The stack, deployed."""
    copy = checkout(tmp_path_factory.mktemp("crashes") / "c")
    (copy.folder / "Pulumi.prod.yaml").unlink()
    steps = Steps(copy)
    prod = from_laptop(server, copy, "crashed", benchPath=str(server.layout.bench), benchCommand="env bench")
    one = {"priority": 1000, "proxyTimeout": 4000}
    made = Crashed(
        prod, steps, (one, {"priority": 1001, "proxyTimeout": 4001, "image": second_image, "alignPorts": True})
    )
    prod.up(**one)
    yield made
    steps.leave()
    prod.stack.destroy()
    assert made.left() == (0, 0, 3)


@pytest.fixture(scope="session")
def of_an_update(crashed: Crashed) -> list[Step]:
    """What runs in an update that does not crash, in its order."""
    crashed.turn()
    update = crashed.begin()
    assert update.end() == 0, update.text
    return list(dict.fromkeys(update.runs))
