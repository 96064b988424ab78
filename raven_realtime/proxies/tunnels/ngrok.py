"""ngrok, by the configuration files of its agent (versions 1 to 3) and its command line.

Source: ngrok's documentation of the agent (configuration files, command line) and of HTTP endpoints. The page that
warns visitors of free accounts is not modelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from raven_realtime.proxies.interface import (
    Answered,
    Entrance,
    Listener,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.tunnels.address import Address, covers, host_of, read_address, split_url
from raven_realtime.proxies.tunnels.document import Element, Kind, element_of, read_yaml
from raven_realtime.proxies.tunnels.headers import UPGRADE, end_to_end
from raven_realtime.proxies.tunnels.policy import (
    Action,
    Forwarded,
    Rule,
    Travelling,
    applied,
    header_values,
    rules_of,
    with_forwarded,
)
from raven_realtime.proxies.tunnels.words import Arguments, arguments_of, program_at, words_of
from raven_realtime.proxies.unreadable import Unreadable

KIND = "ngrok"

IDLE_SECONDS = 300.0
"""After how long without data from the server ngrok gives up ("Server Idle Timeout")."""

_MOST_FORWARDS = 8
_PORTS = {"https": 443, "http": 80, "tls": 443}
_NOTHING = MappingProxyType[str, str]({})
_SWITCHES = (
    *("inspect", "compression", "pooling-enabled", "websocket-tcp-converter", "upstream-tls-verify", "all", "none"),
    *("insecure-skip-verify",),
)


@record
class Endpoint:
    """One public (or internal) address, and the server behind it."""

    name: str
    location: Location
    """The line of its name."""
    hosts: tuple[str, ...]
    """Its host names; empty where ngrok chooses one."""
    schemes: tuple[str, ...]
    """Of ``https``, ``http``, ``tcp`` and ``tls``."""
    upstream: Address | None
    upstream_location: Location
    port: int | None = None
    """The public port of a TCP endpoint, where it is given."""
    http2: bool = False
    """Whether the server is spoken to over HTTP/2."""
    is_internal: bool = False
    """Whether only other endpoints of the account reach it."""
    ends_tls: bool = True
    """Whether TLS ends at ngrok, for ``tls`` endpoints."""
    rules: tuple[Rule, ...] = ()
    unknown: Undecided | None = None
    """Why nothing can be told of it."""

    @property
    def host_set_at(self) -> Location | None:
        """The line that changes Host; None where it stays."""
        places = [
            action.location
            for rule in self.rules
            for action in rule.actions
            if action.type == "add-headers" and any(name.lower() == "host" for name, _ in header_values(action))
        ]
        return places[-1] if places else None

    def serves(self, host: str) -> bool:
        """Tell whether a host name (without port) is one of its own."""
        return any(covers(own, host) for own in self.hosts)


@record
class Ngrok:
    """An agent with its endpoints."""

    name: str
    location: Location
    endpoints: tuple[Endpoint, ...] = ()
    unknown: Undecided | None = None
    """Why the endpoints are not known."""

    @property
    def kind(self) -> str:
        """``ngrok``."""
        return KIND

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the public names of the endpoints; an empty one where ngrok chooses it."""
        return tuple(
            Entrance(host, Listener(port, endpoint.location, tls=scheme != "http"), endpoint.location)
            for endpoint in self.endpoints
            if not endpoint.is_internal
            for scheme in endpoint.schemes
            for host in endpoint.hosts or ("",)
            if (port := endpoint.port or _PORTS.get(scheme)) is not None
        )

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request that reaches ngrok for one of the endpoints' names."""
        if self.unknown is not None:
            return self.unknown
        return self._served(request, host_of(request.host))

    def _served(self, request: Request, host: str) -> Outcome:
        public = [endpoint for endpoint in self.endpoints if not endpoint.is_internal]
        found = [endpoint for endpoint in public if endpoint.serves(host)] or [
            endpoint for endpoint in public if not endpoint.hosts
        ]
        raw = [endpoint for endpoint in found if _is_raw(endpoint, request)]
        if raw:
            return raw[0].unknown or _carried(raw[0], request)
        scheme = "https" if request.tls or request.port in (None, 443) else "http"
        if request.port not in (None, 443, 80):
            return Answered(None, f"ngrok does not listen on port {request.port} for HTTP", self.location)
        web = [endpoint for endpoint in found if not set(endpoint.schemes).isdisjoint(("https", "http"))]
        fitting = [endpoint for endpoint in web if scheme in endpoint.schemes]
        if not fitting and web:
            return _other_scheme(web[0], request, scheme)
        if not fitting:
            return Answered(404, f"no endpoint is for {host}", self.location)
        if len(fitting) > 1 and not fitting[0].hosts:
            return Undecided("Several endpoints have names that ngrok chooses", fitting[1].location)
        return self._passed(fitting[0], _arriving(request, scheme))

    def _passed(self, endpoint: Endpoint, state: Travelling) -> Outcome:
        for _ in range(_MOST_FORWARDS):
            if endpoint.unknown is not None:
                return endpoint.unknown
            result = applied(endpoint.rules, state)
            if isinstance(result, Travelling):
                return _sent(endpoint, result)
            if not isinstance(result, Forwarded):
                return result
            target = split_url(result.url)
            name = (target.hostname if target else None) or result.url
            following = next((other for other in self.endpoints if other.serves(name.lower())), None)
            if following is None:
                return Undecided(f"The endpoint {result.url} is not in this file", result.location)
            endpoint = following
        return Undecided("The endpoints forward to each other without end", endpoint.location)


