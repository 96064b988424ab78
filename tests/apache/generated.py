"""Configurations and requests made up at random, and what the real Apache does with them.

Each configuration has an address of its own (127.2.x.y), so that one Apache serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from demo.ports import free_ports
from raven_realtime.proxies.apache.read import read
from raven_realtime.proxies.interface import Request
from tests.apache.program import Program, preamble
from tests.haproxy.wire import UPGRADE, Reply, Upstreams, ask, disagreement

HOSTS = ["a.test", "A.test", "b.test", "www.a.test", "a.test:8080", "x.org", "www.b.org", "a.test."]
NAMES = ["a.test", "b.test", "*.test", "www.*", "x.org", "a.test:8443", "*.b.org", "c.test"]
PATHS = [
    "/", "/a", "/a/", "/a/b", "/A/B", "/b", "/ab", "/socket.io/", "/socket.io", "/x/a/y", "/c%20d/e", "/a//b",
    "/a/./b/../c",
    "/a/%41%7eb", "/a/x+y", "/a/(b)", "/a%2Fb", "/a/%25", "/b/c.js",
]  # fmt: skip
PREFIXES = ["/", "/a", "/a/", "/b", "/b/", "/socket.io", "/socket.io/", "/x/a", "/a/b", "/c d"]
REGEXES = ["^/a", "^/a/(.*)$", "^/(a|b)(/.*)?$", "\\.js$", "^/socket\\.io/(.*)", "^/(.*)$", "b", "^/x/(.)/(.)"]
QUERIES = ["", "", "", "?x=1", "?x=2&t=polling", "?EIO=4&transport=polling", "?"]
HEADERS: list[tuple[tuple[str, str], ...]] = [
    (), (), (("X-One", "one"),), (("X-One", "one"), ("X-One", "two")), (("X-Forwarded-For", "192.0.2.1"),),
    (("X-Forwarded-Proto", "https"),), (("Origin", "https://a.test"),), (("Cookie", "a=1"), ("Cookie", "b=2")),
    (("X-Forwarded-Host", "o.test"), ("X-Two", "2")), (("Keep-Alive", "3"), ("TE", "trailers")), (("X-Empty", ""),),
    UPGRADE, UPGRADE, UPGRADE, (("Connection", "keep-alive, Upgrade"), *UPGRADE[1:]), (("Connection", "close, X-One"),),
    (("Connection", "Upgrade"), ("Upgrade", "h2c")),
]  # fmt: skip
TEXTS = ["plain", '"two words"', "100%%", "expr=%{REQUEST_SCHEME}", "expr=%{HTTP_HOST}", '"%{X}e"', "one"]
CONDITIONS = [
    "%{HTTP:Upgrade} websocket [NC]", "%{HTTP:Upgrade} =websocket [NC]", "%{HTTP:Upgrade} !=websocket [NC]",
    "%{HTTP:Connection} upgrade [NC]", "%{HTTP:Connection} Upgrade", "%{REQUEST_URI} ^/a",
    "%{REQUEST_URI} !^/socket.io",
    "%{QUERY_STRING} transport=websocket [NC,OR]", "%{QUERY_STRING} x=(.)", "%{HTTPS} off", "%{HTTPS} !=on",
    "%{HTTP_HOST} ^a\\.test [NC]", "%{HTTP_HOST} !^www\\. [NC]", "%{REQUEST_METHOD} GET", "%{HTTP:Upgrade} !^$ [OR]",
    "%{SERVER_PORT} 8080", "%{SERVER_NAME} =a.test", "%{THE_REQUEST} HTTP/1.1$", "%{HTTP_COOKIE} a=1",
    "%{REMOTE_ADDR} ^127",
    "%{REQUEST_FILENAME} !-f", "%{REQUEST_SCHEME} http", "$1 b",
]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One configuration, one request, and what Apache did."""

    text: str
    request: Request
    reply: Reply


def _target(random: Random, ports: list[int], *, ending: bool = True) -> str:
    scheme = random.choice(["http", "http", "http", "ws"])
    path = random.choice(["", "/", "/p", "/p/", "/socket.io/", "/q r"]) if ending else ""
    return f"{scheme}://127.0.0.1:{random.choice(ports)}{path}"


def _pass(random: Random, ports: list[int], *, inside: bool = False) -> str:
    if random.random() < 0.12:
        to = "!"
    else:
        to = f'"{_target(random, ports)}"' + random.choice(["", "", " upgrade=websocket", " timeout=9", " upgrade=ANY"])
    if inside:
        return f"ProxyPass {to}"
    if random.random() < 0.2 and to != "!":
        ending = random.choice(["", "/m/$1", "/n", "/$1"])
        return f"ProxyPassMatch {random.choice(REGEXES)} {_target(random, ports, ending=False)}{ending}"
    return f'ProxyPass "{random.choice(PREFIXES)}" {to}'


