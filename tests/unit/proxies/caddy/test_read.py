"""Telling what is Caddy's, and reading whatever people feed."""

from __future__ import annotations

import json
import random

import pytest

from raven_realtime.proxies.caddy.read import is_caddy_json, is_caddyfile, read
from raven_realtime.proxies.interface import Answered, Passed, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.unreadable import Unreadable

CADDYFILE = "example.com {\n\treverse_proxy /socket.io/* localhost:9\n\trespond ok\n}\n"
JSON = json.dumps(
    {
        "apps": {
            "http": {
                "servers": {
                    "srv0": {
                        "listen": [":443"],
                        "routes": [
                            {
                                "match": [{"host": ["example.com"]}],
                                "handle": [
                                    {
                                        "handler": "subroute",
                                        "routes": [
                                            {
                                                "match": [{"path": ["/socket.io/*"]}],
                                                "handle": [
                                                    {"handler": "reverse_proxy", "upstreams": [{"dial": "localhost:9"}]}
                                                ],
                                            }
                                        ],
                                    }
                                ],
                                "terminal": True,
                            }
                        ],
                    }
                }
            }
        }
    },
    indent=1,
)


@pytest.mark.parametrize(
    "text",
    [
        CADDYFILE,
        "localhost\nfile_server\n",
        ":8080 {\n\troot * /srv\n\tfile_server browse\n}\n",
        "{\n\temail a@example.com\n}\n*.example.com {\n\thandle {\n\t\tabort\n\t}\n}\n",
        "(log) {\n\tlog\n}\na.example, b.example {\n\timport log\n\tphp_fastcgi unix//run/php.sock\n}\n",
        "{$DOMAIN:localhost} {\n\trate_limit x\n\treverse_proxy a:1\n}\n",
        "app.example.net {\n    proxy / localhost:8280\n    tls ops@example.net\n}\n",
        "https:// {\n\ttls internal\n\trespond ok\n}\n",
    ],
)
def test_a_caddyfile_is_told(text: str) -> None:
    assert is_caddyfile(text)
    assert not is_caddy_json(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "services:\n  caddy:\n    image: caddy:2\n    command: caddy reverse-proxy\n",
        "route:\n  handle: x\n",
        "server {\n    listen 80;\n    location / {\n        proxy_pass http://a;\n    }\n}\n",
        "http {\n  server {\n    rewrite ^ /x;\n  }\n}\n",
        "#!/bin/sh\nrespond() {\n  echo hello\n}\nrespond\n",
        "# Caddy\n\nUse `reverse_proxy`:\n\n```\nexample.com {\n    reverse_proxy a:1\n}\n```\n",
        "Install it, then\nreverse_proxy does the rest.\n",
        "example.com\nhandle with care\n",
        "example.com\nroot cause\nrespond quickly\n",
        'resource "route" "x" {\n  respond = "y"\n}\n',
        "a.b {\n  color: red;\n}\n",
        "frontend http\n    bind :80\n    redirect scheme https\n",
        "<VirtualHost *:80>\nProxyPass / http://a/\n</VirtualHost>\n",
        "{ \"handle\": 1 }",
        JSON,
        "import sites/*\n",
        "example.com {\n\treverse_proxy a:1\n",
        "package main\n\nfunc main() {\n\troute()\n}\n",
        "FROM caddy:2\nCOPY Caddyfile /etc/caddy/Caddyfile\n",
    ],
)  # fmt: skip
def test_what_is_no_caddyfile(text: str) -> None:
    assert not is_caddyfile(text)


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "[1", '{"apps": {}}', '{"apps": {"http": {}}}', '{"apps": {"http": {"servers": {}}}}', CADDYFILE,
     '{"apps"', '{"apps": {"http": {"servers": {"a": 1}}}}', '{"http": {"routers": {}}}',
     '{"name": "apps", "dependencies": {}}'],
)  # fmt: skip
def test_what_is_no_json_of_caddys(text: str) -> None:
    assert not is_caddy_json(text)


