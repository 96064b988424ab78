"""How addresses and credentials are read, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from raven_realtime.live.target import Credentials, Target
from raven_realtime.problem import Problem

READ = {
    "https://chat.example.com": ("https://chat.example.com", 443),
    "https://chat.example.com/": ("https://chat.example.com", 443),
    "https://CHAT.example.com/raven?x=1#y": ("https://chat.example.com", 443),
    "https://chat.example.com:443": ("https://chat.example.com", 443),
    "https://chat.example.com:8443": ("https://chat.example.com:8443", 8443),
    "http://127.0.0.1:9000/socket.io/": ("http://127.0.0.1:9000", 9000),
    "chat.example.com": ("https://chat.example.com", 443),
    "localhost:9000": ("http://localhost:9000", 9000),
    "localhost": ("http://localhost", 80),
    "wss://chat.example.com/socket.io/?EIO=4": ("https://chat.example.com", 443),
    "WS://127.0.0.1:9000": ("http://127.0.0.1:9000", 9000),
    "chat.example.com:443": ("https://chat.example.com", 443),
    "chat.example.com:8443": ("https://chat.example.com:8443", 8443),
    "http://[::1]:9000": ("http://[::1]:9000", 9000),
    "https://bücher.example": ("https://xn--bcher-kva.example", 443),
    "https://BÜCHER.example:8443/raven": ("https://xn--bcher-kva.example:8443", 8443),
}


@pytest.mark.parametrize(("url", "origin", "port"), [(url, *wanted) for url, wanted in READ.items()], ids=READ.keys())
def test_parse(url: str, origin: str, port: int) -> None:
    target = Target.parse(url)
    assert (target.origin, target.port) == (origin, port)


REFUSED = {
    "": "is not a URL to ask",
    "https://": "is not a URL to ask",
    "ftp://chat.example.com": "is not a URL to ask",
    "https://chat.example.com:99999": "ports are 1 to 65535",
    "https://chat.example.com:0": "ports are 1 to 65535",
    "https://chat.example.com:port": "ports are 1 to 65535",
    "https://name:word@chat.example.com": "carries a user name or password",
    "https://chat example.com": "has a host that is none",
    "https://[::1": "is not a URL to ask",
    "https://bü☺.example": "has a host that is none",
}


@pytest.mark.parametrize(("url", "said"), REFUSED.items(), ids=REFUSED.keys())
def test_refused(url: str, said: str) -> None:
    with pytest.raises(Problem, match=said) as raised:
        Target.parse(url)
    assert "word" not in str(raised.value).replace("password", "")


def test_refused_resolve() -> None:
    with pytest.raises(Problem, match="is not an IP address"):
        Target.parse("https://chat.example.com", resolve="elsewhere")


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), ("text", "holds no certificate")])
def test_refused_ca(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Problem, match=said):
        Target.parse("https://chat.example.com", ca=file)


@pytest.mark.parametrize(("site", "namespace"), [("", "/chat.example.com"), ("erp", "/erp")])
def test_namespace(site: str, namespace: str) -> None:
    assert Target.parse("https://chat.example.com", site=site).namespace == namespace


def test_a_page_on_the_same_origin_is_none() -> None:
    assert Target.parse("https://a.example", page="https://a.example:443/raven").page == ""
    assert Target.parse("https://a.example", page="https://b.example/raven").page == "https://b.example"


KEY = {"RAVEN_REALTIME_API_KEY": "planted-key", "RAVEN_REALTIME_API_SECRET": "planted-word"}


@pytest.mark.parametrize(
    ("environment", "header"),
    [({}, None), ({"RAVEN_REALTIME_SID": "planted-sid"}, "Cookie"), (KEY, "Authorization")],
)
def test_credentials_from_the_environment(environment: dict[str, str], header: str | None) -> None:
    credentials = Credentials.read(environment)
    assert "planted" not in repr(credentials)
    assert (credentials is None) == (header is None)
    if credentials is not None and header is not None:
        assert "planted" in credentials.headers[header]
        assert "planted" not in repr(Target.parse("https://a.example", credentials=credentials))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff\xfe", "it is not UTF-8 text"),
        (b"nothing", "holds no credentials"),
        (b"RAVEN_REALTIME_API_KEY=planted", "belong together"),
    ],
    ids=["absent", "binary", "empty", "half"],
)
def test_refused_credentials_file(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "credentials"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Problem, match=said) as raised:
        Credentials.read({}, file)
    assert "planted" not in str(raised.value)


def test_credentials_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("# of the service user\nRAVEN_REALTIME_SID = 'planted'\n")
    assert Credentials.read({}, file) == Credentials(sid="planted")


@pytest.mark.parametrize("field", ["sid", "api_key", "api_secret"])
@pytest.mark.parametrize("value", ["plan ted", "planted\r\nX: y", "plant\u00e9d", "planted\x00"])
def test_credentials_that_no_header_can_carry(field: str, value: str) -> None:
    with pytest.raises(Problem, match="holds a character that its header cannot carry") as raised:
        Credentials(**{field: value})
    assert "plan" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"), [("sid", "a;b"), ("sid", 'a"b'), ("api_key", "a:b"), ("api_secret", "a:b")]
)
def test_credentials_that_would_be_read_as_two(field: str, value: str) -> None:
    with pytest.raises(Problem, match="Accepted: visible ASCII characters without"):
        Credentials(**{field: value})


def test_credentials_as_frappe_makes_them() -> None:
    assert Credentials(sid="b3c1%2Fa=", api_key="4f5e6d", api_secret="0a1b-_~").headers
