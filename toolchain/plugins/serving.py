"""Serving a substitute to the engine: the provider protocol, driven by the schema's extract."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

from toolchain.plugins.checking import Failure, checked
from toolchain.plugins.diffing import changes
from toolchain.plugins.resource import Call, OperationError, Resource
from toolchain.plugins.schema import ResourceSchema, Schema
from toolchain.plugins.values import UNKNOWN, Values, from_wire, plain, secret, to_wire

MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes of the largest message, as in the engine and the SDK."""


@dataclass(frozen=True)
class Plugin:
    """A substitute plugin."""

    name: str
    """The Pulumi package, such as ``command``."""
    description: str
    """Says that it is a substitute, and for what."""
    schema_path: Path
    """The extract of the official schema."""
    resources: Mapping[str, Resource]
    """The resource types it can create, by token; the schema's others are checked and previewed only."""
    configure: Callable[[Values], Awaitable[None]] | None = None
    """Takes the provider's configuration, plain, once before the first operation; raises OperationError."""
    functions: Mapping[str, Callable[[Values], Coroutine[Any, Any, Values]]] = field(default_factory=dict)
    """The functions it answers, by token; the schema's others are refused by name."""
    config_failures: Callable[[Values], list[Failure]] | None = None
    """What is wrong with the provider's configuration beyond what the schema says."""

    @cached_property
    def schema(self) -> Schema:
        """The extract, read."""
        return Schema(self.schema_path)

    @cached_property
    def version(self) -> str:
        """The version of the SDK this plugin belongs to."""
        return importlib.metadata.version(f"pulumi-{self.name}")


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The provider protocol for a :class:`Plugin`."""

    def __init__(self, plugin: Plugin, engine_address: str) -> None:
        self.plugin = plugin
        self.engine = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(engine_address)) if engine_address else None
        self.running: set[asyncio.Task[Any]] = set()
        self.cancelled = False

    # What the plugin is

    async def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002 (the names are the protocol's)
        """Agree on what crosses the wire: secrets, but neither outputs nor resources as values."""
        if request.engine_address:
            self.engine = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(request.engine_address))
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Tell the version."""
        return plugin_pb2.PluginInfo(version=self.plugin.version)

    async def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Give the schema's extract, with a description that says it is a substitute's."""
        schema = self.plugin.schema.described(self.plugin.description, self.plugin.version)
        return provider_pb2.GetSchemaResponse(schema=schema)

    # The provider's own configuration

    async def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Check the provider's inputs against the schema's config variables, and by the plugin's own rules."""
        given = from_wire(request.news)
        version = {key: given.pop(key) for key in ("version", "pluginDownloadURL") if key in given}
        variables = ResourceSchema(self.plugin.schema.config, frozenset(), {})
        completed, failures = checked(self.plugin.schema, variables, given)
        if self.plugin.config_failures and not failures:
            failures = self.plugin.config_failures(plain(completed))
        return _check_response(version | completed, failures)

    async def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Update in place whatever changes in the provider's configuration."""
        changed = from_wire(request.olds) != from_wire(request.news)
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if changed else none)

    async def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Hand the configuration to the plugin."""
        if self.plugin.configure is not None:
            await self._answer(context, self.plugin.configure(plain(from_wire(request.args))))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    # Resources

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Check inputs against the schema and by the resource's own rules."""
        schema = await self._schema_of(request.urn, context)
        completed, failures = checked(self.plugin.schema, schema, from_wire(request.news))
        resource = self.plugin.resources.get(_type_of(request.urn))
        if resource is not None:
            inputs = plain(completed)
            failures += [
                Failure(name, f"is not supported by this substitute for the official {self.plugin.name} plugin")
                for name in sorted(resource.unsupported & inputs.keys())
                if inputs[name] is not None
            ]
            failures += resource.check(inputs) if not failures else []
        return _check_response(completed, failures)

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Compare the inputs of the last update with the new ones."""
        schema = await self._schema_of(request.urn, context)
        resource = self.plugin.resources.get(_type_of(request.urn), Resource())

        def replaces(name: str) -> bool:
            spec = schema.inputs.get(name, {})
            return bool(spec.get("replaceOnChanges") or spec.get("willReplaceOnChanges") or resource.replaces(name))

        old = from_wire(request.old_inputs) or {
            name: value for name, value in from_wire(request.olds).items() if name in schema.inputs
        }
        found = changes(old, from_wire(request.news), replaces)
        kinds = provider_pb2.PropertyDiff
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({change.property for change in found}),
            replaces=sorted({change.property for change in found if change.replaces}),
            deleteBeforeReplace=resource.delete_before_replace and any(change.replaces for change in found),
            hasDetailedDiff=True,
            detailedDiff={
                change.path: kinds(
                    kind=getattr(kinds, f"{change.kind}_REPLACE" if change.replaces else change.kind), inputDiff=True
                )
                for change in found
            },
        )

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Create a resource; at preview, say which outputs will be known afterwards."""
        schema = await self._schema_of(request.urn, context)
        inputs = from_wire(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_wire(_previewed(schema, inputs)))
        resource = await self._implemented(request.urn, context)
        create = resource.create(self._call(request.urn), plain(inputs))
        id_, outputs = await self._operate(context, create, request.timeout)
        return provider_pb2.CreateResponse(id=id_, properties=to_wire(_state(schema, inputs, outputs)))

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Read a resource back; one that is gone has no id in the answer."""
        schema = await self._schema_of(request.urn, context)
        resource = await self._implemented(request.urn, context)
        inputs, state = from_wire(request.inputs), from_wire(request.properties)
        read = resource.read(self._call(request.urn), request.id, plain(inputs), plain(state))
        found = await self._operate(context, read, 0)
        if found is None:
            return provider_pb2.ReadResponse()
        id_, live_inputs, live_state = found
        kept = {name: _echo(inputs.get(name), value) for name, value in live_inputs.items()}
        live = {name: _echo(state.get(name), value) for name, value in live_state.items()}
        return provider_pb2.ReadResponse(id=id_, inputs=to_wire(kept), properties=to_wire(_state(schema, kept, live)))

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Bring a resource to its new inputs."""
        schema = await self._schema_of(request.urn, context)
        inputs, old = from_wire(request.news), from_wire(request.olds)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_wire(_previewed(schema, inputs)))
        resource = await self._implemented(request.urn, context)
        update = resource.update(self._call(request.urn), request.id, plain(inputs), plain(old))
        outputs = await self._operate(context, update, request.timeout)
        return provider_pb2.UpdateResponse(properties=to_wire(_state(schema, inputs, outputs)))

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Delete a resource."""
        resource = await self._implemented(request.urn, context)
        state = plain(from_wire(request.properties))
        delete = resource.delete(self._call(request.urn), request.id, state)
        await self._operate(context, delete, request.timeout)
        return Empty()

    async def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answer a function, or refuse it by name."""
        function = self.plugin.functions.get(request.tok)
        if function is None:
            await context.abort(
                grpc.StatusCode.UNIMPLEMENTED,
                f"the function {request.tok} is not supported by this substitute for the official "
                f"{self.plugin.name} plugin",
            )
            raise AssertionError
        answer = await self._operate(context, function(plain(from_wire(request.args))), 0)
        return provider_pb2.InvokeResponse(**{"return": to_wire(answer)})

    async def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Cancel what is running; nothing new is started after this."""
        self.cancelled = True
        for task in self.running:
            task.cancel()
        return Empty()

    # How

    async def _schema_of(self, urn: str, context: Any) -> ResourceSchema:
        schema = self.plugin.schema.resources.get(_type_of(urn))
        if schema is None:
            message = f"{_type_of(urn)} is not a resource of the {self.plugin.name} package"
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
            raise AssertionError
        return schema

    async def _implemented(self, urn: str, context: Any) -> Resource:
        resource = self.plugin.resources.get(_type_of(urn))
        if resource is None:
            await context.abort(
                grpc.StatusCode.UNIMPLEMENTED,
                f"{_type_of(urn)} is not supported by this substitute for the official {self.plugin.name} plugin: "
                "it can be previewed, not created",
            )
            raise AssertionError
        return resource

    def _call(self, urn: str) -> Call:
        async def log(message: str) -> None:
            if self.engine is not None:
                with contextlib.suppress(grpc.aio.AioRpcError):  # the engine may be gone before its last line
                    await self.engine.Log(
                        engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True)
                    )

        return Call(urn, log)

    async def _operate(self, context: Any, operation: Coroutine[Any, Any, Any], timeout: float) -> Any:
        """Run an operation that Cancel can end; ``timeout`` is in seconds, 0 for none."""
        if self.cancelled:
            operation.close()
            await context.abort(grpc.StatusCode.CANCELLED, "the update was cancelled")
        task = asyncio.create_task(operation)
        self.running.add(task)
        try:
            return await self._answer(context, asyncio.wait_for(task, timeout or None), timeout)
        finally:
            self.running.discard(task)

    async def _answer(self, context: Any, operation: Awaitable[Any], timeout: float = 0) -> Any:
        """Await an operation; what goes wrong becomes the call's error, a traceback only for a fault of ours."""
        try:
            return await operation
        except OperationError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except TimeoutError:
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, f"not done within its timeout of {timeout:g} s")
        except asyncio.CancelledError:
            await context.abort(grpc.StatusCode.CANCELLED, "the update was cancelled")
        except Exception:
            await context.abort(grpc.StatusCode.INTERNAL, traceback.format_exc())


