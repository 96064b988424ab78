"""What a substitute implements: one class a resource type."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from toolchain.plugins.checking import Failure
from toolchain.plugins.values import Values


class OperationError(Exception):
    """An operation failed for a reason of the user's or the outside world's; the message is shown as it is."""


@dataclass(frozen=True)
class Call:
    """The operation at hand."""

    urn: str
    log: Callable[[str], Awaitable[None]]
    """Shows a line of progress under the resource, at level info."""

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rsplit("::", 1)[-1]


class Resource:
    """A resource type. Inputs and old states come plain: completed with defaults, secret marks removed.

    Operations may be cancelled at any ``await``: they clean up and let the ``CancelledError`` pass.
    They return what is known besides the inputs; inputs are echoed into the state, with their secret marks, by the
    caller. A value returned under an input's name stands in place of the echo when it differs.
    """

    unsupported: ClassVar[frozenset[str]] = frozenset()
    """Inputs of the official schema that this substitute refuses by name."""

    delete_before_replace: ClassVar[bool] = False

    def check(self, inputs: Values) -> list[Failure]:  # noqa: ARG002
        """Return what is wrong with the inputs beyond what the schema says; unknown values may occur."""
        return []

    def replaces(self, name: str) -> bool:  # noqa: ARG002
        """Tell whether a change of the input ``name`` replaces the resource though the schema does not say so."""
        return False

    async def create(self, call: Call, inputs: Values) -> tuple[str, Values]:
        """Create the resource; return its id and outputs."""
        raise NotImplementedError

    async def read(self, call: Call, id_: str, inputs: Values, state: Values) -> tuple[str, Values, Values] | None:  # noqa: ARG002
        """Return the live id, inputs and outputs, or nothing if the resource is gone; by default, what was known."""
        return id_, inputs, state

    async def update(self, call: Call, id_: str, inputs: Values, old: Values) -> Values:
        """Bring the resource from its old state to the new inputs; return its outputs."""
        raise NotImplementedError

    async def delete(self, call: Call, id_: str, old: Values) -> None:
        """Delete the resource as its old state describes it."""
        raise NotImplementedError