def _is_raw(endpoint: Endpoint, request: Request) -> bool:
    if "tcp" in endpoint.schemes:
        return endpoint.port is None or request.port == endpoint.port
    return "tls" in endpoint.schemes and request.port in (None, 443)


def _carried(endpoint: Endpoint, request: Request) -> Outcome:
    """Pass the bytes of a connection on as they come."""
    upstream = endpoint.upstream
    if upstream is None or upstream.port is None:
        return Undecided("Where to is not known", endpoint.upstream_location)
    sent = Request(
        host=request.host,
        target=request.target,
        method=request.method,
        headers=request.headers,
        tls=not endpoint.ends_tls if "tls" in endpoint.schemes else request.tls,
        port=upstream.port,
        client="127.0.0.1",
        version=request.version,
    )
    return Passed((upstream.netloc,), sent, endpoint.upstream_location, idle_seconds=IDLE_SECONDS)


def _other_scheme(endpoint: Endpoint, request: Request, scheme: str) -> Outcome:
    if scheme == "http":
        return Redirected(307, f"https://{host_of(request.host)}{request.target}", endpoint.location)
    return Answered(None, "the endpoint is for plain HTTP only", endpoint.location)


def _arriving(request: Request, scheme: str) -> Travelling:
    state = Travelling(request, request.host, request.target, end_to_end(request), scheme)
    return with_forwarded(state, request.client)


def _sent(endpoint: Endpoint, state: Travelling) -> Outcome:
    upstream, place = endpoint.upstream, endpoint.upstream_location
    if upstream is None:
        return Undecided("Where to is not known", place)
    if upstream.scheme not in ("http", "https"):
        return Undecided(f"ngrok serves {upstream.scheme}:// by itself", place)
    upgrades = state.request.upgrades
    if upgrades and endpoint.http2:
        return Undecided("Whether a WebSocket passes to a server that is spoken to over HTTP/2 is not known", place)
    return Passed(
        to=(upstream.netloc,),
        request=Request(
            host=state.host,
            target=state.target,
            method=state.request.method,
            headers=(*state.headers, *UPGRADE) if upgrades else state.headers,
            tls=upstream.tls,
            port=upstream.port,
            client="127.0.0.1",
            version="2" if endpoint.http2 else "1.1",
        ),
        location=place,
        unknown=MappingProxyType(dict(state.unknown)),
        idle_seconds=IDLE_SECONDS,
        consulted=state.consulted,
    )


# ---- Reading a configuration file.


def is_ngrok(text: str) -> bool:
    """Tell by its content whether a text is a configuration file of ngrok's agent."""
    if "tunnels" not in text and "endpoints" not in text and "authtoken" not in text:
        return False
    try:
        document = read_yaml(text, "")
    except Unreadable:
        return False
    if document.get("authtoken") is not None or document.get("agent", "authtoken") is not None:
        return True
    tunnels, endpoints = document.get("tunnels"), document.get("endpoints")
    if tunnels is not None and any(tunnel.get("addr") for _, tunnel in tunnels.entries):
        return True
    return endpoints is not None and any(item.get("upstream") for item in endpoints.items)


def read(text: str, name: str, files: Mapping[str, str] = _NOTHING) -> Ngrok:
    """Read a configuration file of the agent; every tunnel and endpoint in it is taken to be started.

    Args:
        text: The file's text.
        name: What findings call the file.
        files: The texts of the policy files that it names, by the path that stands in it.

    Raises:
        Unreadable: If it, or a policy file, is not YAML.
    """
    document = read_yaml(text, name)
    by_default = ("https",) if document.string("version").partition(".")[0] in ("2", "3") else ("https", "http")
    endpoints, tunnels = document.get("endpoints"), document.get("tunnels")
    return Ngrok(
        name,
        Location(name, 1),
        (
            *(_endpoint(item, files) for item in (endpoints.items if endpoints else ())),
            *(_tunnel(key, item, by_default, files) for key, item in (tunnels.entries if tunnels else ())),
        ),
    )


