"""Stacks as tests declare them: our own two as the components render them, and a stranger's, part by part."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_camel

from raven_realtime.declared.resources import Resource, read
from raven_realtime.declared.world import Hidden, World
from raven_realtime.sandbox import local_tunnel, multiplexer
from raven_realtime.sandbox.ngrok import Endpoint, configuration
from raven_realtime.settings import Prod, load_prod
from raven_realtime.sidecar import labels
from raven_realtime.sidecar.configuration import render
from raven_realtime.sidecar.hardened import container
from raven_realtime.sidecar.pieces import Capacity

CONTAINER = "docker:index/container:Container"
IMAGE = "docker:index/remoteImage:RemoteImage"
SERVICE_TYPE = "docker:index/service:Service"
COMMAND = "command:local:Command"
PINNED = "docker.io/library/nginx@sha256:" + "a" * 64
ROUTER = "traefik.http.routers.frappe-socketio"
SERVICE = "traefik.http.services.frappe-socketio.loadbalancer.server.port"
TLS = {"entrypoints": "websecure", "tls.certresolver": "myresolver"}
OPTIONS = '{ path: "/socket.io/", transports: ["websocket", "polling"], withCredentials: true }'
"""The seed's section 5."""
HOST = "v2.sysmayal.cloud"
RUN = Path("/srv/raven-realtime")


@dataclass(frozen=True)
class Declared:
    """One resource of a stack."""

    type: str
    name: str
    properties: Mapping[str, Any]
    needs: tuple[str, ...] = field(default=())
    """The names of the resources that it depends on."""


Stack = tuple[Declared, ...]


def secret(text: str) -> str:
    """Return what stands for a text that the program makes a secret of."""
    return f"\0secret:{text}"


def as_resources(stack: Sequence[Declared]) -> list[Resource]:
    """Return a stack as the loader takes it."""
    return [
        Resource(
            each.type, each.name, urn(each.name), _hidden(each.properties), tuple(map(urn, each.needs)), marked=True
        )
        for each in stack
    ]


