"""HAProxy: what the differential test does not reach: sections, timeouts, affinity, TLS, and what is not followed."""

from __future__ import annotations

from random import Random

import pytest

from raven_realtime.proxies.haproxy.read import HAProxy, is_haproxy, read
from raven_realtime.proxies.interface import Affinity, Answered, Passed, Redirected, Request, Undecided
from raven_realtime.proxies.unreadable import Unreadable

UPGRADE = (("Connection", "Upgrade"), ("Upgrade", "websocket"))
TIMES = "timeout client 50s\n timeout server 30s\n"
BASE = f"defaults\n mode http\n {TIMES}"


def proxy(frontend: str = "", backend: str = "server a 10.0.0.1:9000", base: str = BASE, version: str = "") -> HAProxy:
    text = f"{base}frontend f\n bind *:80\n {frontend}\n default_backend b\nbackend b\n {backend}\n"
    return read(text, "haproxy.cfg", version=version)


def passed(read_proxy: HAProxy, **asked: object) -> Passed:
    outcome = read_proxy.handle(Request(**{"host": "a.test", **asked}))  # type: ignore[arg-type]
    assert isinstance(outcome, Passed), outcome
    return outcome


@pytest.mark.parametrize(
    ("backend", "upgrade", "seconds"),
    [
        ("", (), 30.0),
        ("", UPGRADE, 30.0),
        ("timeout tunnel 1h", UPGRADE, 3600.0),
        ("timeout tunnel 1h", (), 30.0),
        ("timeout server 90000", UPGRADE, 50.0),
        ("timeout server 90000", (), 90.0),
        ("http-request set-timeout server 5s", (), 5.0),
    ],
)
def test_idle_seconds(backend: str, upgrade: tuple[tuple[str, str], ...], seconds: float) -> None:
    found = passed(proxy(backend=f"{backend}\n server a 10.0.0.1:9000"), headers=upgrade)
    assert found.idle_seconds == seconds


def test_without_timeouts_nothing_is_given_up() -> None:
    assert passed(proxy(base="defaults\n mode http\n")).idle_seconds is None


@pytest.mark.parametrize(
    ("backend", "affinity", "by"),
    [
        ("", Affinity.NONE, ""),
        ("balance roundrobin", Affinity.NONE, ""),
        ("balance leastconn", Affinity.NONE, ""),
        ("balance source", Affinity.ADDRESS, ""),
        ("balance uri", Affinity.OTHER, "uri"),
        ("balance hdr(X-User)", Affinity.OTHER, "hdr(X-User)"),
        ("balance url_param sid", Affinity.OTHER, "url_param sid"),
        ("cookie SRV insert indirect nocache", Affinity.COOKIE, "SRV"),
        ("stick-table type ip size 1m\n stick on src", Affinity.ADDRESS, ""),
        ("stick-table type string size 1m\n stick on req.cook(sid)", Affinity.COOKIE, "req.cook(sid)"),
    ],
)
def test_affinity(backend: str, affinity: Affinity, by: str) -> None:
    found = passed(proxy(backend=f"{backend}\n server a 10.0.0.1:1 cookie a\n server b 10.0.0.2:1 cookie b"))
    assert (found.affinity, found.by) == (affinity, by)
    assert found.to == ("10.0.0.1:1", "10.0.0.2:1")


@pytest.mark.parametrize(
    ("servers", "to"),
    [
        ("server a 10.0.0.1:1\n server b 10.0.0.2:1 backup", ("10.0.0.1:1",)),
        ("server a 10.0.0.1:1 disabled\n server b 10.0.0.2:1 backup\n server c 10.0.0.3:1 backup", ("10.0.0.2:1",)),
        ("server-template a 1-2 app:9000", ("app:9000", "app:9000")),
        ("server a /run/a.sock", ("unix:/run/a.sock",)),
        ("server a [::1]:9000", ("[::1]:9000",)),
        ("server a app", ("app:80",)),
        ("server a app:+1", ("app:81",)),
    ],
)
def test_servers(servers: str, to: tuple[str, ...]) -> None:
    assert passed(proxy(backend=servers)).to == to


