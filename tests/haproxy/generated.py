"""Configurations and requests made up at random, and what the real HAProxy does with them.

Each configuration has an address of its own (127.1.x.y), so that one HAProxy serves them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from demo.ports import free_ports
from raven_realtime.proxies.haproxy.read import read
from raven_realtime.proxies.interface import Request
from tests.haproxy.program import Program
from tests.haproxy.wire import UPGRADE, Reply, Upstreams, ask, disagreement

DEFAULTS = """defaults
    mode http
    timeout connect 2s
    timeout client 20s
    timeout server 20s
    timeout tarpit 10ms
"""
CRITERIA = [
    "path /", "path /a /b", "path -i /A/B", "path_beg /a", "path_beg -i /A /socket.io", "path_end /", "path_end .io b",
    "path_reg ^/a", "path_reg -i ^/A(/|$)", "path_sub b", "path_dir a", "path_dir -i B", "path_len gt 4",
    "path -m beg /socket",
    "hdr(host) a.test", "hdr(host) -i A.test b.test", "hdr_beg(host) -i www.", "hdr_end(host) .test", "hdr_dom(host) a",
    "hdr_dom(host) -i a.test", "hdr(host),host_only -i a.test", "hdr(Upgrade) -i WebSocket",
    "hdr(Connection) -i upgrade",
    "hdr_sub(connection) grade", "hdr(X-One) one two", "hdr(X-One) -m found", "hdr_cnt(x-one) gt 1", "hdr_cnt(x-one) 1",
    "req.fhdr(x-one) one,two", "hdr_val(x-num) ge 5", "hdr_val(x-num) 1:3", "ssl_fc", "ssl_fc,not", "src 127.0.0.0/8",
    "src 10.0.0.0/8 127.0.0.1", "method GET", "method POST PUT", "url_param(x) 1", "urlp(x) -m found",
    "url_param(t) polling",
    "query -m sub x=", "url_beg /a", "url_reg [?]x", "base_beg a.test/a", "base b.test/", "cook(sid) s1",
    "cook(sid) -m found",
    "always_true", "always_false", "path,lower /a/b", "hdr(host),lower,field(1,.) a www", "req.hdr(x-one,1) one",
    "req.hdr(x-one,-1) two", "dst_port 1:1024",
]  # fmt: skip
PREDEFINED = ["TRUE", "FALSE", "METH_GET", "METH_POST", "HTTP_1.1", "HTTP_URL_SLASH", "LOCALHOST"]
FORMATS = [
    "plain", "%[src]", "%[ssl_fc]", "%[hdr(host)]", "%[req.hdr(x-one)]", "%[req.fhdr(x-one)]", "a%[path]b", "%ci",
    "%[query]",
    "%[method]", "%[hdr(host),lower]", "%[ssl_fc,iif(https,http)]", "%[var(txn.v)]", "100%%", "%[url_param(x)]",
    "%[cook(sid)]",
    "%[hdr(host),field(1,.)]", "%[path,regsub(a,z)]", "%[req.hdr(x-one,1)]", "%[pathq]", "%[hdr(host),host_only]",
    "%[path,length]",
]  # fmt: skip
NAMES = ["X-One", "X-Two", "X-Forwarded-Proto", "Origin", "X-Forwarded-For", "x-num"]
HOSTS = ["a.test", "A.test", "b.test", "www.a.test", "a.test:8080", "x.org", "www.b.org"]
PATHS = ["/", "/a", "/a/", "/a/b", "/A/B", "/b", "/ab", "/socket.io/", "/socket.io", "/x/a/y", "/c%20d/e"]
QUERIES = ["", "", "", "?x=1", "?x=2&t=polling", "?EIO=4&transport=polling", "?"]
HEADERS: list[tuple[tuple[str, str], ...]] = [
    (), (), (("X-One", "one"),), (("X-One", "one,two"),), (("X-One", "one"), ("X-One", "two")), (("X-Num", "2"),),
    (("X-Num", "7"),), (("Cookie", "sid=s1; y=2"),), (("Cookie", "z=2"),), (("X-Forwarded-For", "192.0.2.1"),),
    (("X-Forwarded-Proto", "https"),), (("Origin", "https://a.test"),), (("X-One", "x y"),), UPGRADE, UPGRADE, UPGRADE,
    (("Connection", "keep-alive"),), (("Connection", "keep-alive, Upgrade"), *UPGRADE[1:]), (("Connection", "close"),),
]  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One configuration, one request, and what HAProxy did."""

    text: str
    request: Request
    reply: Reply


