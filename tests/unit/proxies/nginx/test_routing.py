"""Who answers, and with what in force: the questions that policies ask, on configurations that people write."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raven_realtime.proxies.nginx.parse import parse_text
from raven_realtime.proxies.nginx.request import Request
from raven_realtime.proxies.nginx.routing import Action, Answer, Configuration
from raven_realtime.proxies.nginx.values import seconds, size
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.sandbox import multiplexer
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar
from tests.fuzz import BUDGET

HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
UPGRADE = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("X-Forwarded-Proto", "wss"))

SEED_SANDBOX = """
server {
  listen 8005;
  location / {
    proxy_pass http://127.0.0.1:8000;
  }
  location /socket.io/ {
    proxy_pass http://127.0.0.1:9000;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_set_header Host $host;
  }
}
"""


def ask(text: str, target: str = HANDSHAKE, host: str = "chat.test", **more: object) -> Answer:
    return Configuration(parse_text(text)).answer(Request(host=host, target=target, **more))  # type: ignore[arg-type]


def in_server(text: str) -> str:
    return f"server {{ listen 80; server_name chat.test; {text} }}"


class TestTheSeed:
    def test_socketio_goes_to_9000_with_the_query(self) -> None:
        answer = ask(SEED_SANDBOX, port=8005)
        assert (answer.action, answer.upstream, answer.upstream_uri) == (Action.PROXIED, "127.0.0.1:9000", HANDSHAKE)
        assert answer.location is not None
        assert answer.location.place == "nginx.conf:7"

    def test_what_it_lacks_shows(self) -> None:
        answer = ask(SEED_SANDBOX, headers=UPGRADE)
        assert answer.headers["connection"] == "upgrade"
        assert "origin" not in answer.headers
        assert "x-frappe-site-name" not in answer.headers
        assert seconds(answer.value("proxy_read_timeout")) == 60

    def test_without_a_slash_it_redirects_to_the_wrong_port(self) -> None:
        answer = ask(SEED_SANDBOX, "/socket.io?EIO=4")
        assert (answer.status, answer.redirect) == (301, "http://chat.test:8005/socket.io/?EIO=4")


@pytest.fixture(scope="module")
def ours() -> dict[str, Configuration]:
    served = (ServedHost(host="chat.test", site="site.test"),)
    texts = {
        "multiplexer": multiplexer.render(multiplexer.Multiplexer(Path("/srv/x"), "default.test", served)),
        "sidecar": sidecar.render(sidecar.Sidecar(served)),
        "resolver": sidecar.render(sidecar.Sidecar(served, upstream="app:9000", resolver="127.0.0.11")),
    }
    return {name: Configuration(parse_text(text)) for name, text in texts.items()}


class TestOurs:
    @pytest.mark.parametrize("name", ["multiplexer", "sidecar", "resolver"])
    @pytest.mark.parametrize("target", [HANDSHAKE, "/socket.io?EIO=4&transport=polling"])
    def test_everything_that_frappe_checks_is_in_force(
        self, ours: dict[str, Configuration], name: str, target: str
    ) -> None:
        answer = ours[name].answer(Request(host="chat.test", target=target, headers=UPGRADE))
        wanted = {
            "connection": "upgrade",
            "upgrade": "websocket",
            "origin": "https://chat.test",
            "x-frappe-site-name": "site.test",
            "x-forwarded-proto": "https",
            "host": "chat.test",
        }
        assert (answer.action, answer.upstream_uri) == (Action.PROXIED, HANDSHAKE)
        assert {name: answer.headers.get(name) for name in wanted} == wanted
        assert answer.proxied is not None
        assert answer.proxied.version == "HTTP/1.1"
        assert answer.value("proxy_buffering") == "off"

    def test_upstreams_are_looked_up(self, ours: dict[str, Configuration]) -> None:
        servers = {name: each.answer(Request("chat.test", HANDSHAKE)).upstream_servers for name, each in ours.items()}
        assert servers == {
            "multiplexer": ("127.0.0.1:9000",),
            "sidecar": ("172.17.0.1:9000",),
            "resolver": ("app:9000",),
        }

    def test_a_stranger_is_refused(self, ours: dict[str, Configuration]) -> None:
        assert ours["sidecar"].answer(Request("other.test", HANDSHAKE)).status == 421


@pytest.mark.parametrize(
    ("text", "target", "uri"),
    [
        ("location /socket.io/ { proxy_pass http://b:1; }", HANDSHAKE, HANDSHAKE),
        ("location /socket.io/ { proxy_pass http://b:1/; }", HANDSHAKE, "/?EIO=4&transport=polling"),
        ("location /socket.io { proxy_pass http://b:1/socket.io; }", HANDSHAKE, HANDSHAKE),
        ("location /socket.io/ { proxy_pass http://b:1/x; }", "/socket.io/a%20b", "/xa%20b"),
        ("location /socket.io/ { proxy_pass http://$host:1/x/; }", HANDSHAKE, "/x/"),
        ("location /rt/ { rewrite ^/rt/(.*) /s/$1 break; proxy_pass http://b:1; }", "/rt/?EIO=4", "/s/?EIO=4"),
    ],
)
def test_what_becomes_of_the_path(text: str, target: str, uri: str) -> None:
    assert ask(in_server(text), target).upstream_uri == uri


def test_one_header_in_a_location_discards_all_inherited_ones() -> None:
    text = "proxy_set_header Upgrade $http_upgrade; location / { proxy_set_header X-A b; proxy_pass http://b:1; }"
    answer = ask(in_server(text), headers=UPGRADE)
    assert "upgrade" not in answer.headers
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("words", ["", "X-A", "X-A b c"])
def test_a_header_that_nginx_refuses_is_not_sent(words: str) -> None:
    text = in_server(f"location / {{ proxy_set_header {words}; proxy_set_header X-B c; proxy_pass http://b:1; }}")
    answer = Configuration(parse_text(text, check=False)).answer(Request(host="chat.test", target="/"))
    assert (answer.headers.get("x-a"), answer.headers["x-b"]) == (None, "c")


BENCH = """
upstream web { server 127.0.0.1:8000 fail_timeout=0; }
upstream socketio { server 127.0.0.1:9000; }
map $host $site_name_x { default $host; }
server {
  listen 80; listen [::]:80;
  server_name chat.test;
  root /home/frappe/bench/sites;
  location ~ ^/protected/(.*) { internal; try_files /$1 =404; }
  location /socket.io {
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header X-Frappe-Site-Name $site_name_x;
    proxy_set_header Origin $scheme://$http_host;
    proxy_pass http://socketio;
  }
  location / {
    rewrite ^(.+)/$ $1 permanent;
    rewrite ^(.+)/index$ $1 permanent;
    location ~* ^/files/.*.(htm|html|svg|xml) { try_files /$site_name_x/public/$uri @webserver; }
    try_files /$site_name_x/public/$uri @webserver;
  }
  location @webserver {
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_pass http://web;
  }
}
"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (HANDSHAKE, (Action.PROXIED, "socketio", 200, None)),
        ("/app/home", (Action.PROXIED, "web", 200, None)),
        ("/files/a.svg", (Action.PROXIED, "web", 200, None)),
        ("/app/", (Action.REDIRECT, None, 301, "http://chat.test/app")),
        ("/protected/x", (Action.RETURNED, None, 404, None)),
    ],
)
def test_a_bench_like_configuration(target: str, expected: tuple[Action, str | None, int, str | None]) -> None:
    answer = ask(BENCH, target)
    status = answer.status or 200
    assert (answer.action, answer.upstream, status, answer.redirect) == expected