def _endpoint(item: Element, files: Mapping[str, str]) -> Endpoint:
    scheme, hosts, port = _public(item.string("url"))
    listed = item.get("bindings")
    bindings = {text for text, _ in listed.texts()} if listed else set()
    return Endpoint(
        name=item.string("name"),
        location=item.place("name"),
        hosts=hosts,
        schemes=(scheme,),
        upstream=_upstream(item.string("upstream", "url")),
        upstream_location=item.place("upstream", "url"),
        port=port,
        http2=item.string("upstream", "protocol") == "http2",
        is_internal=bool(bindings & {"internal", "kubernetes"}) or any(host.endswith(".internal") for host in hosts),
        ends_tls=item.get("agent_tls_termination") is not None,
        rules=tuple(_policy(item, files)),
        unknown=_missing_policy(item, files),
    )


def _public(url: str) -> tuple[str, tuple[str, ...], int | None]:
    """Return the scheme, host names and port of an endpoint's ``url``: an origin, a domain, a scheme, or nothing."""
    scheme, separator, rest = url.strip().partition("://")
    scheme, rest = (scheme.lower(), rest) if separator else ("https", scheme)
    parts = split_url(f"//{rest}")
    host = (parts.hostname if parts else None) or ""
    return scheme, (host,) if host else (), parts.port if parts and scheme == "tcp" else None


def _upstream(text: str) -> Address | None:
    address = read_address(text)
    if address is not None and address.port == 443 and "://" not in text:
        return Address("https", address.host, 443)
    return address


def _policy(item: Element, files: Mapping[str, str]) -> Iterator[Rule]:
    path = item.string("traffic_policy_file") or item.string("policy_file")
    if path in files:
        yield from rules_of(read_yaml(files[path], path))
    for key in ("traffic_policy", "policy"):
        policy = item.get(key)
        if policy is not None and policy.kind is Kind.SCALAR:
            # Some write the policy as one text inside the file: its lines are then those of the text.
            policy = read_yaml(policy.text, policy.location.path, policy.location)
        yield from rules_of(policy)


def _missing_policy(item: Element, files: Mapping[str, str]) -> Undecided | None:
    for key in ("traffic_policy_file", "policy_file", "traffic_policy_url"):
        path = item.string(key)
        if path and path not in files:
            return Undecided(f"The traffic policy is in {path}", item.place(key))
    return None


def _tunnel(name: str, item: Element, by_default: tuple[str, ...], files: Mapping[str, str]) -> Endpoint:
    protocol = item.string("proto") or "http"
    scheme, hosts, port = _public(item.string("url"))
    named = tuple(
        text.lower().partition("://")[2] or text.lower()
        for key in ("domain", "hostname")
        if (element := item.get(key))
        for text, _ in element.texts()
    )
    remote = split_url(f"//{item.string('remote_addr')}")
    unknown = _missing_policy(item, files)
    if item.get("labels") is not None:
        unknown = Undecided(
            "The tunnel belongs to an edge, whose host and rules are in ngrok's dashboard", item.location
        )
    elif item.flag("websocket_tcp_converter"):
        unknown = Undecided("WebSockets are turned into plain TCP", item.place("websocket_tcp_converter"))
    elif item.get("mutual_tls_cas") is not None:
        unknown = Undecided("Clients need a certificate", item.place("mutual_tls_cas"))
    upstream = _upstream(item.string("addr"))
    return Endpoint(
        name=name,
        location=item.location,
        hosts=hosts or named or ((remote.hostname,) if remote and remote.hostname else ()),
        schemes=(scheme,) if item.get("url") else _schemes(item, by_default) if protocol == "http" else (protocol,),
        upstream=upstream,
        upstream_location=item.place("addr"),
        port=port or (remote.port if remote else None),
        http2=(item.string("app_protocol") or item.string("upstream_protocol")) == "http2",
        is_internal=any(host.endswith(".internal") for host in hosts),
        ends_tls=item.string("terminate_at") in ("edge", "agent") or item.get("crt") is not None,
        rules=(*_options(item, upstream), *_policy(item, files)),
        unknown=unknown,
    )


def _schemes(item: Element, by_default: tuple[str, ...]) -> tuple[str, ...]:
    listed = item.get("schemes")
    if listed is not None:
        return tuple(text for text, _ in listed.texts() if text in ("https", "http")) or by_default
    bind_tls = item.string("bind_tls").lower()
    return {"true": ("https",), "false": ("http",), "both": ("https", "http")}.get(bind_tls, by_default)


