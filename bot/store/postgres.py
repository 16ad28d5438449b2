"""All that is special to PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.jsontext import json_text, json_value

_MIGRATION_LOCK = 0x7761726D
"""An advisory lock's number: one process migrates, the others wait for it."""


def postgres_engine(url: sa.URL) -> AsyncEngine:
    """An engine over asyncpg. Raises `ModuleNotFoundError` where asyncpg is not installed."""
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        pool_pre_ping=True,
        hide_parameters=True,  # values are people's words; they must not reach a log
        json_serializer=json_text,
        json_deserializer=json_value,
    )


def lock_migrations(conn: sa.Connection) -> None:
    """Wait until no other process migrates; held until the transaction ends."""
    conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))


def one_moment(conn: sa.Connection) -> None:
    """Let every statement of this transaction see the same moment. Comes before the first; SQLite does so by itself."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
