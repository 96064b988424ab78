"""CONNECT on the site's namespace, as a browser does it: polling first, no Origin on GET, then the WebSocket.

Without an account it is asked twice. First without a cookie: Frappe checks the namespace, then the origin, then the
cookie, so that the *missing cookie* error proves the first two right (frappe realtime/middlewares/authenticate.js).
Then with the cookie of a guest, which drives the whole callback to Frappe's web: ``get_user_info`` allows guests.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace

from raven_realtime.findings import Finding, explain
from raven_realtime.live import web as frappe
from raven_realtime.live.checks.engine import server_kind
from raven_realtime.live.engineio import CONNECT as ASKING
from raven_realtime.live.engineio import Closed, Refused, Session, Stage, Unanswered
from raven_realtime.live.packets import CONNECT, CONNECT_ERROR, EVENT, Packet, read, write
from raven_realtime.live.refusals import finding
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Place, Target
from raven_realtime.live.web import Web
from raven_realtime.proxies.record import record
from raven_realtime.shown import shown

CHECK = Check(
    name="connect",
    title="CONNECT on the site's namespace",
    proves="Frappe accepts a browser's connection on the site's namespace: namespace and origin arrive as they must, "
    "and the realtime process can ask Frappe's web who somebody is. With credentials the session is accepted too, as "
    "the user's and not as a guest's.",
    rank=90,
    through=(
        "proxy",
        "realtime",
    ),
)
COOKIE_MISSING = re.compile(r"cookie|authentication method|authorization header|no sid", re.IGNORECASE)
"""Frappe's words for a connection without credentials, of every version (Node: "No cookie transmitted.", "Missing
cookie and authorization header. …", "No authentication method used. …"; the Python server uses the latter two)."""
REASON = re.compile(r"unauthorized\W*(?:error\W*)?(?P<reason>.*)", re.IGNORECASE | re.DOTALL)
"""Frappe's word for a callback that failed, and what its HTTP client said; Python's servers leave that out."""
NOTHING_IN_IT = re.compile(r"TypeError: Cannot (?:read|destructure)|^(?:unauthorized)?$", re.IGNORECASE)
"""What follows where the web did answer, with nothing in it."""
TWO_HOSTS = """\
The page and Socket.IO are on two hosts, and Frappe accepts a browser only where they are one. Serve both on one: with
ngrok, let one tunnel lead to the nginx multiplexer (`pulumi up --stack sandbox` sets that up); with Traefik, give the
page's own host a router for `/socket.io`. Clients that send an API token and no Origin can stay on two.
"""
PONG_SECONDS = 3.0
"""How long the handlers of Frappe are waited for (frappe realtime/handlers: System Health asks by ``ping`` too)."""
AFTERMATH_SECONDS = 0.3
"""How long to listen after a refusal: old Frappe goes on after `Invalid namespace` and accepts a dead one (RT009)."""


@record
class Tried:
    """What a CONNECT came to: packets, or silence."""

    namespace: str
    packets: tuple[Packet, ...] = ()
    silence: str = ""
    heard: bool = True
    """Whether Frappe's own handlers are at work, where they were asked: they answer ``ping`` with ``pong``."""

    @property
    def accepted(self) -> bool:
        """Whether the namespace was joined."""
        return bool(self.packets) and self.packets[0].kind == CONNECT

    @property
    def message(self) -> str:
        """The words of a refusal."""
        return "" if self.accepted or not self.packets else self.packets[0].message

    @property
    def of_the_callback(self) -> bool:
        """Whether what went wrong comes after all that is asked of the request itself: the callback."""
        return bool(self.silence) or "unauthorized" in self.message.lower()

    @property
    def reason(self) -> str:
        """What the realtime process says of its callback; empty on Python, and where the web said nothing."""
        match = REASON.search(self.message)
        return match["reason"].strip() if match else ""

    def __str__(self) -> str:
        """Say it in one line."""
        return f"CONNECT {self.namespace} → {f'“{shown(self.message)}”' if self.packets else self.silence}"


async def check(target: Target, place: Place = Place.PUBLIC) -> Result:
    """Connect to the target's namespace: with its credentials if it has any, else as nobody and as a guest."""
    started = time.monotonic()
    hop = f"{CHECK.name} ({place})"
    try:
        result = await _asked(target, place, hop)
    except (Unanswered, Refused, Closed) as error:
        found = finding(error, place)
        result = Result.of(hop, found.evidence, found)
    return result.taking(time.monotonic() - started)


