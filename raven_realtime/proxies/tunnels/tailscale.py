"""Tailscale's ``serve`` and ``funnel``, by their command lines or their configuration in JSON.

Source: Tailscale's documentation of both commands, and what the program does (its packages ``ipn`` and ``ipnlocal``):
a reverse proxy of Go's standard library that keeps Host and takes the mount point off the path.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from types import MappingProxyType
from urllib.parse import quote, unquote

from raven_realtime.proxies.interface import (
    Answered,
    Entrance,
    Headers,
    Listener,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.tunnels.address import Address, host_of, read_address
from raven_realtime.proxies.tunnels.document import Element, read_json
from raven_realtime.proxies.tunnels.headers import UPGRADE, end_to_end, replaced, without
from raven_realtime.proxies.tunnels.words import Arguments, arguments_of, program_at, words_of
from raven_realtime.proxies.unreadable import Unreadable

KIND = "tailscale"

_OWN_HEADERS = (
    *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "tailscale-user-login"),
    *("tailscale-user-name", "tailscale-user-profile-pic", "tailscale-funnel-request", "tailscale-headers-info"),
)
_FROM_TAILNET = dict.fromkeys(
    ("tailscale-user-login", "tailscale-user-name", "tailscale-user-profile-pic"),
    "Tailscale fills it in for users of the tailnet",
)
_SWITCHES = ("bg", "yes", "tun", "json")
_FLAGS_OF_PORTS = ("https", "http", "tcp", "tls-terminated-tcp")


@record
class Handler:
    """What is done with the requests below a mount point."""

    mount: str
    location: Location
    proxy: str = ""
    """A URL, a name and a port, a port alone, or ``unix:/path``."""
    files: str = ""
    """A file or a folder."""
    redirect: str = ""
    text: str | None = None


@record
class Port:
    """A port that Tailscale listens on."""

    number: int
    location: Location
    mode: str
    """``https``, ``http``, ``tcp``, or ``tls-terminated-tcp``."""
    forward: str = ""
    """Where the bytes go, for the last two."""


@record
class Web:
    """A host name and port, with its handlers."""

    host: str
    """Empty for the machine's own name, whatever that is."""
    port: int
    location: Location
    handlers: tuple[Handler, ...]
    is_public: bool = False
    """Whether Funnel lets the internet in."""


@record
class Tailscale:
    """What a machine serves to its tailnet, or to the internet."""

    name: str
    location: Location
    ports: tuple[Port, ...] = ()
    webs: tuple[Web, ...] = ()
    unknown: Undecided | None = None
    """Why it is not known what is served."""

    @property
    def kind(self) -> str:
        """``tailscale``."""
        return KIND

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the served names."""
        ports = {port.number: port for port in self.ports}
        return tuple(
            Entrance(
                web.host,
                Listener(web.port, port.location, tls=port.mode == "https"),
                web.location,
                () if any(handler.mount == "/" for handler in web.handlers) else tuple(h.mount for h in web.handlers),
            )
            for web in self.webs
            if (port := ports.get(web.port)) is not None
        )

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request that reaches the machine's name."""
        if self.unknown is not None:
            return self.unknown
        number = request.port if request.port is not None else self.ports[0].number if self.ports else None
        port = next((port for port in self.ports if port.number == number), None)
        if port is None:
            return Answered(None, f"Tailscale serves nothing on port {number}", self.location)
        if port.mode not in ("https", "http"):
            return _carried(port, request)
        host = host_of(request.host)
        web = next((web for web in self.webs if web.port == number and _names(web, host, port)), None)
        if web is None:
            status = None if port.mode == "https" else 404
            return Answered(status, f"nothing is served for {host}", port.location)
        handler = _handler(web, unquote(request.path))
        if handler is None:
            return Answered(404, "no mount point is above the path", web.location)
        return _handled(handler, web, port, request)


def _names(web: Web, host: str, port: Port) -> bool:
    if web.host in ("", host):
        return True
    # Over plain HTTP the machine's short name does as well.
    return port.mode == "http" and web.host.startswith(host + ".")


