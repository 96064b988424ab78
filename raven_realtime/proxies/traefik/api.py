"""The table of a running Traefik, read from its API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.elements import plain_element
from raven_realtime.proxies.traefik.static import DENIABLE, static_of
from raven_realtime.proxies.traefik.table import EntryPoint, Middleware, Router, Server, Service, Table, Tls, qualify
from raven_realtime.proxies.unreadable import Unreadable

T = TypeVar("T")

MOST_PAGES = 200
"""How many pages of a listing are read; Traefik puts up to 100 items on one."""
LARGEST_PAGE = 32 << 20
"""The largest answer that is read, in bytes."""


def read_api(
    url: str, *, auth: tuple[str, str] | None = None, verify: bool | str = True, timeout: float = 10.0
) -> Table:
    """Read all HTTP routers, services, middlewares and entrypoints of a running Traefik.

    Args:
        url: Where its API is, without `/api`: `http://127.0.0.1:8080`.
        auth: User and password, where the API asks for them.
        verify: Whether to verify the certificate; or the file of a CA.
        timeout: In seconds, for each request.

    Raises:
        Unreadable: If the API does not answer, or answers what is not Traefik's API.
    """
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    # a proxy in the environment is for other people's servers, and would be given the password
    with httpx.Client(base_url=url.rstrip("/"), auth=auth, verify=verify, timeout=timeout, trust_env=False) as client:
        api = _Api(client, Location(f"Traefik's API at {place}"))
        routers = {router.name: router for router in api.listing("http/routers", api.router)}
        services = {service.name: service for service in api.listing("http/services", api.service)}
        middlewares = {one.name: one for one in api.listing("http/middlewares", api.middleware)}
        entrypoints = {one.name: one for one in api.listing("entrypoints", api.entrypoint)}
    return Table(
        MappingProxyType(routers),
        MappingProxyType(services),
        MappingProxyType(middlewares),
        MappingProxyType(entrypoints),
        providers=frozenset(name.rpartition("@")[2] for name in [*routers, *services, *middlewares]),
    )


class _Api:
    def __init__(self, client: httpx.Client, place: Location) -> None:
        self._client = client
        self._place = place

    def listing(self, path: str, read: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
        """Read a listing, page by page."""
        page = 1
        for _ in range(MOST_PAGES):
            items, following = self._page(path, page)
            try:
                yield from [read(item) for item in items]
            except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
                raise Unreadable(self._foreign()) from error
            if following <= page:
                return
            page = following
        raise Unreadable(f"{self._place}: more than {MOST_PAGES} pages of {path}.")

    def _page(self, path: str, page: int) -> tuple[list[Mapping[str, Any]], int]:
        parameters = {"page": page, "per_page": 100}
        try:
            with self._client.stream("GET", f"/api/{path}", params=parameters) as answer:
                if answer.status_code != 200:
                    raise Unreadable(self._refused(answer.status_code))
                content = bytearray()
                for chunk in answer.iter_bytes():
                    content += chunk
                    if len(content) > LARGEST_PAGE:
                        raise Unreadable(f"{self._place}: an answer of more than {LARGEST_PAGE} bytes.")
                following = answer.headers.get("X-Next-Page", "1")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreadable(f"{self._place} does not answer: {type(error).__name__}: {error}.") from error
        try:
            items = json.loads(bytes(content))
        except (ValueError, RecursionError) as error:
            raise Unreadable(self._foreign()) from error
        if not isinstance(items, list) or not all(isinstance(item, dict) and "name" in item for item in items):
            raise Unreadable(self._foreign())
        return items, int(following) if following.isdigit() else 1

    def _refused(self, status: int) -> str:
        hint = {
            401: "Give the user and password of the API.",
            403: "The API is not open to this address.",
            404: "Is the API switched on (api.insecure, or a router to api@internal), and is this its address?",
        }.get(status, "")
        return f"{self._place} answers {status}. {hint}".rstrip()

    def _foreign(self) -> str:
        return f"{self._place} answers what is not a listing of Traefik's; is this the address of its API?"

    def router(self, item: Mapping[str, Any]) -> Router:
        """Read a router."""
        name, rule = str(item["name"]), str(item.get("rule", ""))
        provider = name.rpartition("@")[2]
        priority = item.get("priority", 0)
        tls = item.get("tls")
        disabled = item.get("status") == "disabled"
        return Router(
            name,
            rule,
            qualify(str(item.get("service", "")), provider),
            tuple(item.get("using") or item.get("entryPoints") or ()),
            0 if priority == len(rule.encode()) else int(priority),
            str(item.get("ruleSyntax", "")),
            Tls(tls.get("certResolver", ""), tls.get("options", "")) if isinstance(tls, dict) else None,
            tuple(qualify(str(one), provider) for one in item.get("middlewares") or ()),
            tuple(qualify(str(one), provider) for one in item.get("parentRefs") or ()),
            location=self._place,
            owners=(provider,),
            trouble="; ".join(map(str, item.get("error") or ["Traefik lists it as disabled"])) if disabled else "",
        )

    def service(self, item: Mapping[str, Any]) -> Service:
        """Read a service."""
        name = str(item["name"])
        kinds = ("loadBalancer", "weighted", "mirroring", "failover", "highestRandomWeight")
        kind = next((kind for kind in kinds if isinstance(item.get(kind), dict)), "loadBalancer")
        options = item.get(kind) or {}
        cookie = (options.get("sticky") or {}).get("cookie")
        members = [one.get("name", "") for list_ in ("services", "mirrors") for one in options.get(list_) or ()]
        members += [options[one] for one in ("service", "fallback") if options.get(one)]
        return Service(
            name,
            kind,
            tuple(Server(str(server.get("url", ""))) for server in options.get("servers") or ()),
            tuple(qualify(str(member), name.rpartition("@")[2]) for member in members),
            sticky=None if cookie is None else str(cookie.get("name", "")),
            pass_host_header=bool(options.get("passHostHeader", True)),
            options=MappingProxyType({key: value for key, value in options.items() if key != "servers"}),
            location=self._place,
        )

    def middleware(self, item: Mapping[str, Any]) -> Middleware:
        """Read a middleware."""
        known = {"name", "provider", "status", "type", "usedBy", "error"}
        kind = next((key for key, value in item.items() if key not in known and isinstance(value, dict)), "")
        return Middleware(str(item["name"]), kind, MappingProxyType(item.get(kind) or {}), location=self._place)

    def entrypoint(self, item: Mapping[str, Any]) -> EntryPoint:
        """Read an entrypoint: its settings have the names of the static configuration, but what is off is left out."""
        settings = dict(item)
        http = settings.get("http") or {}
        if "encodedCharacters" in http:
            allowed = dict.fromkeys(DENIABLE, False) | (http["encodedCharacters"] or {})
            settings["http"] = {**http, "encodedCharacters": allowed}
        root = plain_element("", {"entryPoints": {str(item["name"]): settings}}, self._place)
        return static_of(root).entrypoints[0]
