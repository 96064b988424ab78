"""Property values as they cross the wire: plain JSON, in which signatures mark secrets, unknowns and assets."""

from __future__ import annotations

from typing import Any, cast

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct

Values = dict[str, Any]
"""The properties of a resource by name."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key under which an object says that it is a secret, an asset or an archive."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value of any type that is known only after the update."""


def from_wire(struct: Any) -> Values:
    """Return the properties in a protobuf ``Struct``, marks and all; numbers come as floats."""
    return cast(Values, MessageToDict(struct))


def to_wire(values: Values) -> Any:
    """Return properties as a protobuf ``Struct``."""
    return ParseDict(values, Struct())


def signature(value: Any) -> str | None:
    """Return the mark of a value, if it is an object that carries one."""
    return value.get(SIGNATURE) if isinstance(value, dict) else None


def secret(value: Any) -> Any:
    """Return ``value`` marked as secret."""
    return value if signature(value) == SECRET else {SIGNATURE: SECRET, "value": value}


def plain(value: Any) -> Any:
    """Return ``value`` with every secret mark removed, at any depth."""
    if signature(value) == SECRET:
        return plain(value["value"])
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Tell whether ``value`` is, or holds, something that is known only after the update."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return bool(value == UNKNOWN)


def is_computed(value: Any) -> bool:
    """Tell whether ``value`` as a whole is known only after the update."""
    return bool(plain(value) == UNKNOWN)
