"""Apache: what the differential test does not reach: listeners, timeouts, includes, versions, logins, balancers."""

from __future__ import annotations

from random import Random

import pytest

from raven_realtime.proxies.apache.read import Apache, is_apache, read
from raven_realtime.proxies.interface import Affinity, Answered, Passed, Redirected, Request, Undecided
from raven_realtime.proxies.unreadable import Unreadable

UPGRADE = (("Connection", "Upgrade"), ("Upgrade", "websocket"))


def proxy(inside: str, outside: str = "", version: str = "", files: dict[str, str] | None = None) -> Apache:
    text = f"{outside}\n<VirtualHost *:80>\n ServerName a.test\n {inside}\n</VirtualHost>\n"
    return read(text, "site.conf", version=version, files=files)


def passed(read_proxy: Apache, **asked: object) -> Passed:
    outcome = read_proxy.handle(Request(**{"host": "a.test", **asked}))  # type: ignore[arg-type]
    assert isinstance(outcome, Passed), outcome
    return outcome


@pytest.mark.parametrize(
    ("line", "version", "relays"),
    [
        ("ProxyPass / http://b:1/", "", False),
        ("ProxyPass / http://b:1/ upgrade=websocket", "", True),
        ("ProxyPass / http://b:1/ upgrade=websocket", "2.4.41", False),
        ("ProxyPass / http://b:1/ upgrade=NONE", "", False),
        ("ProxyPass / ws://b:1/", "", True),
        ("ProxyPass / ws://b:1/", "2.4.41", True),
        ("RewriteEngine On\n RewriteRule ^/(.*) ws://b:1/$1 [P]", "", True),
        ("RewriteEngine On\n RewriteRule ^/(.*) http://b:1/$1 [P]", "", False),
        ("ProxyPass /a http://b:1/\n ProxyPass / http://b:1/ upgrade=websocket", "", False),
    ],
)
def test_upgrades(line: str, version: str, relays: bool) -> None:
    found = passed(proxy(line, version=version), headers=UPGRADE)
    assert found.relays_upgrade is relays
    assert found.request.values("Upgrade") == (["websocket"] if relays else [])


@pytest.mark.parametrize(("version", "kind"), [("", Passed), ("2.4.46", Answered)])
def test_polls_through_ws_fail_in_old_versions(version: str, kind: type) -> None:
    assert isinstance(proxy("ProxyPass / ws://b:1/", version=version).handle(Request("a.test")), kind)


@pytest.mark.parametrize(
    ("lines", "poll", "socket"),
    [
        ("ProxyPass / ws://b/", 60.0, 60.0),
        ("Timeout 300\n ProxyPass / ws://b/", 300.0, 300.0),
        ("ProxyTimeout 20\n ProxyPass / ws://b/", 20.0, 60.0),
        ("ProxyPass / ws://b/ timeout=3600", 3600.0, 3600.0),
        ("ProxyTimeout 20\n ProxyPass / ws://b/ timeout=30", 30.0, 60.0),
    ],
)
def test_idle_seconds(lines: str, poll: float, socket: float) -> None:
    assert passed(proxy(lines)).idle_seconds == poll
    assert passed(proxy(lines), headers=UPGRADE).idle_seconds == socket


def test_a_balancer_with_a_cookie() -> None:
    text = "ProxyPass / balancer://c/\n <Proxy balancer://c>\n BalancerMember http://b:1\n BalancerMember http://c:2\n"
    found = passed(proxy(f"{text} ProxySet stickysession=ROUTE|route\n </Proxy>"))
    assert (found.to, found.affinity, found.by) == (("b:1", "c:2"), Affinity.COOKIE, "ROUTE")
    assert set(found.unknown) == {"host"}
    assert passed(proxy(f"{text} </Proxy>\n ProxyPreserveHost On")).affinity is Affinity.NONE


@pytest.mark.parametrize(
    ("tls", "port", "kind"),
    [(True, 443, Passed), (False, 80, Redirected), (True, None, Passed), (False, 443, Answered), (True, 80, Answered),
     (True, 8443, Answered)],
)  # fmt: skip
def test_listeners(tls: bool, port: int | None, kind: type) -> None:
    text = "Listen 80\nListen 443\n<VirtualHost *:443>\n SSLEngine on\n ServerName a.test\n ProxyPass / https://b/\n"
    text += "</VirtualHost>\n"
    outcome = proxy("Redirect permanent / https://a.test/", text).handle(Request("a.test", tls=tls, port=port))
    assert isinstance(outcome, kind)
    if isinstance(outcome, Passed):
        assert (outcome.request.tls, outcome.to, outcome.request.host) == (True, ("b:443",), "b")