def _condition(random: Random, acls: list[str]) -> str:
    if random.random() < 0.15:
        return ""
    terms = []
    for _ in range(random.choice([1, 1, 1, 2, 2, 3])):
        kind = random.random()
        if acls and kind < 0.5:
            term = random.choice(acls)
        elif kind < 0.93:
            term = f"{{ {random.choice(CRITERIA)} }}"
        else:
            term = random.choice(PREDEFINED)
        terms.append(("! " if random.random() < 0.1 else "!" if random.random() < 0.2 else "") + term)
    joined = terms[0]
    for term in terms[1:]:
        joined += random.choice([" ", " ", " or ", " || "]) + term
    return f" {random.choice(['if', 'if', 'if', 'unless'])} {joined}"


def _rule(random: Random) -> str:
    def text() -> str:
        return random.choice(FORMATS)

    name = random.choice(NAMES)
    if random.random() < 0.1:  # always one, and not empty: all else is no HTTP
        return f'set-header Host "{random.choice(["plain", "%[hdr(host),lower]", "x%[path,length]", "a%[method]b"])}"'
    return random.choice([
        f'set-header {name} "{text()}"',
        f'set-header {name} "{text()}"',
        f'add-header {name} "{text()}"',
        f"del-header {name}",
        "del-header x- -m beg",
        f"replace-header {name} (.*)t(.*) \\\\2-\\\\1",
        f"replace-header {name} '^(https?)://' '\\1x:'",
        f"replace-value {name} ^o(.*) <\\\\1>",
        f"set-path {random.choice(['/new', '/new%[path]', '/%[hdr(host),lower]%[path]'])}",
        "replace-path ^/a/(.*) /\\\\1",
        "replace-path '^/(a|b)' '/z/\\1'",
        "replace-pathq ([^?]*)(.*) /p\\\\1\\\\2",
        "replace-uri ^/a(.*) /u\\\\1",
        f"set-query {random.choice(['x=1', 'q=%[path]', '%[query]'])}",
        f"set-uri {random.choice(['/fixed?y=1', '/u%[path]'])}",
        f"set-var(txn.v) {random.choice(['path', 'hdr(host),lower', 'src', 'url_param(x)', 'str(lit)'])}",
        "set-method PUT",
        "allow",
    ])  # fmt: skip


def _ending(random: Random) -> str:
    return random.choice([
        "deny", "deny deny_status 404", "deny status 429", "return status 200 content-type text/plain string hello",
        "return status 404", "redirect scheme https code 301", "redirect scheme https",
        "redirect location /login code 303",
        "redirect location https://x.test%[path]", "redirect prefix https://x.test",
        "redirect prefix /p drop-query code 307",
        "redirect prefix / code 308", "redirect prefix /q drop-query append-slash", "auth realm Private",
        "redirect scheme https drop-query", "redirect location https://%[hdr(host)]%[pathq]", "tarpit deny_status 503",
        "reject",
    ])  # fmt: skip


def _rules(random: Random, acls: list[str], most: int) -> Iterator[str]:
    for _ in range(random.randint(0, most)):
        if random.random() < 0.2:
            ending = _ending(random)
            condition = _condition(random, acls) or " if { path /never }"
            if ending.startswith("redirect") and random.random() < 0.3:
                yield f"{ending}{condition}"
            else:
                yield f"http-request {ending}{condition}"
        else:
            yield f"http-request {_rule(random)}{_condition(random, acls)}"


def _acls(random: Random) -> tuple[list[str], list[str]]:
    names = [f"acl{number}" for number in range(random.randint(0, 3))]
    lines = [f"acl {random.choice(names)} {random.choice(CRITERIA)}" for _ in range(len(names))] if names else []
    lines += [f"acl {name} {random.choice(CRITERIA)}" for name in names]
    return names, lines


