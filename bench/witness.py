"""What the database itself saw: triggers note when a bubble was to leave, when a clock was set, and when it ended, so that no
process that is killed can tell it otherwise; and the tables as they stand in the end.

SQLite and PostgreSQL are read by the same queries.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import asyncpg

type Rows = list[tuple[Any, ...]]

CLOCK_ENDED = "clock"
BUBBLE_QUEUED = "bubble"

_SQLITE = """
CREATE TABLE witness (
    id INTEGER PRIMARY KEY, what TEXT NOT NULL, conversation_id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
    due_at TEXT NOT NULL, messages INTEGER NOT NULL DEFAULT 0);
CREATE TRIGGER witness_bubbles AFTER INSERT ON messages WHEN NEW.speaker <> 'prospect' BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at)
    VALUES ('bubble', NEW.conversation_id, NEW.speaker, NEW.key, NEW.due_at); END;
CREATE TRIGGER witness_clocks AFTER DELETE ON clocks BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at)
    VALUES ('clock', OLD.conversation_id, OLD.kind, OLD.key, OLD.due_at); END;
CREATE TRIGGER witness_moves AFTER UPDATE OF due_at ON clocks BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at)
    VALUES ('clock', OLD.conversation_id, OLD.kind, OLD.key, OLD.due_at); END;
CREATE TRIGGER witness_turns AFTER INSERT ON clocks WHEN NEW.kind = 'turn' BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at, messages)
    VALUES ('armed', NEW.conversation_id, NEW.kind, NEW.key, NEW.due_at,
        (SELECT count(*) FROM messages WHERE conversation_id = NEW.conversation_id AND speaker = 'prospect')); END;
CREATE TRIGGER witness_later_turns AFTER UPDATE OF due_at ON clocks WHEN NEW.kind = 'turn' BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at, messages)
    VALUES ('armed', NEW.conversation_id, NEW.kind, NEW.key, NEW.due_at,
        (SELECT count(*) FROM messages WHERE conversation_id = NEW.conversation_id AND speaker = 'prospect')); END;
CREATE TRIGGER witness_journal AFTER INSERT ON journal WHEN NEW.kind IN ('turn.heard', 'rung.climbed', 'promise.broken') BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at, messages)
    VALUES ('journal', NEW.conversation_id, NEW.kind, NEW.data, NEW.at,
        (SELECT count(*) FROM messages WHERE conversation_id = NEW.conversation_id AND status = 'heard')); END;
"""

_POSTGRES = """
CREATE TABLE witness (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what TEXT NOT NULL, conversation_id TEXT NOT NULL, kind TEXT NOT NULL,
    key TEXT NOT NULL, due_at TIMESTAMPTZ NOT NULL, messages INTEGER NOT NULL DEFAULT 0);
CREATE FUNCTION witness_bubble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at)
    VALUES ('bubble', NEW.conversation_id, NEW.speaker, NEW.key, NEW.due_at); RETURN NULL; END $$;
CREATE FUNCTION witness_clock() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at)
    VALUES ('clock', OLD.conversation_id, OLD.kind, OLD.key, OLD.due_at); RETURN NULL; END $$;
CREATE FUNCTION witness_turn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at, messages)
    VALUES ('armed', NEW.conversation_id, NEW.kind, NEW.key, NEW.due_at,
        (SELECT count(*) FROM messages WHERE conversation_id = NEW.conversation_id AND speaker = 'prospect'));
    RETURN NULL; END $$;
CREATE FUNCTION witness_line() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (what, conversation_id, kind, key, due_at, messages)
    VALUES ('journal', NEW.conversation_id, NEW.kind, NEW.data::text, NEW.at,
        (SELECT count(*) FROM messages WHERE conversation_id = NEW.conversation_id AND status = 'heard'));
    RETURN NULL; END $$;
CREATE TRIGGER witness_bubbles AFTER INSERT ON messages FOR EACH ROW WHEN (NEW.speaker <> 'prospect')
    EXECUTE FUNCTION witness_bubble();
