"""ngrok: its files in three versions, its command line, and its Traffic Policy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raven_realtime.proxies.interface import Answered, Outcome, Passed, Redirected, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.tunnels import ngrok
from raven_realtime.proxies.unreadable import Unreadable

HOST = "ab12.ngrok-free.app"
PLACE = Location("Makefile", 4)
UPGRADE = (("Origin", f"https://{HOST}"), ("Connection", "Upgrade"), ("Upgrade", "websocket"))


def asked(path: str = "/", host: str = HOST, port: int = 443, **more: str) -> Request:
    headers = tuple((name.replace("_", "-"), value) for name, value in more.items())
    return Request(host, path, headers=headers, tls=port == 443, port=port)


def passed(outcome: Outcome) -> Passed:
    assert isinstance(outcome, Passed), outcome
    return outcome


def tunnel(*options: str, version: str = '"2"') -> str:
    return f"version: {version}\nauthtoken: x\ntunnels:\n  web:\n    proto: http\n    addr: 8080\n" + "".join(
        f"    {option}\n" for option in options
    )


def endpoint(*policy: str, url: str = "https://app.example.com", more: str = "") -> str:
    lines = "".join(f"        {line}\n" for line in policy)
    rules = f"    traffic_policy:\n      on_http_request:\n{lines}" if policy else ""
    return (
        f"version: 3\nagent: {{authtoken: x}}\nendpoints:\n  - name: web\n    url: {url}\n"
        f"    upstream:\n      url: 8080\n{rules}{more}"
    )


@pytest.mark.parametrize(
    ("option", "host", "line"),
    [
        pytest.param("host_header: rewrite", "localhost:8080", 7, id="rewrite: the server's own"),
        pytest.param("host_header: preserve", HOST, None, id="preserve"),
        pytest.param("inspect: false", HOST, None, id="by default"),
        pytest.param("host_header: site.local", "site.local", 7, id="a name"),
        pytest.param('request_header: {add: ["Host: site.local"]}', "site.local", 7, id="as a header"),
    ],
)
def test_host_of_a_tunnel(option: str, host: str, line: int | None) -> None:
    proxy = ngrok.read(tunnel(option), "ngrok.yml")
    outcome = passed(proxy.handle(Request(HOST, "/ws/", headers=UPGRADE, tls=True, port=443)))
    assert outcome.request.host == host
    assert outcome.request.value("Origin") == f"https://{HOST}"
    assert outcome.request.values("X-Forwarded-Host") == [HOST]
    place = proxy.endpoints[0].host_set_at
    assert (place.line if place else None) == line


def test_what_the_server_gets() -> None:
    outcome = passed(ngrok.read(tunnel(), "ngrok.yml").handle(Request(HOST, "/a?b", headers=UPGRADE, tls=True)))
    request = outcome.request
    assert (outcome.to, request.target, request.tls, request.version) == (("localhost:8080",), "/a?b", False, "1.1")
    assert request.upgrades
    assert (request.value("X-Forwarded-For"), request.value("X-Forwarded-Proto")) == ("203.0.113.9", "https")
    assert (outcome.idle_seconds, str(outcome.location)) == (300, "ngrok.yml:6")
    appended = passed(ngrok.read(tunnel(), "n").handle(asked(X_Forwarded_For="10.0.0.1", X_Forwarded_Proto="http")))
    assert appended.request.value("X-Forwarded-For") == "10.0.0.1, 203.0.113.9"
    assert appended.request.value("X-Forwarded-Proto") == "http, https"


@pytest.mark.parametrize(
    ("addr", "to", "tls"),
    [
        ("8080", "localhost:8080", False),
        ("frontend:8080", "frontend:8080", False),
        ("443", "localhost:443", True),
        ("http://localhost:443", "localhost:443", False),
        ("https://localhost:8443", "localhost:8443", True),
        ('"[::1]:9000"', "[::1]:9000", False),
        ("http://app", "app:80", False),
    ],
)
def test_where_to(addr: str, to: str, tls: bool) -> None:
    outcome = passed(ngrok.read(tunnel().replace("8080", addr), "n").handle(asked()))
    assert (outcome.to, outcome.request.tls) == ((to,), tls)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        pytest.param(tunnel(), Redirected, id="2: HTTPS alone"),
        pytest.param(tunnel("schemes: [http, https]"), Passed, id="2: both on demand"),
        pytest.param(tunnel(version="1"), Passed, id="1: both by default"),
        pytest.param(tunnel("bind_tls: true", version="1"), Redirected, id="1: HTTPS alone on demand"),
        pytest.param(endpoint(url="http://ab12.ngrok-free.app"), Passed, id="3: HTTP alone"),
    ],
)
def test_plain_http(text: str, plain: type[Outcome]) -> None:
    assert isinstance(ngrok.read(text, "n").handle(asked(port=80)), plain)


def test_names() -> None:
    text = endpoint(more="  - name: other\n    url: '*.example.org'\n    upstream: {url: 9000}\n")
    proxy = ngrok.read(text, "n")
    assert [(e.host, e.listener.port, e.location.line) for e in proxy.entrances()] == [
        ("app.example.com", 443, 4),
        ("*.example.org", 443, 8),
    ]
    assert passed(proxy.handle(asked(host="app.example.com"))).request.port == 8080
    assert passed(proxy.handle(asked(host="a.example.org"))).request.port == 9000
    assert isinstance(proxy.handle(asked(host="other.example.com")), Answered)
    assert isinstance(proxy.handle(asked(host="app.example.com", port=9000)), Answered)


def test_two_names_that_ngrok_chooses() -> None:
    one = tunnel()
    assert isinstance(ngrok.read(one, "n").handle(asked()), Passed)
    two = ngrok.read(one + "  api: {proto: http, addr: 9000}\n", "n").handle(asked())
    assert isinstance(two, Undecided)
    assert two.location == Location("n", 7)


HEADERS = ("- actions:", "  - type: add-headers", "    config:", "      headers:", "        host: localhost")
ACTION = "- actions: [{{type: {0}, config: {1}}}]"


def under_policy(*policy: str, path: str = "/ws/", **more: str) -> Outcome:
    return ngrok.read(endpoint(*policy), "n").handle(asked(path, "app.example.com", **more))  # type: ignore[arg-type]


def test_headers_of_a_policy() -> None:
    assert passed(under_policy(*HEADERS)).request.host == "localhost"
    assert passed(under_policy(*HEADERS, Host_="x")).request.value("X-Forwarded-Host") == "app.example.com"
    removed = passed(
        under_policy(ACTION.format("remove-headers", "{headers: [x-forwarded-proto, origin]}"), Origin="x")
    )
    assert not removed.request.values("X-Forwarded-Proto")
    assert not removed.request.values("Origin")
    made = passed(under_policy(ACTION.format("add-headers", "{headers: {a: '${req.host}', b: '${conn.geo.city}'}}")))
    assert made.request.value("a") == "app.example.com"
    assert set(made.unknown) == {"b"}


@pytest.mark.parametrize(
    ("expression", "path", "status"),
    [
        pytest.param("req.url.path.startsWith('/ws')", "/ws/", 403, id="holds"),
        pytest.param("req.url.path.startsWith('/ws')", "/", None, id="does not"),
    ],
)
def test_rules_with_conditions(expression: str, path: str, status: int | None) -> None:
    rule = ("- expressions:", f'    - "{expression}"', "  actions: [{type: deny}]")
    outcome = under_policy(*rule, path=path)
    assert isinstance(outcome, Answered if status else Passed)
    assert getattr(outcome, "status", None) == status


@pytest.mark.parametrize(
    ("action", "kind"),
    [("deny", Undecided), ("log", Passed), ("add-headers, config: {headers: {a: b}}", Passed)],
)
def test_conditions_that_cannot_be_told(action: str, kind: type[Outcome]) -> None:
    outcome = under_policy("- expressions: ['rand.double() < 0.5']", f"  actions: [{{type: {action}}}]")
    assert isinstance(outcome, kind)
    if isinstance(outcome, Passed):
        assert set(outcome.unknown) == ({"a"} if "headers" in action else set())


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        ("deny", "{}", Answered(403, "a rule denies it")),
        ("deny", "{status_code: 404}", Answered(404, "a rule denies it")),
        ("custom-response", "{body: hi}", Answered(200, "a rule answers by itself", body="hi")),
        ("close-connection", "{}", Answered(None, "a rule closes the connection")),
        ("redirect", "{to: 'https://b.example/x'}", Redirected(302, "https://b.example/x")),
        ("redirect", "{from: '/ws/', to: /w/, status_code: 308}", Redirected(308, "https://app.example.com/w/")),
        ("redirect", "{from: '/api/', to: /a/}", None),
        ("restrict-ips", "{allow: [10.0.0.0/8]}", Answered(403, "the address 203.0.113.9 is not let in")),
        ("restrict-ips", "{allow: [203.0.113.0/24]}", None),
        ("restrict-ips", "{deny: [203.0.113.0/24]}", Answered(403, "the address 203.0.113.9 is not let in")),
        ("restrict-ips", "{enforce: false, allow: [10.0.0.0/8]}", None),
        ("rate-limit", "{}", None),
    ],
)
def test_actions(kind: str, config: str, expected: Answered | Redirected | None) -> None:
    outcome = under_policy(ACTION.format(kind, config))
    if expected is None:
        assert isinstance(outcome, Passed)
    else:
        assert isinstance(outcome, (Answered, Redirected))
        assert outcome == type(expected)(**{**vars(expected), "location": outcome.location})
        assert outcome.location == Location("n", 10)


@pytest.mark.parametrize(
    ("config", "target"),
    [
        ("{from: '/ws/', to: /socket/}", "/socket/?EIO=4"),
        ("{from: '/(w)s/', to: '/$1/'}", "/w/?EIO=4"),
        (r"{from: '/ws/', to: '/a\1/'}", r"/a\1/?EIO=4"),
        ("{from: '/none/', to: /x/}", "/ws/?EIO=4"),
    ],
)
def test_url_rewrite(config: str, target: str) -> None:
    assert passed(under_policy(ACTION.format("url-rewrite", config), path="/ws/?EIO=4")).request.target == target


@pytest.mark.parametrize(
    ("kind", "config", "address"),
    [
        ("oauth", "{provider: google}", "idp.ngrok.com"),
        ("openid-connect", "{}", "idp.ngrok.com"),
        ("basic-auth", "{credentials: ['a:b']}", "ngrok (basic-auth)"),
        ("basic-auth", "{enforce: false}", None),
    ],
)
def test_logins(kind: str, config: str, address: str | None) -> None:
    consulted = passed(under_policy(ACTION.format(kind, config))).consulted
    assert [one.address for one in consulted] == ([address] if address else [])


@pytest.mark.parametrize("option", ["oauth: {provider: google}", "basic_auth: ['u:password']"])
def test_logins_of_a_tunnel(option: str) -> None:
    (one,) = passed(ngrok.read(tunnel(option), "n").handle(asked())).consulted
    assert one.location == Location("n", 7)
    assert not passed(ngrok.read(tunnel(), "n").handle(asked())).consulted


INTERNAL = "  - name: in\n    url: https://{0}.internal\n    upstream: {{url: 9000}}\n"


@pytest.mark.parametrize(("name", "kind"), [("in", Passed), ("elsewhere", Undecided)])
def test_forward_internal(name: str, kind: type[Outcome]) -> None:
    forward = ACTION.format("forward-internal", "{url: 'https://in.internal'}")
    proxy = ngrok.read(endpoint(forward, more=INTERNAL.format(name)), "n")
    outcome = proxy.handle(asked(host="app.example.com"))
    assert isinstance(outcome, kind)
    assert [entrance.host for entrance in proxy.entrances()] == ["app.example.com"]
    if isinstance(outcome, Passed):
        assert (outcome.request.port, outcome.request.host) == (9000, "app.example.com")


def test_endpoints_that_forward_in_a_circle() -> None:
    forward = ACTION.format("forward-internal", "{url: 'https://app.example.com'}")
    assert isinstance(under_policy(forward), Undecided)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        pytest.param("traffic_policy_file: policy.yml", Passed, id="a policy file that is there"),
        pytest.param("traffic_policy_file: other.yml", Undecided, id="one that is not"),
        pytest.param('traffic_policy: \'{"on_http_request": [{"actions": [{"type": "log"}]}]}\'', Passed, id="a text"),
        pytest.param("labels: [edge=x]", Undecided, id="an edge's"),
        pytest.param("websocket_tcp_converter: true", Undecided, id="no WebSocket inside"),
        pytest.param("mutual_tls_cas: ca.pem", Undecided, id="client certificates"),
        pytest.param("verify_webhook: {provider: slack}", Undecided, id="an action that is not followed"),
        pytest.param("compression: true", Passed, id="one that changes no request"),
    ],
)
def test_what_is_not_followed_is_undecided(more: str, kind: type[Outcome]) -> None:
    policy = "on_http_request: [{actions: [{type: log}]}]"
    outcome = ngrok.read(tunnel(more), "n", {"policy.yml": policy}).handle(asked())
    assert isinstance(outcome, kind)
    if isinstance(outcome, Undecided):
        assert outcome.location is not None


@pytest.mark.parametrize(
    ("protocol", "upgrade", "kind"), [("http2", True, Undecided), ("http1", True, Passed), ("http2", False, Passed)]
)
def test_http2_to_the_server(protocol: str, upgrade: bool, kind: type[Outcome]) -> None:
    text = endpoint().replace("url: 8080", f"url: 8080\n      protocol: {protocol}")
    request = Request("app.example.com", headers=UPGRADE if upgrade else (), tls=True, port=443)
    assert isinstance(ngrok.read(text, "n").handle(request), kind)


@pytest.mark.parametrize(
    ("command", "to", "host"),
    [
        ("ngrok http 8005", "localhost:8005", HOST),
        ("ngrok http 8005 --host-header=rewrite", "localhost:8005", "localhost:8005"),
        ("ngrok http --host-header rewrite 8005", "localhost:8005", "localhost:8005"),
        ("ngrok http -host-header=site.local site.dev:80", "site.dev:80", "site.local"),
        (f"/usr/bin/ngrok http --domain={HOST} 8005", "localhost:8005", HOST),
        (f"http --url https://{HOST} http://frontend:8080 --log stdout", "frontend:8080", HOST),
        ("ngrok tcp 9000", "localhost:9000", HOST),
        ("ngrok http --request-header-add 'X-A: b' 8005", "localhost:8005", HOST),
    ],
)
def test_commands(command: str, to: str, host: str) -> None:
    outcome = passed(ngrok.read_command(command, PLACE).handle(asked()))
    assert (outcome.to, outcome.request.host, outcome.location) == ((to,), host, PLACE)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("ngrok start --all", "configuration file"),
        ("ngrok start web --config /etc/ngrok.yml", "/etc/ngrok.yml"),
        ("ngrok http 80 --traffic-policy-file p.yml", "p.yml"),
        ("ngrok http file:///var/log", "file://"),
    ],
)
def test_commands_that_tell_too_little(command: str, why: str) -> None:
    outcome = ngrok.read_command(command, PLACE).handle(asked())
    assert isinstance(outcome, Undecided)
    assert why in outcome.why
    assert outcome.location == PLACE


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("ngrok http 80", True),
        ("ngrok --log stdout http 80", True),
        ("ngrok version", False),
        ("http localhost", False),
    ],
)
def test_is_command(command: str, expected: bool) -> None:
    assert ngrok.is_command(command) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (tunnel(), True),
        (endpoint(), True),
        ("version: 3\nagent: {authtoken: x}\n", True),
        ("tunnel: x\ningress: []\n", False),
        ("http:\n  services: {}\n# tunnels\n", False),
        ("tunnels: [", False),
    ],
)
def test_told_by_content(text: str, expected: bool) -> None:
    assert ngrok.is_ngrok(text) is expected


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(
            ["addr", "domain", "schemes", "host_header", "request_header", "url", "oauth", "ip_restriction", "proto"]
        ),
        st.sampled_from(
            ["rewrite", "[x]", "{add: [1]}", "'http://['", "99999", "~", "{allow_cidrs: [x]}", "tls", "[[a]]"]
        ),
    ),
    st.sampled_from(["tunnels: {web: %s}", "endpoints: [%s]", "version: 2\ntunnels: [%s]"]),
)
def test_any_tunnel_is_read(options: dict[str, str], form: str) -> None:
    body = ", ".join(f"{key}: {value}" for key, value in options.items())
    text = form % ("{" + body + "}")
    ngrok.is_ngrok(text)
    try:
        ngrok.read(text, "n").handle(asked())
    except Unreadable as complaint:
        pytest.fail(f"{text}: {complaint}")
