"""Configurations and requests made up by hypothesis, what the real nginx answers, and the comparison with ours.

Every block names itself in a header (X-Level), so that it shows which one answered. Each case listens on an address of
its own (127.1.x.y), so that one nginx serves many cases at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from raven_realtime.proxies.nginx.build import build
from raven_realtime.proxies.nginx.directive import Directive, block, say
from raven_realtime.proxies.nginx.parse import parse_text
from raven_realtime.proxies.nginx.request import Request
from raven_realtime.proxies.nginx.routing import Action, Answer, Configuration
from tests.nginx.server import Client, Nginx, Reply

Draw = Callable[[st.SearchStrategy[Any]], Any]

HOSTS = ["a.test", "b.test", "www.a.test", "x.www.a.test", "c.org", "www.c.org", "a.org"]
SERVER_NAMES = [
    *HOSTS, "*.test", "*.a.test", ".a.test", "www.*", "a.*", "x.www.*", "_", "", "~^(?<sub>w+)\\.", "~^b",
    "~\\.org$", "~^A\\.",
]  # fmt: skip
PATHS = [
    "/", "/a", "/a/", "/a/b", "/a/b/", "/a.b/", "/a-b/", "/ab", "/b/", "/socket.io", "/socket.io/", "/socket.iox",
    "/a b/",
]  # fmt: skip
REGEXES = [
    "^/a", "\\.io", "(?<tail>[^/]+)$", "^/(a|b)/(.*)$", "/B", "^/socket\\.io(/|$)", "b", "[ %?]", "^/a/$", "(a+)+$",
]  # fmt: skip
TEXTS = [
    "plain", "$uri", "$request_uri", "$args", "$host", "$http_host", "$scheme://$http_host", "$1-$2", "$tail",
    "$sub", "$arg_x", "$cookie_sid", "$http_x_test", "$m_connection", "$m_scheme", "$m_host", "$m_uri", "$m_kept",
    "$g_client", "$remote_addr", "$proxy_add_x_forwarded_for", "${uri}x", "$is_args$args", "$server_name",
    "$request_method", "$v", "",
]  # fmt: skip
CODES = [200, 204, 404, 410, 418, 503]


@st.composite
def headers_set(draw: Draw) -> tuple[Directive, ...]:
    """Some proxy_set_header directives, and settings beside them."""
    names = draw(
        st.lists(
            st.sampled_from(["Host", "Connection", "Upgrade", "X-One", "X-Two", "Origin"]), max_size=3, unique=True
        )
    )
    texts = [draw(st.sampled_from(TEXTS)) for _ in names]
    if "$m_uri" in texts:  # its captures would make $1 grow between nginx's two rounds: undecided
        texts = [text.replace("$1-$2", "plain") for text in texts]
    headers = tuple(say("proxy_set_header", name, text) for name, text in zip(names, texts, strict=True))
    version = draw(st.sampled_from([(), (), *((say("proxy_http_version", each),) for each in ("1.0", "1.1"))]))
    return (*headers, *version)


def level(number: list[int]) -> Directive:
    """Return the header by which a block names itself."""
    number[0] += 1
    return say("add_header", "X-Level", number[0], "always")


@st.composite
def rewrites(draw: Draw) -> Directive:
    """One rewrite directive."""
    pattern = draw(st.sampled_from(["^", "^/a/(.*)$", "^/(a)(b?)", "/b", "^/socket\\.io$", "(.)$", "/(.*)/"]))
    target = draw(
        st.sampled_from(
            [
                "/b/$1",
                "/socket.io/",
                "/a/x?y=1",
                "/b/x?",
                "/c d/$1",
                "/x?u=$1",
                "/m$uri",
                "/a$m_uri",
                "/a/b/",
                "/q?v=$args?",
            ]
        )
    )
    flag = draw(st.sampled_from([(), ("last",), ("last",), ("break",), ("break",), ("redirect",), ("permanent",)]))
    return say("rewrite", pattern, target, *flag)


@st.composite
def returns(draw: Draw) -> Directive:
    """One return directive."""
    how = draw(st.integers(0, 3))
    if how == 0:
        return say("return", draw(st.sampled_from(CODES)))
    if how == 1:
        return say("return", draw(st.sampled_from([200, 404, 418])), draw(st.sampled_from(["text", "t $uri", "$1"])))
    if how == 2:
        return say(
            "return",
            draw(st.sampled_from([301, 302, 307])),
            draw(st.sampled_from(["/to$uri", "https://x.test$request_uri"])),
        )
    return say("return", "https://$host$request_uri")


@st.composite
def conditions(draw: Draw) -> tuple[str, ...]:
    """The condition of an if."""
    chosen: tuple[str, ...] = draw(
        st.sampled_from(
            [
                ("($http_upgrade)",),
                ("($arg_x", "=", "1)"),
                ("($arg_x", "!=", "1)"),
                ("($request_method", "=", "POST)"),
                ("($uri", "~", "^/a/(.*))"),
                ("($host", "~*", "^A)"),
                ("($http_x_test", "!~", "x)"),
                ("($args)",),
            ]
        )
    )
    return chosen


@st.composite
def actions(draw: Draw, number: list[int], port: int, *, uri: bool, named: bool) -> tuple[Directive, ...]:
    """What a location does. ``uri``: proxy_pass may have a URI; ``named``: there is a location @named."""
    out: list[Directive] = []
    if draw(st.integers(0, 3)) == 0:
        out.append(say("set", "$v", draw(st.sampled_from(["1", "$uri", "$http_x_test"]))))
    if draw(st.integers(0, 4)) == 0:
        inner = [
            level(number),
            draw(st.one_of(rewrites(), returns(), st.just(say("break")), st.just(say("set", "$v", "in")))),
        ]
        if draw(st.integers(0, 4)) == 0:
            inner = [inner[0], say("proxy_pass", "http://app")]
        out.append(block("if", *draw(conditions()), of=tuple(inner)))
    if draw(st.integers(0, 3)) == 0:
        out.append(draw(rewrites()))
    if draw(st.integers(0, 9)) == 0:
        out.append(say("break"))
    if draw(st.integers(0, 7)) == 0:
        out.append(say("internal"))
    if draw(st.integers(0, 7)) == 0:
        target = draw(st.sampled_from(["/b/", "/e?from=$uri", "https://x.test/", *(["@named"] if named else [])]))
        out.append(say("error_page", 410, 503, *draw(st.sampled_from([(), ("=",), ("=200",)])), target))
    if draw(st.integers(0, 9)) == 0:
        out.append(say("deny", draw(st.sampled_from(["all", "10.0.0.0/8", "127.0.0.0/8"]))))
    if draw(st.integers(0, 6)) == 0:
        fallback = draw(st.sampled_from(["=410", "/b/", "/f?x=$uri", *(["@named"] * 2 if named else [])]))
        out.append(say("try_files", draw(st.sampled_from(["$uri", "/none$uri", "$uri/"])), fallback))
    how = draw(st.integers(0, 12))
    app = f"http://127.0.0.1:{port}"
    if how == 0:
        out.append(draw(returns()))
    elif how <= 11:
        plain = [app, app, "http://app", "http://$target", "http://app$request_uri"]
        with_uri = ["http://app/", f"{app}/x/", f"{app}/x", "http://app/y%20z/", "http://app/$uri"]
        out.append(say("proxy_pass", draw(st.sampled_from(plain + with_uri * 2 if uri else plain))))
        out.extend(draw(headers_set()))
    return tuple(out)


@st.composite
def locations(draw: Draw, number: list[int], port: int, inside: str = "", *, named: bool) -> tuple[Directive, ...]:
    """The locations of one level."""
    paths = [path for path in PATHS if path.startswith(inside)]
    keys = draw(
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from(["", "", "", "=", "^~"]), st.sampled_from(paths)),
                st.tuples(st.sampled_from(["~", "~*"]), st.sampled_from(REGEXES)),
            ),
            min_size=0 if inside else 2,
            max_size=2 if inside else 6,
            unique_by=lambda key: (key[0].replace("^~", ""), key[1]),
        )
    )
    out = []
    for kind, name in keys:
        regex = kind.startswith("~")
        body = [level(number), *draw(actions(number, port, uri=not regex, named=named))]
        if kind in ("", "^~") and len(inside) < 2 and draw(st.integers(0, 3)) == 0:
            body += draw(locations(number, port, name, named=named))
        out.append(block("location", *([kind] if kind else []), name, of=tuple(body)))
    return tuple(out)


@st.composite
def servers(draw: Draw, address: str, port: int, backend: int) -> tuple[Directive, ...]:
    """The servers of one case."""
    number = [0]
    names = draw(
        st.lists(st.lists(st.sampled_from(SERVER_NAMES), min_size=1, max_size=2, unique=True), min_size=1, max_size=3)
    )
    default = draw(st.integers(-1, len(names) - 1))
    out = []
    for index, given in enumerate(names):
        named = draw(st.booleans())
        options = ["default_server"] if index == default else []
        body = [
            say("listen", f"{address}:{port}", *options),
            say("server_name", *given),
            level(number),
            say("set", "$target", "app"),
        ]
        if draw(st.integers(0, 3)) == 0:
            body.append(say("merge_slashes", draw(st.sampled_from(["on", "off"]))))
        if draw(st.integers(0, 3)) == 0:
            body.append(say("absolute_redirect", "off"))
        if draw(st.integers(0, 9)) == 0:
            inner = draw(st.one_of(rewrites(), returns(), st.just(say("set", "$v", "srv"))))
            body.append(block("if", *draw(conditions()), of=(inner,)))
        if draw(st.integers(0, 9)) == 0:
            body.append(draw(rewrites()))
        if draw(st.integers(0, 5)) == 0:
            body.append(say("error_page", 410, 418, draw(st.sampled_from(["/b/", "/a?e=1"]))))
        body.extend(draw(headers_set()))
        inner = draw(locations(number, backend, named=named))
        body.extend(inner)
        if not any(each.args[-1] == "/" and each.args[0] != "=" for each in inner):
            body.append(
                block("location", "/", of=(level(number), *draw(actions(number, backend, uri=True, named=named))))
            )
        if named:
            way = [say("proxy_pass", draw(st.sampled_from(["http://app", "http://$target"])))]
            if draw(st.integers(0, 3)) == 0:
                way.insert(0, say("rewrite", "^/a(.*)$", "/n$1", "break"))
            body.append(block("location", "@named", of=(level(number), *way)))
        out.append(block("server", of=tuple(body)))
    return tuple(out)


SEGMENTS = [
    "a", "b", "a", "b", "ab", "socket.io", "socket.iox", "%61", "a%2Fb", "a%3Fb", "a%20b", "", ".", "..", "%2e%2e",
    "a.b", "a-b", "%25", "a%23", "a+b", "A", "x", "%zz", "...", ".a", "a'\"", "caf%C3%A9", "%2E", "..a",
]  # fmt: skip


SOMETIMES_REFUSED = ["", "a..b"]


@st.composite
def requests(draw: Draw) -> Request:
    """A request that nginx can read as one."""
    host = draw(st.sampled_from(HOSTS))
    host = draw(st.sampled_from([*[host] * 12, host.upper(), f"{host}:8080", f"{host}.", "[::1]", *SOMETIMES_REFUSED]))
    target = "/" + "/".join(
        draw(
            st.one_of(
                st.lists(st.sampled_from(SEGMENTS[:9]), max_size=3), st.lists(st.sampled_from(SEGMENTS), max_size=4)
            )
        )
    )
    target += draw(
        st.sampled_from(["", "", "/", "?x=1", "?x=1&y=a%20b", "?", "?x=2#f", "#f?x=1", "/?EIO=4&transport=polling"])
    )
    header = st.sampled_from(
        [
            ("Upgrade", "h2c"),
            ("Connection", "keep-alive"),
            ("Origin", "https://o.test"),
            ("X-Forwarded-Proto", "wss"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-For", "203.0.113.9, 10.1.2.3"),
            ("Cookie", "sid=abc; x=1"),
            ("X-Test", "x"),
            ("x-test", "0"),
            ("X_Under", "dropped"),
            ("X-One", "client"),
            ("Expect-No", "1"),
            ("TE", "trailers"),
        ]
    )
    chosen = draw(st.lists(header, max_size=4, unique_by=lambda pair: pair[0].lower()))
    method = draw(st.sampled_from(["GET", "GET", "GET", "POST"]))
    if method == "POST":
        chosen.append(("Content-Length", "0"))
    return Request(host=host, target=target, method=method, headers=tuple(chosen))


def shared(backend: int) -> tuple[Directive, ...]:
    """What all cases of one nginx share: maps, an upstream, defaults."""
    return (
        say("access_log", "off"),
        say("proxy_set_header", "X-From-Http", "$host"),
        say("set_real_ip_from", "127.0.0.1"),
        say("real_ip_header", "X-Forwarded-For"),
        say("real_ip_recursive", "on"),
        block("map", "$http_upgrade", "$m_connection", of=(say("default", "upgrade"), say("", ""))),
        block(
            "map",
            "$http_x_forwarded_proto",
            "$m_scheme",
            of=(say("default", "$scheme"), say("~*^(?:https|wss)$", "https"), say("http", "plain")),
        ),
        block(
            "map",
            "$host",
            "$m_host",
            of=(
                say("hostnames"),
                say("*.a.test", "wild"),
                say("a.test", "exact"),
                say(".org", "dot"),
                say("www.*", "tail"),
                say("default", "none"),
            ),
        ),
        block(
            "map",
            "$uri",
            "$m_uri",
            of=(
                say("~^/a/(?<mapped>.+)$", "/$mapped"),
                say("~b$", "ends$1"),
                say("/B", "folded"),
                say("default", "$uri"),
            ),
        ),
        block("map", "$args", "$m_kept", of=(say("default", "kept:$args"), say("volatile"))),
        block(
            "geo",
            "$realip_remote_addr",
            "$g_client",
            of=(say("default", "far"), say("127.0.0.0/8", "near"), say("127.0.0.1", "here")),
        ),
        block("upstream", "app", of=(say("server", f"127.0.0.1:{backend}"),)),
    )


@dataclass(frozen=True)
class Batch:
    """Some cases on one nginx: each its servers, and its requests."""

    cases: tuple[tuple[tuple[Directive, ...], tuple[Request, ...]], ...]

    def __repr__(self) -> str:
        """Show the configurations and requests as people write them."""
        shown = []
        for part, asked in self.cases:
            shown += [
                build(part),
                *(f"{request.method} {request.target} {request.host} {request.headers}" for request in asked),
            ]
        return "\n".join(shown)


@st.composite
def batches(draw: Draw, port: int, backend: int, cases: int, asked: int) -> Batch:
    """Return as many cases as wanted."""
    made = []
    for index in range(cases):
        part = draw(servers(address(index), port, backend))
        made.append((part, tuple(draw(st.lists(requests(), min_size=asked, max_size=asked)))))
    return Batch(tuple(made))


def address(index: int) -> str:
    """Return a case's own loopback address."""
    return f"127.1.{index // 250}.{index % 250 + 1}"


