"""Routers, services and middlewares from a tree of elements, typed as Traefik types them.

`dynamic.json` says which fields Traefik 3.6 knows and of which type, as its own configuration types declare them. In a
name there, `?` marks an element that may stand alone (`tls: {}`, `…tls=true`), `=NAME` the name in labels of a list's
only item, and `!file` / `!label` a field that only files or only labels have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.elements import Element, Misread
from raven_realtime.proxies.traefik.table import Middleware, Router, Server, Service, Tls

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
_DURATION = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+\Z|[+-]?[0-9]+\Z|0\Z")
_ACCEPTED = {
    "bool": "true or false is accepted",
    "int": "a whole number is accepted",
    "uint": "a whole number from 0 is accepted",
    "float": "a number is accepted",
    "duration": "a duration such as 10s or 500ms is accepted",
}


class FieldError(Misread):
    """A field that Traefik does not know, or of the wrong type."""


@record
class Http:
    """The `http` part of a dynamic configuration, with unqualified names."""

    routers: tuple[Router, ...] = ()
    services: tuple[Service, ...] = ()
    middlewares: tuple[Middleware, ...] = ()
    other_protocols: bool = False
    """Whether there are TCP or UDP routers or services beside."""


def http_of(root: Element, *, labels: bool, owner: str) -> Http:
    """Read a dynamic configuration.

    Args:
        root: What holds `http`, `tcp` …
        labels: Whether it comes from labels; a file otherwise.
        owner: The container, service or file it belongs to.

    Raises:
        FieldError: If Traefik would refuse it: an unknown field, a wrong type.
    """
    decoder = _Decoder(labels)
    above = "the label traefik." if labels else ""
    parts = {
        name: decoder.fields(child, _schema()[name], above + name) for name in _schema() if (child := root.get(name))
    }
    http = root.get("http")
    decoded = parts.get("http") or {}
    others = [part for name in ("tcp", "udp") for part in (parts.get(name) or {}).values()]

    def each(kind: str, build: Callable[[str, dict[str, Any], Element, str], Any]) -> tuple[Any, ...]:
        found = decoded.get(kind) or {}
        place = http.get(kind) if http else None
        return tuple(build(name, fields, _of(place, name), owner) for name, fields in found.items() if place)

    return Http(
        each("routers", _router),
        each("services", _service),
        each("middlewares", _middleware),
        other_protocols=any(others),
    )


def _of(place: Element | None, name: str) -> Element:
    found = place.get(name) if place else None
    if found is None:
        raise LookupError(name)
    return found


def _router(name: str, fields: dict[str, Any], place: Element, owner: str) -> Router:
    tls = fields.get("tls")
    return Router(
        name,
        rule=fields.get("rule", ""),
        service=fields.get("service", ""),
        entrypoints=tuple(fields.get("entryPoints", ())),
        priority=fields.get("priority", 0),
        syntax=fields.get("ruleSyntax", ""),
        tls=None if tls is None else Tls(tls.get("certResolver", ""), tls.get("options", "")),
        middlewares=tuple(fields.get("middlewares", ())),
        parents=tuple(fields.get("parentRefs", ())),
        location=(place.get("rule") or place).location,
        owners=(owner,),
    )


def _service(name: str, fields: dict[str, Any], place: Element, owner: str) -> Service:
    kind = next((kind for kind in fields if kind != "loadBalancer"), "loadBalancer")
    options = fields.get(kind) or {}
    sticky = options.get("sticky")
    cookie = sticky.get("cookie") if sticky else None
    members = [
        member["name"] for list_ in ("services", "mirrors") for member in options.get(list_, ()) if "name" in member
    ]
    members += [options[member] for member in ("service", "fallback") if options.get(member)]
    return Service(
        name,
        kind,
        tuple(
            Server(server.get("url", ""), server.get("scheme", ""), server.get("port", ""))
            for server in options.get("servers", ())
        ),
        tuple(members),
        sticky=None if cookie is None else cookie.get("name", ""),
        pass_host_header=options.get("passHostHeader", True),
        options=MappingProxyType({key: value for key, value in options.items() if key != "servers"}),
        location=place.location,
        owners=(owner,),
    )


def _middleware(name: str, fields: dict[str, Any], place: Element, _: str) -> Middleware:
    kind = next(iter(fields), "")
    return Middleware(name, kind, MappingProxyType(fields.get(kind) or {}), location=place.location)


@cache
def _schema() -> Mapping[str, Any]:
    schema: dict[str, Any] = json.loads(Path(__file__).with_name("dynamic.json").read_text(encoding="utf-8"))
    return schema


@record
class _Field:
    name: str
    schema: Any
    stands_alone: bool
    as_item: bool


@record
class _Decoder:
    labels: bool

    def fields(self, element: Element, schema: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Decode a map of known fields."""
        decoded: dict[str, Any] = {}
        for child in element.children:
            if not self.labels and child.is_null:
                continue
            here = f"{path}.{child.name}"
            field = self._field(child.name, schema)
            if field is None:
                known = ", ".join(sorted(filter(None, (self._name(name) for name in schema))))
                raise FieldError(child.location, f"{here} is not known to Traefik; accepted there: {known}.")
            value = self._value(child, field, here)
            if value is not None:
                decoded[field.name] = value
        return decoded

    def _name(self, marked: str) -> str:
        """Return how a field is called here, or nothing if it does not exist here."""
        if marked.endswith("!file" if self.labels else "!label"):
            return ""
        name, _, item = marked.removesuffix("!file").removesuffix("!label").partition("=")
        return item.rstrip("?") if item and self.labels else name.rstrip("?")

    def _field(self, written: str, schema: Mapping[str, Any]) -> _Field | None:
        for marked, inner in schema.items():
            if (name := self._name(marked)) and name.lower() == written.lower():
                plain, _, item = marked.removesuffix("!file").removesuffix("!label").partition("=")
                return _Field(plain.rstrip("?"), inner, "?" in marked, bool(item) and self.labels)
        return None

    def _value(self, element: Element, field: _Field, path: str) -> Any:
        if isinstance(field.schema, dict):
            if field.as_item:
                return [self._struct(element, field.schema["[]"], path)]
            if field.stands_alone:
                if element.value and element.value.lower() != "true":
                    return None
            elif not element.children and "[]" not in field.schema and (self.labels or element.value is not None):
                raise FieldError(element.location, f"{path} cannot stand alone; it needs one of its own fields.")
        return self._typed(element, field.schema, path)

    def _struct(self, element: Element, schema: Any, path: str) -> dict[str, Any]:
        if not element.children:
            raise FieldError(element.location, f"{path} cannot stand alone; it needs one of its own fields.")
        return self.fields(element, schema, path)

    def _typed(self, element: Element, schema: Any, path: str) -> Any:
        if schema == "any":
            return _plain(element)
        if schema == "list":
            return self._list(element)
        if isinstance(schema, str):
            return self._scalar(element, schema, path)
        if "*" in schema:
            inner = schema["*"]
            if inner == "string":
                return dict(_flat(element))
            return {child.name: self._member(child, inner, f"{path}.{child.name}") for child in element.children}
        if "[]" in schema:
            items = [child for child in element.children if child.value is None]
            return [self._member(child, schema["[]"], f"{path}{child.name}") for child in items]
        return self.fields(element, schema, path)

    def _member(self, element: Element, schema: Any, path: str) -> Any:
        return self._typed(element, schema, path)

    def _list(self, element: Element) -> list[str]:
        if element.children:
            return [text.strip() for text in element.texts()]
        return [text.strip() for text in element.value.split(",")] if element.value else []

    def _scalar(self, element: Element, kind: str, path: str) -> Any:
        text = element.value or ""
        if element.children:
            raise FieldError(
                element.location, f"{path} is a single value, and {element.children[0].name!r} was found below it."
            )
        match kind:
            case "string":
                return text
            case "bool" if text in _TRUE | _FALSE:
                return text in _TRUE
            case "int" | "uint" if re.fullmatch(r"[+-]?[0-9]{1,19}" if kind == "int" else "[0-9]{1,19}", text):
                return int(text)
            case "float" if re.fullmatch(r"[+-]?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?", text):
                return float(text)
            case "duration" if _DURATION.match(text):
                return text
        found = repr(text if len(text) < 60 else text[:57] + "…")
        raise FieldError(element.location, f"{path} is {found}; {_ACCEPTED[kind]}.")


def _flat(element: Element, above: str = "") -> list[tuple[str, str]]:
    """List a map of texts; dots in a label's key are part of the name."""
    pairs: list[tuple[str, str]] = []
    for child in element.children:
        name = f"{above}.{child.name}" if above else child.name
        pairs += _flat(child, name) if child.children else [(name, child.value or "")]
    return pairs


def _plain(element: Element) -> Any:
    if element.is_list:
        return [_plain(child) for child in element.children]
    return {child.name: _plain(child) for child in element.children} if element.children else element.value
