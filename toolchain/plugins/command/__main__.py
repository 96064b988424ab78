"""Serve the substitute."""

from __future__ import annotations

from pathlib import Path

from toolchain.plugins.command.copy_to_remote import CopyToRemote
from toolchain.plugins.command.local_command import LocalCommand
from toolchain.plugins.command.remote_command import RemoteCommand
from toolchain.plugins.serving import Plugin, serve

PLUGIN = Plugin(
    name="command",
    description=(
        "Raven Realtime's substitute for the official Pulumi command plugin, for machines that cannot download it. "
        "It runs command:local:Command, command:remote:Command and command:remote:CopyToRemote."
    ),
    schema_path=Path(__file__).parent / "schema.json",
    resources={
        "command:local:Command": LocalCommand(),
        "command:remote:Command": RemoteCommand(),
        "command:remote:CopyToRemote": CopyToRemote(),
    },
)

if __name__ == "__main__":
    serve(PLUGIN)
