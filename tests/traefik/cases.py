"""Sets of routers and the requests sent to them, as hypothesis makes them up."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from hypothesis import strategies as st

from raven_realtime.proxies.traefik.request import Request


@dataclass(frozen=True)
class Made:
    """A router as it is written into a file."""

    rule: str
    syntax: str
    priority: int


@dataclass(frozen=True)
class Case:
    """Routers that share an entrypoint, and requests to it."""

    routers: tuple[Made, ...]
    requests: tuple[Request, ...]


HOSTS = [
    "chat.example.com", "Chat.Example.com", "example.com", "example.com.", "api.example.com", "10.0.0.7", "::1",
    "*.example.com", "*.Example.com.", "*", "*.com", "*.*.com", "*pi.example.com", "chat.*.com",
]  # fmt: skip
PATHS = [
    "/", "/socket.io", "/socket.io/", "/socket.io/a b", "/socket.iox", "/api", "/api/v1", "/api/v1/", "/a/b",
    "/caf\u00e9", "/a%2Fb", "/a;b", "/x,y", "/~me", "/a(b)", "/socket", "/s",
]  # fmt: skip
TARGETS = [
    "/", "/socket.io/?EIO=4&transport=polling", "/socket.io", "/socket%2eio/", "/%73ocket.io/", "//socket.io//",
    "/api/v1",
    "/api/../socket.io/", "/socket.io/../api", "/api/%2e%2e/socket.io", "/./api/.", "/api/v1/", "/a%2fb", "/a%2Fb",
    "/a/b/..",
    "/caf%C3%A9", "/caf\u00e9", "/caf%c3%a9/", "/a;b", "/a%3bb", "/a%3Bb?x=1", "/x,y", "/x%2cy", "/a%20b",
    "/socket.io/a%20b",
    "/socket.io/a+b", "/%ff", "/a%zz", "/a#b", "/a%23b", "/~me", "/%7Eme", "/a(b)", "/a%28b%29", "/socket.iox", "/API",
    "/socket.io/%2e%2e%2fapi", "/../../api", "/api//v1", "*", "/a%25b", "/a%", "/a%2", "/a\\b", "/a|b", "/[x]",
    "/socket.io?x", "/socket.io/..", "/socket.io/.", "/socket.io%2F", "/%2Fsocket.io", "http://chat.example.com/api",
]  # fmt: skip
HOST_EXPRESSIONS = [
    r"^chat\.example\.com$", r"^.+\.example\.com$", "example", r"(?i)^CHAT", ".*", "^$", r"^(chat|api)\.", r"\.com\.?$",
    r"^[a-z.]+$", r"^\d+\.", "^(example.com)?$", "^::1$",
]  # fmt: skip
PATH_EXPRESSIONS = [
    r"^/socket\.io", r"^/socket\.io($|/)", r"^/socket\.io/.*$", "(?i)^/API", "^/(api|socket)", r"v\d+/?$", "/$",
    "^/$", ".*",
    r"\bio\b", "^/caf.$", r"^/[^/]+$", "%2F", " ", "^/a.b", r"\.io", "^/s.*x$", r"^/\PL", "^/a(/b)?", "\ufffd",
    "a+b", "^$",
    r"^/(?P<v>[a-z]+)/", "i{2,}", r"^/a[(]b\x29", r"^\Q/x,y\E$",
]  # fmt: skip
TEMPLATES = [
    "/{x}", "/{x:[a-z]+}", "/socket.io/{rest:.*}", "/api/{v:v[0-9]+}", "/{a}/{b}", "/{x:.*}", "/a{sep:[;/]}b",
    "/socket{d:\\.}io",
]  # fmt: skip
HOST_TEMPLATES = [
    "{sub}.example.com",
    "{sub:[a-z]+}.example.com",
    "example.com",
    "{h:.+}",
    "CHAT.example.com",
    "{a}.{b}",
]
METHODS = ["GET", "POST", "OPTIONS", "get", "DELETE", "HEAD"]
HEADERS = {
    "X-Test": ["1", "two", "Two", "a b"], "Origin": ["https://chat.example.com", "null"], "Upgrade": ["websocket",
    "h2c"],
    "X-Forwarded-Proto": ["http", "https", "ws"], "X-Forwarded-For": ["10.0.0.1"], "Connection": ["Upgrade",
    "X-Test", "keep-alive"],
    "X-Real-Ip": ["127.0.0.1", "10.9.9.9"], "Accept": ["*/*", "text/html"], "Host": ["chat.example.com"],
}  # fmt: skip
VALUE_EXPRESSIONS = ["^1$", "(?i)two", "^https?$", ".", "^ws", "", "[0-9.]+", "^$", "example", "a b|websocket", "poll"]
QUERY = {
    "EIO": ["4", "3", ""],
    "transport": ["polling", "websocket"],
    "x": ["1", "a b", "", "=", "%"],
    "caf\u00e9": ["1"],
    "": ["1"],
}
RAW_QUERIES = [
    "", "?", "?EIO=4", "?EIO=4&transport=polling", "?transport=websocket&EIO=3", "?x", "?x=", "?x=1;EIO=4", "?x=a+b",
    "?x=a%20b",
    "?x=%zz&EIO=4", "?EIO=3&EIO=4", "?=1", "?x==", "?x=%25", "?caf%C3%A9=1", "?x=1&x=2", "?&&EIO=4&", "?eio=4",
]  # fmt: skip
CLIENTS = ["127.0.0.1", "127.0.0.0/8", "127.0.0.2/32", "10.0.0.0/8", "0.0.0.0/0", "::/0", "::1", "::ffff:127.0.0.0/104"]
REFUSED = [
    "Host(`a`", "Host()", "Host(``)", "hOST(`a`)", "Path(`a`)", "PathRegexp(`(`)", "Host(`a`) & Path(`/`)",
    "Host('a')", "Nope(`a`)",
    "Host(`a`)\n&& Path(`/`)", "Host(1)", "Host(`\u00e9`)", "ClientIP(`10.0.0.0/33`)", "Method(`GET`, `POST`)",
    "Query(`a`,`b`,`c`)",
    "Header(`a`)", "\"a\"", "Host(`a`) Path(`/`)", "Host(\"\\q\")", "!", "(Host(`a`))) ", "PathRegexp(`a**`)",
    "Host(`a`) == Path(`/`)",
    "Host((`a`))", "PathPrefix(`/`,,)", "HostRegexp(`x{1001}`)", "PathRegexp(`\\C`)",
]  # fmt: skip


def _quoted(value: str) -> st.SearchStrategy[str]:
    escaped = "".join(f"\\x{ord(c):02x}" if c == "." else f"\\{c}" if c in '"\\' else c for c in value)
    plain = "".join(f"\\{c}" if c in '"\\' else c for c in value)
    return st.sampled_from([f"`{value}`", f'"{plain}"', f"`{value}`", f'"{escaped}"'])


def _call(name: str, *values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = st.sampled_from([name] * 6 + [name.lower(), name.upper(), name.lower().capitalize()])
    arguments = st.tuples(*(value.flatmap(_quoted) for value in values))
    shapes = st.sampled_from(["{}({})"] * 5 + ["{}( {} )", "{} ({},)", "{}({}...)", "{}(\n{})"])
    return st.builds(lambda n, a, shape: shape.format(n, ", ".join(a)), names, arguments, shapes)


def _pairs(table: dict[str, list[str]]) -> st.SearchStrategy[tuple[str, str]]:
    keys = st.sampled_from([key for key in table if key])
    return keys.flatmap(lambda key: st.tuples(st.just(key), st.sampled_from([value for value in table[key] if value])))


def _pair_call(name: str, table: dict[str, list[str]]) -> st.SearchStrategy[str]:
    return _pairs(table).flatmap(lambda pair: _call(name, st.just(pair[0]), st.just(pair[1])))


_HEADER_NAMES = st.sampled_from([name for key in HEADERS for name in (key, key.lower())])
_V3 = {
    "Host": _call("Host", st.sampled_from(HOSTS)),
    "HostRegexp": _call("HostRegexp", st.sampled_from(HOST_EXPRESSIONS)),
    "Path": _call("Path", st.sampled_from(PATHS)),
    "PathPrefix": _call("PathPrefix", st.sampled_from(PATHS)),
    "PathRegexp": _call("PathRegexp", st.sampled_from(PATH_EXPRESSIONS)),
    "Method": _call("Method", st.sampled_from(METHODS)),
    "Header": _pair_call("Header", HEADERS),
    "HeaderRegexp": _call("HeaderRegexp", _HEADER_NAMES, st.sampled_from([e for e in VALUE_EXPRESSIONS if e])),
    "Query": st.one_of(_pair_call("Query", QUERY), _call("Query", st.sampled_from([key for key in QUERY if key]))),
    "QueryRegexp": st.one_of(
        _call(
            "QueryRegexp",
            st.sampled_from([k for k in QUERY if k]),
            st.sampled_from([e for e in VALUE_EXPRESSIONS if e]),
        ),
        _call("QueryRegexp", st.sampled_from([key for key in QUERY if key])),
    ),
    "ClientIP": _call("ClientIP", st.sampled_from(CLIENTS)),
}
_V2 = {
    "Host": _call("Host", st.sampled_from(HOSTS), st.sampled_from(HOSTS)),
    "HostHeader": _call("HostHeader", st.sampled_from(HOSTS)),
    "HostRegexp": _call("HostRegexp", st.sampled_from(HOST_TEMPLATES)),
    "Path": _call("Path", st.sampled_from(PATHS + TEMPLATES), st.sampled_from(PATHS)),
    "PathPrefix": _call("PathPrefix", st.sampled_from(PATHS + TEMPLATES)),
    "Method": _call("Method", st.sampled_from(METHODS), st.sampled_from(METHODS)),
    "Headers": _pair_call("Headers", HEADERS),
    "HeadersRegexp": _call("HeadersRegexp", _HEADER_NAMES, st.sampled_from([e for e in VALUE_EXPRESSIONS if e])),
    "Query": st.one_of(
        _pairs(QUERY).flatmap(lambda pair: _call("Query", st.just("=".join(pair)))),
        _call(
            "Query",
            st.sampled_from(["x={v}", "EIO={n:[0-9]+}", "x=", "EIO=4"]),
            st.sampled_from(["x={w:.*}", "transport="]),
        ),
    ),
    "ClientIP": _call("ClientIP", st.sampled_from(CLIENTS), st.sampled_from(CLIENTS)),
}
MATCHERS = {"v3": tuple(_V3), "v2": tuple(_V2)}


def _rules(syntax: str) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(sorted(MATCHERS[syntax])).flatmap((_V3 if syntax == "v3" else _V2).__getitem__)
    joint = st.sampled_from([" && ", " || ", " && ", "&&", " ||\n ", " && "])
    part = st.one_of(
        leaf,
        leaf,
        leaf.map("!{}".format),
        st.builds("({}{}{})".format, leaf, joint, leaf),
        st.builds("!({}{}{})".format, leaf, joint, leaf),
    )
    more = st.lists(st.tuples(joint, part), max_size=2)
    return st.builds(lambda first, rest: reduce(lambda rule, pair: rule + pair[0] + pair[1], rest, first), part, more)


_PRIORITIES = st.sampled_from([0, 0, 0, 1, 5, 30, 1000, -3])
_WITH_V3 = st.builds(Made, _rules("v3"), st.sampled_from(["", "v3", "V2"]), _PRIORITIES)
_WITH_V2 = st.builds(Made, _rules("v2"), st.just("v2"), _PRIORITIES)
_WITH_REFUSED = st.builds(Made, st.sampled_from(REFUSED), st.just(""), st.just(0))
_ROUTERS = st.sampled_from([*[_WITH_V3] * 10, *[_WITH_V2] * 8, _WITH_REFUSED]).flatmap(lambda strategy: strategy)


def _request(target: str, query: str, **more: object) -> Request:
    return Request(target=target if "?" in target else target + query, **more)  # type: ignore[arg-type]


_HEADER = st.sampled_from(sorted(set(HEADERS) - {"Host"})).flatmap(
    lambda key: st.tuples(st.sampled_from([key, key.lower(), key.upper()]), st.sampled_from(HEADERS[key]))
)
_SENT_HOSTS = [
    *[
        "chat.example.com",
        "CHAT.example.com:8080",
        "example.com",
        "example.com.",
        "api.example.com:443",
        "10.0.0.7",
        "[::1]",
    ],
    *["[::1]:80", "chat.example.com.:80", "chat.example.com", "localhost", ".example.com"],
]
_SEGMENTS = st.sampled_from(
    [*["socket.io", "api", "v1", "..", ".", "%2e%2e", "%2F", "a%20b", "caf%C3%A9", "a", "b", "s"], ""]
)
_TARGETS = st.one_of(
    st.sampled_from(TARGETS),
    st.sampled_from(TARGETS),
    st.lists(_SEGMENTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts)),
)
_REQUESTS = st.builds(
    _request,
    _TARGETS,
    st.sampled_from(RAW_QUERIES),
    host=st.sampled_from(_SENT_HOSTS),
    method=st.sampled_from(METHODS),
    headers=st.lists(_HEADER, max_size=3).map(tuple),
    client_ip=st.sampled_from(["127.0.0.1", "127.0.0.1", "127.0.0.2"]),
)

CASES = st.builds(
    Case,
    st.lists(_ROUTERS, min_size=1, max_size=4).map(tuple),
    st.lists(_REQUESTS, min_size=5, max_size=5).map(tuple),
)
"""One to four routers and five requests."""