def _header(random: Random) -> str:
    name = random.choice(["X-One", "X-Two", "X-Forwarded-Proto", "Origin", "X-Forwarded-For", "X-Empty", "X-New"])
    action = random.choice(["set", "set", "append", "add", "unset", "setifempty", "merge", "edit", "host"])
    if action == "host":
        return "RequestHeader set Host fixed.test"
    if action == "unset":
        return f"RequestHeader unset {name}"
    if action == "edit":
        return f"RequestHeader edit {name} ^o(.) z$1"
    return f"RequestHeader {action} {name} {random.choice(TEXTS)}{random.choice(['', '', ' env=HTTPS', ' env=!HTTPS'])}"


def _redirect(random: Random) -> str:
    to = random.choice(["https://x.test", "https://x.test/", "/local", "https://x.test/p?q=1"])
    return random.choice([
        f'Redirect "{random.choice(PREFIXES[1:])}" {to}',
        f'Redirect 301 "{random.choice(PREFIXES[1:])}" {to}',
        f"Redirect permanent /x {to}",
        f"RedirectMatch 302 {random.choice(REGEXES)} https://x.test/$1",
        f"RedirectPermanent /b {to}",
        "Redirect gone /b",
        "Redirect 404 /x",
    ])  # fmt: skip


def _rules(random: Random, ports: list[int]) -> Iterator[str]:
    for _ in range(random.randint(0, 3)):
        for _ in range(random.choice([0, 1, 1, 2])):
            yield f"RewriteCond {random.choice(CONDITIONS)}"
        pattern = random.choice([*REGEXES, "^", "!^/a", ".*"])
        port = random.choice(ports)
        to, given = random.choice([
            (f"ws://127.0.0.1:{port}/$1", "P,L"), (f"ws://127.0.0.1:{port}%{{REQUEST_URI}}", "P"),
            (f"http://127.0.0.1:{port}/rw/$1", "P"), (f"http://127.0.0.1:{port}%{{REQUEST_URI}}", "P,QSA"),
            (f"http://127.0.0.1:{port}/q?y=1", "P,QSA"), (f"http://127.0.0.1:{port}/q?y=1", "P"),
            ("https://%{HTTP_HOST}%{REQUEST_URI}", "R=301,L"), ("https://%{SERVER_NAME}/$1", "L"), ("/new/$1", "R,L"),
            ("/new?z=1", "R=307,L"), ("/b/$1", "PT"), ("/a/c", "PT,L"), ("/file/$1", "L"), ("-", "F"), ("-", "G"),
            ("-", "L"),
            ("-", "E=v:1"), ("-", "R=404"), ("/b/$1?k=2", "PT,QSA"), ("/b?", "PT"), ("/s", "PT,QSD"), ("-", "S=1"),
            ("-", "C"),
            ("/b", ""), ("/one/%1", "PT"), ("http://%{HTTP_HOST}/self", "PT"),
        ])  # fmt: skip
        nocase = random.choice(["", "", "NC"])
        joined = ",".join(part for part in (given, nocase) if part)
        yield f'RewriteRule {pattern} "{to}"' + (f" [{joined}]" if joined else "")


def _section(random: Random, ports: list[int]) -> Iterator[str]:
    path = random.choice(PREFIXES)
    yield random.choice([f'<Location "{path}">', f'<Location "{path}">', "<LocationMatch ^/(a|b)>", "<Location ~ io>"])
    plain = False
    for _ in range(random.randint(1, 2)):
        kind = random.random()
        if kind < 0.35 and not plain:
            plain = True
            yield f"    {_header(random)}"
        elif kind < 0.5:
            yield "    " + random.choice([
                "Require all denied", "Require all granted", "Require ip 127.0.0.1", "Require ip 10.0.0.0/8",
                "Require local",
                "Deny from all", "Require method GET",
            ])  # fmt: skip
        elif kind < 0.6:
            yield "    AuthType Basic\n    AuthName x\n    AuthUserFile /nonexistent\n    Require valid-user"
        elif kind < 0.68:
            yield "    " + random.choice(["Redirect https://r.test/", "Redirect 301 /here", "Redirect 403"])
        elif kind < 0.78:
            yield f"    RewriteEngine On\n    RewriteCond {random.choice(CONDITIONS[:6])}"
            scheme, port = random.choice(["ws", "http"]), random.choice(ports)
            yield f"    RewriteRule .* {scheme}://127.0.0.1:{port}%{{REQUEST_URI}} [P]"
        else:
            yield f"    {random.choice(['ProxyPreserveHost On', 'ProxyPreserveHost Off'])}"
    yield "</Location>"