async def _asked(target: Target, place: Place, hop: str) -> Result:
    with_credentials = target.credentials is not None
    first = await attempt(target)
    if not target.root and "namespace" in first.message.lower() and await at_root(target):
        target = replace(target, root=True)
        first = await attempt(target)
    if with_credentials:
        return await judged(target, first, hop, place)
    result = judge(hop, target.namespace, list(first.packets), with_credentials=False) if first.packets else None
    if result is None:
        found = explain("RT046").found(str(first))
        return Result.of(hop, str(first), found)
    if target.page and any(found.code == "RT008" for found in result.findings):
        evidence = f"{result.findings[0].evidence}, asked by a page on {target.page}"
        return replace(result, findings=(explain("RT008").found(evidence, remedy=TWO_HOSTS),))
    # Elsewhere than at the public address there is no web to compare with, and the callback is asked for there.
    if not result.ok or first.accepted or place is not Place.PUBLIC:
        return replace(result, facts={**result.facts, "root": target.root})
    as_guest = await judged(replace(target, credentials=frappe.GUEST), await attempt(target, guest=True), hop, place)
    if as_guest.ok:
        said = (
            f"{target.namespace} reached: “{shown(first.message)}”; a guest is let in, so the web is asked and answers"
        )
        return replace(as_guest, summary=said, facts={**as_guest.facts, "authenticated": False})
    return as_guest


async def attempt(target: Target, *, guest: bool = False, origin: bool = False) -> Tried:
    """CONNECT once.

    Args:
        target: what to ask; its credentials are sent.
        guest: send a guest's cookie instead.
        origin: send an Origin on GETs too, which a same-origin page does not.

    Raises:
        Unanswered, Refused, Closed: it did not come as far as that.
    """
    asked = replace(target, credentials=frappe.GUEST) if guest else target
    try:
        async with Session(asked, credentials=True, origin=origin or bool(target.page)) as session:
            await session.open()
            await session.upgrade()
            tried = Tried(target.namespace, tuple(await join(session, target.namespace)))
            if tried.accepted and asked.credentials is not None and not target.root:
                session.allow(PONG_SECONDS)
                return replace(tried, heard=await _answers_ping(session, target.namespace))
            return tried
    except Unanswered as error:
        if error.stage is Stage.TIME and error.during == ASKING:
            return Tried(target.namespace, silence=error.said)
        raise


async def _answers_ping(session: Session, namespace: str) -> bool:
    await session.send(write(EVENT, namespace, ["ping"]))
    async for frame in session.frames(PONG_SECONDS):
        packet = read(frame.text)
        if packet is not None and packet.kind == EVENT and packet.data == ["pong"]:
            return True
    return False


async def at_root(target: Target) -> bool:
    """Whether this realtime process asks who somebody is on ``/`` already, as Frappe's 14 does: it has no other one.

    Later ones on Node accept everybody there; Python's know no such site.

    Raises:
        Unanswered, Refused, Closed: it cannot be asked.
    """
    tried = await attempt(replace(target, root=True, credentials=None))
    return asks_at_root(list(tried.packets))


def asks_at_root(packets: list[Packet]) -> bool:
    """Judge what a CONNECT on ``/`` without a cookie brought back; see `at_root`."""
    return bool(packets) and packets[0].kind == CONNECT_ERROR and "namespace" not in packets[0].message.lower()


async def join(session: Session, namespace: str) -> list[Packet]:
    """Send CONNECT and return its answer, and after a refusal what still follows."""
    session.doing = ASKING
    await session.send(write(CONNECT, namespace))
    while True:
        packet = read((await session.frame()).text)
        if packet is not None and packet.kind in {CONNECT, CONNECT_ERROR}:
            break
    session.doing = "WebSocket"
    packets = [packet]
    if packet.kind == CONNECT_ERROR and "namespace" in packet.message.lower():
        async for frame in session.frames(AFTERMATH_SECONDS):
            if (packet := read(frame.text)) is not None:
                packets.append(packet)
    return packets


