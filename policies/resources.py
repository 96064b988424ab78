"""Pulumi's resources as the knowledge wants them: plain values, with what is unknown marked as such."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from pulumi_policy import PolicyResource, ResourceValidationArgs, Secret
from pulumi_policy import policy as sdk
from pulumi_policy.deserialize import SPECIAL_SIG_KEY, deserialize_properties, serialize_properties
from pulumi_policy.proxy import (
    UNKNOWN_ARCHIVE_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_ASSET_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    _DictProxy,
    _ListProxy,
)
from pulumi_policy.secret import _DictSecretsProxy, _ListSecretsProxy

from raven_realtime.declared.resources import JUDGED, UNKNOWN, Resource, read
from raven_realtime.declared.world import Hidden, World

UNKNOWNS = frozenset(
    {
        UNKNOWN_ARCHIVE_VALUE,
        UNKNOWN_ARRAY_VALUE,
        UNKNOWN_ASSET_VALUE,
        UNKNOWN_BOOLEAN_VALUE,
        UNKNOWN_NUMBER_VALUE,
        UNKNOWN_OBJECT_VALUE,
        UNKNOWN_STRING_VALUE,
    }
)


def _keep_marks() -> bool:
    """Have the SDK keep which values are secret; tell whether it will.

    The engine says so with each value. The SDK keeps that where it corrects resources, and drops it where it judges.
    """
    if getattr(sdk, "deserialize_properties", None) is not deserialize_properties:
        return False
    kept = partial(deserialize_properties, proxy_secrets=True)
    setattr(sdk, "deserialize_properties", lambda properties, *_: kept(properties))  # noqa: B010 (it exports none)
    return True


MARKED = _keep_marks()
_PROXIES = frozenset({_DictProxy, _ListProxy, _DictSecretsProxy, _ListSecretsProxy})
_SCALARS = frozenset({bool, int, float})


def plain(value: Any) -> Any:
    """Return a property without the SDK's proxies: assets as their text, unknown values as `UNKNOWN`, secrets `Hidden`.

    Each policy sees every property, so this is most of the pack's time: one walk, the commonest kinds first.
    """
    kind = type(value)
    if kind is str:
        return UNKNOWN if value in UNKNOWNS else value
    if value is None or kind in _SCALARS:
        return value
    while kind in _PROXIES:
        value = value["__target"]
        kind = type(value)
    if kind is dict:
        if SPECIAL_SIG_KEY in value:
            return value.get("text", "")
        return {key: plain(inner) for key, inner in value.items()}
    if kind is list:
        return [plain(inner) for inner in value]
    if kind is Secret:
        return _hidden(plain(value.value))
    return plain(serialize_properties(value))  # assets, archives


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return value if value == UNKNOWN else Hidden(value)
    if isinstance(value, dict):
        return {key: _hidden(inner) for key, inner in value.items()}
    return [_hidden(inner) for inner in value] if isinstance(value, list) else value


def of_resource(args: ResourceValidationArgs) -> Resource:
    """Return the one resource that a resource policy sees: its inputs, before the change."""
    return Resource(args.resource_type, args.name, args.urn, plain(args.props), marked=MARKED)


def of_stack(resources: Iterable[PolicyResource]) -> list[Resource]:
    """Return the resources that a stack policy sees: those that are judged, as they will be, with what they need."""
    return [
        Resource(
            each.resource_type,
            each.name,
            each.urn,
            plain(each.props),
            tuple(needed.urn for needed in each.dependencies),
            {key: tuple(used.urn for used in uses) for key, uses in each.property_dependencies.items()},
            marked=MARKED,
        )
        for each in resources
        if each.resource_type in JUDGED
    ]


class Worlds:
    """The worlds of the last few questions: all policies ask about the same resources, one after the other."""

    def __init__(self) -> None:
        self._kept: list[tuple[list[Resource], World]] = []

    def of(self, resources: list[Resource], versions: Mapping[str, str]) -> World:
        """Return the world of resources, read once; what is said of versions is of one project, always the same."""
        for known, world in self._kept:
            if known == resources:
                return world
        world = World.of([read(resources).world, World.saying(versions)])
        self._kept = [(resources, world), *self._kept[:3]]
        return world


@lru_cache(maxsize=1)
def worlds() -> Worlds:
    """Return the pack's worlds."""
    return Worlds()