@pytest.mark.parametrize(
    ("lines", "headers", "status"),
    [
        ("AuthType Basic\n Require valid-user", (), 401),
        ("AuthType Basic\n Require valid-user", (("Authorization", "Basic x"),), None),
        ("AuthType openid-connect\n Require valid-user", (), None),
        ("Require all denied", (), 403),
        ("Require ip 203.0.113", (), None),
        ("<RequireAll>\n Require all granted\n Require not ip 203.0.113.0/24\n </RequireAll>", (), 403),
        ("<RequireAny>\n Require ip 10\n Require local\n </RequireAny>", (), 403),
        ("Order deny,allow\n Deny from all\n Allow from 203.0.113.9", (), None),
        ("Order allow,deny\n Allow from 10.0.0.0/8", (), 403),
        ("AuthType Basic\n Require valid-user\n Deny from all\n Allow from 203.0.113\n Satisfy Any", (), None),
    ],
)
def test_access(lines: str, headers: tuple[tuple[str, str], ...], status: int | None) -> None:
    outcome = proxy(f"ProxyPass / http://b/\n <Location /s>\n {lines}\n </Location>").handle(
        Request("a.test", "/s/x", headers=headers)
    )
    assert (outcome.status if isinstance(outcome, Answered) else None) == status
    assert isinstance(outcome, Passed) or status


def test_a_login_portal_is_consulted() -> None:
    lines = (
        "OIDCProviderMetadataURL https://login.test/x\n <Location />\n AuthType openid-connect\n Require valid-user\n"
    )
    found = passed(proxy(f"ProxyPass / http://b/\n {lines} </Location>"))
    assert [each.address for each in found.consulted] == ["login.test"]


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ('RequestHeader set X-A "%{SSL_PROTOCOL}s"', {"x-a"}),
        ("RequestHeader set X-A expr=%{REMOTE_USER}", {"x-a"}),
        ("RequestHeader set X-A 1 env=SOME", {"x-a"}),
        ("RequestHeader set X-A expr=%{REQUEST_SCHEME}", set()),
        ("RequestHeader set X-A 1", set()),
    ],
)
def test_headers_that_are_not_known(line: str, unknown: set[str]) -> None:
    assert set(passed(proxy(f"ProxyPass / http://b/\n {line}")).unknown) == unknown


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("<If \"%{HTTP_HOST} == 'x'\">\n ProxyPass / http://c/\n </If>", "<If>"),
        ("RewriteEngine On\n RewriteCond expr \"true\"\n RewriteRule ^ - [F]", "condition"),
        ("RewriteEngine On\n RewriteRule ^/(?<=a) - [F]", "not followed"),
        ("RewriteEngine On\n RewriteRule ^/(.*) ${map:$1} [P]", "not followed"),
        ("ProxyPass /a fcgi://b:9000/", "fcgi"),
        ("ProxyPass /a balancer://none/", "no balancer"),
        ("<Location /a>\n RewriteEngine On\n RewriteRule ^a - [F]\n </Location>", "section"),
    ],
)  # fmt: skip
def test_what_cannot_be_told(line: str, why: str) -> None:
    outcome = proxy(f"{line}\n ProxyPass / http://b/").handle(Request("a.test", "/a/"))
    assert isinstance(outcome, Undecided)
    assert why in outcome.why
    assert outcome.location is not None
    assert outcome.location.line


def test_what_the_main_server_says_comes_first() -> None:
    read_proxy = proxy("ProxyPass /x http://vhost/", "ProxyPass /x http://main/\nRequestHeader set X-M 1")
    found = passed(read_proxy, target="/x")
    assert (found.to, found.request.values("X-M")) == (("main:80",), ["1"])


def test_includes() -> None:
    inside = "Include conf/proxy.conf\n IncludeOptional gone/*.conf"
    read_proxy = proxy(inside, files={"/etc/apache2/conf/proxy.conf": "ProxyPass / http://b:1/\n"})
    found = passed(read_proxy)
    assert str(found.location) == "/etc/apache2/conf/proxy.conf:1"
    assert any("gone/*.conf" in each for each in found.assumed)