def _carried(port: Port, request: Request) -> Outcome:
    if port.forward.startswith("unix:"):
        return Passed((port.forward,), _raw(port, request, None), port.location)
    address = read_address(port.forward, local="127.0.0.1", scheme="tcp")
    if address is None or address.port is None:
        return Undecided(f"{port.forward} is no address", port.location)
    return Passed((address.netloc,), _raw(port, request, address.port), port.location)


def _raw(port: Port, request: Request, number: int | None) -> Request:
    tls = request.tls and port.mode == "tcp"
    return Request(
        request.host, request.target, request.method, request.headers, tls, number, "127.0.0.1", request.version
    )


def _handler(web: Web, path: str) -> Handler | None:
    """Find the handler whose mount point is nearest above a path, the path itself first."""
    by_mount = {handler.mount: handler for handler in web.handlers}
    if path in by_mount:
        return by_mount[path]
    current = posixpath.normpath(path)
    # posixpath keeps two slashes at the start, which Go's path.Clean does not.
    current = "/" + current.lstrip("/") if current.startswith("/") else ""
    while current:
        for mount in (current + "/", current):
            if mount in by_mount:
                return by_mount[mount]
        current = "" if current == "/" else posixpath.dirname(current)
    return None


def _handled(handler: Handler, web: Web, port: Port, request: Request) -> Outcome:
    place = handler.location
    if handler.text is not None:
        return Answered(200, "a text is served", place, body=handler.text)
    if handler.redirect:
        return _redirected(handler, request)
    if handler.files:
        return Undecided(f"Files below {handler.files} are served", place)
    if handler.proxy.startswith("unix:"):
        return _passed(handler, None, web, port, request)
    address = read_address(handler.proxy, local="127.0.0.1")
    if address is None or address.port is None:
        return Undecided(f'"{handler.proxy}" is no address', place)
    return _passed(handler, address, web, port, request)


def _redirected(handler: Handler, request: Request) -> Redirected:
    code, colon, rest = handler.redirect[:3], handler.redirect[3:4], handler.redirect[4:]
    has_code = colon == ":" and code.isascii() and code.isdigit() and code.startswith("3")
    to = (rest if has_code else handler.redirect).replace("${HOST}", request.host)
    return Redirected(int(code) if has_code else 302, to.replace("${REQUEST_URI}", request.target), handler.location)


def _passed(handler: Handler, address: Address | None, web: Web, port: Port, request: Request) -> Outcome:
    target = _target(handler, address, request)
    if target is None:
        return Answered(404, f"the path does not begin with {handler.mount} as it is sent", handler.location)
    unknown = dict(_FROM_TAILNET)
    if web.is_public:
        unknown["tailscale-funnel-request"] = (
            "it is ?1 for requests from the internet, and absent for those of the tailnet"
        )
    return Passed(
        to=(address.netloc if address else handler.proxy,),
        request=Request(
            # A Unix socket gets the name of the URL that stands for it.
            host=request.host if address else "localhost",
            target=target,
            method=request.method,
            headers=_headers(port, request),
            tls=address.tls if address else False,
            port=address.port if address else None,
            client="127.0.0.1",
            version="1.1",
        ),
        location=handler.location,
        unknown=MappingProxyType(unknown),
    )


def _headers(port: Port, request: Request) -> Headers:
    headers = replaced(
        without(end_to_end(request), *_OWN_HEADERS),
        ("X-Forwarded-Host", request.host),
        ("X-Forwarded-For", request.client),
    )
    if port.mode == "https":
        headers = (*headers, ("X-Forwarded-Proto", "https"))
    return (*headers, *UPGRADE) if request.upgrades else headers