def test_files_are_assumed_to_be_absent_and_that_is_said() -> None:
    assert ask(BENCH, "/app").assumed == ("/chat.test/public//app (nginx.conf:21) does not exist",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("location / { access_by_lua_block { return 1 } proxy_pass http://b:1; }", "access_by_lua_block at"),
        ("location / { proxy_pass http://$upstream_http_x:1; }", "$upstream_http_x is only known"),
        ("location ~ ^/(?=socket) { proxy_pass http://b:1; }", "needs PCRE itself"),
        ("location / { limit_except POST { deny all; } proxy_pass http://b:1; }", "limit_except at"),
        ("location / { stub_status; }", "stub_status at"),
        ("location / { if ($request_id ~ ^a) { return 403; } proxy_pass http://b:1; }", "$request_id is only known"),
    ],
)
def test_what_cannot_be_told_is_said(text: str, why: str) -> None:
    answer = ask(in_server(text))
    assert answer.action is Action.UNDECIDED
    assert why in answer.why


def test_a_header_that_cannot_be_told_does_not_hide_the_rest() -> None:
    text = "location / { proxy_set_header X-Id $request_id; proxy_set_header Host $host; proxy_pass http://b:1; }"
    answer = ask(in_server(text))
    assert answer.headers["host"] == "chat.test"
    assert "only known when nginx runs" in answer.undecided["x-id"]


