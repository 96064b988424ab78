"""What both Python servers do: let in, join rooms, pass on what redis says."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

from redis.exceptions import RedisError
from socketio.exceptions import ConnectionRefusedError as Refusal

from demo.publishing import CHANNEL
from demo.realtime_python.checks import Request, web_url
from demo.realtime_python.options import Options
from demo.secret import KEY

logger = logging.getLogger("frappe.realtime")

USER_INFO = "frappe.realtime.get_user_info"
PERMISSION = "frappe.realtime.has_permission"
AGAIN_SECONDS = 1.0

Get = Callable[[str, Mapping[str, str], Mapping[str, str]], Any]
"""Asks the web: URL, query, headers; an answer with ``raise_for_status`` and ``json``, at once or to be awaited."""


async def done(result: Any) -> Any:
    """The result of a call that one of the two servers has to await, and the other has already."""
    return await result if isawaitable(result) else result


@dataclass
class Session:
    """Somebody connected."""

    user: str
    user_type: str
    apps: list[str]
    ask: Callable[[str, Mapping[str, str]], Awaitable[dict[str, Any]]]
    documents: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Realtime:
    """One process: its Socket.IO server, its redis, and its way to the web."""

    options: Options
    server: Any
    """python-socketio's Server or AsyncServer."""
    redis: Any
    """redis-py's Redis, of the same kind."""
    get: Get
    sleep: Callable[[float], Any]
    sessions: dict[str, Session] = field(default_factory=dict)

    async def connect(self, namespace: str, sid: str, environ: Mapping[str, str]) -> None:
        """Let a client in, or refuse it in its generation's words."""
        asked = Request.of(environ, namespace, self.options)
        refusal = asked.failed(self.options)
        if refusal:
            raise Refusal(refusal)
        # Where redis is away this fails, and the client is never answered.
        secret = await done(self.redis.get(KEY))
        headers = {"Authorization": asked.authorization} if asked.authorization else {"Cookie": f"sid={asked.sid}"}
        headers["X-Frappe-Site-Name"] = asked.site
        if secret:
            headers["X-Frappe-Socket-Secret"] = secret.decode()

        async def ask(method: str, query: Mapping[str, str]) -> dict[str, Any]:
            url = f"{web_url(asked.origin, self.options)}/api/method/{method}"
            answer = await done(self.get(url, query, headers))
            answer.raise_for_status()
            said: dict[str, Any] = answer.json()
            return said

        try:
            user = (await ask(USER_INFO, {})).get("message") or {}
            if user.get("user", "Guest") != "Guest" and not user.get("installed_apps"):
                user = (await ask(USER_INFO, {})).get("message") or {}
        except Exception as error:
            logger.info("connection refused: %s", error)
            raise Refusal(self.options.generation.callback.refusal.format(error=error)) from None
        if not user.get("user"):
            raise Refusal("Unauthorized")
        self.sessions[sid] = Session(user["user"], user.get("user_type") or "", user.get("installed_apps") or [], ask)
        await self.handle("connect", namespace, sid)

    async def handle(self, event: str, namespace: str, sid: str, *data: str) -> None:
        """Run an event's handlers of every app that the site has; what fails in one is logged."""
        session = self.sessions.get(sid)
        if session is None:
            return
        for app in session.apps:
            handler = HANDLERS.get(app, {}).get(event)
            if handler is None or (app != "frappe" and session.user == "Guest"):
                continue
            try:
                await handler(Socket(self, namespace, sid, session), *data)
            except Exception:
                logger.exception("%s of %s", event, app)

    async def disconnect(self, namespace: str, sid: str) -> None:
        """Forget a client."""
        await self.handle("disconnect", namespace, sid)
        self.sessions.pop(sid, None)

    async def bridge(self) -> None:
        """Pass on what is published on redis, for ever; a redis that goes away is asked again."""
        while True:
            try:
                channel = self.redis.pubsub(ignore_subscribe_messages=True)
                await done(channel.subscribe(CHANNEL))
                while True:
                    message = await done(channel.get_message(timeout=None))
                    if message:
                        await self._pass_on(message["data"])
            except RedisError as error:
                logger.warning("redis: %s", error)
            await done(self.sleep(AGAIN_SECONDS))

    async def _pass_on(self, text: bytes) -> None:
        try:
            packet = json.loads(text)
            event, message, room = packet["event"], packet.get("message"), packet.get("room")
        except (ValueError, TypeError, KeyError) as error:
            logger.warning("not an event, on redis' channel %s: %s", CHANNEL, error)
            return
        if not room:
            for namespace in list(self.server.manager.rooms):
                await done(self.server.emit(event, message, namespace=namespace))
        elif packet.get("namespace"):
            await done(self.server.emit(event, message, room=room, namespace=f"/{packet['namespace']}"))


