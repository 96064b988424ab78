"""The provider protocol as the Terraform bridge speaks it, where that differs from a plain provider.

Inputs get the Terraform provider's defaults; changes are found against the recorded state; a replacement deletes first;
configuration other than strings comes JSON encoded; what was created but failed to start is recorded with its errors.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from toolchain.plugins.checking import Failure, checked
from toolchain.plugins.docker import containers, images, networks, volumes
from toolchain.plugins.docker.checking import complete, decoded, given
from toolchain.plugins.docker.connection import DEFAULT_HOST, Connection, connection
from toolchain.plugins.docker.diffing import changes, delete_before_replace
from toolchain.plugins.docker.facts import SCHEMA, facts, short
from toolchain.plugins.docker.failure import PartlyCreatedError, ProviderError
from toolchain.plugins.docker.images import Daemon
from toolchain.plugins.resource import Call, Resource
from toolchain.plugins.schema import ResourceSchema, Schema
from toolchain.plugins.serving import Plugin, Servicer, serve
from toolchain.plugins.values import UNKNOWN, Values, from_wire, has_unknown, plain, secret, to_wire

OPERATIONS = {"Container": containers, "Network": networks, "RemoteImage": images, "Volume": volumes}
"""The module of each resource that is created, by short name."""

DESCRIPTION = (
    "A substitute for the official docker plugin, for machines that cannot download it: creates Container, Network, "
    "RemoteImage and Volume; checks and previews the rest."
)


class Docker:
    """The daemon of one provider, by its configuration."""

    def __init__(self) -> None:
        self._connection: Connection | None = None
        self._registry_auth: list[Mapping[str, Any]] = []
        self.stopping = Event()

    async def configure(self, config: Values) -> None:
        """Take the configuration; unless told otherwise, ask the daemon whether it is there."""
        config = decoded(config)
        if has_unknown(config):
            return
        self._registry_auth = given(config.get("registryAuth")) or []
        self._connection = connection(config)
        if not config.get("disableDockerDaemonCheck"):
            await asyncio.to_thread(lambda: self.daemon)

    @property
    def daemon(self) -> Daemon:
        """The daemon to work on.

        Raises:
            ProviderError: it does not answer, or the configuration was not known.
        """
        if self._connection is None:
            raise ProviderError("the docker provider's configuration is not known yet")
        return Daemon(self._connection.client, self._registry_auth, self.stopping)

    async def network(self, arguments: Values) -> Values:
        """Answer getNetwork."""
        found = await asyncio.to_thread(networks.look_up, self.daemon, arguments["name"])
        if found is None:
            raise ProviderError(f"Could not find docker network: {arguments['name']}")
        return found

    async def remote_image(self, arguments: Values) -> Values:
        """Answer getRemoteImage, for an image that the daemon has."""
        name = arguments["name"]
        found = await asyncio.to_thread(self.daemon.image, name)
        if found is None:
            raise ProviderError(f"did not find docker image '{name}'")
        return {"id": found["Id"], "name": name, "repoDigest": images.repo_digest(name, found)}


class OnDaemon(Resource):
    """A resource type, by short name, whose operations are the functions of a module."""

    def __init__(self, docker: Docker, owner: str) -> None:
        self._docker = docker
        self._owner = owner
        self._operations: Any = OPERATIONS[owner]

    async def create(self, call: Call, inputs: Values) -> tuple[str, Values]:  # noqa: ARG002
        """Create it; gives id and state."""
        made: tuple[str, Values] = await self._run(self._operations.create, given(inputs))
        return made

    async def read(self, call: Call, id_: str, inputs: Values, state: Values) -> tuple[str, Values, Values] | None:  # noqa: ARG002
        """Read it back: its id, the inputs where the state contradicts them, and the state."""
        found = await self._run(self._operations.read, id_, given(state) or given(inputs))
        if found is None:
            return None
        live_id, live = found
        if inputs:
            news = {change.property: live.get(change.property) for change in changes(self._owner, live, inputs)}
        else:
            news = {name: live[name] for name in facts().resources[self._owner] if live.get(name)}
        return live_id, news, live

    async def update(self, call: Call, id_: str, inputs: Values, old: Values) -> Values:  # noqa: ARG002
        """Change it in place; gives the state."""
        state: Values = await self._run(self._operations.update, id_, given(old), given(inputs))
        return state

    async def delete(self, call: Call, id_: str, old: Values) -> None:  # noqa: ARG002
        """Delete it."""
        await self._run(self._operations.delete, id_, given(old))

    async def _run(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        """Run an operation; a cancelled one is told to give up, and what it did by then is still recorded."""
        running = asyncio.ensure_future(asyncio.to_thread(lambda: operation(self._docker.daemon, *arguments)))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            self._docker.stopping.set()
            return await running


class BridgedServicer(Servicer):
    """The servicer with the bridge's ways."""

    async def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Give the schema's extract; its tokens have the bridge's form, ``docker:index/container:Container``."""
        described = json.loads(self.plugin.schema.described(self.plugin.description, self.plugin.version))
        described["meta"] = {"moduleFormat": "(.*)(?:/[^/]*)"}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(described))

    async def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Check the configuration, decoded; give it back as it came, with the host."""
        news = from_wire(request.news)
        variables = ResourceSchema(self.plugin.schema.config, frozenset(), {})
        options = {key: value for key, value in plain(news).items() if key not in ("version", "pluginDownloadURL")}
        failures = checked(self.plugin.schema, variables, decoded(options))[1]
        host = {} if news.get("host") or news.get("context") else {"host": os.environ.get("DOCKER_HOST", DEFAULT_HOST)}
        return _check_response(news | host, failures)

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Check by the schema, then complete as the bridge does."""
        schema = await self._schema_of(request.urn, context)
        news = {name: value for name, value in from_wire(request.news).items() if not name.startswith("__")}
        passed, failures = checked(self.plugin.schema, schema, news)
        owner, name = _owner(request.urn), request.urn.rsplit("::", 1)[1]
        inputs, more = complete(owner, name, request.randomSeed, plain(from_wire(request.olds)), passed)
        return _check_response(inputs, failures or more)

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Compare the recorded state with the new inputs."""
        await self._schema_of(request.urn, context)
        owner, news = _owner(request.urn), from_wire(request.news)
        found = changes(owner, from_wire(request.olds), news)
        replaces = sorted(change.property for change in found if change.replaces)
        kinds = provider_pb2.PropertyDiff
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted(change.property for change in found),
            replaces=replaces,
            deleteBeforeReplace=bool(replaces) and delete_before_replace(owner, plain(news)),
            hasDetailedDiff=True,
            detailedDiff={
                change.path: kinds(kind=getattr(kinds, f"{change.kind}_REPLACE" if change.replaces else change.kind))
                for change in found
            },
        )

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Create a resource, or at preview say what will be known."""
        inputs = from_wire(request.properties)
        if request.preview:
            schema = await self._schema_of(request.urn, context)
            computed = {name for name, prop in facts().resources[_owner(request.urn)].items() if prop.computed}
            unknown = dict.fromkeys(schema.computed | computed, UNKNOWN)
            return provider_pb2.CreateResponse(properties=to_wire(unknown | inputs))
        resource = await self._implemented(request.urn, context)
        create = _or_partly(resource.create(self._call(request.urn), plain(inputs)))
        made = await self._operate(context, create, request.timeout)
        if isinstance(made, PartlyCreatedError):
            await context.abort_with_status(_partly_created(made, inputs))
            raise AssertionError("abort raises")  # noqa: TRY004 (for the type checker)
        return provider_pb2.CreateResponse(id=made[0], properties=to_wire(recorded(inputs, made[1])))

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Read a resource back; one that is gone has no id in the answer."""
        resource = await self._implemented(request.urn, context)
        inputs, state = from_wire(request.inputs), from_wire(request.properties)
        read = resource.read(self._call(request.urn), request.id, plain(inputs), plain(state))
        found = await self._operate(context, read, 0)
        if found is None:
            return provider_pb2.ReadResponse()
        live_id, news, live = found
        live = recorded(inputs | state, live)
        return provider_pb2.ReadResponse(
            id=live_id, inputs=to_wire(inputs | {name: live.get(name) for name in news}), properties=to_wire(live)
        )

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Change a resource in place; what is known of it stays known at preview."""
        inputs, old = from_wire(request.news), from_wire(request.olds)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=to_wire(old | inputs))
        resource = await self._implemented(request.urn, context)
        update = resource.update(self._call(request.urn), request.id, plain(inputs), plain(old))
        state = await self._operate(context, update, request.timeout)
        return provider_pb2.UpdateResponse(properties=to_wire(recorded(inputs, state)))


async def _or_partly(create: Any) -> Any:
    try:
        return await create
    except PartlyCreatedError as error:
        return error


def _partly_created(error: PartlyCreatedError, inputs: Values) -> Any:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.resource_id,
        properties=to_wire(recorded(inputs, error.state)),
        reasons=[str(error)],
        inputs=to_wire(inputs),
    )
    message = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    message.details.add().Pack(detail)
    status = grpc.Status()
    status.code, status.details = grpc.StatusCode.UNKNOWN, str(error)
    status.trailing_metadata = (("grpc-status-details-bin", message.SerializeToString()),)
    return status


def recorded(marked: Values, state: Values) -> Values:
    """Return the state with the secret marks of ``marked``: of a part where both agree, else of the whole property."""

    def one(like: Any, value: Any) -> Any:
        if plain(like) == value:
            return like
        return value if plain(like) == like else secret(value)

    return {
        name: one(given(marked.get(name)), value)
        for name, value in state.items()
        if value is not None and not name.startswith("__")
    }


def _owner(urn: str) -> str:
    return short(urn.split("::")[2].rsplit("$", 1)[-1])


def _check_response(inputs: Values, failures: list[Failure]) -> Any:
    return provider_pb2.CheckResponse(
        inputs=to_wire(inputs),
        failures=[provider_pb2.CheckFailure(property=failure.path, reason=failure.reason) for failure in failures],
    )


def plugin() -> Plugin:
    """Return the substitute for the docker plugin."""
    docker = Docker()
    tokens = {short(token): token for token in Schema(SCHEMA).resources}
    return Plugin(
        name="docker",
        description=DESCRIPTION,
        schema_path=SCHEMA,
        resources={tokens[name]: OnDaemon(docker, name) for name in OPERATIONS},
        configure=docker.configure,
        functions={
            "docker:index/getNetwork:getNetwork": docker.network,
            "docker:index/getRemoteImage:getRemoteImage": docker.remote_image,
        },
    )


def main() -> None:
    """Serve the plugin to the engine."""
    serve(plugin(), BridgedServicer)
