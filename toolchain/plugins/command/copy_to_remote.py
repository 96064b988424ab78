"""``command:remote:CopyToRemote``: files to another host, over SFTP."""

from __future__ import annotations

import os
import posixpath
import secrets
from pathlib import Path
from typing import Any

import asyncssh

from toolchain.plugins.checking import Failure
from toolchain.plugins.command.connection import connected
from toolchain.plugins.diffing import content
from toolchain.plugins.resource import Call, OperationError, Resource
from toolchain.plugins.values import ARCHIVE, ASSET, Values, has_unknown, signature


class CopyToRemote(Resource):
    """Copies a file or a folder; deleting it leaves the copy where it is, as the original does.

    The original is documented to create missing parent folders and does not; neither does this.
    """

    def check(self, inputs: Values) -> list[Failure]:
        """Accept files and folders by path only."""
        source = inputs["source"]
        if has_unknown(source) or "path" in source:
            return []
        if signature(source) == ASSET:
            return [Failure("asset", "asset must be a path-based file asset")]
        if signature(source) == ARCHIVE:
            return [Failure("archive", "archive must be a path to a file or directory")]
        return [Failure("asset", "either asset or archive must be set")]

    async def create(self, call: Call, inputs: Values) -> tuple[str, Values]:  # noqa: ARG002
        """Copy the source."""
        await _copy(inputs)
        return secrets.token_hex(4), {}

    async def update(self, call: Call, id_: str, inputs: Values, old: Values) -> Values:  # noqa: ARG002
        """Copy again if the source's content or the target changed, not for a change of the connection."""
        if any(content(inputs[name]) != content(old.get(name)) for name in ("source", "remotePath")):
            await _copy(inputs)
        return {}

    async def delete(self, call: Call, id_: str, old: Values) -> None:
        """Leave the copy."""


async def _copy(inputs: Values) -> None:
    """Copy as the original's table says.

    ======== ================ ================ ==================
    source   target is folder target is absent target is file
    ======== ================ ================ ==================
    folder   target/folder    target/folder    refused
    folder/  target           target           refused
    file     target/file      target           overwritten
    ======== ================ ================ ==================
    """
    source: str = inputs["source"]["path"]
    target: str = inputs["remotePath"]
    if not Path(source).exists():
        raise OperationError(f"open {source}: no such file or directory")
    async with connected(inputs["connection"]) as connection, connection.start_sftp_client() as sftp:
        try:
            if not Path(source).is_dir():
                folder = await sftp.isdir(target)
                await _put(sftp, source, posixpath.join(target, Path(source).name) if folder else target)
                return
            await _make(sftp, target)
            if not source.endswith("/"):
                target = posixpath.join(target, Path(source).name)
                await _make(sftp, target)
            for parent, folders, files in os.walk(source):
                there = posixpath.normpath(posixpath.join(target, Path(parent).relative_to(source).as_posix()))
                for name in folders:
                    await _make(sftp, posixpath.join(there, name))
                for name in files:
                    await _put(sftp, str(Path(parent) / name), posixpath.join(there, name))
        except (OSError, asyncssh.Error) as error:
            raise OperationError(f"failed to copy {source} to remote path {target}: {error}") from error


async def _make(sftp: Any, folder: str) -> None:
    if not await sftp.exists(folder):
        await sftp.mkdir(folder)
    elif not await sftp.isdir(folder):
        raise OperationError(f"remote path {folder} exists but is not a directory")


async def _put(sftp: Any, source: str, target: str) -> None:
    async with sftp.open(target, "wb") as remote:
        with Path(source).open("rb") as local:
            while data := local.read(1 << 20):
                await remote.write(data)