@pytest.mark.parametrize(
    ("text", "client", "status"),
    [
        ("location / { allow 10.0.0.0/8; deny all; return 418; }", "10.1.1.1", 418),
        ("deny 10.0.0.0/8; location / { proxy_pass http://b:1; }", "10.1.1.1", 403),
        ("deny 10.0.0.0/8; location / { allow all; proxy_pass http://b:1; }", "10.1.1.1", None),
        ("location / { auth_basic x; proxy_pass http://b:1; }", "10.1.1.1", 401),
        (
            "error_page 403 = @x; deny all; location / { proxy_pass http://b:1; } location @x { return 204; }",
            "::1",
            204,
        ),
    ],
)
def test_who_may_ask(text: str, client: str, status: int | None) -> None:
    assert ask(in_server(text), client=client).status == status


@pytest.mark.parametrize(
    ("text", "port", "address", "server"),
    [
        ("server { listen 80; } server { listen 81; }", 81, None, 1),
        ("server { listen 80; } server { listen 10.0.0.1:80; }", 80, "10.0.0.1", 1),
        ("server { listen 80; } server { listen 10.0.0.1:80; }", 80, "10.0.0.2", 0),
        ("server { listen 80; } server { listen 80 default_server; }", 80, None, 1),
        ("server { listen 80; } server { listen 80; server_name chat.test; }", 80, None, 1),
        ("server { server_name a; } server { server_name .test; }", 80, None, 1),
        ("server { listen 443 ssl; listen 80; }", 80, None, 0),
    ],
)
def test_which_server(text: str, port: int, address: str | None, server: int) -> None:
    tree = parse_text(text)
    answer = Configuration(tree).answer(Request("chat.test", "/", port=port, address=address))
    assert answer.server is tree[server]


def test_nobody_listens() -> None:
    answer = ask("server { listen 80; }", port=81)
    assert (answer.action, answer.status, answer.why) == (Action.REFUSED, None, "no server listens on port 81")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("location prefix /a { }", "nginx.conf:1: 'prefix' is no way to compare a location"),
        ("location / { try_files $uri =nope; }", "nginx.conf:1: 'nope' in try_files is not an HTTP status"),
        ("location / { if () { return 403; } }", "has no condition in parentheses"),
    ],
)
def test_what_nginx_would_refuse_is_told_with_its_place(text: str, message: str) -> None:
    with pytest.raises(Unreadable) as told:
        ask(in_server(text))
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("86400", 86400), ("60s", 60), ("1h30m", 5400), ("1d", 86400), ("500ms", 0.5), ("1h 5m", 3900), ("$x", None)],
)
def test_times(text: str, value: float | None) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(("text", "value"), [("50m", 50 << 20), ("0", 0), ("8K", 8192), ("1g", 1 << 30), ("x", None)])
def test_sizes(text: str, value: int | None) -> None:
    assert size(text) == value


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*)*x"])
def test_a_pathological_regex_takes_linear_time(pattern: str) -> None:
    start = time.process_time()
    ask(in_server(f"location ~ {pattern} {{ return 204; }}"), "/" + "a" * 20_000 + "!")
    assert time.process_time() - start < 2


