"""A database full of people who wait for their flow's next step, written straight into the tables."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import sqlalchemy as sa

from bot.store import open_store

CHUNK = 20_000
FAR = timedelta(days=3)
_COLUMNS = {
    "prospects": ("prospect_id", "created_at", "profile", "slots", "tags"),
    "identities": ("channel", "external_id", "prospect_id", "created_at"),
    "conversations": (
        "conversation_id", "prospect_id", "channel", "external_id", "created_at", "version", "owner", "owner_version", "last_seq",
        "last_at", "enrolments", "doc",
    ),
    "enrolments": ("enrolment_id", "conversation_id", "flow_id", "flow_version", "step_id", "status", "entered_at"),
    "clocks": ("conversation_id", "kind", "key", "due_at", "data", "position"),
}  # fmt: skip


def _rows(prefix: str, numbers: range, now: datetime, due: Sequence[datetime] | None) -> dict[str, list[tuple[Any, ...]]]:
    """What five tables hold of these people. They are all at the same step of one flow; `due` are the moments of the next."""
    tables: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
    for number in numbers:
        one = f"{prefix}{number}"
        due_at = now + FAR + timedelta(seconds=number % 86_400) if due is None else due[number]
        tables["prospects"].append((one, now, "{}", "{}", "[]"))
        tables["identities"].append(("widget", one, one, now))
        tables["conversations"].append((one, one, "widget", one, now, 1, "bot", 1, 1, now, "[]", "{}"))
        tables["enrolments"].append((f"e{one}", one, "welcome", 1, "hello", "live", now))
        tables["clocks"].append((one, "step", f"e{one}", due_at, "{}", 1))
    return tables


def _chunks(prefix: str, count: int, now: datetime, due: Sequence[datetime] | None) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    for start in range(0, count, CHUNK):
        yield _rows(prefix, range(start, min(count, start + CHUNK)), now, due)


async def fill(url: str, prefix: str, count: int, *, now: datetime, due: Sequence[datetime] | None = None) -> None:
    """Add so many people whose next step is due in days, or at the moments in `due`."""
    store = open_store(url)
    await store.migrate()
    await store.close()
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        _fill_sqlite(str(parsed.database), _chunks(prefix, count, now, due))
        # Else the first commit of what is measured would wait for all of this to reach the disk.
        os.sync()
        return
    conn = await asyncpg.connect(url)
    try:
        for tables in _chunks(prefix, count, now, due):
            for name, rows in tables.items():
                await conn.copy_records_to_table(name, records=rows, columns=_COLUMNS[name])
    finally:
        await conn.close()


def _fill_sqlite(path: str, chunks: Iterator[dict[str, list[tuple[Any, ...]]]]) -> None:
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        for tables in chunks:
            for name, rows in tables.items():
                marks = ", ".join("?" * len(_COLUMNS[name]))
                # Table and column names are the constants above.
                statement = f"INSERT INTO {name} ({', '.join(_COLUMNS[name])}) VALUES ({marks})"
                conn.executemany(statement, [tuple(map(_as_text, row)) for row in rows])
            conn.commit()


def _as_text(value: Any) -> Any:
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value
