"""Everything that a user may configure, as one pydantic model.

The model is discriminated by ``target``. Keys are spelled as Pulumi users write them (``raven-realtime:proxyTimeout``);
`Pulumi.yaml` declares the same keys, and a test holds the two together.
"""

from __future__ import annotations

import difflib
import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import idna
from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from raven_realtime.ports import FALLBACK_TLS_PORT, MULTIPLEXER_PORT, SOCKET_TUNNEL_PORT, SOCKETIO_PORT, WEB_PORT
from raven_realtime.problem import Problem

PROJECT = "raven-realtime"

HOSTNAME = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
"""A hostname without a port: RFC 1123, section 2.1, in lower case."""


SITE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""A Frappe site: the name of its folder, whose case counts (it is the Socket.IO namespace)."""
NETWORK = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
"""What Docker accepts as a network's name."""
MIDDLEWARE = re.compile(r"[A-Za-z0-9_.-]+(@[A-Za-z0-9_.-]+)?")
"""A Traefik middleware, as ``name`` or ``name@provider``."""
UPSTREAM = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9_.-]+)):(?P<port>[0-9]{1,5})")
OWN_PORTS = {MULTIPLEXER_PORT: "the multiplexer", WEB_PORT: "Frappe's web process", SOCKETIO_PORT: "Socket.IO"}
"""Where the sandbox's other programs listen."""


def hostname(value: str) -> str:
    """Return ``value`` in lower case, an international one as punycode, if it is a hostname.

    Raises:
        ValueError: it is not; the message says what a hostname is.
    """
    name = value.strip().lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except UnicodeError:
            name = ""
    if not HOSTNAME.fullmatch(name):
        raise ValueError("a hostname has letters, digits, hyphens and dots only: no scheme, no port, no path")
    return name


def site_name(value: str) -> str:
    """Return ``value`` in the case it has if it is the name of a Frappe site.

    Raises:
        ValueError: it is not; the message says what a site's name is.
    """
    name = value.strip()
    if not SITE.fullmatch(name):
        raise ValueError(
            "a site is named as its folder in sites/, with letters, digits, dots, underscores and hyphens only: "
            "no scheme, no port, no path"
        )
    return name


def is_address(text: str) -> bool:
    """Tell whether ``text`` is an IP address, without a zone, after which Python accepts anything."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def place(value: str) -> str:
    """Return ``value`` if it is an address or a name with a port.

    Raises:
        ValueError: it is not; the message says what is accepted.
    """
    parts = UPSTREAM.fullmatch(value)
    if parts is None:
        raise ValueError("accepted: an address or a name, a colon and a port; an IPv6 address in brackets")
    if not 1 <= int(parts["port"]) <= 65_535:
        raise ValueError("a port is a number from 1 to 65535")
    address = parts["ipv6"] or parts["name"]
    if (parts["ipv6"] or not address.strip("0123456789.")) and not is_address(address):
        raise ValueError(f"{address} is no IP address")
    return value


Hostname = Annotated[str, Field(examples=["chat.example.com"])]
Seconds = Annotated[int, Field(gt=0, le=604_800)]
Size = Annotated[str, Field(pattern=r"^\d+[kKmMgG]?$", examples=["50m"])]


class ServedHost(BaseModel):
    """One public hostname and the Frappe site that it belongs to."""

    model_config = ConfigDict(frozen=True)

    host: str
    site: str

    @classmethod
    def parse(cls, text: str) -> ServedHost:
        """Read ``host`` or ``host=site``; the site is named like the host where it is left out, as bench does."""
        name, _, site = text.partition("=")
        host = hostname(name)
        return cls(host=host, site=site_name(site) if site else host)


class Common(BaseModel):
    """What both targets have: the proxy's manners and the account that the event check uses."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    proxy_timeout: Seconds = Field(
        86_400,
        description="Seconds that nginx keeps a silent connection, for proxy_read_timeout and proxy_send_timeout",
    )
    client_max_body_size: Size = Field("50m", description="The largest upload, for nginx's client_max_body_size")
    capacity: int = Field(
        10_000, ge=100, le=500_000, description="Sockets to hold at once; nginx and its file limits are sized by it"
    )
    stay_seconds: int = Field(
        5, ge=1, le=300, description="How long the upgrade check keeps a WebSocket open before it counts as stable"
    )
    api_key: SecretStr | None = Field(None, description="API key of the account that the event check logs in with")
    api_secret: SecretStr | None = Field(None, description="API secret that belongs to apiKey")

    ca_file: str | None = Field(
        None,
        description="A certificate authority (PEM file) to trust for the public URL besides the system's",
        examples=["/etc/ssl/company.pem"],
    )

    @field_validator("ca_file")
    @classmethod
    def _ca_file(cls, value: str | None) -> str | None:
        if value is None or not value.startswith("~"):
            return value
        try:
            return str(Path(value).expanduser())
        except RuntimeError:
            raise ValueError("nobody knows the home folder that ~ stands for; write the whole path") from None

    def conflicts(self) -> Iterator[tuple[str, str]]:
        """Yield each key whose value does not go together with another's, and why."""
        pair = ("apiKey", self.api_key), ("apiSecret", self.api_secret)
        for (key, value), (other, missing) in (pair, pair[::-1]):
            if value is not None and missing is None:
                yield (
                    key,
                    f"{other} is missing, and the event check logs in with both. "
                    f"Set it: pulumi config set --secret {PROJECT}:{other}; or remove {key}",
                )

    @property
    def has_credentials(self) -> bool:
        """Whether the event check can log in."""
        return self.api_key is not None and self.api_secret is not None


