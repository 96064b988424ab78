"""Traefik's static configuration, as far as it decides routing: entrypoints, defaults, and provider settings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.containers import DOCKER, SWARM, ProviderSettings
from raven_realtime.proxies.traefik.elements import Element, read_toml, read_yaml
from raven_realtime.proxies.traefik.request import PathRules
from raven_realtime.proxies.traefik.table import HIGHEST_PRIORITY, EntryPoint, Tls
from raven_realtime.proxies.unreadable import Unreadable

DENIABLE = {
    "allowEncodedSlash": "%2F",
    "allowEncodedBackSlash": "%5C",
    "allowEncodedNullCharacter": "%00",
    "allowEncodedSemicolon": "%3B",
    "allowEncodedPercent": "%25",
    "allowEncodedQuestionMark": "%3F",
    "allowEncodedHash": "%23",
}
"""The settings of `http.encodedCharacters`, and the escape that each one allows."""
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})


@record
class Static:
    """What the static configuration says about routing."""

    entrypoints: tuple[EntryPoint, ...] = ()
    docker: ProviderSettings | None = None
    """None where the provider is not switched on."""
    swarm: ProviderSettings | None = None
    default_syntax: str = "v3"
    files: tuple[str, ...] = ()
    """The file or folder of the file provider, as Traefik sees it."""


def read_static(path: Path) -> Static:
    """Read a static configuration file (`traefik.yml`, `traefik.toml`).

    Raises:
        Unreadable: If it cannot be read or a value is of the wrong type.
    """
    return static_of(read_toml(path) if path.suffix.lower() == ".toml" else read_yaml(path))


def static_arguments(arguments: Iterable[str], location: Location) -> Static:
    """Read Traefik's command line, such as `--entrypoints.websecure.address=:443`.

    Args:
        arguments: The words after the program's name.
        location: Where they stand, for messages.
    """
    root = Element("", location)
    for argument in arguments:
        if not argument.startswith("-"):
            continue
        name, equals, value = argument.lstrip("-").partition("=")
        current = root
        for part in name.split(".")[:20]:
            child = current.get(part)
            if child is None:
                child = Element(part, location)
                current.children.append(child)
            current = child
        current.value = value if equals else "true"
    return static_of(root)


def static_of(root: Element) -> Static:
    """Take what decides routing from a static configuration's elements.

    Raises:
        Unreadable: If a value is of the wrong type.
    """
    entrypoints = root.get("entryPoints")
    syntax = root.path("core", "defaultRuleSyntax")
    file = root.path("providers", "file")
    named = [child for name in ("directory", "filename") if file and (child := file.get(name))]
    return Static(
        tuple(_entrypoint(child) for child in entrypoints.children) if entrypoints else (),
        _provider(root.path("providers", "docker"), DOCKER),
        _provider(root.path("providers", "swarm"), SWARM),
        (syntax.value or "v3") if syntax else "v3",
        tuple(child.value for child in named if child.value),
    )


def _entrypoint(element: Element) -> EntryPoint:
    http = element.get("http") or Element("http", element.location)
    tls = http.get("tls")
    to = http.path("redirections", "entryPoint", "to")
    priority = http.path("redirections", "entryPoint", "priority")
    middlewares = http.get("middlewares")
    encoded = http.get("encodedCharacters")
    denied = [escape for name, escape in DENIABLE.items() if encoded and not _flag(encoded, name, default=True)]
    listed = middlewares.texts() if middlewares else []
    if len(listed) == 1 and middlewares and not middlewares.children:
        listed = listed[0].split(",")
    return EntryPoint(
        element.name,
        _text(element, "address"),
        _flag(element, "asDefault", default=False),
        Tls(_text(tls, "certResolver"), _text(tls, "options")) if tls and _given(tls) else None,
        tuple(name.strip() for name in listed if name.strip()),
        (to.value or "") if to else "",
        _number(priority) if priority else HIGHEST_PRIORITY - 1,
        PathRules(
            sanitize=_flag(http, "sanitizePath", default=True),
            denied=frozenset(denied),
            keep_query_semicolons=_flag(http, "encodeQuerySemicolons", default=False),
            trusts_forwarded=_flag(element.get("forwardedHeaders"), "insecure", default=False),
        ),
    )


def _given(element: Element) -> bool:
    return element.value in _TRUE if element.value is not None and not element.children else True


def _provider(element: Element | None, base: ProviderSettings) -> ProviderSettings | None:
    if element is None or not _given(element):
        return None
    return ProviderSettings(
        exposed_by_default=_flag(element, "exposedByDefault", default=base.exposed_by_default),
        default_rule=_text(element, "defaultRule") or base.default_rule,
        network=_text(element, "network"),
        allow_empty_services=_flag(element, "allowEmptyServices", default=False),
        swarm=base.swarm,
        endpoint=_text(element, "endpoint"),
    )


def _text(element: Element | None, name: str) -> str:
    child = element.get(name) if element else None
    return (child.value or "") if child else ""


def _flag(element: Element | None, name: str, *, default: bool) -> bool:
    child = element.get(name) if element else None
    if child is None or child.value is None:
        return default
    if child.value.lower() not in {"true", "false", "t", "f", "1", "0"}:
        raise Unreadable(f"{child.location}: {name} is {child.value[:60]!r}; true or false is accepted.")
    return child.value in _TRUE


def _number(element: Element) -> int:
    try:
        return int((element.value or "")[:20])
    except ValueError:
        raise Unreadable(
            f"{element.location}: {element.name} is {element.value!r}; a whole number is accepted."
        ) from None
