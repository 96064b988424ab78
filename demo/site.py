"""One site of the demo bench: its users, sessions, channels and messages, in a SQLite file of its own."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

GUEST = "Guest"
SESSIONS_KEPT = 10_000
MESSAGES_SHOWN = 100
MESSAGE_LENGTH = 10_000


@dataclass(frozen=True)
class User:
    """Somebody who may sign in, or Guest."""

    name: str
    full_name: str
    user_type: str

    @property
    def is_guest(self) -> bool:
        """Whether nobody signed in."""
        return self.name == GUEST


@dataclass(frozen=True)
class Channel:
    """A Raven channel as the page's list shows it."""

    name: str
    description: str
    is_private: bool


@dataclass(frozen=True)
class Message:
    """A message as stored; ``creation`` is UTC in ISO 8601."""

    name: str
    channel_id: str
    owner: str
    full_name: str
    text: str
    creation: str


NOBODY = User(GUEST, GUEST, "Website User")

_USERS = (
    User("demo@example.com", "Demo User", "System User"),
    User("sam@example.com", "Sam Rivers", "System User"),
)
_CHANNELS = (
    (Channel("general", "Everything that has no better place", False), ()),
    (Channel("random", "Coffee, cats and corvids", False), ()),
    (Channel("operations", "Private: the demo user alone may read it", True), ("demo@example.com",)),
)
_GREETINGS = (
    (
        "general",
        "sam@example.com",
        "Welcome! Open this page in a second window: what you send appears there without a reload.",
    ),
    ("general", "demo@example.com", "And the banner below the header tells when the realtime connection is down."),
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS user (name TEXT PRIMARY KEY, full_name TEXT, user_type TEXT, password TEXT);
CREATE TABLE IF NOT EXISTS api_key (key TEXT PRIMARY KEY, user TEXT, secret TEXT);
CREATE TABLE IF NOT EXISTS session (sid TEXT PRIMARY KEY, user TEXT, creation TEXT);
CREATE TABLE IF NOT EXISTS channel (name TEXT PRIMARY KEY, description TEXT, is_private INTEGER, position INTEGER);
CREATE TABLE IF NOT EXISTS member (channel_id TEXT, user TEXT, PRIMARY KEY (channel_id, user));
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY, name TEXT UNIQUE, channel_id TEXT, owner TEXT, text TEXT, creation TEXT
);
"""

_READABLE = "(is_private = 0 OR channel.name IN (SELECT channel_id FROM member WHERE user = ?))"


@dataclass(frozen=True)
class Site:
    """A site by its name, and the file its data is in."""

    name: str
    database: Path

    demo_user = _USERS[0].name

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.database, timeout=10)
        try:
            with connection:
                yield connection
        finally:
            connection.close()

    def prepare(self, password: str) -> None:
        """Create what is missing: tables, users, channels, two first messages; ``password`` is the users'."""
        self.database.touch(mode=0o600)
        with self._connection() as db:
            db.executescript(_SCHEMA)
            known = db.execute("SELECT password FROM user").fetchone()
            if known and check_password_hash(known[0], password):
                return
            hashed = generate_password_hash(password)
            if known:
                db.execute("UPDATE user SET password = ?", (hashed,))
                return
            db.executemany("INSERT INTO user VALUES (?, ?, ?, ?)", [(*vars(user).values(), hashed) for user in _USERS])
            for position, (channel, members) in enumerate(_CHANNELS):
                db.execute("INSERT INTO channel VALUES (?, ?, ?, ?)", (*vars(channel).values(), position))
                db.executemany("INSERT INTO member VALUES (?, ?)", [(channel.name, member) for member in members])
        for channel_id, owner, text in _GREETINGS:
            self.add_message(channel_id, owner, text)

    def set_api_key(self, user: str, key: str, secret: str) -> None:
        """Let ``user`` in with this key and secret; only a digest of the secret is stored."""
        with self._connection() as db:
            db.execute("INSERT OR REPLACE INTO api_key VALUES (?, ?, ?)", (key, user, _digest(secret)))

    def sign_in(self, user: str, password: str) -> str | None:
        """A new session's id, or None when the user or the password is wrong."""
        with self._connection() as db:
            row = db.execute("SELECT password FROM user WHERE name = ?", (user,)).fetchone()
            if row is None or not check_password_hash(row[0], password):
                return None
            sid = secrets.token_hex(28)
            now = datetime.now(UTC).isoformat()
            db.execute("INSERT INTO session VALUES (?, ?, ?)", (_digest(sid), user, now))
            db.execute(
                "DELETE FROM session WHERE rowid <= (SELECT max(rowid) FROM session) - ?",
                (SESSIONS_KEPT,),
            )
            return sid

    def sign_out(self, sid: str) -> None:
        """End a session; an unknown one is no error."""
        with self._connection() as db:
            db.execute("DELETE FROM session WHERE sid = ?", (_digest(sid),))

    def user_of_session(self, sid: str) -> User:
        """Who signed in with this session; Guest when it ended or never was, as in Frappe."""
        query = (
            "SELECT user.name, full_name, user_type FROM session JOIN user ON user.name = session.user WHERE sid = ?"
        )
        with self._connection() as db:
            row = db.execute(query, (_digest(sid),)).fetchone()
        return User(*row) if row else NOBODY

    def user_of_key(self, key: str, secret: str) -> User | None:
        """Whose API key this is, or None."""
        query = (
            "SELECT user.name, full_name, user_type, secret FROM api_key JOIN user ON user.name = api_key.user"
            " WHERE key = ?"
        )
        with self._connection() as db:
            row = db.execute(query, (key,)).fetchone()
        return User(*row[:3]) if row and secrets.compare_digest(row[3], _digest(secret)) else None

    def channels(self, user: User) -> list[Channel]:
        """The channels that ``user`` may read, in their order; none for Guest."""
        if user.is_guest:
            return []
        query = f"SELECT name, description, is_private FROM channel WHERE {_READABLE} ORDER BY position"
        with self._connection() as db:
            rows = db.execute(query, (user.name,)).fetchall()
        return [Channel(name, description, bool(is_private)) for name, description, is_private in rows]

    def channel_exists(self, name: str) -> bool:
        """Whether there is such a channel, readable or not."""
        with self._connection() as db:
            return db.execute("SELECT 1 FROM channel WHERE name = ?", (name,)).fetchone() is not None

    def may_read(self, user: User, channel: str) -> bool:
        """Whether ``user`` may read ``channel``."""
        return any(each.name == channel for each in self.channels(user))

    def messages(self, channel: str) -> list[Message]:
        """The channel's latest messages, oldest first."""
        query = (
            "SELECT message.name, channel_id, owner, full_name, text, creation FROM message"
            " LEFT JOIN user ON user.name = owner WHERE channel_id = ? ORDER BY number DESC LIMIT ?"
        )
        with self._connection() as db:
            rows = db.execute(query, (channel, MESSAGES_SHOWN)).fetchall()
        return [Message(*row) for row in reversed(rows)]

    def add_message(self, channel: str, owner: str, text: str) -> Message:
        """Store a message and return it."""
        name = secrets.token_hex(5)
        creation = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._connection() as db:
            db.execute(
                "INSERT INTO message (name, channel_id, owner, text, creation) VALUES (?, ?, ?, ?, ?)",
                (name, channel, owner, text, creation),
            )
            row = db.execute("SELECT full_name FROM user WHERE name = ?", (owner,)).fetchone()
        return Message(name, channel, owner, row[0] if row else owner, text, creation)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
