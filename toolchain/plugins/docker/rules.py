"""What the official schema leaves out and the provider does: defaults, sets, accepted values; and what is refused.

The official package wraps a Terraform provider, kreuzwerker/docker; these are the rules of its resource definitions by
the names that Pulumi gives the properties. Keys name a resource's or an object's short name and a property.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

CREATED: Final = ("Container", "Network", "RemoteImage", "Volume")
"""What the substitute creates; everything else it checks, diffs and previews only."""

DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "Container": {
        "attach": False,
        "containerReadRefreshTimeoutMilliseconds": 15000,
        "logs": False,
        "mustRun": True,
        "networkMode": "bridge",
        "readOnly": False,
        "removeVolumes": True,
        "restart": "no",
        "rm": False,
        "start": True,
        "stdinOpen": False,
        "tty": False,
        "wait": False,
        "waitTimeout": 60,
    },
    "ContainerHealthcheck": {
        "interval": "0s",
        "retries": 0,
        "startInterval": "0s",
        "startPeriod": "0s",
        "timeout": "0s",
    },
    "ContainerPort": {"ip": "0.0.0.0", "protocol": "tcp"},
    "ContainerUpload": {"executable": False},
    "Network": {"ipamDriver": "default"},
    "RemoteImageBuild": {"dockerfile": "Dockerfile", "remove": True},
}

ORDERED: Final = frozenset(
    {
        ("Container", "command"),
        ("Container", "entrypoints"),
        ("Container", "ports"),
        ("ContainerHealthcheck", "tests"),
    }
)
"""Lists whose order counts. All others are sets: another order is no change."""

COMPUTED: Final = frozenset({("ContainerPort", "external")})
"""Properties of objects that the daemon fills in when they are left out."""

KEPT_WHEN_EMPTY: Final = frozenset({("Container", "user"), ("Container", "workingDir")})
"""Leaving these out, or empty, is never a change."""

_BUILT = "images are not built here; name an image that exists"
REFUSED: Final[Mapping[tuple[str, str], str]] = {
    ("Container", "deviceReadBps"): "",
    ("Container", "deviceReadIops"): "",
    ("Container", "deviceWriteBps"): "",
    ("Container", "deviceWriteIops"): "",
    ("Container", "deviceRequests"): "",
    ("Container", "gpus"): "",
    ("ContainerMountVolumeOptions", "subpath"): "",
    ("ContainerNetworksAdvanced", "gwPriority"): "",
    ("ContainerVolume", "selinuxRelabel"): "",
    ("RemoteImage", "build"): _BUILT,
    ("Volume", "cluster"): "",
}
"""Inputs of the created resources that the substitute does not know how to apply, with advice where there is some."""


def _matches(pattern: str) -> Callable[[Any], str | None]:
    compiled = re.compile(pattern)
    return lambda value: None if compiled.search(value) else f"must match {pattern}"


def _one_of(*accepted: str) -> Callable[[Any], str | None]:
    return lambda value: None if value in accepted else f"must be one of {', '.join(accepted)}"


def _at_least(least: int) -> Callable[[Any], str | None]:
    return lambda value: None if value >= least else f"must be {least} or more"


def _duration(value: str) -> str | None:
    try:
        parse_duration(value)
    except ValueError as error:
        return str(error)
    return None


def _base64(value: str) -> str | None:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return "must be base64"
    return None


ACCEPTED: Final[Mapping[tuple[str, str], Callable[[Any], str | None]]] = {
    ("Container", "cpuSet"): _matches(r"^\d+([,-]\d+)*$"),
    ("Container", "cpuShares"): _at_least(0),
    ("Container", "memory"): _at_least(0),
    ("Container", "memoryReservation"): _at_least(0),
    ("Container", "memorySwap"): _at_least(-1),
    ("Container", "restart"): _one_of("no", "on-failure", "always", "unless-stopped"),
    ("Container", "shmSize"): _at_least(0),
    ("ContainerHealthcheck", "interval"): _duration,
    ("ContainerHealthcheck", "retries"): _at_least(0),
    ("ContainerHealthcheck", "startInterval"): _duration,
    ("ContainerHealthcheck", "startPeriod"): _duration,
    ("ContainerHealthcheck", "timeout"): _duration,
    ("ContainerMount", "type"): _one_of("bind", "volume", "tmpfs"),
    ("ContainerMountBindOptions", "propagation"): _one_of(
        "private", "rprivate", "shared", "rshared", "slave", "rslave"
    ),
    ("ContainerUpload", "contentBase64"): _base64,
    ("ContainerUpload", "permissions"): _matches(r"^0[0-7]{3}$"),
    ("ContainerVolume", "hostPath"): _matches(r"^[a-zA-Z]:\\|^/"),
}
"""Checks of values: each gives None or what is accepted."""

_UNITS: Final = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


def parse_duration(text: str) -> int:
    """Return the nanoseconds of a Go duration that is not negative, such as ``1m30s`` or ``500ms``.

    Raises:
        ValueError: it is not one; the message says what is accepted.
    """
    if text == "0":
        return 0
    parts = re.findall(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("must be a duration such as 500ms, 30s or 1m30s")
    return sum(round(float(number) * _UNITS[unit]) for number, unit in parts)


def format_duration(nanoseconds: int) -> str:
    """Write nanoseconds as Go does: ``1m30s``, ``1m0s`` for a minute, ``500ms`` under a second."""
    if nanoseconds == 0:
        return "0s"
    for unit in ("ns", "us", "ms"):
        if nanoseconds < _UNITS[unit] * 1000:
            return f"{_decimal(nanoseconds, _UNITS[unit])}{'µs' if unit == 'us' else unit}"
    minutes, rest = divmod(nanoseconds, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(rest, _UNITS['s'])}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _decimal(value: int, unit: int) -> str:
    whole, rest = divmod(value, unit)
    digits = f"{rest / unit:.9f}"[2:].rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)