@pytest.mark.parametrize(
    ("text", "tls", "to"),
    [("server a app:443 ssl verify none", True, "app:443"), ("server a app:443", False, "app:443")],
)
def test_servers_by_tls(text: str, tls: bool, to: str) -> None:
    found = passed(proxy(backend=text))
    assert (found.request.tls, found.to) == (tls, (to,))


@pytest.mark.parametrize(
    ("text", "version", "relays"),
    [("option httpclose", "1.4.27", False), ("option httpclose", "2.6.12", True), ("", "1.4.27", True)],
)
def test_httpclose_of_old_versions_breaks_upgrades(text: str, version: str, relays: bool) -> None:
    found = passed(proxy(text, version=version), headers=UPGRADE)
    assert (found.relays_upgrade, bool(found.request.values("Connection") == ["Upgrade"])) == (relays, relays)


@pytest.mark.parametrize(
    ("tls", "port", "kind"),
    [(False, 80, Redirected), (True, 443, Passed), (True, 80, Answered), (False, 443, Answered), (False, 81, Answered)],
)
def test_listeners(tls: bool, port: int, kind: type) -> None:
    text = "bind *:443 ssl crt /etc/a.pem\n http-request redirect scheme https code 301 unless { ssl_fc }"
    assert isinstance(proxy(text).handle(Request("a.test", tls=tls, port=port)), kind)


def test_without_a_port_the_listener_is_the_one_that_speaks_as_the_client() -> None:
    read_proxy = proxy('bind *:443 ssl crt x\n http-request set-header X-Forwarded-Proto "https" if { ssl_fc }')
    assert passed(read_proxy, tls=True).request.values("X-Forwarded-Proto") == ["https"]
    assert passed(read_proxy).request.values("X-Forwarded-Proto") == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("use_backend %[req.hdr(host),map(/etc/hosts.map)]", "was not given"),
        ("use_backend b if { nbsrv(b) gt 1 }", "while HAProxy runs"),
        ("use_backend nowhere", "no backend nowhere"),
        ("http-request lua.auth", "not followed"),
        ("http-request deny if { req.body -m found }", "while HAProxy runs"),
        ("http-request deny if { path_reg (?<=a)b }", "not followed"),
        ("http-request deny if undefined", "no ACL undefined"),
    ],
)
def test_what_cannot_be_told(line: str, why: str) -> None:
    outcome = proxy(line).handle(Request("a.test"))
    assert isinstance(outcome, Undecided)
    assert why in outcome.why
    assert str(outcome.location) == "haproxy.cfg:7"


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("http-request set-header X-Id %[uuid]", {"x-id"}),
        ("http-request set-header X-Id %ID", {"x-id"}),
        ('http-request set-header X-Id "$NAME"', {"x-id"}),
        ("http-request del-header X-Id if { rand(2) 1 }", {"x-id"}),
        ("http-request set-header X-Id fixed", set()),
    ],
)
def test_headers_that_are_not_known(line: str, unknown: set[str]) -> None:
    assert set(passed(proxy(line)).unknown) == unknown


def test_a_map_that_was_given_is_read() -> None:
    text = f"{BASE}frontend f\n bind :80\n use_backend %[req.hdr(host),lower,map(/m,b)]\nbackend b\n server a b:1\n"
    text += "backend c\n server a c:1\n"
    read_proxy = read(text, "x", files={"/m": "# hosts\nc.test c\n"})
    assert passed(read_proxy, host="C.test").to == ("c:1",)
    assert passed(read_proxy, host="d.test").to == ("b:1",)


def test_named_defaults() -> None:
    text = "defaults one\n mode http\n timeout server 7s\n http-request set-header X-A 1\ndefaults two\n mode tcp\n"
    text += "frontend f from one\n bind :80\n default_backend b\nbackend b from one\n server a a:1\n"
    found = passed(read(text, "x"))
    assert (found.idle_seconds, found.request.values("x-a")) == (7.0, ["1"])


