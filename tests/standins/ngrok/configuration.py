"""The agent's configuration file, version 3: strict, as the agent is, and what the stand-in cannot do is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

DEFAULT_FILE = Path("~/.config/ngrok/ngrok.yml")
API_ADDRESS = "127.0.0.1:4040"


class Unusable(Exception):  # noqa: N818 (a message for the user)
    """A command line or a configuration that the agent would refuse, or the stand-in cannot serve."""


class Strict(BaseModel):
    """A part of the file; an unknown key is refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Agent(Strict):
    """What lies below ``agent:``, of which the stand-in uses the token, the API's address and the log."""

    authtoken: str = ""
    api_key: str = ""
    connect_timeout: str = "10s"
    connect_url: str = ""
    console_ui: bool | Literal["iftty"] = "iftty"
    console_ui_color: str = ""
    crl_noverify: bool = False
    dns_resolver_ips: list[str] = []
    heartbeat_interval: str = "10s"
    heartbeat_tolerance: str = "15s"
    inspect_db_size: int = 0
    log: bool | str = ""
    log_format: Literal["", "logfmt", "json", "term"] = ""
    log_level: Literal["crit", "warn", "error", "info", "debug"] = "info"
    metadata: str = ""
    proxy_url: str = ""
    remote_management: bool = True
    update_channel: Literal["stable", "unstable", "beta"] = "stable"
    update_check: bool = True
    web_addr: str | Literal[False] = API_ADDRESS
    web_allow_hosts: list[str] = []


class HeadersConfig(Strict):
    """The headers that ``add-headers`` adds."""

    headers: dict[str, str] = Field(min_length=1, max_length=10)


class RemovedHeaders(Strict):
    """The headers that ``remove-headers`` removes."""

    headers: list[str] = Field(min_length=1, max_length=10)


class AddHeaders(Strict):
    """Add headers; ``host`` is replaced instead (ngrok documentation, "Add Headers", special cases)."""

    type: Literal["add-headers"]
    config: HeadersConfig


class RemoveHeaders(Strict):
    """Remove headers."""

    type: Literal["remove-headers"]
    config: RemovedHeaders


class Rule(Strict):
    """Actions without a condition: the stand-in evaluates no expressions."""

    name: str = ""
    actions: list[Annotated[AddHeaders | RemoveHeaders, Field(discriminator="type")]]


class TrafficPolicy(Strict):
    """The one phase that the stand-in knows."""

    on_http_request: list[Rule] = []


def _upstream_url(value: Any) -> str:
    """A port, host:port or URL, as documented for ``upstream.url``."""
    text = str(value)
    if text.isdigit():
        text = f"localhost:{text}"
    if "://" not in text:
        text = f"http://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f"upstream {value!r} is no port, host:port or http(s) URL, and the stand-in forwards to no other"
        )
    return text.rstrip("/")


class Upstream(Strict):
    """Where an endpoint's requests go."""

    url: Annotated[str, BeforeValidator(_upstream_url)]
    protocol: Literal["http1", "http2"] = "http1"


def _endpoint_url(value: Any) -> str:
    """A domain, an origin, or a scheme alone for a random name; always https here."""
    text = str(value or "https://")
    if "://" not in text:
        text = f"https://{text}"
    if not text.startswith("https://"):
        raise ValueError(f"url {value!r}: the stand-in serves https endpoints only")
    return text.rstrip("/") if text != "https://" else text


class Endpoint(Strict):
    """One endpoint, as in the file and in a POST to /api/endpoints."""

    name: str = ""
    url: Annotated[str, BeforeValidator(_endpoint_url)] = "https://"
    upstream: Upstream
    traffic_policy: TrafficPolicy | None = None
    metadata: str = ""
    description: str = ""
    bindings: list[Literal["public"]] = []
    pooling_enabled: Literal[False] = False
    inspect: bool = True

    @property
    def hostname(self) -> str:
        """The public name that was asked for; empty for a random one."""
        return urlsplit(self.url).hostname or ""


class Tunnel(Strict):
    """An older tunnel definition, as the file's ``tunnels:`` and a POST to /api/tunnels have it."""

    addr: Annotated[str, BeforeValidator(_upstream_url)]
    proto: Literal["http"]
    name: str = ""
    domain: str = ""
    hostname: str = ""
    host_header: str = ""
    schemes: list[Literal["https"]] = ["https"]
    inspect: bool = True
    metadata: str = ""

    def endpoint(self, name: str = "") -> Endpoint:
        """The endpoint that is the same."""
        upstream = Upstream(url=self.addr)
        host = urlsplit(self.addr).netloc if self.host_header == "rewrite" else self.host_header
        add = AddHeaders(type="add-headers", config=HeadersConfig(headers={"host": host})) if host else None
        return Endpoint(
            name=self.name or name,
            url=self.domain or self.hostname or "https://",
            upstream=upstream,
            traffic_policy=TrafficPolicy(on_http_request=[Rule(actions=[add])]) if add else None,
            metadata=self.metadata,
            inspect=self.inspect,
        )


class File(Strict):
    """The whole file."""

    version: Literal[3]
    agent: Agent = Agent()
    endpoints: list[Endpoint] = []
    tunnels: dict[str, Tunnel] = {}


@dataclass(frozen=True)
class Chosen:
    """What the agent is to do: its settings and the endpoints to start at once."""

    agent: Agent
    endpoints: list[Endpoint]


def read(path: Path) -> File:
    """Read and check a configuration file.

    Raises:
        Unusable: it is missing, no YAML, or has a key or value that is not accepted; each is named.
    """
    try:
        content = YAML(typ="safe").load(path.read_text())
    except OSError as error:
        raise Unusable(f"failed to read configuration file '{path}': {error.strerror}") from None
    except YAMLError as error:
        raise Unusable(f"Error reading configuration file '{path}': {' '.join(str(error).split())}") from None
    try:
        return File.model_validate(content or {})
    except ValidationError as error:
        raise Unusable(f"Error reading configuration file '{path}': {describe(error)}") from None


def describe(error: ValidationError) -> str:
    """What is wrong, key by key; values are left out, since one of them may be the token."""
    found = (f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors())
    return "; ".join(found)