@pytest.mark.parametrize(
    ("lines", "to"),
    [
        ("<IfModule mod_proxy.c>\n ProxyPass / http://b/\n </IfModule>", "b:80"),
        ("<IfModule !mod_proxy.c>\n ProxyPass / http://c/\n </IfModule>\n ProxyPass / http://b/", "b:80"),
        ("Define PORT 9000\n ProxyPass / http://b:${PORT}/", "b:9000"),
        ("<IfDefine X>\n ProxyPass / http://c/\n </IfDefine>\n ProxyPass / http://b/", "b:80"),
        ("<IfVersion >= 2.4>\n ProxyPass / http://b/\n </IfVersion>", "b:80"),
        ("ProxyPass / \\\n http://b/", "b:80"),
    ],
)
def test_conditions_of_the_file(lines: str, to: str) -> None:
    assert passed(proxy(lines)).to == (to,)


def test_entrances() -> None:
    text = (
        "Listen 80\nListen 443\n<VirtualHost *:443>\n SSLEngine on\n ServerName B.test\n ServerAlias *.b.test c.test\n"
    )
    found = proxy("ProxyPass /socket.io http://b/", text + "</VirtualHost>").entrances()
    assert [(each.host, each.listener.port, each.listener.tls, each.paths) for each in found] == [
        *[(host, 443, True, ()) for host in ("b.test", "*.b.test", "c.test")],
        ("a.test", 80, False, ("/socket.io",)),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<VirtualHost *:80>\n", 1),
        ("</VirtualHost>\n", 1),
        ("<Location />\n</Directory>\n", 2),
        ("ServerName a\n<Location /\n", 2),
        ("<>\n", 1),
        ("<a>\n" * 100, 60),
        ("a\0\n", 1),
    ],
)
def test_malformed(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as refused:
        read(text, "site.conf")
    assert str(refused.value.location) == f"site.conf:{line}"


def test_files_that_include_each_other() -> None:
    with pytest.raises(Unreadable):
        read("Include a.conf\n", "site.conf", files={"a.conf": "Include a.conf\n"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<VirtualHost *:80>\n ServerName a\n ProxyPass / http://b/\n</VirtualHost>\n", True),
        ("ServerRoot /etc/httpd\nListen 80\nLoadModule proxy_module modules/mod_proxy.so\n", True),
        ("RewriteEngine On\nRewriteRule ^ - [F]\n", True),
        ("", False),
        ("server {\n listen 80;\n server_name a;\n}\n", False),
        ("services:\n  web:\n    image: x\n", False),
        ("[section]\nkey = value\n", False),
        ("# Title\n\nServerName is a directive of Apache.\n\n<p>Listen to this</p>\n", False),
        ("#!/bin/sh\nListen 80\necho hello\nexit 0\ncd /\n", False),
        ("frontend f\n bind :80\n default_backend b\n", False),
        ("<html>\n<body>\n</body>\n</html>\n", False),
    ],
)
def test_is_apache(text: str, told: bool) -> None:
    assert is_apache(text) is told


def test_no_text_makes_it_fail_otherwise() -> None:
    random = Random(6)
    whole = (
        "Listen 80\n<VirtualHost *:80>\nServerName a.test:80\nServerAlias *.x\nRewriteEngine On\n"
        'RewriteCond %{HTTP:Upgrade} =x [NC,OR]\nRewriteRule ^/(.*)$ "ws://b:1/$1" [P,L]\n'
        'ProxyPass /a "http://b:1/" upgrade=websocket timeout=5\n'
        "ProxyPassMatch ^/(.) http://b/$1\n"
        "RequestHeader set X expr=%{REQUEST_SCHEME} env=HTTPS\n<Location /a>\nRequire ip 10\n"
        "AuthType Basic\nRequire valid-user\nRedirect 301 /x https://y\n</Location>\n"
        "<Proxy balancer://c>\nBalancerMember http://b:1 "
        "status=+H\nProxySet stickysession=X\n</Proxy>\nProxyPass / balancer://c/\n</VirtualHost>\n"
    )
    words = whole.split(" ")
    given = [
        "",
        "{",
        "[",
        "/",
        '"',
        "%{",
        "$1",
        "!",
        "\n",
        "é",
        "${X}",
        "~",
        ":",
        "-1",
        "*",
        "http://",
        "[R=",
        "<If x>\n</If>\n",
    ]
    for _ in range(400):
        changed = list(words)
        for _ in range(random.randint(1, 4)):
            changed[random.randrange(len(changed))] = random.choice(given)
        try:
            read_proxy = read(" ".join(changed), "x")
        except Unreadable:
            continue
        read_proxy.entrances()
        for target in ("/a?b", "/", "//..%", "é", "/%e9"):
            read_proxy.handle(Request("a.test", target, headers=UPGRADE))
