"""All that is special to PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.jsontext import json_text, json_value

_MIGRATION_LOCK = 0x7761726D
"""An advisory lock's number: one process migrates, the others wait for it."""


_CAPACITY_LOCKS = 0x63617061
"""The class of the advisory locks under which an agent's capacity is judged; the other half is a hash of the agent's id."""

CLAIMS_CONNECTIONS = 2
CLAIMS_SETTINGS = {
    # A claim that a crash of the server forgets is made again: nothing is lost by not waiting for the disk.
    "synchronous_commit": "off",
    # What is due is a handful among millions that are not. These plans must not depend on how fresh the statistics are.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


CONNECT_WITHIN_S = 5.0
ANSWER_WITHIN_S = 30.0
"""A server that is silent for longer counts as away."""


def postgres_engine(url: sa.URL, *, connections: int = 10) -> AsyncEngine:
    """An engine over asyncpg with at most `connections`. Raises `ModuleNotFoundError` where asyncpg is not installed."""
    return _engine(url, connections, {})


def claims_engine(url: sa.URL) -> AsyncEngine:
    """An engine for claims alone."""
    return _engine(url, CLAIMS_CONNECTIONS, CLAIMS_SETTINGS)


def _engine(url: sa.URL, connections: int, server_settings: Mapping[str, str]) -> AsyncEngine:
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        pool_size=connections,
        max_overflow=0,
        # To wait for a turn is no sign that the server is away; that shows in connecting, and in its silence.
        pool_timeout=ANSWER_WITHIN_S,
        hide_parameters=True,  # values are people's words; they must not reach a log
        json_serializer=json_text,
        json_deserializer=json_value,
        connect_args={
            "server_settings": {"application_name": "warmline", **server_settings},
            "timeout": CONNECT_WITHIN_S,
            "command_timeout": ANSWER_WITHIN_S,
        },
    )


def lock_migrations(conn: sa.Connection) -> None:
    """Wait until no other process migrates; held until the transaction ends."""
    conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))


def lock_agent(conn: sa.Connection, agent_id: str) -> None:
    """Let one transaction at a time judge what an agent may hold; held until it ends. SQLite writes one at a time anyhow."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_CAPACITY_LOCKS, sa.func.hashtext(agent_id))))


def reading(engine: AsyncEngine) -> AsyncEngine:
    """The same pool for transactions that only read, each of which sees one moment in all its statements, as on SQLite. Otherwise
    a message that comes between two of them would be seen without the clock that it moved."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