async def judged(target: Target, tried: Tried, hop: str, place: Place = Place.PUBLIC) -> Result:
    """Judge a CONNECT with credentials, a guest's included, together with what the web says of them.

    Args:
        target: what was asked, with these credentials.
        tried: what came of it.
        hop: the result's name.
        place: where on the path it was asked.
    """
    facts: dict[str, object] = {"namespace": target.namespace, "root": target.root}
    if not tried.accepted and not tried.of_the_callback:
        result = judge(hop, target.namespace, list(tried.packets), with_credentials=True)
        if target.page and any(found.code == "RT008" for found in result.findings):
            evidence = f"{result.findings[0].evidence}, asked by a page on {target.page}"
            result = replace(result, findings=(explain("RT008").found(evidence, remedy=TWO_HOSTS),))
        return result
    if place is not Place.PUBLIC and not target.page:
        # There is no web beside the realtime process: what it says itself is all there is.
        if tried.accepted:
            return Result.of(hop, f"{target.namespace} accepted", authenticated=True, **facts)
        return Result.of(hop, str(tried), explain("RT046" if tried.silence else "RT012").found(str(tried)), **facts)
    web = await frappe.ask(target, whose=not (tried.accepted and target.credentials == frappe.GUEST))
    facts |= {"secret": web.wants_secret, "apps": web.has_app_handlers}
    if tried.accepted and web.wants_secret and not tried.heard:
        said = f"{target.namespace} accepted, and no handler of Frappe's answers: the web told the process of no user"
        return Result.of(hop, said, explain("RT045").found(said), **facts)
    if tried.accepted:
        found = _not_the_users(web) if target.credentials != frappe.GUEST else None
        if found is not None:
            return Result.of(hop, f"{target.namespace} accepted, and {found.evidence}", found, **facts)
        return Result.of(hop, f"{target.namespace} accepted", authenticated=True, **facts)
    if not tried.silence and not tried.reason and (await attempt(target, origin=True)).accepted:
        said = f"{tried} for a session that began without an Origin, as a browser's does; accepted with one"
        return Result.of(hop, said, explain("RT008").found(said), **facts)
    python = "Python" in await server_kind(target)
    found = callback_failed(tried, web, guest=target.credentials == frappe.GUEST, python=python)
    return Result.of(hop, str(tried), found, python=python, **facts)


def _not_the_users(web: Web) -> Finding | None:
    """Return that the web takes the credentials for nobody's: the socket was let in, as a guest's."""
    if web.user == frappe.NOBODY or web.rejects:
        return explain("RT042").found(f"the web at this URL takes the credentials for those of {frappe.NOBODY}")
    return None


def callback_failed(tried: Tried, web: Web, *, guest: bool, python: bool) -> Finding:
    """Say why the realtime process does not learn who somebody is: by what the web says when it is asked from here.

    Args:
        tried: the refusal, or the silence.
        web: what the web said of the same credentials.
        guest: whether they were a guest's, which nothing can be wrong with.
        python: whether the realtime process is Python's, whose word is the same for every cause.
    """
    seen = f"{tried}; asked from here"
    if web.down:
        return explain("RT044").found(f"{seen}, {web.who}", stack=frappe.who_is_down(web.who))
    if not guest and not web.tells and (web.user == frappe.NOBODY or web.rejects):
        return explain("RT042").found(f"{seen}, the web takes the credentials for those of {frappe.NOBODY}")
    if not web.tells:
        return explain("RT012").found(f"{seen}, {web.info}", hop="web")
    if not guest and web.user == frappe.NOBODY:
        return explain("RT042").found(f"{seen}, the web takes the credentials for those of {frappe.NOBODY}")
    if tried.silence:
        return explain("RT046").found(f"{seen}, the web answers at once")
    if web.wants_secret and not python and NOTHING_IN_IT.search(tried.reason):
        return explain("RT045").found(f"{seen}, the web answers, and tells a user only to who sends its secret")
    whose = "a guest" if guest else "these credentials"
    also = ", or it does not know the web's secret (RT045)" if web.wants_secret and python else ""
    return explain("RT012").found(
        f"{seen}, the web answers for {whose}: it is the process's own question that fails{also}"
    )


def judge(hop: str, namespace: str, packets: list[Packet], *, with_credentials: bool) -> Result:
    """Judge what a CONNECT brought back, by its words alone.

    Args:
        hop: the result's name.
        namespace: what was asked for, with its slash.
        packets: the answer, and what followed it.
        with_credentials: whether a cookie or a token was sent.
    """
    first = packets[0]
    if first.kind == CONNECT:
        how = "accepted" if with_credentials else "accepted without a cookie: this Frappe authenticates later"
        return Result.of(hop, f"{namespace} {how}", namespace=namespace, authenticated=with_credentials)
    if not with_credentials and COOKIE_MISSING.search(first.message):
        return Result.of(
            hop,
            f"{namespace} reached: “{shown(first.message)}”, so namespace and origin are right",
            namespace=namespace,
            authenticated=False,
        )
    return Result.of(hop, shown(first.message) or "refused", _refusal(namespace, packets), namespace=namespace)


def _refusal(namespace: str, packets: list[Packet]) -> Finding:
    said = packets[0].message
    lowered = said.lower()
    evidence = f"CONNECT {namespace} → “{shown(said)}”"
    if "namespace" in lowered:
        dead = any(packet.kind == CONNECT for packet in packets[1:])
        return explain("RT009").found(evidence + (", and then accepted all the same: a dead namespace" if dead else ""))
    if "origin" in lowered:
        return explain("RT008").found(evidence)
    if "unauthorized" in lowered:
        return explain("RT012").found(evidence)
    return explain("RT013" if COOKIE_MISSING.search(said) else "RT041").found(evidence)