CREATE TRIGGER witness_clocks AFTER DELETE ON clocks FOR EACH ROW EXECUTE FUNCTION witness_clock();
CREATE TRIGGER witness_moves AFTER UPDATE OF due_at ON clocks FOR EACH ROW WHEN (OLD.due_at IS DISTINCT FROM NEW.due_at)
    EXECUTE FUNCTION witness_clock();
CREATE TRIGGER witness_turns AFTER INSERT OR UPDATE OF due_at ON clocks FOR EACH ROW WHEN (NEW.kind = 'turn')
    EXECUTE FUNCTION witness_turn();
CREATE TRIGGER witness_journal AFTER INSERT ON journal FOR EACH ROW
    WHEN (NEW.kind IN ('turn.heard', 'rung.climbed', 'promise.broken')) EXECUTE FUNCTION witness_line();
"""


class Database(Protocol):
    """The torture's own line to the database."""

    @property
    def url(self) -> str:
        """What the services are given."""

    async def watch(self) -> None:
        """Put the triggers in place, once the tables are there."""

    async def rows(self, query: str) -> Rows:
        """The answer to a query that both databases read the same way."""


class SqliteDatabase:
    """The file of one service."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def url(self) -> str:
        """See `Database.url`."""
        return f"sqlite:///{self._path.resolve()}"

    async def watch(self) -> None:
        """See `Database.watch`."""
        await asyncio.to_thread(self._watch)

    async def rows(self, query: str) -> Rows:
        """See `Database.rows`."""
        return await asyncio.to_thread(self._rows, query)

    def _watch(self) -> None:
        with contextlib.closing(sqlite3.connect(self._path, timeout=30)) as db:
            db.executescript(f"BEGIN IMMEDIATE; {_SQLITE} COMMIT;")

    def _rows(self, query: str) -> Rows:
        with contextlib.closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=30)) as db:
            return db.execute(query).fetchall()


class PostgresDatabase:
    """A database on a server that may be away: a query waits for it."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def url(self) -> str:
        """See `Database.url`."""
        return self._url

    async def watch(self) -> None:
        """See `Database.watch`."""
        async with self._connected() as conn:
            await conn.execute(_POSTGRES)

    async def rows(self, query: str) -> Rows:
        """See `Database.rows`."""
        async with self._connected() as conn:
            return [tuple(row) for row in await conn.fetch(query)]

    @contextlib.asynccontextmanager
    async def _connected(self) -> Iterator[asyncpg.Connection[asyncpg.Record]]:  # type: ignore[misc]
        conn = await asyncpg.connect(self._url)
        try:
            yield conn
        finally:
            await conn.close()


def moment(value: object) -> datetime:
    """A time as either database gives it."""
    read = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return read.astimezone(UTC)


def plain(value: object) -> Mapping[str, Any]:
    """A JSON column as either database gives it."""
    read: Mapping[str, Any] = json.loads(value) if isinstance(value, str) else value  # type: ignore[assignment]
    return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One line of the witness, in the order of commits within a conversation. `at` is when a bubble or a clock was due, or, of a
    journal line, when it was decided. `messages` says how many messages of the person were stored when a turn's clock was set
    (`armed`), and how many had been heard with a journal line."""

    what: str
    person: str
    kind: str
    key: str
    at: datetime
    messages: int


async def sights(database: Database) -> Sequence[Sight]:
    """Everything the triggers noted."""
    query = (
        "SELECT w.what, c.external_id, w.kind, w.key, w.due_at, w.messages FROM witness w JOIN conversations c"
        " ON c.conversation_id = w.conversation_id ORDER BY w.id"
    )
    found = await database.rows(query)
    return [
        Sight(what=what, person=who, kind=kind, key=key, at=moment(at), messages=messages)
        for what, who, kind, key, at, messages in found
    ]
