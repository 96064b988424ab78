"""The demo's web application on :8000: sign in, the two callbacks of the Socket.IO process, and a small chat page.

Paths, names and answers are Frappe's and Raven's where the realtime path depends on them; the rest is what the page
needs.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, render_template, request, send_from_directory
from redis.exceptions import ConnectionError as RedisConnectionError
from werkzeug.exceptions import HTTPException

from demo import secret as shared_secret
from demo.bench_folder import APPS, Bench
from demo.node_packages import FOLDER as NODE_PACKAGES
from demo.publishing import Transaction
from demo.site import MESSAGE_LENGTH, NOBODY, Message, Site, User

CHANNEL_DOCTYPE = "Raven Channel"
SESSION_SECONDS = 3 * 24 * 3600
LOCALHOST = ("localhost", "127.0.0.1")
MAX_UPLOAD = 25 << 20
"""Bytes of a request, as Frappe's own default (frappe/app.py): what nginx lets through is then not refused here."""


class Refused(Exception):  # noqa: N818 (an answer of the API, not a fault)
    """What a method answers instead of a message: a status and Frappe's name of the exception."""

    def __init__(self, status: int, exception: str, message: str) -> None:
        super().__init__(message)
        self.status, self.exception, self.message = status, exception, message


def create_app(path: str | None = None) -> Flask:
    """Build the application for the bench at ``path``, or at the environment's DEMO_BENCH (as gunicorn calls it)."""
    bench = Bench(Path(path or os.environ["DEMO_BENCH"]))
    if bench.generation.callback.secret:
        # A bench in use has it since its first connection, which on Python is refused for want of it.
        with suppress(RedisConnectionError):
            shared_secret.shared(bench.redis_url)
    app = Flask("demo.web", template_folder="page", static_folder="page/static", static_url_path="/assets/demo")
    app.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD
    app.before_request(lambda: _enter(bench))
    app.after_request(_guard)
    app.register_error_handler(Refused, _refusal)
    for method, answer in METHODS.items():
        app.add_url_rule(f"/api/method/{method}", method, _answering(answer), methods=["GET", "POST"])
    app.add_url_rule("/", "page", _page)
    app.add_url_rule("/assets/socket.io.min.js", "client", _client_library)
    return app


def site_name(bench: Bench) -> str:
    """The request's site: X-Frappe-Site-Name, else the Host, as in frappe/app.py; localhost means the default site."""
    named = request.headers.get("X-Frappe-Site-Name")
    if named:
        return named
    host = request.host.split(":", 1)[0]
    return bench.default_site if host in LOCALHOST else host


def _enter(bench: Bench) -> Response | None:
    name = site_name(bench)
    site = bench.site(name)
    if site is None:
        return Response(render_template("no_site.html", site=name), status=404)
    g.bench, g.site = bench, site
    g.user = _user(site)
    return None


def _guard(response: Response) -> Response:
    inline = f" 'nonce-{g.nonce}'" if "nonce" in g else ""
    policy = f"default-src 'self'; script-src 'self'{inline}; frame-ancestors 'none'"
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _user(site: Site) -> User:
    """Who asks: an Authorization header goes before the cookie; a stale cookie makes Guest, a wrong key is refused."""
    header = request.headers.get("Authorization", "")
    if not header:
        # An id in the query goes before the cookie, as in frappe/sessions.py: so the older realtime servers send it.
        return site.user_of_session(request.values.get("sid") or request.cookies.get("sid", ""))
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            value = ""
    user = site.user_of_key(*value.partition(":")[::2]) if scheme.lower() in ("token", "basic") else None
    if user is None:
        raise Refused(401, "AuthenticationError", "The API key or secret is wrong.")
    return user


def _refusal(refused: Refused) -> tuple[Response, int]:
    # No "message" in it: the Socket.IO process takes any message for a yes.
    text = f"frappe.exceptions.{refused.exception}: {refused.message}"
    return jsonify(exc_type=refused.exception, exception=text), refused.status


def _answering(method: Callable[[dict[str, Any]], object]) -> Callable[[], Response]:
    def answer() -> Response:
        # As Frappe does, whatever it holds: a server that answers and closes with a body unread resets the connection.
        request.get_data()
        body = request.get_json(silent=True) if request.is_json else None
        arguments = {**request.args, **request.form, **(body if isinstance(body, dict) else {})}
        result = method(arguments)
        return result if isinstance(result, Response) else jsonify(message=result)

    return answer


def _argument(arguments: dict[str, Any], name: str) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise Refused(417, "ValidationError", f"The argument {name!r} is missing.")
    return value


def _login(arguments: dict[str, Any]) -> Response:
    sid = g.site.sign_in(_argument(arguments, "usr"), _argument(arguments, "pwd"))
    if sid is None:
        raise Refused(401, "AuthenticationError", "Invalid login credentials")
    response = jsonify(message="Logged In", home_page="/", full_name=g.site.user_of_session(sid).full_name)
    secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
    # No Domain: the cookie belongs to this host alone, which is why a second tunnel to :9000 does not get it.
    response.set_cookie("sid", sid, max_age=SESSION_SECONDS, httponly=True, samesite="Lax", secure=secure)
    return response


def _logout(_arguments: dict[str, Any]) -> Response:
    g.site.sign_out(request.cookies.get("sid", ""))
    response = jsonify(message="Logged Out")
    response.delete_cookie("sid", httponly=True, samesite="Lax")
    return response


def _logged_user(_arguments: dict[str, Any]) -> str:
    return _signed_in().name


def _raven_user(_arguments: dict[str, Any]) -> dict[str, str]:
    user = _signed_in()
    return {"user": user.name, "full_name": user.full_name}


