"""Made-up Caddyfiles and requests, and what the real Caddy does with them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from raven_realtime.proxies.caddy.caddy import Caddy
from raven_realtime.proxies.caddy.read import read
from raven_realtime.proxies.caddy.versions import parse
from raven_realtime.proxies.interface import Answered, Outcome, Passed, Redirected, Request
from tests.caddy.program import Client, Program, Reply, adapt, version
from tests.caddy.upstream import Got, Upstreams

PATHS = (
    "/a",
    "/a/*",
    "/a*",
    "/api/*",
    "/api/v1/*",
    "/socket.io/*",
    "/socket.io*",
    "/A/*",
    "*.php",
    "/b/*/c",
    "*x*",
    "/",
)
ASKED = (
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/ab",
    "/A/b",
    "/api/x",
    "/api/v1/users",
    "/api/v1/",
    "/socket.io/",
    "/socket.io",
    "/b/q/c",
    "/b/q/r/c",
    "/x.php",
    "/a%20b/c",
    "/a/%2Fb",
    "/%61/b",
    "//a//b",
    "/a/../api/x",
    "/a/./b",
    "/a.",
    "/api/x.",
    "/api/v1/..%2f",
    "/é".encode().decode("latin-1"),
    "/a!$&'()*+,;=:@b",
)
QUERIES = ("", "", "?EIO=4&transport=polling", "?a=1", "?a=2&b=3", "?a=1&a=2", "?", "?q=a%20b+c")
PLACEHOLDERS = (
    "{host}",
    "{hostport}",
    "{scheme}",
    "{remote_host}",
    "{method}",
    "{path}",
    "{uri}",
    "{query}",
    "{dir}",
    "{file}",
    "{upstream_hostport}",
    "{http.reverse_proxy.upstream.host}",
    "{header.X-Kind}",
    "{cookie.sid}",
    "{labels.1}",
    "{path.0}",
    "{vars.color}",
    "{re.name.1}",
    "{query.a}",
    "{http.request.orig_uri.path}",
    "{http.request.port}",
    "{no.such.placeholder}",
    "plain",
    "https://{host}",
)
HOSTS = (
    "{host}",
    "{hostport}",
    "{upstream_hostport}",
    "{http.reverse_proxy.upstream.host}",
    "{labels.1}",
    "plain.test:81",
)
CLIENT_IP = (2, 11)
"""From here on `remote_ip forwarded` is called so."""
PASSWORD = base64.b64encode(b"$2a$10$" + b"N" * 53).decode()


class Generator:
    """Writes a Caddyfile of many sites."""

    def __init__(self, random: Random, ports: Sequence[int], upstreams: Sequence[int], root: Path) -> None:
        self.random = random
        self.http, self.https, self.other = ports
        self.upstreams = upstreams
        self.root = root
        self.names: list[str] = []
        self.secured: list[str] = []
        """Those that get a certificate."""

    def caddyfile(self, sites: int) -> str:
        """Return a Caddyfile with so many sites, and ``names`` of them to ask for."""
        made = [
            "{\n\tadmin off\n\tlocal_certs\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n"
            f"\thttp_port {self.http}\n\thttps_port {self.https}\n}}",
            "(common) {\n\trequest_header X-Snippet {args.0}\n\theader Server none\n}",
        ]
        for number in range(sites):
            made.append(f"{self._addresses(number)} {{\n{self._indented(self._block(2, top=True))}\n}}")
        made.append(f"http://*.wild.test:{self.other} {{\n{self._indented(self._block(1, top=True))}\n}}")
        if self.random.random() < 0.5:
            made.insert(2, f":{self.other} {{\n{self._indented(self._block(1, top=True))}\n}}")
        self.names += ["a.wild.test", "a.b.wild.test", "nobody.test"]
        return "\n\n".join(made) + "\n"

    def _addresses(self, number: int) -> str:
        name = f"s{number}.test"
        self.names.append(name)
        chosen = self.random.random()
        if number == 0 or chosen < 0.1:  # one at least, so that Caddy listens on the port of HTTPS
            self.secured.append(name)
            return name
        if chosen < 0.15:
            self.secured.append(name)
            return f"{name}, http://also-{name}:{self.other}"
        if chosen < 0.2:
            return f"http://{name}"
        if chosen < 0.25:
            return f"http://{name}:{self.other}, http://{name.upper()}:{self.http}"
        if chosen < 0.3:
            return f"http://{name}:{self.other}/api/*"
        return f"http://{name}:{self.other}"

    def _indented(self, lines: list[str]) -> str:
        return "\n".join("\t" + line for text in lines for line in text.split("\n"))

    def _block(self, depth: int, *, top: bool = False) -> list[str]:
        random = self.random
        lines = [self._definition(name) for name in ("@one", "@two")] if top else []
        lines += [self._changing() for _ in range(random.choice((0, 1, 1, 2)))]
        lines += [self._answering() for _ in range(random.choice((1, 1, 2, 3)))]
        if depth > 0:
            lines += [self._nested(depth - 1) for _ in range(random.choice((0, 0, 1, 2)))]
        if top and random.random() < 0.2:
            lines.append(self._alike())
        if top and random.random() < 0.15:
            lines.append("import common " + random.choice(("{host}", "text")))
        random.shuffle(lines)
        return lines

    def _definition(self, name: str) -> str:
        random = self.random
        conditions = [self._condition() for _ in range(random.choice((1, 1, 1, 2)))]
        kinds = {condition.split(" ")[0].split("{")[0].strip() for condition in conditions}
        if len(conditions) == 1 or len(kinds) < len(conditions):
            return f"{name} {conditions[0]}"
        return f"{name} {{\n{self._indented(conditions)}\n}}"

    def _condition(self) -> str:
        random = self.random
        return random.choice(
            (
                lambda: "path " + " ".join(random.sample(PATHS, random.choice((1, 2, 3)))),
                lambda: "path_regexp name ^/([a-z.]+)/(.*)$",
                lambda: "header X-Kind " + random.choice(("one", "on*", "*ne", "*n*", "*", "two")),
                lambda: "header !X-Kind",
                lambda: "header Host " + random.choice(self.names or ["s0.test"]),
                lambda: "header_regexp name X-Kind ^(o.)",
                lambda: "method " + random.choice(("GET", "GET HEAD", "DELETE")),
                lambda: "query " + random.choice(("a=1", "a=*", "a=1 b=3", "transport=polling")),
                lambda: "not path " + " ".join(random.sample(PATHS, 2)),
                lambda: "not {\n\tpath " + random.choice(PATHS) + "\n\tmethod GET\n}",
                lambda: "protocol " + random.choice(("http", "https", "http/1.1", "http/2+")),
                lambda: "remote_ip " + random.choice(("127.0.0.5", "10.0.0.0/8", "private_ranges")),
                lambda: "client_ip 10.0.0.0/8" if parse(version()) >= CLIENT_IP else "remote_ip forwarded 10.0.0.0/8",
                lambda: "host " + " ".join({random.choice(self.names or ["s0.test"]), "*.test"}),
                lambda: "vars {http.request.method} GET",
                lambda: f"file {{\n\troot {self.root}\n\ttry_files {{path}} /app.html\n}}",
            )
        )()

    def _matcher(self) -> str:
        chosen = self.random.random()
        if chosen < 0.3:
            return ""
        if chosen < 0.4:
            return "* "
        if chosen < 0.75:
            return self.random.choice([path for path in PATHS if path.startswith("/")]) + " "
        return self.random.choice(("@one ", "@two "))

    def _value(self) -> str:
        return self.random.choice(PLACEHOLDERS)

    def _changing(self) -> str:
        random = self.random
        matcher = self._matcher()
        return random.choice(
            (
                lambda: (
                    f"rewrite {matcher or '* '}"
                    + random.choice(
                        (
                            "/new",
                            "/new{uri}",
                            "{path}/more",
                            "/p?x={query}",
                            "?{query}&z=1",
                            "/r/{re.name.2}",
                            "/q?a={path}",
                        )
                    )
                ),
                lambda: f"uri {matcher}strip_prefix " + random.choice(("/a", "/api", "api/v1", "/A/")),
                lambda: f"uri {matcher}strip_suffix " + random.choice(("/", "x", ".php")),
                lambda: f"uri {matcher}replace " + random.choice(("/a /z", "a b 1", "=1 =9")),
                lambda: f"uri {matcher}path_regexp /+([a-z]) /$1-",
                lambda: f"request_header {matcher}" + self._header(),
                lambda: f"request_header {matcher}Host {random.choice(HOSTS)}",
                lambda: f"header {matcher}X-Answer yes",
                lambda: f"encode {matcher}gzip",
                lambda: f"vars {matcher}color {self._value()}",
                lambda: f"method {matcher}" + random.choice(("get", "OPTIONS")),
                lambda: f"root {matcher or '* '}{self.root}",
                lambda: (
                    f"root * {self.root}\ntry_files "
                    + random.choice(("{path} /app.html", "{path} {path}/ /app.html?p={path}", "{path}"))
                ),
                lambda: f"basicauth {matcher}{{\n\tann {PASSWORD}\n}}",
                self._forward_auth,
            )
        )()

    def _forward_auth(self) -> str:
        copied = self.random.choice(("", "\n\tcopy_headers Remote-User", "\n\tcopy_headers Remote-User>X-User"))
        asked = self.random.choice(("/auth", "/auth?from={path}"))
        return f"forward_auth {self._matcher()}127.0.0.1:{self.upstreams[0]} {{\n\turi {asked}{copied}\n}}"

    def _header(self) -> str:
        random = self.random
        name = random.choice(("X-One", "x-two", "Origin", "X-Forwarded-Proto", "X-Forwarded-For", "Cookie", "X-Kind"))
        return random.choice(
            (
                f"{name} {self._value()}",
                f"+{name} {self._value()}",
                f"-{name}",
                "-X-F*",
                "-*ind",
                f"{name} ^(.) <$1>",
                f'{name} ""',
            )
        )

    def _answering(self) -> str:
        random = self.random
        matcher = self._matcher()
        chosen = random.random()
        if chosen < 0.8:
            return self._proxy(matcher)
        return random.choice(
            (
                lambda: f'respond {matcher}"text {{host}} {{path}}" ' + random.choice(("", "200", "404", "503")),
                lambda: f"respond {matcher}204",
                lambda: (
                    f"redir {matcher}"
                    + random.choice(
                        (
                            "https://{host}{uri}",
                            "/elsewhere 301",
                            "/x{path} permanent",
                            "{path}/ 308",
                            "/login 401",
                            "/p html",
                        )
                    )
                ),
                lambda: (
                    f"file_server {matcher}" + random.choice(("", f"{{\n\troot {self.root}\n}}", "{\n\tpass_thru\n}"))
                ),
                lambda: f"error {matcher}" + random.choice(('"no" 418', "410")),
                lambda: f"abort {matcher}",
            )
        )()

    def _proxy(self, matcher: str) -> str:
        random = self.random
        addresses = [
            f"127.0.0.1:{port}" for port in random.sample(list(self.upstreams), random.choice((1, 1, 1, 2, 3)))
        ]
        if random.random() < 0.2:
            addresses = [f"http://{address}" for address in addresses]
        options = []
        if random.random() < 0.5:
            options += ["header_up " + self._up() for _ in range(random.choice((1, 2, 3)))]
        if random.random() < 0.2:
            options.append("trusted_proxies " + random.choice(("private_ranges", "127.0.0.5", "10.0.0.0/8")))
        if random.random() < 0.15:
            options.append("rewrite " + random.choice(("/inner{uri}", "/other?{query}")))
        if random.random() < 0.1:
            options.append("method OPTIONS")
        if random.random() < 0.1:
            options.append(
                "lb_policy " + random.choice(("ip_hash", "first", "header X-Kind", "round_robin", "uri_hash"))
            )
        if random.random() < 0.1:
            options.append("transport http {\n\tcompression off\n\tread_timeout 5s\n}")
        if random.random() < 0.1:
            options.append("@bad status 5xx\nhandle_response @bad {\n\trespond bad 502\n}")
        if random.random() < 0.2:
            options.append(f"to {addresses.pop()}")
        written = f"reverse_proxy {matcher}{' '.join(addresses)}".rstrip()
        return f"{written} {{\n{self._indented(options)}\n}}" if options else written

    def _up(self) -> str:
        return self.random.choice((self._header(), f"Host {self.random.choice(HOSTS)}", "-Host", "Host ^s(.) t$1"))

    def _nested(self, depth: int) -> str:
        kind = self.random.choice(("handle", "handle", "handle_path", "route"))
        paths = ("/a/*", "/api/*", "/api*", "/socket.io/*", "/A/*")
        matcher = self.random.choice(paths) + " " if kind == "handle_path" else self._matcher()
        return f"{kind} {matcher}{{\n{self._indented(self._block(depth))}\n}}"

    def _alike(self) -> str:
        """Return neighbours of which, by their matchers, both count or only the first."""
        first, second = self.random.choice((("/a*", "/a*"), ("/a/*", "/a*"), ("/api/*", "/api*"), ("*", "*")))
        changes = ("request_header X-First {path}", "request_header X-Second {path}")
        pairs = zip((first, second), changes, strict=True)
        return "\n".join(f"handle {path} {{\n\t{change}\n\turi strip_prefix /a\n}}" for path, change in pairs)

    def requests(self, count: int) -> Iterator[Request]:
        """Make up requests to the sites."""
        random = self.random
        for _ in range(count):
            name = random.choice(self.names)
            chosen = random.random()
            port, tls = (
                (self.other, False) if chosen < 0.8 else (self.http, False) if chosen < 0.9 else (self.https, True)
            )
            host = random.choice((name, name, name, f"{name}:{port}", name.upper(), "also-" + name))
            yield Request(
                host=host,
                target=random.choice(ASKED) + random.choice(QUERIES),
                method=random.choice(("GET", "GET", "GET", "HEAD", "DELETE")),
                headers=tuple(self._headers()),
                tls=tls,
                port=port,
                client=random.choice(("127.0.0.1", "127.0.0.5")),
            )

    def _headers(self) -> Iterator[tuple[str, str]]:
        random = self.random
        for name, values, chance in (
            ("X-Kind", ("one", "two", "ONE"), 0.5),
            ("Origin", ("https://s0.test",), 0.2),
            ("Cookie", ("sid=abc; user_id=ann", "sid=x"), 0.3),
            ("x-forwarded-for", ("10.1.2.3", "1.2.3.4, 10.0.0.1"), 0.2),
            ("X-Forwarded-Proto", ("https", "wss"), 0.2),
            ("X-Forwarded-Host", ("outer.test",), 0.1),
            ("User-Agent", ("test",), 0.3),
            ("Accept-Encoding", ("br", "gzip"), 0.3),
            ("TE", ("trailers",), 0.05),
            ("Keep-Alive", ("timeout=5",), 0.05),
            ("Proxy-Connection", ("keep-alive",), 0.05),
        ):
            if random.random() < chance:
                yield name, random.choice(values)
        if random.random() < 0.1:
            yield "X-Kind", "twice"
        chosen = random.random()
        if chosen < 0.15:
            yield "Connection", random.choice(("Upgrade", "keep-alive, Upgrade", "upgrade"))
            yield "Upgrade", random.choice(("websocket", "WebSocket"))
            yield "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="
        elif chosen < 0.2:
            yield "Connection", "X-Kind"
        elif chosen < 0.25:
            yield "Upgrade", "websocket"


@dataclass(frozen=True)
class Recorded:
    """A request, and what the real Caddy did with it."""

    request: Request
    reply: Reply
    got: tuple[Got, ...]
    files: tuple[tuple[str, str], ...] = field(repr=False)
    """The Caddyfile, and what ``caddy adapt`` makes of it: name and content."""


def record(
    seed: int, folder: Path, ports: Sequence[int], upstreams: Upstreams, *, sites: int, asked: int
) -> list[Recorded]:
    """Make up a Caddyfile and requests, and ask the real Caddy."""
    root = folder / "root"
    root.mkdir(exist_ok=True)
    (root / "app.html").write_text("app")
    generator = Generator(Random(seed), ports, upstreams.ports, root)
    text = generator.caddyfile(sites)
    path = folder / "Caddyfile"
    path.write_text(text)
    files = (("Caddyfile", text), ("caddy.json", adapt(path)))
    found = []
    with Program(path, ports, root), Client() as client:
        client.wait_for_certificates(generator.https, generator.secured)
        for request in generator.requests(asked):
            upstreams.got.clear()
            tls_name = request.host.partition(":")[0].lower() if request.tls else ""
            lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {request.host}"]
            lines += [f"{name}: {value}" for name, value in request.headers]
            head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
            reply = client.ask(request.port or 0, head, source=request.client, tls_name=tls_name, method=request.method)
            decoded = request.target.encode("latin-1").decode("utf-8", "surrogateescape")
            found.append(Recorded(replace(request, target=decoded), reply, tuple(upstreams.got), files))
    return found


def disagreement(outcome: Outcome, recorded: Recorded) -> str:
    """Say in what our word differs from what Caddy did; empty where it does not."""
    reply, got = recorded.reply, recorded.got
    match outcome:
        case Passed():
            return _passed(outcome, reply, got)
        case Redirected():
            said = (reply.status, reply.headers.get("location"))
            only_asked = all("/auth" in each.line for each in got)
            return "" if said == (outcome.status, outcome.to) and only_asked else f"{outcome} and {reply}, {got}"
        case Answered():
            same = reply.status == outcome.status and all("/auth" in each.line for each in got)
            if (
                same
                and outcome.body
                and recorded.request.method != "HEAD"
                and reply.body != "?"
                and reply.status != 204
            ):
                same = reply.body == outcome.body
            return "" if same else f"{outcome} and {reply}, {got}"
    return f"{outcome} and {reply}, {got}"


def _passed(outcome: Passed, reply: Reply, got: tuple[Got, ...]) -> str:
    if len(got) != 1 + len(outcome.consulted):
        return f"{outcome} and {reply}, {got}"
    for asked, each in zip(outcome.consulted, got, strict=False):
        target = each.line.split(" ")[1].partition("?")[0]
        if asked.address != f"127.0.0.1:{each.port}{target}":
            return f"{asked} and {each}"
    last = got[-1]
    sent = outcome.request
    if f"127.0.0.1:{last.port}" not in outcome.to:
        return f"to {outcome.to} and {last.port}"
    if last.line != f"{sent.method} {sent.target} HTTP/1.1":
        return f"line {sent.method} {sent.target} and {last.line}"
    expected = _sorted([("Host", sent.host), *sent.headers], outcome.unknown)
    has = _sorted(last.headers, outcome.unknown)
    if expected != has:
        return f"headers {expected} and {has}"
    upgraded = any(name.lower() == "upgrade" for name, _ in sent.headers)
    if (reply.status == 101) != (upgraded and outcome.relays_upgrade):
        return f"upgrade {upgraded} and {reply.status}"
    return ""


def _sorted(headers: Sequence[tuple[str, str]], unknown: Mapping[str, str]) -> list[tuple[str, str]]:
    """Sort headers by name; several of one name keep their order. Those that nobody knows are left out."""
    left_out = {*unknown, "content-length"}
    kept = ((name.lower(), value) for name, value in headers if name.lower() not in left_out)
    return sorted(kept, key=lambda pair: pair[0])


def disagreements(recorded: Sequence[Recorded]) -> Iterator[str]:
    """Yield in words every disagreement of either reading."""
    read_before: dict[str, Caddy] = {}
    for each in recorded:
        for name, text in each.files:
            if text not in read_before:
                read_before[text] = read(text, name, version=version())
            outcome = read_before[text].handle(each.request)
            if said := disagreement(outcome, each):
                yield f"{each.request}\n  {said}\n  {getattr(outcome, 'location', None)}"
