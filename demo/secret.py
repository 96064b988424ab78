"""The secret that the web and the realtime process share through redis (frappe#36778)."""

from __future__ import annotations

import secrets

from redis import Redis

KEY = "socketio_auth_secret"
HEADER = "X-Frappe-Socket-Secret"


def shared(redis_url: str) -> str:
    """The web's secret: what redis has, or a new one put there.

    Raises:
        redis.exceptions.ConnectionError: redis does not answer.
    """
    with Redis.from_url(redis_url, socket_connect_timeout=5) as redis:
        known = redis.get(KEY)
        if isinstance(known, bytes):
            return known.decode()
        fresh = secrets.token_hex(16)
        redis.set(KEY, fresh)
        return fresh
