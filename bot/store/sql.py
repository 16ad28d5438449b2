"""The durable store over SQLAlchemy: SQLite by default, PostgreSQL to scale."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import sqlalchemy as sa

from bot.store import schema
from bot.store.answers import SqlAnswers
from bot.store.claiming import Claiming, MemoryClaiming, TableClaiming
from bot.store.contract import StoreError, StoreUnavailable
from bot.store.memories import SqlMemories
from bot.store.postgres import claims_engine, postgres_engine, reading
from bot.store.promises import SqlPromises
from bot.store.runner import AsyncRunner, Runner, ThreadRunner
from bot.store.sql_audit import SqlAudit
from bot.store.sql_flows import SqlFlows
from bot.store.sql_hooks import SqlHooks
from bot.store.sql_imports import SqlImports
from bot.store.sql_market import SqlMarket
from bot.store.sql_notices import SqlNotices
from bot.store.sql_outbox import SqlOutbox
from bot.store.sql_people import SqlPeople
from bot.store.sql_reading import SqlReading
from bot.store.sql_talks import SqlTalks
from bot.store.sqlite import sqlite_engine
from bot.store.watched import Watched

MIGRATION_TRIES = 12
"""How often to ask for the lock that another process holds while it migrates; on SQLite each try waits for BUSY_TIMEOUT_MS."""


def new_id() -> str:
    """An id nobody can guess."""
    return uuid4().hex


def open_store(url: str, *, mint: Callable[[], str] = new_id, connections: int = 10) -> SqlStore:
    """A store on the database at `url`: `sqlite:////path/to/file.db` or `postgresql://user@host/name`.

    Nothing is opened before the first call; `migrate()` comes first. `mint` makes ids.
    To PostgreSQL it opens at most `connections`, and two more for claims.
    Raises `StoreError` for a URL that is none, or of another kind of database.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError("the database URL cannot be read; it looks like sqlite:////path/to/file.db") from error
    match parsed.get_backend_name():
        case "sqlite":
            write = ThreadRunner(sqlite_engine(parsed, begin="BEGIN IMMEDIATE"), name="store-write")
            read = ThreadRunner(sqlite_engine(parsed, begin="BEGIN"), name="store-read")
            return SqlStore(write=Watched(write), read=read, claiming=MemoryClaiming(read=read, write=write), mint=mint)
        case "postgresql" | "postgres":
            try:
                engine = postgres_engine(parsed, connections=connections)
                claims = AsyncRunner(claims_engine(parsed))
            except ModuleNotFoundError as error:
                raise StoreError("PostgreSQL needs the package asyncpg: pip install asyncpg") from error
            writes, reads = AsyncRunner(engine), AsyncRunner(reading(engine))
            return SqlStore(write=Watched(writes), read=reads, claiming=TableClaiming(claims=claims, write=writes), mint=mint)
        case other:
            raise StoreError(f"no store for {other!r} databases; use sqlite:////path/to/file.db or postgresql://...")


class SqlStore(
    SqlTalks, SqlOutbox, SqlReading, SqlPeople, SqlAudit, SqlFlows, SqlMarket, SqlNotices, SqlHooks, SqlImports, SqlAnswers,
    SqlMemories, SqlPromises,
):  # fmt: skip
    """`bot.store.contract.Store` over SQL. Writes go through one runner, reads through another, so that a long list
    does not hold up a turn; a read sees every write that was awaited before it."""

    def __init__(self, *, write: Runner, read: Runner, claiming: Claiming, mint: Callable[[], str]) -> None:
        self._write = write
        self._read = read
        self._claiming = claiming
        self._mint = mint

    async def migrate(self) -> None:
        """See `Store.migrate`."""
        for left in reversed(range(MIGRATION_TRIES)):
            try:
                await self._write.run(schema.upgrade)
            except StoreUnavailable as error:
                # Another process migrates, which takes longer than a write waits.
                if error.reason != "busy" or not left:
                    raise
            else:
                return

    async def ping(self) -> None:
        """See `Store.ping`."""
        # A new value each time: SQLite writes no page for an old one.
        await self.put_setting("ping", self._mint())

    async def close(self) -> None:
        """See `Store.close`."""
        await self._claiming.close()
        await self._read.close()
        await self._write.close()