def test_json_is_told_and_read_with_its_lines() -> None:
    assert is_caddy_json(JSON)
    caddy = read(JSON, "caddy.json")
    outcome = caddy.handle(Request("example.com", "/socket.io/", tls=True, port=443))
    assert isinstance(outcome, Passed)
    assert outcome.to == ("localhost:9",)
    line = 1 + JSON[: JSON.index('"reverse_proxy"')].count("\n")
    assert outcome.location == Location("caddy.json", line - 1)
    assert [(each.host, each.listener.port) for each in caddy.entrances()] == [
        ("example.com", 443),
        ("example.com", 80),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("example.com {\n\treverse_proxy a:1\n", 1),
        ("example.com {\n}\n}\n", 3),
        ('example.com {\n\trespond "ok\n}\n', 2),
        ("example.com {\n\trespond <<END\n\tok\n}\n", 2),
        ("example.com:99999 {\n}\n", 1),
        ("(a) {\n\timport a\n}\nexample.com {\n\timport a\n}\n", 2),
        ("example.com {\n" + "handle {\n" * 100 + "}\n" * 101, 41),
        ('{\n"apps": {\n', 3),
        ('{\n"apps": ,\n}', 2),
        ('{"a":' + "[" * 5000, 1),
    ],
)
def test_what_is_malformed_is_unreadable(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as told:
        read(text, "Caddyfile")
    assert told.value.location == Location("Caddyfile", line)


@pytest.mark.parametrize("text", [CADDYFILE, JSON, "a {\nproxy / b {\nwebsocket\n}\n}\n"])
def test_whatever_people_feed_is_read_or_unreadable(text: str) -> None:
    chosen = random.Random(7)
    odd = [
        "{",
        "}",
        "{}",
        '"',
        "`",
        "{$",
        "{args[0:9]}",
        "@",
        "\\\n",
        "<<A\n",
        ":",
        "*",
        "[",
        "\ud800",
        "{$X}",
        "0",
        "import ",
    ]
    for _ in range(400):
        made = list(text)
        for _ in range(chosen.randrange(1, 6)):
            at = chosen.randrange(len(made))
            made[at : at + chosen.randrange(4)] = chosen.choice([*odd, *chosen.sample(made, 1)])
        mutated = "".join(made)
        is_caddyfile(mutated)
        is_caddy_json(mutated)
        try:
            caddy = read(mutated, "x")
        except Unreadable:
            continue
        for entrance in caddy.entrances() or ():
            request = Request(entrance.host, "/socket.io/?a", tls=entrance.listener.tls, port=entrance.listener.port)
            assert isinstance(caddy.handle(request).location, Location | None)


def test_imports_that_double_end() -> None:
    snippets = "(s0) {\n\trespond {args[0]}\n}\n"
    for number in range(1, 30):
        inner = f"\timport s{number - 1} {{args[0]}}{{args[0]}}\n"
        snippets += f"(s{number}) {{\n{inner}{inner}}}\n"
    with pytest.raises(Unreadable):
        read(snippets + "example.com {\n\timport s29 x\n}\n", "Caddyfile")


def test_named_routes_that_call_each_other_end() -> None:
    text = "&(a) {\n\tinvoke b\n}\n&(b) {\n\tinvoke a\n}\nexample.com {\n\tinvoke a\n}\n"
    assert isinstance(read(text, "Caddyfile").handle(Request("example.com", tls=True)), Undecided)


OLD = "app.example.net {\n    proxy / localhost:8280 {\n        %s\n    }\n}\n"
UPGRADE = (("Connection", "Upgrade"), ("Upgrade", "websocket"))


@pytest.mark.parametrize(
    ("options", "relays", "host"),
    [
        ("", False, "localhost:8280"),
        ("websocket", True, "localhost:8280"),
        ("websocket\ntransparent", True, "app.example.net"),
        ("transparent", False, "app.example.net"),
        ("header_upstream Connection {>Connection}\nheader_upstream Upgrade {>Upgrade}", True, "localhost:8280"),
        ("header_upstream Host {host}", False, "app.example.net"),
    ],
)
def test_caddy_1_passes_an_upgrade_only_if_told(options: str, relays: bool, host: str) -> None:
    caddy = read(OLD % options, "Caddyfile")
    assert caddy.generation == 1
    outcome = caddy.handle(Request("app.example.net", "/socket.io/", headers=UPGRADE, tls=True, port=443))
    assert isinstance(outcome, Passed)
    assert (outcome.relays_upgrade, outcome.request.host) == (relays, host)
    assert outcome.request.upgrades is relays


@pytest.mark.parametrize(("target", "to"), [("/socket.io/", "b:2"), ("/other", "a:1"), ("/socket.io/admin", "a:1")])
def test_caddy_1_takes_the_longest_path(target: str, to: str) -> None:
    text = ":80 {\nproxy / a:1\nproxy /socket.io b:2 {\nexcept /socket.io/admin\n}\n}\n"
    outcome = read(text, "Caddyfile").handle(Request("x.example", target, port=80))
    assert isinstance(outcome, Passed)
    assert outcome.to == (to,)


def test_caddy_1_redirects_and_refuses() -> None:
    caddy = read(OLD % "", "Caddyfile")
    assert getattr(caddy.handle(Request("app.example.net", port=80)), "status", 0) == 301
    outcome = read("http://a.example {\nproxy / a:1\n}\n", "Caddyfile").handle(Request("b.example", port=80))
    assert isinstance(outcome, Answered)
    assert outcome.status == 404