def _servers(random: Random, ports: list[int]) -> Iterator[str]:
    for number in range(random.choice([0, 1, 1, 1, 2, 3]) if random.random() < 0.9 else 0):
        options = random.choice(["", "", "", "", " backup", " disabled", " weight 0", " cookie c1", " check inter 1h"])
        yield f"server s{number} 127.0.0.1:{random.choice(ports)}{options}"


def configuration(random: Random, number: int, address: str, ports: list[int]) -> str:
    """Make up a frontend, or a listen section, and its backends."""
    names = [f"b{number}_{each}" for each in range(random.randint(1, 3))]
    acls, lines = _acls(random)
    lines += _rules(random, acls, 4)
    options = ["option forwardfor", "option forwardfor if-none", "option forwardfor except 127.0.0.0/8"]
    options += [
        "option forwardfor header X-Client",
        "option http-server-close",
        "option httpclose",
        "timeout tunnel 1h",
    ]
    if random.random() < 0.4:
        lines.append(random.choice(options[:6]))
    for _ in range(random.randint(0, 3)):
        name = random.choice(names)
        dynamic = f"b{number}_%[url_param(x)]" if random.random() < 0.15 else name
        lines.append(f"use_backend {dynamic}{_condition(random, acls)}")
    kind = random.choice(["frontend", "frontend", "listen"])
    if random.random() < 0.75:
        lines.append(f"default_backend {random.choice(names)}")
    elif kind == "listen":
        lines += _servers(random, ports)
    sections = [f"{kind} f{number}", f"    bind {address}", *(f"    {line}" for line in lines)]
    for name in names:
        acls, lines = _acls(random)
        lines += _rules(random, acls, 3)
        if random.random() < 0.3:
            lines.append(random.choice(options))
        sections += [f"backend {name}", *(f"    {line}" for line in (*lines, *_servers(random, ports)))]
    return "\n".join(sections) + "\n"


def request(random: Random, port: int) -> Request:
    """Make up a request."""
    return Request(
        host=random.choice(HOSTS),
        target=random.choice(PATHS) + random.choice(QUERIES),
        method=random.choice(["GET", "GET", "GET", "GET", "POST"]),
        headers=tuple(dict.fromkeys((*random.choice(HEADERS), *random.choice(HEADERS[:13])))),
        port=port,
        client="127.0.0.1",
        version="1.0" if random.random() < 0.03 else "1.1",
    )


def record(seed: int, configurations: int, each: int, folder: Path) -> list[Asked]:
    """Make up configurations and requests, and let the real HAProxy answer them."""
    random = Random(seed)
    port, *upstreams = free_ports(4)
    addresses = [f"127.1.{number // 250}.{number % 250 + 1}" for number in range(configurations)]
    texts = [configuration(random, number, f"{address}:{port}", upstreams) for number, address in enumerate(addresses)]
    path = folder / "haproxy.cfg"
    path.write_text("global\n    maxconn 500\n" + DEFAULTS + "".join(texts))
    asked: list[Asked] = []
    with Upstreams(upstreams), Program(path, (addresses[0], port)):
        for address, text in zip(addresses, texts, strict=True):
            for _ in range(each):
                made = request(random, port)
                if made.method == "POST":
                    made = Request(**{**made.__dict__, "headers": (*made.headers, ("Content-Length", "0"))})
                asked.append(Asked(DEFAULTS + text, made, ask(address, port, made)))
    return asked


def disagreements(asked: list[Asked]) -> list[str]:
    """Compare what HAProxy did with what our evaluator says; the cases that differ, told."""
    wrong: list[str] = []
    proxies = {text: read(text, "haproxy.cfg") for text in {each.text for each in asked}}
    for each in asked:
        outcome = proxies[each.text].handle(each.request)
        if differs := disagreement(outcome, each.reply, each.request):
            wrong.append(f"{differs}\n{each.request}\n{outcome}\n{each.text.removeprefix(DEFAULTS)}")
    return wrong