def _hidden(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("\0secret:"):
        return Hidden(value.partition(":")[2])
    if isinstance(value, Mapping):
        return {key: _hidden(inner) for key, inner in value.items()}
    return [_hidden(inner) for inner in value] if isinstance(value, list) else value


def urn(name: str) -> str:
    """Return a name as a URN."""
    return f"urn:pulumi:test::throwaway::any::{name}"


def world(stack: Sequence[Declared]) -> World:
    """Return what a stack declares."""
    return read(as_resources(stack)).world


def _camel(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            to_camel(key) if key.replace("_", "").isalpha() else key: _camel(inner)
            for key, inner in value.items()
            if inner is not None
        }
    return [_camel(inner) for inner in value] if isinstance(value, list | tuple) else value


def as_labels(plain: Mapping[str, str]) -> list[dict[str, str]]:
    """Return labels as the docker provider takes them."""
    return [{"label": key, "value": value} for key, value in sorted(plain.items())]


def prod(host: str = HOST, **settings: Any) -> Stack:
    """Return the production stack as our component declares it: image, configuration, container."""
    given: Prod = load_prod({"hosts": [host], "image": PINNED, **settings}, where="a test")
    properties = {
        **_camel(container(given)),
        "name": "frappe-socketio-1",
        "image": given.image,
        "labels": as_labels(labels.routing(given)),
    }
    return (
        Declared(COMMAND, "nginx", {"create": "raven-realtime sidecar install", "stdin": render(given)}),
        Declared(CONTAINER, "sidecar", properties, needs=("nginx",)),
    )


def sandbox() -> Stack:
    """Return the sandbox as our component declares it: multiplexer and local tunnel."""
    return sandbox_of(Capacity())


def sandbox_of(room: Capacity) -> Stack:
    """Return the sandbox of a capacity."""
    front = local_tunnel.LocalTunnel(
        folder=RUN / "tunnel",
        certificate=RUN / "cert.pem",
        key=RUN / "key.pem",
        endpoints=(local_tunnel.Endpoint(443, "127.0.0.1:8005"),),
        capacity=room,
    )
    inner = multiplexer.Multiplexer(folder=RUN / "nginx", site="raven.localhost", capacity=room)
    return (
        Declared(COMMAND, "nginx", {"create": "raven-realtime sandbox nginx", "stdin": multiplexer.render(inner)}),
        Declared(COMMAND, "tunnel", {"create": "raven-realtime sandbox nginx", "stdin": local_tunnel.render(front)}),
    )


def ngrok() -> Stack:
    """Return the sandbox behind ngrok: multiplexer and agent."""
    text = configuration([Endpoint("raven", "http://127.0.0.1:8005", "https://sysmayal.ngrok.io")])
    return (sandbox()[0], Declared(COMMAND, "tunnel", {"create": "raven-realtime sandbox ngrok", "stdin": text}))


Change = Callable[[Stack], Stack]


def changed(name: str, change: Callable[[dict[str, Any]], None]) -> Change:
    """Return a change of one resource's properties."""

    def apply(stack: Stack) -> Stack:
        assert name in {each.name for each in stack}
        return tuple(
            replace(each, properties=_after(each.properties, change)) if each.name == name else each for each in stack
        )

    return apply


def _after(properties: Mapping[str, Any], change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    result = copy.deepcopy(dict(properties))
    change(result)
    return result


def text(old: str, new: str, *, of: str = "nginx", count: int = -1) -> Change:
    """Return a change of a configuration: all (or the last of) ``old`` become ``new``."""

    def change(properties: dict[str, Any]) -> None:
        assert old in properties["stdin"], old
        if count == 1:
            head, _, tail = properties["stdin"].rpartition(old)
            properties["stdin"] = head + new + tail
        else:
            properties["stdin"] = properties["stdin"].replace(old, new)

    return changed(of, change)


def label(key: str, value: str | None) -> Change:
    """Return a change of one label of the sidecar; None takes it away."""

    def change(properties: dict[str, Any]) -> None:
        kept = [each for each in properties["labels"] if each["label"] != key]
        assert value is not None or len(kept) < len(properties["labels"]), key
        properties["labels"] = kept + ([] if value is None else [{"label": key, "value": value}])

    return changed("sidecar", change)


def setting(**values: Any) -> Change:
    """Return a change of the sidecar's properties; None takes one away."""

    def change(properties: dict[str, Any]) -> None:
        for key, value in values.items():
            properties[key] = value
            if value is None:
                del properties[key]

    return changed("sidecar", change)


def also(*more: Declared) -> Change:
    """Return a change that adds resources."""
    return lambda stack: (*stack, *more)


def app(name: str, routing: Mapping[str, str], port: int = 8080, **properties: Any) -> Declared:
    """Return another container behind the same Traefik: a router of this name, described by label ends."""
    described = {f"traefik.http.routers.{name}.{key}": value for key, value in routing.items()}
    described |= {"traefik.enable": "true", f"traefik.http.services.{name}.loadbalancer.server.port": str(port)}
    return Declared(
        CONTAINER, name, {"name": name, "image": "example/app:1", "labels": as_labels(described), **properties}
    )


def rival(rule: str, **more: str) -> Change:
    """Return a change that adds a container with a router of this rule."""
    return also(app("frappe-socketio-rival", {"rule": rule, **TLS, **more}))


def browser_source(code: str) -> Stack:
    """Return a container that serves a page with this code; OPTIONS stands for the seed's."""
    return realtime_source("page.js", f'import {{ io }} from "socket.io-client";\n{code.replace("OPTIONS", OPTIONS)}\n')


def realtime_source(file: str, code: str) -> Stack:
    """Return a container with a file of code."""
    upload = {"file": f"/srv/{file}", "content": code}
    return (Declared(CONTAINER, "code", {"name": "code", "image": "example/app:1", "uploads": [upload]}),)


def several(*changes: Change) -> Change:
    """Return one change that makes several."""

    def apply(stack: Stack) -> Stack:
        for change in changes:
            stack = change(stack)
        return stack

    return apply


def codes(found: Iterable[Any]) -> set[str]:
    """Return the codes of findings."""
    return {finding.code for finding in found}