def _target(handler: Handler, address: Address | None, request: Request) -> str | None:
    """Return the target without the mount point; None where it does not begin with it (``//app``, ``/%61pp``)."""
    path, question, query = request.target.partition("?")
    if path != "/":
        plain = handler.mount.removesuffix("/")
        prefix = plain if path.startswith(plain) else quote(plain)
        if not path.startswith(prefix):
            return None
        path = path[len(prefix) :]
    base = address.path if address else ""
    if not path and base:
        joined = base
    elif base.endswith("/") and path.startswith("/"):
        joined = base + path[1:]
    else:
        joined = base + path if base.endswith("/") or path.startswith("/") else f"{base}/{path}"
    if address and address.query:
        query = f"{address.query}&{query}" if query else address.query
        question = "?"
    return joined + question + query


# ---- Reading the configuration.


def is_tailscale(text: str) -> bool:
    """Tell by its content whether a text is a configuration of ``tailscale serve``."""
    if '"TCP"' not in text and '"Web"' not in text:
        return False
    try:
        document = read_json(text, "")
    except Unreadable:
        return False
    web, tcp = document.get("Web"), document.get("TCP")
    return any(site.get("Handlers") for _, site in (web.entries if web else ())) or any(
        port.get("HTTPS") or port.get("HTTP") or port.get("TCPForward") for _, port in (tcp.entries if tcp else ())
    )


def read(text: str, name: str) -> Tailscale:
    """Read a configuration in JSON, as ``tailscale serve status --json`` prints it or ``TS_SERVE_CONFIG`` names it.

    Args:
        text: The file's text.
        name: What findings call the file.

    Raises:
        Unreadable: If it is not JSON.
    """
    document = read_json(text, name)
    parts = [document]
    for key in ("Foreground", "Services"):
        several = document.get(key)
        parts += [part for _, part in several.entries] if several else []
    return Tailscale(
        name,
        Location(name, 1),
        tuple(port for part in parts for port in _ports(part)),
        tuple(web for part in parts for web in _webs(part)),
    )


def _ports(part: Element) -> Iterator[Port]:
    listed = part.get("TCP")
    for key, port in listed.entries if listed else ():
        number = _number(key)
        forward = port.string("TCPForward")
        mode = "https" if port.flag("HTTPS") else "http" if port.flag("HTTP") else "tcp"
        if forward and port.string("TerminateTLS"):
            mode = "tls-terminated-tcp"
        if number is not None:
            yield Port(number, port.location, mode, forward)


def _webs(part: Element) -> Iterator[Web]:
    listed, public = part.get("Web"), part.get("AllowFunnel")
    for key, site in listed.entries if listed else ():
        host, _, port = key.rpartition(":")
        number = _number(port)
        handlers = site.get("Handlers")
        if number is not None:
            yield Web(
                # Tailscale's container puts the machine's name in place of this variable.
                host="" if host == "${TS_CERT_DOMAIN}" else host.lower(),
                port=number,
                location=site.location,
                handlers=tuple(_from_json(mount, item) for mount, item in (handlers.entries if handlers else ())),
                is_public=public is not None and public.flag(key),
            )