def _options(item: Element, upstream: Address | None) -> Iterator[Rule]:
    """Turn the options of a tunnel into the actions that they stand for."""
    for key, kind in (
        ("basic_auth", "basic-auth"),
        ("auth", "basic-auth"),
        ("oauth", "oauth"),
        ("oidc", "openid-connect"),
    ):
        element = item.get(key)
        if element is not None:
            yield _rule(kind, element, element.location)
    for key, kind in (("ip_restriction", "restrict-ips"), ("verify_webhook", "verify-webhook")):
        element = item.get(key)
        if element is not None:
            allow, deny = element.get("allow_cidrs"), element.get("deny_cidrs")
            yield _rule(kind, {"allow": allow, "deny": deny}, element.location)
    removed = item.get("request_header", "remove")
    if removed is not None:
        yield _rule("remove-headers", {"headers": removed}, removed.location)
    added = item.get("request_header", "add")
    for text, place in added.texts() if added else ():
        name, _, value = text.partition(":")
        yield _rule("add-headers", {"headers": {name.strip(): value.strip()}}, place)
    host = item.get("host_header")
    if host is not None and host.text not in ("", "preserve"):
        rewritten = upstream.authority if host.text == "rewrite" and upstream else host.text
        yield _rule("add-headers", {"headers": {"host": rewritten}}, host.location)


def _rule(kind: str, config: object, place: Location) -> Rule:
    return Rule((Action(kind, element_of(config, place), place),), location=place)


# ---- Reading a command line.


def is_command(text: str) -> bool:
    """Tell whether a command line runs ngrok's agent: ``ngrok http …``. Its image is given ``http …`` alone."""
    words = _words(text)
    return program_at(words_of(text), KIND) is not None and bool({"http", "tcp", "tls", "start"}.intersection(words))


def config_of(text: str) -> str:
    """Return the configuration file that a command line names; empty without one."""
    return arguments_of(_words(text), _SWITCHES).last("config")


def read_command(text: str, location: Location, name: str = KIND, files: Mapping[str, str] = _NOTHING) -> Ngrok:
    """Read a command line such as ``ngrok http 8000 --host-header=rewrite``.

    Args:
        text: The command line; in a container's command the program's name may be missing.
        location: Where it stands.
        name: What findings call the tunnel.
        files: The texts of the policy files that it names, by path.

    Raises:
        Unreadable: If a policy file is not YAML.
    """
    arguments = arguments_of(_words(text), _SWITCHES)
    protocol, *operands = arguments.operands or [""]
    if protocol not in ("http", "tcp", "tls"):
        config = arguments.last("config") or "the agent's own configuration file"
        return Ngrok(name, location, unknown=Undecided(f"The endpoints are in {config}", location))
    item = element_of(_as_tunnel(protocol, operands, arguments), location)
    # A single dash is the agent's second generation, which opens plain HTTP as well.
    is_old = any(word.startswith("-") and not word.startswith("--") and len(word) > 2 for word in _words(text))
    return Ngrok(name, location, (_tunnel(name, item, ("https", "http") if is_old else ("https",), files),))


def _as_tunnel(protocol: str, operands: list[str], arguments: Arguments) -> dict[str, object]:
    """Write the flags of a command line as the keys of a tunnel in a configuration file."""
    once = (
        *("url", "domain", "hostname", "host-header", "remote-addr", "app-protocol", "upstream-protocol", "bind-tls"),
        *("traffic-policy-file", "policy-file", "traffic-policy-url", "mutual-tls-cas", "websocket-tcp-converter"),
        *("terminate-at", "crt"),
    )
    item: dict[str, object] = {"proto": protocol, "addr": operands[0] if operands else "80"}
    item |= {flag.replace("-", "_"): arguments.last(flag) for flag in once if arguments.last(flag)}
    lists = {"schemes": "scheme", "basic_auth": "basic-auth", "auth": "auth"}
    item |= {key: arguments.all(flag) for key, flag in lists.items() if arguments.all(flag)}
    if arguments.last("oauth"):
        item["oauth"] = {"provider": arguments.last("oauth")}
    if arguments.last("oidc"):
        item["oidc"] = {"issuer_url": arguments.last("oidc")}
    if arguments.last("verify-webhook"):
        item["verify_webhook"] = {"provider": arguments.last("verify-webhook")}
    ranges = {"allow_cidrs": arguments.all("cidr-allow"), "deny_cidrs": arguments.all("cidr-deny")}
    if any(ranges.values()):
        item["ip_restriction"] = {key: value for key, value in ranges.items() if value}
    headers = {"add": arguments.all("request-header-add"), "remove": arguments.all("request-header-remove")}
    item["request_header"] = {key: value for key, value in headers.items() if value}
    return item


def _words(text: str) -> list[str]:
    words = words_of(text)
    at = program_at(words, "ngrok")
    return words if at is None else words[at + 1 :]
