"""The sandbox's post-deploy checks: the seed's validation steps (section 4.3) and what they leave out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import pulumi

from components.checks import HopCheck
from components.commands import raven_realtime
from raven_realtime.ports import MULTIPLEXER_PORT, SOCKETIO_PORT

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
ORIGIN = f"http://127.0.0.1:{SOCKETIO_PORT}"
LOOPBACK = "localhost,127.0.0.1"
"""What is on this machine is never asked through a proxy that the environment names."""
MULTIPLEXER = f"http://127.0.0.1:{MULTIPLEXER_PORT}"


@dataclass(frozen=True)
class Path:
    """What the checks have to know of a deployed sandbox."""

    site: str
    bench: str
    """The bench's folder."""
    bench_command: str
    channel: str
    public_url: pulumi.Input[str]
    socket_url: pulumi.Input[str]
    """Where the browser asks for Socket.IO; the same as ``public_url`` unless there are two tunnels."""
    multiplexed: bool
    stay_seconds: int
    ca: str | None = None
    """A certificate to trust: the local tunnel's."""
    credentials_file: str | None = None
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Credentials of the event check, where they come from the configuration."""


def checks(path: Path) -> list[HopCheck]:
    """Return the checks in the order in which they explain most: from :9000 outwards, then what a browser does."""
    trust = ("--ca", path.ca) if path.ca else ()
    two_urls = not path.multiplexed

    def through(make: partial[str]) -> pulumi.Input[str]:
        if isinstance(path.public_url, str) and isinstance(path.socket_url, str):
            return make([path.public_url, path.socket_url])
        return pulumi.Output.all(path.public_url, path.socket_url).apply(make)

    origin = HopCheck("origin", _curl(ORIGIN, "--at", "origin"))
    multiplexer = HopCheck("multiplexer", _curl(MULTIPLEXER, "--at", "multiplexer", "--like", ORIGIN))
    public = HopCheck("public", through(partial(_public, ca=path.ca)))
    upgrade = HopCheck("upgrade", through(partial(_check, "upgrade", [*trust, "--stay", str(path.stay_seconds)])))
    connect = HopCheck("connect", through(partial(_check, "connect", [*trust, "--site", path.site], page=two_urls)))
    event_options = [
        *trust,
        *("--site", path.site, "--bench", path.bench, "--bench-command", path.bench_command),
        *("--channel", path.channel, "--unchecked-ok"),
        *(("--credentials", path.credentials_file) if path.credentials_file else ()),
    ]
    event = HopCheck("event", through(partial(_check, "event", event_options, page=two_urls)), path.environment)
    return [origin, *([multiplexer] if path.multiplexed else []), public, upgrade, connect, event]


def _curl(url: str, *options: str, ca: str | None = None) -> str:
    """Return the curl line for a handshake, with its answer judged."""
    trust = f" --cacert {shlex.quote(ca)}" if ca else ""
    judge = raven_realtime("check", "handshake", url, "--answer", "-", *options)
    return f"curl -sS -i --max-time 10 --noproxy {LOOPBACK}{trust} '{url}{HANDSHAKE}' | {judge}"


def _public(urls: list[str], *, ca: str | None) -> str:
    return _curl(urls[1], "--at", "public", "--like", ORIGIN, ca=ca)


def _check(hop: str, options: list[str], urls: list[str], *, page: bool = False) -> str:
    public, socket = urls
    return raven_realtime("check", hop, socket, *options, *(("--page", public) if page else ()))