def _host(random: Random, address: str, number: int, ports: list[int]) -> Iterator[str]:
    yield f"<VirtualHost {address}>"
    yield f"    ServerName {random.choice(NAMES).replace('*', 'w')}"
    if random.random() < 0.5:
        yield f"    ServerAlias {' '.join(random.sample(NAMES[:5], random.randint(1, 2)))}".replace(":8443", "")
    lines: list[str] = []
    if random.random() < 0.4:
        lines.append(
            random.choice(["ProxyPreserveHost On", "ProxyPreserveHost On", "ProxyAddHeaders Off", "ProxyTimeout 7"])
        )
    if random.random() < 0.5:
        lines += [random.choice(["RewriteEngine On"] * 5 + ["RewriteEngine Off"]), *_rules(random, ports)]
    lines += [_pass(random, ports) for _ in range(random.randint(0, 4))]
    lines += [_header(random) for _ in range(random.choice([0, 0, 1, 2]))]
    lines += [_redirect(random) for _ in range(random.choice([0, 0, 1]))]
    for _ in range(random.choice([0, 0, 1, 1, 2])):
        section = list(_section(random, ports))
        if section[0].startswith("<LocationMatch"):
            section[-1] = "</LocationMatch>"
        elif random.random() < 0.3 and "~" not in section[0]:
            section.insert(1, f"    {_pass(random, ports, inside=True)}")
        lines += section
    if random.random() < 0.2:
        name = f"c{number}"
        lines += [f"<Proxy balancer://{name}>", f"    BalancerMember http://127.0.0.1:{ports[0]}"]
        lines += [f"    BalancerMember http://127.0.0.1:{ports[1]} status={random.choice(['+H', '+D'])}"]
        lines += ["    ProxySet stickysession=ROUTEID", "</Proxy>"]
        prefix = random.choice(PREFIXES[:5])
        lines += [f"ProxyPass {prefix} balancer://{name}{'/' if prefix.endswith('/') else random.choice(['', '/z'])}"]
    yield from (f"    {line}" for line in lines)
    yield "</VirtualHost>"


def configuration(random: Random, number: int, address: str, ports: list[int]) -> str:
    """Make up one to three virtual hosts on an address."""
    hosts = (_host(random, address, number * 10 + each, ports) for each in range(random.choice([1, 1, 2, 3])))
    return "\n".join(line for host in hosts for line in host) + "\n"


def request(random: Random, port: int) -> Request:
    """Make up a request."""
    headers = tuple(dict.fromkeys((*random.choice(HEADERS), *random.choice(HEADERS[:11]))))
    method = random.choice(["GET", "GET", "GET", "GET", "POST"])
    return Request(
        host=random.choice(HOSTS),
        target=random.choice(PATHS) + random.choice(QUERIES),
        method=method,
        headers=(*headers, ("Content-Length", "0")) if method == "POST" else headers,
        port=port,
        client="127.0.0.1",
        version="1.0" if random.random() < 0.02 and UPGRADE[1] not in headers else "1.1",
    )


def record(seed: int, configurations: int, each: int, folder: Path) -> list[Asked]:
    """Make up configurations and requests, and let the real Apache answer them."""
    random = Random(seed)
    port, *upstreams = free_ports(4)
    addresses = [f"127.2.{number // 250}.{number % 250 + 1}" for number in range(configurations)]
    texts = [configuration(random, number, f"{address}:{port}", upstreams) for number, address in enumerate(addresses)]
    path = folder / "apache.conf"
    path.write_text(preamble(folder) + f"Listen {port}\n" + "".join(texts))
    asked: list[Asked] = []
    with Upstreams(upstreams), Program(path, (addresses[0], port)):
        for address, text in zip(addresses, texts, strict=True):
            for _ in range(each):
                made = request(random, port)
                asked.append(Asked(text, made, ask(address, port, made)))
    return asked


def disagreements(asked: list[Asked]) -> list[str]:
    """Compare what Apache did with what our evaluator says; the cases that differ, told."""
    wrong: list[str] = []
    proxies = {text: read(text, "apache.conf") for text in {each.text for each in asked}}
    for each in asked:
        outcome = proxies[each.text].handle(each.request)
        if differs := disagreement(outcome, each.reply, each.request, ignored=("connection",)):
            wrong.append(f"{differs}\n{each.request}\n{outcome}\n{each.text}")
    return wrong
