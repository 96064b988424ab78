"""Workers: the servers that mod_proxy knows, by their addresses, with the parameters that hold for each.

Two ProxyPass lines whose addresses begin alike share a worker, and the first one's parameters hold: see "Workers" in
https://httpd.apache.org/docs/2.4/mod/mod_proxy.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from raven_realtime.proxies.apache.directives import Directive
from raven_realtime.proxies.apache.servers import Server
from raven_realtime.proxies.apache.unknown import Unknown
from raven_realtime.proxies.record import record

_ADDRESS = re.compile(
    r"(?P<scheme>[a-z0-9+.-]+)://(?P<host>\[[^\]/]*\]|[^:/?#]*)(?::(?P<port>\d{1,5}))?(?P<path>.*)", re.I | re.S
)
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@dataclass
class Worker:
    """A server, or one member of a balancer."""

    address: str
    line: Directive
    parameters: dict[str, str] = field(default_factory=dict)
    by_pattern: bool = False
    """Whether it is that of a ProxyPassMatch: those share workers only with each other."""


@record
class Address:
    """An address to pass a request on to, taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port, the port only where it is not the scheme's own: what the Host header becomes."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host, and the port where it is not the scheme's own."""
        return f"{self.scheme}://{self.authority}"

    @property
    def tls(self) -> bool:
        """Whether it is spoken to by TLS."""
        return self.scheme in ("https", "wss")


def address(text: str, line: Directive) -> Address:
    """Take an address apart.

    Raises:
        Unknown: it is not followed: another scheme, or a value of the environment.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None or found["scheme"].lower() not in _PORTS or not found["host"] or "${" in text:
        raise Unknown(f"the address {text} is not followed", line.location)
    scheme = found["scheme"].lower()
    return Address(scheme, found["host"].lower(), int(found["port"] or _PORTS[scheme]), found["path"])


def parameters(words: Iterable[str]) -> dict[str, str]:
    """Read ``key=value`` words; keys in lower case."""
    pairs = (word.partition("=") for word in words if "=" in word)
    return {key.lower(): value for key, _, value in pairs}


def target(line: Directive, *, inside: bool) -> tuple[str, tuple[str, ...]]:
    """Return the address of a ProxyPass line and its parameters; in a section it has no path of its own."""
    words = line.arguments
    if words and words[0].lower().startswith(("interpolate", "noquery")) and len(words) > 1:
        words = words[1:]
    return (words[0] if words else "", words[1:]) if inside else (words[1] if len(words) > 1 else "", words[2:])


def passes(server: Server) -> Iterator[tuple[Directive, bool]]:
    """Give the ProxyPass and ProxyPassMatch lines of a server in order, and whether each stands in a section."""
    for line in server.all("proxypass", "proxypassmatch", "location", "locationmatch"):
        if line.children is None:
            yield line, False
        else:
            for each in line.inside:
                if each.name in ("proxypass", "proxypassmatch"):
                    yield each, True


def workers(server: Server) -> list[Worker]:
    """Return the workers of a server, without those of balancers."""
    found: list[Worker] = []
    for section in server.all("proxy"):
        wanted = section.argument(0)
        if "://" in wanted and "*" not in wanted and not wanted.lower().startswith("balancer:"):
            for line in section.inside:
                if line.name == "proxyset":
                    _define(found, wanted, line, line.arguments)
    for line, inside in passes(server):
        wanted, words = target(line, inside=inside)
        if wanted != "!" and not wanted.lower().startswith("balancer:"):
            _define(found, wanted, line, words)
    return found


def _define(found: list[Worker], wanted: str, line: Directive, words: Iterable[str]) -> None:
    by_pattern = line.name == "proxypassmatch"
    if worker_for([each for each in found if each.by_pattern == by_pattern], wanted) is None:
        found.append(Worker(_written(wanted)[0], line, parameters(words), by_pattern))


def _written(text: str) -> tuple[str, int]:
    """Write an address as workers are named, and tell how long its scheme and host are."""
    found = _ADDRESS.fullmatch(text)
    if found is None or found["scheme"].lower() not in _PORTS:
        return text, len(text)
    scheme = found["scheme"].lower()
    port = "" if not found["port"] or int(found["port"]) == _PORTS[scheme] else f":{int(found['port'])}"
    origin = f"{scheme}://{found['host'].lower()}{port}"
    return origin + found["path"], len(origin)


def worker_for(found: list[Worker], wanted: str) -> Worker | None:
    """Return the worker whose address is the longest beginning of an address; its host must be the same."""
    name, least = _written(wanted)
    fitting = [each for each in found if len(each.address) >= least and _begins(name, each.address)]
    return max(fitting, key=lambda each: len(each.address), default=None)


def _begins(name: str, worker: str) -> bool:
    """Tell whether an address begins as a worker's does; one of a ProxyPassMatch with ``$1`` is met as a whole."""
    if "$" not in worker:
        return name.startswith(worker)
    pieces = re.split(r"\$[0-9]", worker)
    return re.fullmatch(".*".join(re.escape(piece) for piece in pieces), name, re.S) is not None


@record
class Balancer:
    """A ``balancer://``: its members, and what holds for all of them."""

    members: tuple[Worker, ...]
    parameters: dict[str, str]

    @property
    def usable(self) -> tuple[Worker, ...]:
        """The members among which one is chosen when all are up: hot standbys only where there is no other."""
        enabled = [each for each in self.members if not set("DS") & set(each.parameters.get("status", "").upper())]
        ordinary = [each for each in enabled if not set("HR") & set(each.parameters.get("status", "").upper())]
        return tuple(ordinary or enabled)


def balancer(server: Server, text: str, line: Directive) -> tuple[Balancer, str]:
    """Return the balancer of an address, and the path that follows its name.

    Raises:
        Unknown: there is no such balancer.
    """
    found = re.fullmatch(r"balancer://([^/?]*)(.*)", text, re.I | re.S)
    name = found[1].lower() if found else ""
    members: list[Worker] = []
    given: dict[str, str] = {}
    for section in server.all("proxy", "balancermember", "proxyset"):
        outside = section.children is None
        wanted = section.argument(0)
        if not re.fullmatch(r"balancer://" + re.escape(name) + "/?", wanted, re.I):
            continue
        for each in (section,) if outside else section.inside:
            words = each.arguments[1:] if outside else each.arguments
            if each.name == "balancermember" and words:
                members.append(Worker(words[0], each, parameters(words[1:])))
            elif each.name == "proxyset":
                given |= parameters(words)
    for each, inside in passes(server):
        wanted, words = target(each, inside=inside)
        if re.match(r"balancer://" + re.escape(name) + "(/|$)", wanted, re.I):
            given |= parameters(words)
    if found is None or not members:
        raise Unknown(f"there is no balancer {text} with members", line.location)
    return Balancer(tuple(members), given), found[2]