@pytest.mark.parametrize(
    ("rule", "kind"),
    [("", Passed), ("use_backend b if { req.ssl_sni -i a.test }", Undecided), ("tcp-request content reject", Answered)],
)
def test_bytes_pass_by_mode_tcp(rule: str, kind: type) -> None:
    outcome = proxy(rule, base=f"defaults\n mode tcp\n {TIMES}").handle(Request("a.test", tls=True, headers=UPGRADE))
    assert isinstance(outcome, kind)
    if isinstance(outcome, Passed):
        assert (outcome.request.tls, outcome.request.headers, outcome.relays_upgrade) == (True, UPGRADE, True)


def test_entrances() -> None:
    text = "acl app hdr(host) -i App.example.com app2.example.com:8080\n use_backend b if app { path_beg /socket.io }\n"
    text += " use_backend b if { hdr_end(host) .wild.test }\n bind *:443 ssl crt x"
    found = [(each.host, each.listener.port, each.listener.tls, each.paths) for each in proxy(text).entrances()]
    paths = ("/socket.io",)
    names = [("app.example.com", paths), ("app2.example.com", paths), ("*.wild.test", ()), ("", ())]
    assert found == [(host, port, port == 443, under) for port in (80, 443) for host, under in names]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("bind *:80\n", 1),
        ("global\n log 'x\n", 2),
        ('frontend f\n bind "x\n', 2),
        ("frontend\n", 1),
        ("global\n a \\", 2),
        ("frontend f from nowhere\n", 1),
        ("global\n\0\n", 2),
    ],
)
def test_malformed(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text, "haproxy.cfg")
    assert str(refused.value.location) == f"haproxy.cfg:{line}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BASE + "frontend f\n bind :80\n default_backend b\n", True),
        ("backend b\n server a 1.2.3.4:80 check\n", True),
        ("global\n daemon\n maxconn 100\ndefaults\n mode http\n", True),
        ("", False),
        ("server {\n listen 80;\n}\n", False),
        ("http:\n  routers:\n    a: b\n", False),
        ("[global]\nmode = http\n", False),
        ("# global\n\nSome words about a backend and its server.\n", False),
        ("#!/bin/sh\nbackend start\nserver run\n", False),
        ("global\nx=1\necho hello\n", False),
        ("<VirtualHost *:80>\nProxyPass / http://a/\n</VirtualHost>\n", False),
    ],
)
def test_is_haproxy(text: str, told: bool) -> None:
    assert is_haproxy(text) is told


def test_no_text_makes_it_fail_otherwise() -> None:
    random = Random(5)
    whole = BASE + (
        'frontend f\n bind *:80,:443-445 ssl crt x\n acl a path_beg -i /a "b c"\n'
        ' http-request set-header X "%[src,field(1,.)]" if a !{ ssl_fc }\n'
        " http-request replace-path ^/(.*) /\\\\1\n"
        " use_backend b_%[path] if a || { hdr(host),lower -m reg ^x }\n default_backend b\n"
        "backend b\n balance source\n cookie X insert\n stick on src\n"
        " server a 10.0.0.1:80 check ssl weight 1\n server b [::1]:+1\n"
    )
    words = whole.split(" ")
    for _ in range(400):
        changed = list(words)
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(changed))
            changed[at] = random.choice(
                ["", "{", "}", "if", '"', "%[", "(", "-m", "\n", "é", "$X", '"$X"', ":", "-1", words[0]]
            )
        try:
            read_proxy = read(" ".join(changed), "x")
        except Unreadable:
            continue
        read_proxy.entrances()
        for tls in (False, True):
            read_proxy.handle(Request("a.test", "/a?b", headers=UPGRADE, tls=tls))


def test_many_defaults_that_inherit() -> None:
    chain = "defaults d0\n mode http\n" + "".join(f"defaults d{n} from d{n - 1}\n" for n in range(1, 3000))
    text = f"{chain}frontend f from d2999\n bind :80\n default_backend b\nbackend b from d2999\n server a a:1\n"
    assert passed(read(text, "x")).to == ("a:1",)