def _type_of(urn: str) -> str:
    """Return the resource's type token: the last of the types in its URN."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _check_response(completed: Values, failures: list[Failure]) -> Any:
    return provider_pb2.CheckResponse(
        inputs=to_wire(completed),
        failures=[provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures],
    )


def _previewed(schema: ResourceSchema, inputs: Values) -> Values:
    """Return the state as far as it is known before the operation."""
    return {**inputs, **dict.fromkeys(schema.computed, UNKNOWN)}


def _state(schema: ResourceSchema, inputs: Values, outputs: Values) -> Values:
    """Return the state: inputs echoed with their marks, outputs marked secret where the schema says so."""
    state = dict(inputs)
    for name, value in outputs.items():
        marked = _echo(inputs.get(name), value)
        state[name] = secret(marked) if schema.outputs.get(name, {}).get("secret") and value is not None else marked
    return {name: value for name, value in state.items() if value is not None}


def _echo(given: Any, value: Any) -> Any:
    """Return ``given``, with its secret marks, unless ``value`` says something else."""
    return given if given is not None and plain(given) == plain(value) else value


def serve(plugin: Plugin, servicer: type[Servicer] = Servicer) -> None:
    """Serve until the engine stops us; the engine's address is the first word of the command line.

    Args:
        plugin: What to serve.
        servicer: How, for a plugin that speaks the protocol in its own way.
    """
    _leave_virtual_environment()
    address = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(plugin, servicer, address))


async def _serve(plugin: Plugin, kind: type[Servicer], address: str) -> None:
    limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    server = grpc.aio.server(options=limits)
    servicer = kind(plugin, address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    print(port, flush=True)
    parent = os.getppid()
    while not over.is_set() and os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), timeout=1)
    for task in servicer.running:
        task.cancel()
    await asyncio.gather(*servicer.running, return_exceptions=True)
    await server.stop(grace=0)


def _leave_virtual_environment() -> None:
    """Undo what the language host did to PATH to start us.

    Commands see the engine's environment, as the official plugin, a program of its own, shows it to them.
    """
    environment = os.environ.pop("VIRTUAL_ENV", None)
    if environment is not None:
        prefix = str(Path(environment) / "bin") + os.pathsep
        os.environ["PATH"] = os.environ.get("PATH", "").removeprefix(prefix)
