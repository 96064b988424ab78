"""The web application by itself: sessions, sites and what may be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from demo.bench_folder import Bench, create_bench
from demo.web import create_app
from tests.demo.conftest import SECOND_SITE, SITE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return create_bench(tmp_path_factory.mktemp("web") / "bench", sites=(SITE, SECOND_SITE), generation="16")


@pytest.fixture
def web(folder: Bench) -> FlaskClient:
    return create_app(str(folder.path)).test_client()


def login(web: FlaskClient, user: str = "demo@example.com", **headers: str) -> str:
    response = web.post("/api/method/login", data={"usr": user, "pwd": "raven"}, headers=headers)
    assert response.status_code == 200
    return response.headers["Set-Cookie"]


def test_a_password_of_its_own_is_not_on_the_page(tmp_path: Path) -> None:
    bench = create_bench(tmp_path / "bench", own_password=True)
    page = create_app(str(bench.path)).test_client().get("/").text
    assert [each in page for each in (bench.password, 'value="raven"', "in the file")] == [False, False, True]


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_the_cookie_is_this_hosts_alone(web: FlaskClient, scheme: str, secure: bool) -> None:
    cookie = login(web, **{"X-Forwarded-Proto": scheme})
    assert cookie.startswith("sid=")
    assert ("Secure" in cookie) is secure
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Domain" not in cookie


WRONG = {
    "password": ("demo@example.com", "x"),
    "user": ("nobody@example.com", "raven"),
    "case": ("demo@example.com", "Raven"),
}


@pytest.mark.parametrize(("user", "password"), WRONG.values(), ids=WRONG.keys())
def test_wrong_credentials(web: FlaskClient, user: str, password: str) -> None:
    response = web.post("/api/method/login", json={"usr": user, "pwd": password})
    assert (response.status_code, "Set-Cookie" in response.headers) == (401, False)


SITES = {
    "the header": ({"X-Frappe-Site-Name": SECOND_SITE}, 200, SECOND_SITE),
    "the host": ({"Host": f"{SECOND_SITE}:8000"}, 200, SECOND_SITE),
    "the header goes first": ({"Host": SECOND_SITE, "X-Frappe-Site-Name": SITE}, 200, SITE),
    "localhost is the default site": ({"Host": "127.0.0.1:8000"}, 200, SITE),
    "an unknown host": ({"Host": "public.example"}, 404, "public.example"),
    "an unknown site": ({"X-Frappe-Site-Name": "../x"}, 404, "../x"),
}


@pytest.mark.parametrize(("headers", "status", "named"), SITES.values(), ids=SITES.keys())
def test_which_site_answers(web: FlaskClient, headers: dict[str, str], status: int, named: str) -> None:
    response = web.get("/", headers=headers)
    assert (response.status_code, f">{named}<" in response.text) == (status, True)


def test_the_site_is_escaped(web: FlaskClient) -> None:
    assert "<script>alert" not in web.get("/", headers={"X-Frappe-Site-Name": "<script>alert(1)</script>"}).text


def test_socket_io_asked_here_is_a_404_page(web: FlaskClient) -> None:
    """Symptom 1: what a tunnel to :8000 shows to a browser."""
    response = web.get("/socket.io/?EIO=4&transport=polling")
    assert (response.status_code, response.mimetype) == (404, "text/html")


PERMISSIONS = {
    "a channel": ("demo", {"doctype": "Raven Channel", "name": "general"}, 200),
    "the doctype": ("demo", {"doctype": "Raven Channel", "name": ""}, 200),
    "a private channel": ("demo", {"doctype": "Raven Channel", "name": "operations"}, 200),
    "somebody else's channel": ("sam", {"doctype": "Raven Channel", "name": "operations"}, 403),
    "no such channel": ("demo", {"doctype": "Raven Channel", "name": "nope"}, 404),
    "no such doctype": ("demo", {"doctype": "Sales Invoice", "name": "general"}, 404),
    "no doctype": ("demo", {"name": "general"}, 417),
    "a guest": (None, {"doctype": "Raven Channel", "name": "general"}, 403),
    "a guest, the doctype": (None, {"doctype": "Raven Channel"}, 403),
}


@pytest.mark.parametrize(("user", "arguments", "status"), PERMISSIONS.values(), ids=PERMISSIONS.keys())
def test_has_permission(web: FlaskClient, user: str | None, arguments: dict[str, str], status: int) -> None:
    if user:
        login(web, f"{user}@example.com")
    response = web.get("/api/method/frappe.realtime.has_permission", query_string=arguments)
    assert response.status_code == status
    assert (response.get_json().get("message") is True) == (status == 200)


def test_user_info(web: FlaskClient, folder: Bench) -> None:
    path = "/api/method/frappe.realtime.get_user_info"
    guest = {"user": "Guest", "user_type": "Website User", "installed_apps": ["frappe", "raven"]}
    demo = {"user": "demo@example.com", "user_type": "System User", "installed_apps": ["frappe", "raven"]}
    key = folder.api_key(SITE)
    assert web.get(path).get_json()["message"] == guest
    assert web.get(path, headers={"Authorization": key.header}).get_json()["message"] == demo
    assert web.get(path, auth=(key.key, key.secret)).get_json()["message"] == demo
    assert web.get(path, headers={"Authorization": f"token {key.key}:wrong"}).status_code == 401
    login(web)
    assert web.get(path).get_json()["message"] == demo
    web.post("/api/method/logout")
    assert web.get(path).get_json()["message"] == guest


SENT = {
    "text": ("general", "hello", 200),
    "nothing": ("general", "   ", 417),
    "too much": ("general", "x" * 10_001, 417),
    "nowhere": ("nope", "hello", 404),
}


@pytest.mark.parametrize(("channel", "text", "status"), SENT.values(), ids=SENT.keys())
def test_send(web: FlaskClient, channel: str, text: str, status: int) -> None:
    login(web)
    response = web.post("/api/method/raven.api.raven_message.send_message", json={"channel_id": channel, "text": text})
    assert response.status_code == status


def test_a_link_cannot_send(web: FlaskClient) -> None:
    login(web)
    arguments = {"channel_id": "general", "text": "hello"}
    assert web.get("/api/method/raven.api.raven_message.send_message", query_string=arguments).status_code == 403
