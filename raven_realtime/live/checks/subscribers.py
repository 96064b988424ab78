"""Redis answers, and somebody hears the channel that Frappe publishes on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from raven_realtime.findings import Finding, explain
from raven_realtime.live.inside import Inside, look
from raven_realtime.live.result import Check, Outcome, Result
from raven_realtime.live.target import Target
from raven_realtime.machine import CannotLook

if TYPE_CHECKING:
    import redis

CHECK = Check(
    name="redis",
    title="Redis and its channel events",
    proves="The redis that Frappe publishes to answers, and at least one realtime process has subscribed to its "
    "channel events there.",
    rank=270,
    through=("redis",),
)
CHANNEL = "events"
SECRET_KEY = "socketio_auth_secret"  # noqa: S105 (the name of the key)
SECONDS = 3.0
DEFAULT_PORT = 6379
KEYS = ("redis_queue", "redis_socketio", "redis_async_broker_port")
"""The settings that name redis servers, the one that newer versions publish to first."""
QUEUE_SINCE = 15
_REQUESTS = "socket.io-request*"
"""What @socket.io/redis-adapter subscribes to, once a process and namespace."""


class _NoAnswerError(Exception):
    """A redis does not answer. The message says which, and why."""


async def check(_target: Target, inside: Inside) -> Result:
    """Ask redis as Frappe would."""
    return await look(CHECK.name, lambda: _judge(inside))


def _judge(inside: Inside) -> Result:
    places = addresses(inside)
    results = [_asked(inside, name, url) for name, url in places.items()]
    worst = next((result for result in results if result.outcome is Outcome.FAIL), None)
    return worst or next((result for result in results if result.findings), results[0])


def addresses(inside: Inside) -> dict[str, str]:
    """Return the redis servers that carry events: the name of the setting and its URL.

    Frappe publishes to redis_queue since version 15 and to redis_socketio before; the first that is set counts, the
    process's own key first.
    """
    if inside.redis:
        return {"--redis": inside.redis}
    before = inside.frappe is not None and inside.frappe < QUEUE_SINCE
    for key in (*KEYS[1:], KEYS[0]) if before else KEYS:
        value = inside.configuration.get(key)
        if isinstance(value, str) and value:
            return {key: value}
    raise CannotLook("the bench's configuration names no redis: give --redis URL")


@contextlib.contextmanager
def _client(inside: Inside, name: str, url: str) -> Iterator[tuple[str, redis.Redis]]:
    """Give a client of the redis behind a setting, and how it is called.

    Raises:
        CannotLook: the setting is no URL, or the redis refuses.
        _NoAnswerError: the redis does not answer.
    """
    import redis  # noqa: PLC0415 (slow to load, and of use on the server only)

    parts = urlsplit(url if "://" in url else f"redis://{url}")
    try:
        host, port = parts.hostname or "127.0.0.1", parts.port or DEFAULT_PORT
    except ValueError:
        raise CannotLook(f"{name} is no redis URL; example: redis://127.0.0.1:11000") from None
    with inside.machine.reach(host, port) as (at, number):
        client = redis.Redis(
            host=at,
            port=number,
            username=parts.username,
            password=parts.password,
            ssl=parts.scheme == "rediss",
            socket_timeout=SECONDS,
            socket_connect_timeout=SECONDS,
        )
        shown = f"{name} ({host}:{port})"
        try:
            with contextlib.closing(client):
                yield shown, client
        except (redis.AuthenticationError, redis.ResponseError) as error:
            # Its message is redis' own word (NOAUTH, NOPERM, WRONGPASS) and repeats no password.
            raise CannotLook(f"{shown} refuses: {str(error)[:100]}") from None
        except (redis.RedisError, OSError) as error:
            raise _NoAnswerError(f"{shown} does not answer: {_reason(error)}") from None


def read_secret(inside: Inside) -> str:
    """Return what web and realtime process share in redis, never to be shown; empty where there is nothing.

    Raises:
        CannotLook: the redis cannot be asked.
    """
    name, url = next(iter(addresses(inside).items()))
    try:
        with _client(inside, name, url) as (_, client):
            kept = client.get(SECRET_KEY)
    except _NoAnswerError as error:
        raise CannotLook(str(error)) from None
    return kept.decode("utf-8", "replace") if isinstance(kept, bytes) else ""


def _asked(inside: Inside, name: str, url: str) -> Result:
    try:
        with _client(inside, name, url) as (shown, client):
            heard = dict(client.pubsub_numsub(CHANNEL)).get(CHANNEL.encode(), 0)
            adapters = client.pubsub_channels(_REQUESTS)
    except _NoAnswerError as error:
        said = str(error)
        return Result.of(CHECK.name, said, explain("RT020").found(said, stack="bench" if inside.bench else ""))
    return _heard(shown, int(heard), bool(adapters), inside)


def _heard(shown: str, heard: int, adapters: bool, inside: Inside) -> Result:
    said = f"{shown}: {heard} subscriber{'' if heard == 1 else 's'} of {CHANNEL}{', an adapter' if adapters else ''}"
    found: list[Finding] = []
    if heard == 0:
        found.append(
            explain("RT021").found(f"PUBSUB NUMSUB {CHANNEL} on {said}", stack="bench" if inside.bench else "")
        )
    result = Result.of(CHECK.name, said, *found, subscribers=heard, adapter=adapters)
    if heard > 1 and not adapters:
        warned = explain("RT032").found(f"{said}, and no adapter between them")
        return replace(result, outcome=Outcome.WARN, findings=(warned,))
    # With an adapter the copies depend on the subscriber's code (RT031): the event check counts them.
    return result


def _reason(error: Exception) -> str:
    text = str(error)
    return "connection refused" if "refused" in text.lower() else type(error).__name__
