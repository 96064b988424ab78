"""Frappe's web, asked at the public address what the realtime process asks it: whose are these credentials?

The realtime process calls ``get_user_info`` back at the address in `Origin`, which is the public one (frappe
realtime/middlewares/authenticate.js, frappe/realtime/auth.py). Its own words for a failure say little, and on Python
nothing: the same question put from here tells a web that says no from a callback that fails.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from raven_realtime.live.answer import Answer
from raven_realtime.live.engineio import Session, Stage, Unanswered
from raven_realtime.live.refusals import stack
from raven_realtime.live.target import Credentials, Target
from raven_realtime.proxies.record import record
from raven_realtime.shown import shown

WHO = "/api/method/frappe.auth.get_logged_user"
USER_INFO = "/api/method/frappe.realtime.get_user_info"
SECONDS = 4.0
"""What one question may take: less than the realtime process itself would wait."""
GUEST = Credentials(sid="Guest")
"""What a browser without a session sends; ``get_user_info`` allows guests, so that it drives the callback."""
DOWN = frozenset({502, 503, 504, 521, 522, 523, 524})
"""What a proxy says for a web process that is not there."""
NOBODY = "Guest"


@record
class Said:
    """One answer of the web, or why there is none."""

    path: str
    answer: Answer | None
    silence: str = ""
    stage: Stage | None = None

    @property
    def message(self) -> object:
        """What stands under ``message``, Frappe's envelope; None where the answer is none of a method."""
        if self.answer is None or self.answer.status != 200:
            return None
        try:
            told = json.loads(self.answer.text)
        except (ValueError, RecursionError):
            return None
        return told.get("message") if isinstance(told, dict) else None

    @property
    def down(self) -> bool:
        """Whether a proxy says that nobody is there."""
        return self.answer is not None and self.answer.status in DOWN and not _framed(self.answer)

    def __str__(self) -> str:
        """Say it in one line."""
        return f"GET {self.path} → {self.answer.telling if self.answer is not None else shown(self.silence)}"


def _framed(answer: Answer) -> bool:
    """Whether Frappe itself gave an answer: its errors are JSON with the exception's name."""
    return '"exc_type"' in answer.text or '"exception"' in answer.text


@record
class Web:
    """What the web says of some credentials at the public address."""

    who: Said
    info: Said

    @property
    def user(self) -> str:
        """Whose they are: a user, Guest, or nothing where no Frappe answers."""
        if self.who.answer is not None and self.who.answer.status in {401, 403}:
            return NOBODY
        return self.who.message if isinstance(self.who.message, str) else ""

    @property
    def down(self) -> bool:
        """Whether the web process itself is away, and not only one method of it."""
        return self.who.down or (self.who.answer is None and self.info.answer is None)

    @property
    def wants_secret(self) -> bool:
        """Whether it tells a user to the realtime process only: who asks without the secret gets ``{}``."""
        return self.info.message == {}

    @property
    def tells(self) -> bool:
        """Whether it answers the callback's question as far as that can be seen without the secret."""
        told = self.info.message
        return self.wants_secret or (isinstance(told, dict) and bool(told.get("user")))

    @property
    def rejects(self) -> bool:
        """Whether it refuses the credentials with a status, as it does a wrong API key."""
        return self.info.answer is not None and self.info.answer.status in {401, 403}

    @property
    def has_app_handlers(self) -> bool | None:
        """Whether this Frappe's realtime process takes handlers of apps, as Raven's typing; None where unknown.

        From 16 on it does, and the web then tells it the installed apps.
        """
        told = self.info.message
        if not isinstance(told, dict):
            return None
        return self.wants_secret or "installed_apps" in told


async def ask(target: Target, *, whose: bool = True) -> Web:
    """Ask the web at the page's address, with the target's credentials.

    Where Socket.IO has an address of its own (two tunnels) there is no web, and Node leaves what is not Socket.IO
    without an answer: then it is the page's.

    Args:
        target: what to ask.
        whose: ask whose they are too; of a guest's that is known.
    """
    if not whose:
        return Web(Said(WHO, None, "not asked"), await question(target, USER_INFO))
    return Web(*await asyncio.gather(question(target, WHO), question(target, USER_INFO)))


async def question(target: Target, path: str) -> Said:
    """Ask one method of the web."""
    at = target
    if target.page:
        page = Target.parse(target.page, ca=target.ca, insecure=target.insecure)
        at = replace(target, scheme=page.scheme, host=page.host, port=page.port, resolve="", page="")
    try:
        async with Session(replace(at, timeout=min(at.timeout, SECONDS)), credentials=True) as session:
            return Said(path, await session.ask("GET", f"{at.origin}{path}"))
    except Unanswered as error:
        return Said(path, None, error.said, error.stage)


def who_is_down(said: Said) -> str:
    """Return which stack says that the web is away."""
    return stack(said.answer) if said.answer is not None else ""
