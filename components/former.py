"""What a stack of an earlier version ran on its server, taken over without a dial and without its `delete` lines.

Before 0.2 the steps were commands that Pulumi itself ran on the server, and the state holds how it logged in. Pulumi
would delete each of them by logging in so again, and what the first of them then ran removes the sidecar that serves.
A resource of the same type and name without any line is an update in place, for which nothing is run (pulumi-command,
remote command, "Update"); what its state then holds is a host that is never dialled.
"""

from __future__ import annotations

from importlib import metadata

import pulumi

TYPE = "command:remote:Command"
NOBODY = "not-dialled.invalid"
"""A name that never resolves (RFC 6761)."""


class Former(pulumi.CustomResource):
    """One command of an earlier version, with nothing left in it to run."""

    def __init__(self, name: str, parent: pulumi.Resource) -> None:
        """Declare it.

        Args:
            name: what it was called.
            parent: the component that it belongs to.
        """
        # a change of the triggers would replace it, and so run what the earlier version left for its deletion
        opts = pulumi.ResourceOptions(
            parent=parent, ignore_changes=["triggers"], version=metadata.version("pulumi-command")
        )
        super().__init__(TYPE, name, {"connection": {"host": NOBODY}}, opts)