@dataclass(frozen=True)
class Recorded:
    """A request, the configuration that served it, and what the real nginx answered."""

    tree: tuple[Directive, ...]
    part: tuple[Directive, ...]
    """The servers of the case: what a person reads."""
    request: Request
    reply: Reply


def record(batch: Batch, folder: Path, port: int, backend: int, program: Path) -> list[Recorded]:
    """Serve a batch with a real nginx and ask it everything."""
    folder.chmod(0o755)  # nginx's workers run as somebody else
    root = folder / "empty"
    root.mkdir(exist_ok=True)
    temporary = (
        say(f"{kind}_temp_path", folder / kind) for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    defining = block(
        "server",
        of=(
            say("listen", f"127.0.0.1:{port}"),
            say("server_name", "~^(?<sub>only)(?<tail>named)$"),
            say("return", 204),
        ),
    )
    cases = (server for part, _ in batch.cases for server in part)
    text = build(
        (
            say("daemon", "off"),
            say("worker_processes", 1),
            say("pid", folder / "pid"),
            say("error_log", "stderr", "crit"),
            block("events", of=(say("worker_connections", 1024),)),
            block("http", of=(*shared(backend), say("root", root), *temporary, *cases, defining)),
        )
    )
    path = folder / "nginx.conf"
    path.write_text(text)
    tree = parse_text(text)
    recorded = []
    with Nginx(path, port, program):
        for index, (part, asked) in enumerate(batch.cases):
            with Client(port, address=address(index)) as client:
                for request in asked:
                    reply = client.ask(request.target, request.host, request.headers, request.method)
                    here = replace(request, address=address(index), port=port)
                    recorded.append(Recorded(tree, part, here, reply))
    return recorded


def disagreements(recorded: Sequence[Recorded], version: str = "") -> list[tuple[str, Recorded]]:
    """Return what nginx and our evaluator, which is told nginx's version, say differently."""
    configurations = {id(each.tree): Configuration(each.tree, version) for each in recorded}
    answers = ((configurations[id(each.tree)].answer(each.request), each) for each in recorded)
    compared = ((compare(answer, each.reply), each) for answer, each in answers)
    return [(wrong, each) for wrong, each in compared if wrong]


def told(wrong: Sequence[tuple[str, Recorded]]) -> str:
    """Return disagreements for a person to read, the shortest configurations only."""
    shown = sorted(wrong, key=lambda pair: sum(1 for server in pair[1].part for _ in server.walk()))[:3]
    return "\n\n".join(f"{difference}\n{each.request}\n{build(each.part)}" for difference, each in shown)


def compare(ours: Answer, theirs: Reply) -> str:
    """Return how two answers differ; empty if they agree."""
    if ours.action is Action.UNDECIDED:
        return f"undecided: {ours.why}"
    if ours.action is Action.REFUSED:
        return "" if theirs.status == ours.status else f"ours refused, nginx says {theirs.status} {theirs.body!r}"
    by_backend = theirs.headers.get("x-answered-by") == "backend"
    expected: dict[str, object] = {"level": _level(ours), "proxied": ours.action is Action.PROXIED}
    actual: dict[str, object] = {"level": theirs.headers.get("x-level"), "proxied": by_backend}
    if ours.action is Action.STATIC:
        expected["status"], actual["status"] = True, theirs.status in (403, 404, 405)
    else:
        expected["status"], actual["status"] = ours.status or 200, theirs.status
    if ours.action is Action.REDIRECT:
        expected["location"], actual["location"] = ours.redirect, theirs.headers.get("location")
    if ours.action is Action.RETURNED and ours.body is not None:
        expected["body"], actual["body"] = ours.body, theirs.body.decode("latin-1")
    if ours.proxied and by_backend:
        sent = ours.proxied
        expected["line"], actual["line"] = f"{sent.method} {sent.uri} {sent.version}", theirs.line
        expected["headers"] = sorted((name.lower(), value) for name, value in sent.headers)
        actual["headers"] = sorted((name, value) for name, values in theirs.seen.items() for value in values)
    return "" if expected == actual else f"ours:  {expected}\nnginx: {actual}"


def _level(answer: Answer) -> str | None:
    named: Sequence[Directive] = answer.effective("add_header")
    return named[0].args[1] if named else None
