"""What it means when a question is not answered as it should be: pure functions from what came back to a finding."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from raven_realtime.findings import Finding, explain
from raven_realtime.live.answer import Answer
from raven_realtime.live.engineio import CONNECT, UPGRADE, Closed, Refused, Stage, Unanswered
from raven_realtime.live.target import Place
from raven_realtime.shown import shown

_LOGIN = re.compile(r"log-?in|sign-?in|auth|sso|oauth", re.IGNORECASE)


def stack(answer: Answer) -> str:
    """Return who gave the answer, as far as it shows: ngrok, traefik, nginx, frappe, cloudflare, or nothing."""
    server = answer.headers.get("server", "").lower()
    if _ngrok(answer) or "ngrok" in server:
        return "ngrok"
    if "cloudflare" in server:
        return "cloudflare"
    # Traefik names itself nowhere: its own errors are plain text in Go's words and carry no Server header.
    if not server and re.match(
        r"(404 page not found|Bad Gateway|Gateway Timeout|no available server)\s*$", answer.text
    ):
        return "traefik"
    if "nginx" in server or "openresty" in server:
        return "nginx"
    return "frappe" if _frappe(answer) else ""


def _ngrok(answer: Answer) -> str:
    """Return ngrok's error code, such as ``ERR_NGROK_3200``, where its edge answered instead of the agent."""
    code = answer.headers.get("ngrok-error-code", "") or answer.text
    match = re.search(r"ERR_NGROK_\d+", code)
    return match[0] if match else ""


def _frappe(answer: Answer) -> bool:
    marks = ("x-page-name", "x-frappe", "gunicorn", "werkzeug")
    head = " ".join(f"{name} {value}" for name, value in answer.headers.items()).lower()
    return any(mark in head for mark in marks) or "frappe" in answer.text.lower()


def _error(answer: Answer) -> int | None:
    said = answer.engine_error if answer.status == 400 else None
    return None if said is None else said[0]


def _redirect_elsewhere(answer: Answer) -> bool:
    place = urlsplit(answer.headers.get("location", ""))
    return answer.status in range(300, 400) and (
        not place.path.startswith("/socket.io") or bool(_LOGIN.search(place.netloc))
    )


# ngrok's edge in its own words: the warning page, a spent quota, an endpoint that is offline, an agent that finds
# nothing on its port (ngrok documentation, "Error codes").
_NGROK_WARNING, _NGROK_NO_UPSTREAM = "ERR_NGROK_6024", "ERR_NGROK_8012"

_RULES: tuple[tuple[str, Callable[[Answer, str], bool]], ...] = (
    ("RT027", lambda answer, _: _ngrok(answer) == _NGROK_WARNING),
    ("RT002", lambda answer, _: _ngrok(answer) == _NGROK_NO_UPSTREAM),
    ("RT028", lambda answer, _: bool(_ngrok(answer))),
    ("RT006", lambda answer, _: _error(answer) == 1),
    ("RT025", lambda answer, asked: asked == UPGRADE and answer.status in {200, 400, 426}),
    ("RT007", lambda answer, _: answer.status == 400),
    ("RT026", lambda answer, _: answer.status in {401, 403, 407} or _redirect_elsewhere(answer)),
    ("RT040", lambda answer, _: answer.status in range(300, 400)),
    ("RT002", lambda answer, _: answer.status in {502, 503, 521, 522, 523}),
    ("RT004", lambda answer, _: answer.status == 504 and stack(answer) == "traefik"),
    ("RT003", lambda answer, _: answer.status in {504, 524}),
    ("RT001", lambda answer, _: answer.status == 404 or (answer.is_html and _frappe(answer))),
    ("RT005", lambda answer, _: answer.status == 200 and answer.is_html),
    ("RT037", lambda _answer, _asked: True),
)
"""Which finding an answer is, by the first rule that holds: the answer and what was asked."""


_WANTS_TLS = re.compile(r"HTTP request (?:was sent )?to (?:an )?HTTPS", re.IGNORECASE)
"""What nginx and Go's servers (Traefik) say to a plain request on a port that speaks TLS."""
WANTS_TLS = """\
The port speaks TLS and was asked without: ask it with `https://`. If a proxy on the way asks it, correct the scheme
there (`proxy_pass https://…`, Traefik's `loadbalancer.server.scheme=https`).
"""


def refused(asked: str, answer: Answer) -> Finding:
    """Return what an answer means that is not the one the protocol asks for.

    Args:
        asked: the request in words, as `Refused.asked`.
        answer: what came.
    """
    code = next(code for code, holds in _RULES if holds(answer, asked))
    remedy = WANTS_TLS if answer.status == 400 and _WANTS_TLS.search(answer.text) else ""
    return explain(code).found(f"{asked} → {answer.telling}", remedy=remedy, stack="" if remedy else stack(answer))


def finding(error: Unanswered | Refused | Closed, place: Place = Place.PUBLIC) -> Finding:
    """Return the finding of a question that failed, by how far it came and where it was asked."""
    if isinstance(error, Refused):
        return refused(error.asked, error.answer)
    if isinstance(error, Closed):
        return closed(error)
    codes = {
        Stage.NAME: "RT034",
        Stage.CONNECT: "RT002" if place is Place.ORIGIN else "RT035",
        Stage.TLS: "RT036",
        Stage.TIME: "RT038",
        Stage.ANSWER: "RT037",
    }
    if error.stage is Stage.TIME and error.during in SILENCE:
        return explain(SILENCE[error.during]).found(shown(error.said))
    return explain(codes[error.stage]).found(shown(error.said))


SILENCE = {UPGRADE: "RT025", CONNECT: "RT046"}
"""What silence means where the question before was answered through the same proxies."""
LINGERING_SECONDS = 3.0
"""A close within this time is no idle timeout: Traefik 2.11.1 and 3.0-rc4 closed after 2 s (traefik#10598)."""


def closed(error: Closed) -> Finding:
    """Return the finding of a WebSocket that did not stay open."""
    code = "RT023" if error.after < LINGERING_SECONDS else "RT022"
    said = f" ({error.reason})" if error.reason else ""
    return explain(code).found(f"the WebSocket closed with code {error.code}{said} after {error.after:.1f} s")
