"""The SSH connection of remote resources."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncssh

from toolchain.plugins.resource import OperationError
from toolchain.plugins.values import Values

FIRST_DELAY, BACKOFF, LONGEST_DELAY = 0.1, 1.5, 5.0
"""Seconds between the attempts to dial, as the original waits."""

UNLIMITED = -1
"""The value of ``dialErrorLimit`` that never gives up."""


@contextlib.asynccontextmanager
async def connected(settings: Values) -> AsyncIterator[Any]:
    """Connect as the input ``connection`` says, through its ``proxy`` if it has one; close at the end of the block.

    Nothing of the user's own SSH configuration counts: no known hosts, no default keys, no config file.

    Raises:
        OperationError: a key cannot be read, or the host cannot be reached within ``dialErrorLimit`` attempts.
    """
    async with contextlib.AsyncExitStack() as stack:
        tunnel = await _dial(stack, settings["proxy"], None) if settings.get("proxy") else None
        yield await _dial(stack, settings, tunnel)


async def _dial(stack: contextlib.AsyncExitStack, settings: Mapping[str, Any], tunnel: Any) -> Any:
    options = await _options(stack, settings)
    limit = int(settings.get("dialErrorLimit", 10))
    delay, dials = FIRST_DELAY, 0
    while True:
        try:
            connection = await asyncssh.connect(
                settings["host"], int(settings.get("port", 22)), tunnel=tunnel or (), **options
            )
        except (OSError, asyncssh.Error) as error:
            dials += 1
            if limit != UNLIMITED and dials >= max(limit, 1):
                raise OperationError(f"after {dials} failed attempts: {settings['host']}: {error}") from error
            await asyncio.sleep(delay)
            delay = min(delay * BACKOFF, LONGEST_DELAY)
        else:
            return await stack.enter_async_context(connection)


async def _options(stack: contextlib.AsyncExitStack, settings: Mapping[str, Any]) -> dict[str, Any]:
    keys: list[Any] = []
    if private := settings.get("privateKey"):
        try:
            keys.append(asyncssh.import_private_key(private, settings.get("privateKeyPassword")))
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
            raise OperationError(f"the connection's private key cannot be used: {error}") from error
    agent = settings.get("agentSocketPath") or os.environ.get("SSH_AUTH_SOCK")
    if agent:
        try:
            client = await stack.enter_async_context(asyncssh.connect_agent(agent))
        except OSError as error:
            raise OperationError(f"the SSH agent at {agent} does not answer: {error}") from error
        keys += await client.get_keys()
    known: tuple[list[Any], list[Any], list[Any]] | None = None
    if expected := settings.get("hostKey"):
        try:
            known = ([asyncssh.import_public_key(expected)], [], [])
        except asyncssh.KeyImportError as error:
            raise OperationError(f"the connection's hostKey cannot be read: {error}") from error
    return {
        "username": settings.get("user", "root"),
        "password": settings.get("password"),
        "client_keys": keys or None,
        "known_hosts": known,
        "connect_timeout": settings.get("perDialTimeout", 15) or None,
        "agent_path": None,
        "config": [],
        "gss_host": None,
    }