@dataclass(frozen=True)
class Socket:
    """A client, as its handlers see it."""

    realtime: Realtime
    namespace: str
    sid: str
    session: Session

    async def join(self, room: str) -> None:
        """Enter a room, unless the client has left meanwhile."""
        with suppress(ValueError, KeyError):
            await done(self.realtime.server.enter_room(self.sid, room, namespace=self.namespace))

    async def leave(self, room: str) -> None:
        """Leave a room."""
        await done(self.realtime.server.leave_room(self.sid, room, namespace=self.namespace))

    async def emit(self, event: str, data: object = None, room: str = "") -> None:
        """Send to a room, or to this client."""
        await done(self.realtime.server.emit(event, data, to=room or self.sid, namespace=self.namespace))

    async def may_read(self, doctype: str, name: str = "") -> bool:
        """Ask the web; no answer is a no."""
        try:
            answer = await self.session.ask(PERMISSION, {"doctype": doctype, "name": name, "ptype": "read"})
        except Exception as error:
            logger.info("permission for %s %s not asked: %s", doctype, name, error)
            return False
        return bool(answer.get("message"))

    def users_in(self, room: str) -> list[str]:
        """Who is in a room, each once."""
        sids = [sid for sid, _ in self.realtime.server.manager.get_participants(self.namespace, room)]
        users = [self.realtime.sessions[sid].user for sid in sids if sid in self.realtime.sessions]
        return list(dict.fromkeys(users))


Handler = Callable[..., Awaitable[None]]


async def _connected(socket: Socket) -> None:
    rooms = [f"user:{socket.session.user}", "website"]
    if socket.session.user_type == "System User":
        rooms.append("all")
    for room in rooms:
        await socket.join(room)


async def _doctype(socket: Socket, doctype: str) -> None:
    if await socket.may_read(doctype):
        await socket.join(f"doctype:{doctype}")


async def _document(socket: Socket, doctype: str, name: str) -> None:
    if await socket.may_read(doctype, name):
        await socket.join(f"doc:{doctype}/{name}")


async def _open(socket: Socket, doctype: str, name: str) -> None:
    if await socket.may_read(doctype, name):
        await socket.join(_open_room(doctype, name))
        socket.session.documents.append((doctype, name))
        await _tell_viewers(socket, doctype, name)


async def _close(socket: Socket, doctype: str, name: str) -> None:
    await socket.leave(_open_room(doctype, name))
    socket.session.documents = [each for each in socket.session.documents if each != (doctype, name)]
    await _tell_viewers(socket, doctype, name)


async def _gone(socket: Socket) -> None:
    for doctype, name in socket.session.documents:
        await _tell_viewers(socket, doctype, name)


async def _tell_viewers(socket: Socket, doctype: str, name: str) -> None:
    users = socket.users_in(_open_room(doctype, name))
    if users != [socket.session.user]:
        message = {"doctype": doctype, "docname": name, "users": users}
        await socket.emit("doc_viewers", message, _open_room(doctype, name))


def _open_room(doctype: str, name: str) -> str:
    return f"open_doc:{doctype}/{name}"


_CHANNEL = "Raven Channel"


async def _typers(socket: Socket, channel: str) -> None:
    if await socket.may_read(_CHANNEL, channel):
        await _tell_typers(socket, channel, f"user:{socket.session.user}")


async def _typing(socket: Socket, channel: str) -> None:
    await socket.join(_typing_room(channel))
    await _tell_typers(socket, channel, _open_room(_CHANNEL, channel))


async def _typing_stopped(socket: Socket, channel: str) -> None:
    await socket.leave(_typing_room(channel))
    await _tell_typers(socket, channel, _open_room(_CHANNEL, channel))


async def _tell_typers(socket: Socket, channel: str, room: str) -> None:
    message = {"channel": channel, "users": socket.users_in(_typing_room(channel))}
    await socket.emit("raven_channel_typers", message, room)


def _typing_room(channel: str) -> str:
    return f"raven_channel_typing:{channel}"


HANDLERS: Mapping[str, Mapping[str, Handler]] = {
    "frappe": {
        "connect": _connected,
        "disconnect": _gone,
        "ping": lambda socket: socket.emit("pong"),
        "doctype_subscribe": _doctype,
        "doctype_unsubscribe": lambda socket, doctype: socket.leave(f"doctype:{doctype}"),
        "task_subscribe": lambda socket, task: socket.join(f"task_progress:{task}"),
        "task_unsubscribe": lambda socket, task: socket.leave(f"task_progress:{task}"),
        "progress_subscribe": lambda socket, task: socket.join(f"task_progress:{task}"),
        "doc_subscribe": _document,
        "doc_unsubscribe": lambda socket, doctype, name: socket.leave(f"doc:{doctype}/{name}"),
        "doc_open": _open,
        "doc_close": _close,
    },
    "raven": {
        "raven_channel_get_typers": _typers,
        "raven_channel_typing": _typing,
        "raven_channel_typing_stopped": _typing_stopped,
    },
}
"""What a connected client may ask for: Frappe's rooms, and who is typing in Raven."""
EVENTS = {event for events in HANDLERS.values() for event in events} - {"connect", "disconnect"}