def _from_json(mount: str, item: Element) -> Handler:
    text = item.get("Text")
    place = item.place("Proxy") if item.get("Proxy") else item.location
    return Handler(
        mount, place, item.string("Proxy"), item.string("Path"), item.string("Redirect"), text.text if text else None
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536 else None


# ---- Reading command lines.


def is_command(text: str) -> bool:
    """Tell whether a command line is ``tailscale serve …`` or ``tailscale funnel …``."""
    return _command(text) is not None


def read_command(text: str, location: Location, name: str = KIND) -> Tailscale:
    """Read one command line, such as ``tailscale funnel --bg 8000``.

    Args:
        text: The command line.
        location: Where it stands.
        name: What findings call the machine.
    """
    return read_commands([(text, location)], name, location)


def read_commands(commands: Iterable[tuple[str, Location]], name: str, location: Location) -> Tailscale:
    """Read command lines that are run one after the other: each adds a mount point, a port, or takes one away.

    Args:
        commands: The command lines, and where each stands.
        name: What findings call the machine.
        location: Where they stand as a whole.
    """
    state = _State(name, location)
    for text, place in commands:
        state.run(text, place)
    return state.result()


class _State:
    """What is served, command after command."""

    def __init__(self, name: str, location: Location) -> None:
        self._name = name
        self._location = location
        self._unknown: Undecided | None = None
        self._reset()

    def _reset(self) -> None:
        self._ports: dict[int, Port] = {}
        self._handlers: dict[int, dict[str, Handler]] = {}
        self._places: dict[int, Location] = {}
        self._public: set[int] = set()

    def result(self) -> Tailscale:
        webs = tuple(
            Web("", number, self._places[number], tuple(handlers.values()), number in self._public)
            for number, handlers in self._handlers.items()
            if handlers
        )
        return Tailscale(self._name, self._location, tuple(self._ports.values()), webs, self._unknown)

    def run(self, text: str, place: Location) -> None:
        command = _command(text)
        if command is None:
            return
        mode, words = command
        arguments = arguments_of(words, _SWITCHES)
        operands = arguments.operands
        if operands[:1] == ["reset"]:
            self._reset()
        elif operands[:1] in (["set-config"], ["set-raw"]):
            self._unknown = Undecided("What is served is in a file", place)
        elif operands and operands[0] not in ("status", "drain", "clear", "advertise", "get-config", "help"):
            self._serve(mode, operands, arguments, place)

    def _serve(self, mode: str, operands: list[str], arguments: Arguments, place: Location) -> None:
        if mode == "funnel" and len(operands) == 2 and operands[1] in ("on", "off"):
            # The older command line opens a port that `serve` has set up.
            self._open(_number(operands[0]), operands[1] == "on")
            return
        kind, number, mount, target = _older(operands) or _newer(operands, arguments)
        if number is None:
            return
        if mode == "funnel":
            self._open(number, True)
        if target == "off":
            self._handlers.get(number, {}).pop(mount, None)
            if not self._handlers.get(number):
                self._ports.pop(number, None)
        elif kind in ("tcp", "tls-terminated-tcp"):
            self._ports[number] = Port(number, place, kind, target.removeprefix("tcp://"))
        else:
            self._ports.setdefault(number, Port(number, place, kind))
            self._places.setdefault(number, place)
            self._handlers.setdefault(number, {})[mount] = _from_target(mount, target, place)

    def _open(self, number: int | None, is_open: bool) -> None:
        if number is not None:
            self._public = self._public | {number} if is_open else self._public - {number}


def _command(text: str) -> tuple[str, list[str]] | None:
    words = words_of(text)
    at = program_at(words, KIND)
    rest = words[at + 1 :] if at is not None else []
    # Flags of `tailscale` itself, such as --socket=…, come first.
    mode = next((number for number, word in enumerate(rest) if word in ("serve", "funnel")), None)
    return None if mode is None else (rest[mode], rest[mode + 1 :])


def _newer(operands: list[str], arguments: Arguments) -> tuple[str, int | None, str, str]:
    kind = next((flag for flag in _FLAGS_OF_PORTS if arguments.last(flag)), "https")
    number = _number(arguments.last(kind)) if arguments.last(kind) else 443
    mount = "/" + arguments.last("set-path").lstrip("/")
    return kind, number, mount, operands[-1]


def _older(operands: list[str]) -> tuple[str, int | None, str, str] | None:
    """Read the form of before 1.52: ``https:443 / http://127.0.0.1:3000``, ``tcp:5432 tcp://localhost:5432``."""
    kind, colon, port = operands[0].partition(":")
    if kind in ("https", "http") and not port.startswith("/") and len(operands) == 3:
        return kind, _number(port) if colon else {"https": 443, "http": 80}[kind], operands[1], operands[2]
    if kind in ("tcp", "tls-terminated-tcp") and not port.startswith("/") and len(operands) == 2:
        return kind, _number(port), "/", operands[1]
    return None


def _from_target(mount: str, target: str, place: Location) -> Handler:
    if target.startswith("text:"):
        return Handler(mount, place, text=target.removeprefix("text:"))
    if target.startswith("/"):
        return Handler(mount, place, files=target)
    return Handler(mount, place, proxy=target)