def _user_info(_arguments: dict[str, Any]) -> dict[str, object]:
    """Who asks; nothing where the generation has a secret that the one who asks does not know (frappe#36778)."""
    generation = g.bench.generation
    if generation.callback.secret and request.headers.get(shared_secret.HEADER) != shared_secret.shared(
        g.bench.redis_url
    ):
        return {}
    known = {"user": g.user.name, "user_type": g.user.user_type, "installed_apps": list(APPS)}
    return {name: known[name] for name in generation.user_info}


def _can_subscribe(arguments: dict[str, Any]) -> bool:
    """The question of Frappe 14 and 15, whose document is called ``docname``."""
    return _has_permission({**arguments, "name": arguments.get("docname")})


def _has_permission(arguments: dict[str, Any]) -> bool:
    """May this user read the document (or, without a name, any of the doctype)? A no is 403 or 404, as in Frappe."""
    doctype, name = _argument(arguments, "doctype"), arguments.get("name") or ""
    if doctype != CHANNEL_DOCTYPE:
        raise Refused(404, "DoesNotExistError", f"DocType {doctype} not found")
    if name:
        _readable_channel(name)
    else:
        _signed_in()
    return True


def _get_channels(_arguments: dict[str, Any]) -> list[dict[str, object]]:
    return [asdict(channel) for channel in g.site.channels(_signed_in())]


def _get_messages(arguments: dict[str, Any]) -> list[dict[str, object]]:
    return [asdict(message) for message in g.site.messages(_readable_channel(_argument(arguments, "channel_id")))]


def _send_message(arguments: dict[str, Any]) -> dict[str, object]:
    """Store a message, then publish ``message_created`` to the channel's room, as Raven does."""
    if request.method != "POST":
        raise Refused(403, "PermissionError", "Not permitted")
    channel = _readable_channel(_argument(arguments, "channel_id"))
    text = _argument(arguments, "text").strip()
    if not 0 < len(text) <= MESSAGE_LENGTH:
        raise Refused(
            417, "ValidationError", f"A message has 1 to {MESSAGE_LENGTH} characters; this one has {len(text)}."
        )
    message = g.site.add_message(channel, g.user.name, text)
    transaction = Transaction(g.site.name, g.bench.redis_url, g.bench.generation.namespaces)
    transaction.publish_realtime(
        "message_created",
        {
            "channel_id": channel,
            "sender": g.user.name,
            "message_id": message.name,
            "message_details": _message_details(message),
        },
        doctype=CHANNEL_DOCTYPE,
        docname=channel,
        after_commit=True,
    )
    transaction.publish_realtime(
        "raven:unread_channel_count_updated",
        {"channel_id": channel, "sent_by": g.user.name},
        room=transaction.room("website"),
        after_commit=True,
    )
    transaction.commit()
    return asdict(message)


def _message_details(message: Message) -> dict[str, object]:
    return {
        "text": message.text,
        "channel_id": message.channel_id,
        "message_type": "Text",
        "creation": message.creation,
        "owner": message.owner,
        "full_name": message.full_name,
    }


def _signed_in() -> User:
    user: User = g.user
    if user == NOBODY:
        raise Refused(403, "PermissionError", "Login to access")
    return user


def _readable_channel(name: str) -> str:
    if not g.site.channel_exists(name):
        raise Refused(404, "DoesNotExistError", f"{CHANNEL_DOCTYPE} {name} not found")
    if not g.site.may_read(g.user, name):
        raise Refused(403, "PermissionError", f"User {g.user.name} does not have access to this document")
    return name


def _boot() -> dict[str, object]:
    """What Frappe's pages tell their scripts: everybody the site's name (frappe/website/utils.py), users more."""
    told: dict[str, object] = {"sitename": g.site.name}
    if not g.user.is_guest:
        config = g.bench.config
        told |= {key: config[key] for key in ("developer_mode", "socketio_port", "socketio_backend") if key in config}
        told["versions"] = {"frappe": g.bench.generation.frappe}
    return told


def _page() -> Response:
    g.nonce = secrets.token_urlsafe(16)
    page = render_template(
        "chat.html",
        site=g.site.name,
        boot=_boot(),
        nonce=g.nonce,
        namespace=g.site.name if g.bench.generation.namespaces else "",
        user=g.site.demo_user,
        password="" if g.bench.password_file.is_file() else g.bench.password,
        signed_in=not g.user.is_guest,
    )
    return Response(page, headers={"Cache-Control": "no-store"})


def _client_library() -> Response:
    folder = NODE_PACKAGES / "node_modules" / "socket.io-client" / "dist"
    try:
        return send_from_directory(folder, "socket.io.min.js", max_age=3600)
    except HTTPException:
        missing = "The Node packages are not installed: run `python -m demo install`."
        return Response(f"console.error({missing!r})", mimetype="text/javascript")


METHODS: dict[str, Callable[[dict[str, Any]], object]] = {
    "ping": lambda _: "pong",
    "login": _login,
    "logout": _logout,
    "frappe.auth.get_logged_user": _logged_user,
    "frappe.realtime.get_user_info": _user_info,
    "frappe.realtime.can_subscribe_doc": _can_subscribe,
    "frappe.realtime.can_subscribe_doctype": _can_subscribe,
    "frappe.realtime.has_permission": _has_permission,
    "raven.api.raven_users.get_current_raven_user": _raven_user,
    "raven.api.raven_channel.get_channels": _get_channels,
    "raven.api.chat_stream.get_messages": _get_messages,
    "raven.api.raven_message.send_message": _send_message,
}
"""What ``/api/method/NAME`` answers."""