class Sandbox(Common):
    """A bench on a laptop: nginx on :8005 and a tunnel in front of it."""

    target: Literal["sandbox"] = Field(description="What the stack provisions")
    bench: str = Field("demo", description='"demo" for the bench that comes with the project, or the path of your own')
    capacity: int = Field(
        1_500, ge=100, le=500_000, description="Sockets to hold at once; nginx and its file limits are sized by it"
    )
    """By default what a machine holds that lets a process have 4096 files, the least that Linux came with."""
    site: str | None = Field(
        None,
        description="The Frappe site behind the tunnel; the bench's default_site if left out",
        examples=["raven.localhost"],
    )
    align_ports: bool = Field(
        False, description="Correct a socketio_port other than 9000 with `bench set-config -g socketio_port 9000`"
    )
    topology: Literal["multiplexer", "two-tunnels"] = Field(
        "multiplexer",
        description="One tunnel to the nginx multiplexer, or one tunnel each for web and Socket.IO",
    )
    tunnel: Literal["local", "ngrok"] = Field(
        "local", description='"local" serves TLS on loopback and needs no account; "ngrok" runs the ngrok agent'
    )
    public_port: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="Port of the local tunnel; 443 if it is free and permitted, else 8443",
        examples=[FALLBACK_TLS_PORT],
    )
    ngrok_authtoken: SecretStr | None = Field(None, description="The ngrok account's authtoken")
    ngrok_url: str | None = Field(
        None,
        pattern=r"^https://[a-z0-9.-]+$",
        description="A reserved ngrok URL; a random one is read from the agent if left out",
        examples=["https://sysmayal.ngrok.io"],
    )
    ngrok_socket_url: str | None = Field(
        None,
        pattern=r"^https://[a-z0-9.-]+$",
        description="A second reserved ngrok URL, for Socket.IO in the two-tunnels topology",
        examples=["https://sysmayal-socket.ngrok.io"],
    )
    ngrok_path: str = Field("ngrok", description="The ngrok agent: a name on PATH, or a path")
    channel: str = Field("general", description="The Raven channel whose room the event check subscribes to")

    @field_validator("site")
    @classmethod
    def _site(cls, value: str | None) -> str | None:
        return None if value is None else site_name(value)

    @field_validator("public_port")
    @classmethod
    def _public_port(cls, value: int | None) -> int | None:
        if value in OWN_PORTS:
            taken = ", ".join(map(str, OWN_PORTS))
            raise ValueError(f"{OWN_PORTS[value]} listens there; accepted: any port from 1 to 65535 but {taken}")
        return value

    def conflicts(self) -> Iterator[tuple[str, str]]:
        """Yield besides what is for a tunnel or a topology that is not used."""
        yield from super().conflicts()
        if self.tunnel == "local":
            for name in ("ngrok_url", "ngrok_socket_url", "ngrok_path"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    yield to_camel(name), self._unused("tunnel", "ngrok")
        elif self.public_port is not None:
            yield "publicPort", self._unused("tunnel", "local")
        elif self.topology == "multiplexer" and self.ngrok_socket_url is not None:
            yield "ngrokSocketUrl", self._unused("topology", "two-tunnels")
        if self.topology == "two-tunnels" and self.public_port == SOCKET_TUNNEL_PORT:
            yield "publicPort", "the second tunnel of topology two-tunnels listens there; choose another port"

    def _unused(self, key: str, needed: str) -> str:
        return (
            f"used with {key} {needed} only, and {key} is {getattr(self, key)}. "
            f"Set it: pulumi config set {PROJECT}:{key} {needed}; or remove this key"
        )


class Prod(Common):
    """A server with Docker and Traefik: the nginx sidecar ``frappe-socketio`` between Traefik and Socket.IO."""

    target: Literal["prod"] = Field(description="What the stack provisions")
    hosts: tuple[str, ...] = Field(
        description="Public hostnames, each as `host` or `host=site`",
        min_length=1,
        examples=[["chat.example.com", "erp.example.com=erp"]],
    )
    upstream: str = Field(
        f"172.17.0.1:{SOCKETIO_PORT}",
        description="Where the sidecar finds Socket.IO: address:port, host-gateway:port, "
        "or container:port on a shared network",
        examples=["172.17.0.1:9000", "host-gateway:9000", "websocket:9000"],
    )
    image: str | None = Field(
        None,
        pattern=r"^.+@sha256:[0-9a-f]{64}$",
        description="The nginx image, pinned by digest",
        examples=["docker.io/library/nginx@sha256:<64 hex digits>"],
    )
    entrypoint: str = Field("websecure", pattern=r"^[A-Za-z0-9_-]+$", description="Traefik's TLS entrypoint")
    cert_resolver: str = Field("myresolver", pattern=r"^[A-Za-z0-9_-]+$", description="Traefik's certificate resolver")
    router: str = Field(
        "frappe-socketio", pattern=r"^[A-Za-z0-9_-]+$", description="Name of the router and its service"
    )
    priority: int | None = Field(
        None, ge=1, le=2_147_483_647, description="Traefik's priority of the router; the rule's length if left out"
    )
    networks: tuple[str, ...] = Field(
        (),
        description="Docker networks to join; the first is the one Traefik is told to use (traefik.docker.network)",
        examples=[["frappe_network"]],
    )
    middlewares: tuple[str, ...] = Field(
        (),
        description="Further Traefik middlewares for the router, as name@provider",
        examples=[["compress@file"]],
    )
    traefik_api: str | None = Field(
        None,
        pattern=r"^https?://[^@\s]+$",
        description="Traefik's API, as this machine reaches it: the deployment then asks it who owns /socket.io",
        examples=["http://127.0.0.1:8080"],
    )
    traefik_version: str | None = Field(
        None,
        pattern=r"^v?[23]\.\d+\.\d+(-[A-Za-z0-9.]+)?$",
        description="The version of Traefik on the server: for one whose retry sends closed WebSockets again (3.7.6, "
        "3.7.7), the router gets none",
        examples=["3.7.6"],
    )
    public_address: str | None = Field(
        None,
        description="Check at this IP address instead of what DNS says, for use before a name points to the server",
        examples=["203.0.113.7"],
    )
    trust_certificate: bool = Field(
        True, description="Fail when the public certificate is not trusted; false only reports it"
    )
    ssh_key_file: str | None = Field(
        None,
        description="Private key for commands on a server behind docker:host ssh://; the ssh agent's keys if left out",
        examples=["~/.ssh/id_ed25519"],
    )
    ssh_host_key: str | None = Field(
        None,
        description="The server's public host key, so that nobody can stand in for it",
        examples=["ssh-ed25519 AAAA…"],
    )
    bench_path: str | None = Field(
        None, description="The bench's folder on the server, for the places that name the port and the event check"
    )
    bench_command: str | None = Field(
        None,
        min_length=1,
        description="How the event check calls bench on the server, with what stands before it; bench if left out",
        examples=["sudo -u frappe -H bench", "docker compose -f /srv/frappe/compose.yaml exec -T backend bench"],
    )
    compose_file: str | None = Field(
        None, description="A compose file on the server, for the places that name the port"
    )
    nginx_file: str | None = Field(None, description="The bench's generated nginx.conf on the server")
    align_ports: bool = Field(
        False, description="Correct a socketio_port other than 9000 with `bench set-config -g socketio_port 9000`"
    )

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [ServedHost.parse(text).host for text in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is listed twice; each host belongs to one site")
        return value

    @field_validator("upstream")
    @classmethod
    def _upstream(cls, value: str) -> str:
        return place(value)

    @field_validator("networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not NETWORK.fullmatch(name):
                raise ValueError(
                    f"{name!r} is no name of a Docker network: a letter or digit, then letters, digits, "
                    f"dots, underscores and hyphens"
                )
        return value

    @field_validator("middlewares")
    @classmethod
    def _middlewares(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not MIDDLEWARE.fullmatch(name):
                raise ValueError(
                    f"{name!r} is no name of a Traefik middleware: name or name@provider, each of letters, digits, "
                    f"dots, underscores and hyphens"
                )
        return value

    @field_validator("public_address")
    @classmethod
    def _public_address(cls, value: str | None) -> str | None:
        if value is not None and not is_address(value):
            raise ValueError("accepted: one IPv4 or IPv6 address, without a port or a zone")
        return value

    @property
    def served(self) -> tuple[ServedHost, ...]:
        """The hosts with their sites."""
        return tuple(ServedHost.parse(text) for text in self.hosts)


Settings = Annotated[Sandbox | Prod, Field(discriminator="target")]
TARGETS: dict[str, type[Sandbox] | type[Prod]] = {"sandbox": Sandbox, "prod": Prod}


UNSET: tuple[Any, ...] = (None, "", 0, "0", "[]", [], ())
"""What stands for "not set": Pulumi's typed configuration has no optional keys, only defaults."""


def keys(model: type[Common]) -> dict[str, Any]:
    """Return the fields of a target by the key that users write."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def differs(key: str) -> bool:
    """Tell whether the targets have different defaults for a key: then Pulumi, which knows of one, fills in none."""
    return len({repr(keys(model)[key].default) for model in TARGETS.values() if key in keys(model)}) > 1


Named = Callable[[str], str]
"""How a message calls a key, and where it stands."""


def load(
    config: Mapping[str, Any], *, where: str = "Pulumi.<stack>.yaml", named: Named | None = None
) -> Sandbox | Prod:
    """Read the settings of one stack.

    Args:
        config: key to value, keys without the ``raven-realtime:`` namespace; values as typed, or as the text that
            Pulumi hands to programs (JSON for booleans, numbers and lists).
        where: the file that the message names.
        named: what a message calls a key whose value is not accepted; ``raven-realtime:KEY in WHERE`` if left out.

    Raises:
        Problem: a value that is not accepted, an unknown key (with the nearest known one), a key of the other target.
    """
    target = config.get("target")
    if not isinstance(target, str) or target not in TARGETS:
        found = "nothing" if target is None else repr(target)
        raise Problem(
            f"{PROJECT}:target: found {found} in {where}; accepted: sandbox, prod. "
            f"Set it with: pulumi config set {PROJECT}:target sandbox"
        )
    model = TARGETS[target]
    known = keys(model)
    values: dict[str, Any] = {}
    for key, text in config.items():
        field = known.get(key)
        value = text if field is None else _typed(text, field.annotation)
        if value in UNSET and (field is None or field.default in UNSET or field.is_required() or differs(key)):
            continue
        if field is not None:
            values[key] = value
        elif not _is_default_of_other_target(key, value, model):
            raise Problem(_unknown(key, target, where))
    called = named or (lambda key: f"{PROJECT}:{key} in {where}")
    try:
        settings = TypeAdapter[Sandbox | Prod](Settings).validate_python(values)
    except ValidationError as refused:
        raise Problem("\n".join(_explain(error, model, values, where, called) for error in refused.errors())) from None
    conflicts = [_found(key, reason, model, values, called) for key, reason in settings.conflicts()]
    if conflicts:
        raise Problem("\n".join(conflicts))
    return settings


def load_prod(arguments: Mapping[str, Any], *, where: str, named: Named | None = None) -> Prod:
    """Read a sidecar's settings from a component's arguments, whose names are those of the model (``cert_resolver``).

    Raises:
        Problem: as `load`.
    """
    settings = load(
        {**{to_camel(name): value for name, value in arguments.items()}, "target": "prod"}, where=where, named=named
    )
    assert isinstance(settings, Prod)  # noqa: S101 (the target decides)
    return settings


def load_sandbox(arguments: Mapping[str, Any], *, where: str) -> Sandbox:
    """Read a sandbox's settings from a component's arguments, whose names are those of the model (``proxy_timeout``).

    Raises:
        Problem: as `load`.
    """
    settings = load({**{to_camel(name): value for name, value in arguments.items()}, "target": "sandbox"}, where=where)
    assert isinstance(settings, Sandbox)  # noqa: S101 (the target decides)
    return settings


def _typed(value: Any, annotation: Any) -> Any:
    """Undo Pulumi's text form of a value where the field is not itself text."""
    if not isinstance(value, str) or annotation is str or annotation == SecretStr | None:
        return value
    try:
        decoded = json.loads(value)
    except ValueError:
        return value
    return value if isinstance(decoded, int | float) and "str" in str(annotation) else decoded


def _is_default_of_other_target(key: str, value: Any, model: type[Common]) -> bool:
    """Tell whether Pulumi injected the key from Pulumi.yaml's defaults, which both targets receive."""
    for other in TARGETS.values():
        field = keys(other).get(key)
        if other is not model and field is not None:
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            return bool(_typed(value, field.annotation) == default)
    return False


def _unknown(key: str, target: str, where: str) -> str:
    here = keys(TARGETS[target])
    elsewhere = [name for name, model in TARGETS.items() if key in keys(model)]
    if elsewhere:
        return (
            f"{PROJECT}:{key} in {where} belongs to target {elsewhere[0]}, "
            f"and this stack's target is {target}. Remove it."
        )
    near = difflib.get_close_matches(key, here, n=1, cutoff=0.5)
    hint = f" Did you mean {PROJECT}:{near[0]}?" if near else ""
    return f"{PROJECT}:{key} in {where} is not a known key.{hint} Known: {', '.join(sorted(here))}."


def _explain(error: Any, model: type[Common], values: Mapping[str, Any], where: str, called: Named) -> str:
    """Say one validation error in words: the key, what was found, what is accepted, an example."""
    path = [part for part in error["loc"] if part not in TARGETS]
    key = str(path[0]) if path else "target"
    field = keys(model)[key]
    if error["type"] == "missing":
        return f"{PROJECT}:{key} is missing in {where}: {field.description}.{_example(field)}"
    return _found(key, error["msg"].removeprefix("Value error, ").rstrip("."), model, values, called)


def _found(key: str, reason: str, model: type[Common], values: Mapping[str, Any], called: Named) -> str:
    field = keys(model)[key]
    secret = field.annotation == SecretStr | None
    found = "[secret]" if secret else json.dumps(values.get(key), default=str)
    return f"{called(key)}: found {found}: {reason}. It is: {field.description}.{_example(field)}"


def _example(field: Any) -> str:
    return f" Example: {json.dumps(field.examples[0])}." if field.examples else ""
