"""All that is special to SQLite: its file, its pragmas, how it begins a transaction."""

from __future__ import annotations

import sqlite3
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from bot.store.contract import StoreError
from bot.store.jsontext import json_text, json_value

BUSY_TIMEOUT_MS = 5_000
"""How long to wait for another process's write before giving up."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # FULL syncs the log at each commit: what was acknowledged survives a power cut. See sqlite.org/pragma.html.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


def sqlite_engine(url: sa.URL, *, begin: str, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> sa.Engine:
    """An engine whose transactions start with `begin`: BEGIN to read, BEGIN IMMEDIATE to write.

    BEGIN IMMEDIATE takes the write lock at once, so a transaction that read cannot fail when it starts to write.
    Raises `StoreError` for a database in memory, which would forget everything.
    """
    if url.database in (None, "", ":memory:"):
        raise StoreError("the database must be a file, as in sqlite:////var/lib/warmline/warmline.db")
    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite"),
        poolclass=NullPool,
        hide_parameters=True,  # values are people's words; they must not reach a log
        json_serializer=json_text,
        json_deserializer=json_value,
        connect_args={"check_same_thread": False, "timeout": busy_timeout_ms / 1000},
    )
    sa.event.listen(engine, "connect", _set_up)
    sa.event.listen(engine, "begin", lambda conn: _driver(conn).execute(begin))
    return engine


def _set_up(driver: sqlite3.Connection, _record: Any) -> None:
    driver.isolation_level = None
    for pragma in _PRAGMAS:
        driver.execute(pragma)


def _driver(conn: sa.Connection) -> sqlite3.Connection:
    driver: sqlite3.Connection | None = conn.connection.driver_connection
    if driver is None:
        raise StoreError("the connection is gone")
    return driver
