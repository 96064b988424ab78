"""The realtime path as data: a knob a layer, healthy by default; a symptom is the knobs that it turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

HOST = "localhost"
"""The public name: the one that every program on the machine resolves without DNS."""
SITE = "raven.localhost"
CHANNEL = "general"

Replacements = tuple[tuple[str, str], ...]
"""What is put in the place of what in a rendered nginx configuration; what is not there to be replaced is an error."""


@dataclass(frozen=True)
class Ngrok:
    """ngrok's account and upstream (tests/standins/ngrok)."""

    plan: str = "paid"
    fault: str = ""
    upstream: str = "http://127.0.0.1:8005"


@dataclass(frozen=True)
class Path:
    """Everything between a browser and redis. Production's by default: Traefik, the sidecar, the demo bench."""

    # name, TCP, TLS
    url: str = f"https://{HOST}"
    trusted: bool = True
    """Whether who asks trusts the public side's certificate."""
    # edge
    traefik: Mapping[str, Any] = field(default_factory=dict)
    """Merged into the `http` section of Traefik's dynamic file; None removes a key."""
    traefik_arguments: tuple[str, ...] = ()
    traefik_environment: tuple[tuple[str, str], ...] = ()
    ngrok: Ngrok | None = None
    """ngrok before the multiplexer, instead of Traefik before the sidecar."""
    local_tunnel: bool = False
    """The local tunnel before the multiplexer, instead of Traefik before the sidecar."""
    # proxy
    nginx: Replacements = ()
    """In the configuration of the sidecar, or of the multiplexer."""
    nginx_hosts: str = ""
    """What /etc/hosts said when nginx started, where it says something else now."""
    held: int = 0
    """WebSockets that others hold open at the proxy."""
    dropped: tuple[str, ...] = ()
    """Places (address:port) to which a firewall drops what is sent."""
    # realtime
    socketio: bool = True
    socketio_environment: tuple[tuple[str, str], ...] = ()
    replicas: int = 1
    """Realtime processes, each with a sidecar of its own and Traefik before both."""
    sticky: bool = True
    """Whether Traefik keeps a client on one replica."""
    # redis
    redis: bool = True
    """Without it Socket.IO is started all the same, and ends."""
    # what is asked
    event: bool = False
    """With a session and a bench: join a channel, publish, receive."""
    inside: bool = False
    """Whether the doctor may look at the bench and at nginx's configuration."""
    hold: float = 0.0
    page: str = ""
    """The origin of the page, where it is another one."""
    stay: float = 0.3
    """Seconds that the upgraded WebSocket has to stay open."""

    def with_fault(self, fault: Mapping[str, Any]) -> Path:
        """Return this path with more knobs turned.

        Raises:
            ValueError: a knob is turned already, to something else.
        """
        healthy = Path()
        merged: dict[str, Any] = {}
        for knob, wanted in fault.items():
            mine, default = getattr(self, knob), getattr(healthy, knob)
            if isinstance(default, Mapping):
                merged[knob] = merge(mine, wanted)
            elif isinstance(default, tuple):
                merged[knob] = (*mine, *wanted)
            elif mine in {default, wanted}:
                merged[knob] = wanted
            else:
                raise ValueError(f"{knob} is {mine!r} and {wanted!r} at once")
        return replace(self, **merged)


@dataclass(frozen=True)
class Symptom:
    """One symptom of facts.md."""

    number: int
    code: str
    """What the doctor has to say first."""
    fault: Mapping[str, Any]
    """The knobs that produce it."""
    asks: Mapping[str, Any] = field(default_factory=dict)
    """What has to be asked for it to show: the mended twin is asked the same."""
    mended: Mapping[str, Any] = field(default_factory=dict)
    """The knobs of the mended twin, where mending is more than leaving the fault out."""
    instead: str = ""
    """What is not as in the field, and why: the same symptom by another cause, or shorter times."""

    @property
    def broken_path(self) -> Path:
        """The path with the fault."""
        return Path().with_fault(self.asks).with_fault(self.fault)

    @property
    def mended_path(self) -> Path:
        """The path with the fault's remedy applied."""
        return Path().with_fault(self.asks).with_fault(self.mended)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested mappings merged; None in ``over`` removes."""
    result = dict(base)
    for key, value in over.items():
        mine = result.get(key)
        result[key] = merge(mine, value) if isinstance(mine, Mapping) and isinstance(value, Mapping) else value
    return result


def without_none(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tree without the keys whose value is None."""
    return {
        key: without_none(value) if isinstance(value, Mapping) else value
        for key, value in tree.items()
        if value is not None
    }