def test_a_large_configuration_answers_quickly() -> None:
    one = "server {{ listen 80; server_name h{0}.test; location /socket.io/ {{ proxy_pass http://b:{0}; }} }}"
    configuration = Configuration(parse_text("\n".join(one.format(number) for number in range(1, 3001))))
    start = time.process_time()
    answers = [configuration.answer(Request(f"h{number}.test", HANDSHAKE)) for number in range(1, 3001, 10)]
    assert [answer.upstream for answer in answers] == [f"b:{number}" for number in range(1, 3001, 10)]
    assert time.process_time() - start < 5


WORDS = st.sampled_from(
    [
        "$uri", "$x", "/", "/a", "~", "~*", "=", "^~", "@n", "(", ")", "($x)", "($uri", "=404", "=x", "http://b:1",
        "http://$x", "^", "last", "break", "404", "on", "all", "10.0.0.0/8", "[", "$", "${", "80", "x:99999", "default",
        "''", "*.a", "~^(", "a\\", "b",
    ]
)  # fmt: skip
PLAIN = {
    "set": (2, 2), "rewrite": (2, 3), "return": (1, 2), "try_files": (2, 3), "error_page": (2, 4),
    "proxy_set_header": (2, 2),
    "allow": (1, 1), "deny": (1, 1), "auth_basic": (1, 1), "real_ip_header": (1, 1), "set_real_ip_from": (1, 1),
    "client_max_body_size": (1, 1), "break": (0, 0), "absolute_redirect": (1, 1),
}  # fmt: skip
"""How many words each directive takes: what the parser lets pass is what must not break the evaluator."""


def _line(name: str, fewest: int, most: int, end: str = ";") -> st.SearchStrategy[str]:
    words = st.lists(WORDS, min_size=fewest, max_size=most)
    return words.map(lambda given: f"{' '.join([name, *given])}{end} ")


def _statements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    plain = st.one_of(*[_line(name, *words) for name, words in PLAIN.items()])
    location = st.tuples(_line("location", 1, 2, " {"), inner, st.just("proxy_pass http://b:1; "))
    condition = st.tuples(st.just("if ("), _line("$x", 0, 2, ") {"), plain)
    blocks = st.one_of(location, condition).map(lambda parts: "".join(parts) + "} ")
    return st.lists(st.one_of(plain, plain, blocks), max_size=5).map("".join)


@pytest.mark.fuzz
@BUDGET
@given(
    st.recursive(st.just(""), _statements, max_leaves=6),
    st.sampled_from(["/", "/a", "//x/../y?z=1", "/%41%00", "/%e9\n"]),
)
def test_no_configuration_gives_a_traceback(body: str, target: str) -> None:
    try:
        tree = parse_text(f"server {{ {body} location / {{ {body} }} }}")
        answer: object = Configuration(tree).answer(Request("a.test", target, headers=UPGRADE))
    except Unreadable as told:
        answer = told
    assert isinstance(answer, Answer | Unreadable)


@pytest.mark.parametrize(
    ("names", "more", "said"),
    [
        pytest.param(r"~^(\w+)\.", "", "chat", id="the only one is asked for what it captures"),
        pytest.param(r"~^(\w+)\. ~\.org$", "", "", id="nginx looks at the last regular expression for that"),
        pytest.param(
            r"~^(\w+)\. ~\.org$", "server { listen 80; return 404; }", "chat", id="among several all are asked"
        ),
    ],
)
def test_what_a_name_captures(names: str, more: str, said: str) -> None:
    assert ask(f"server {{ listen 80; server_name {names}; return 200 $1; }} {more}").body == said
