"""The errors that an operation on the daemon ends with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolchain.plugins.resource import OperationError


class ProviderError(OperationError):
    """An operation failed; the message is for the user."""


class PartlyCreatedError(ProviderError):
    """A resource was created but did not come to life: it is recorded, with the reason, and can be destroyed."""

    def __init__(self, resource_id: str, state: Mapping[str, Any], reason: str) -> None:
        """Record what exists, its state and why it is not what was asked for."""
        super().__init__(reason)
        self.resource_id = resource_id
        self.state = dict(state)
