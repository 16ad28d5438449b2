"""INSERT ... ON CONFLICT, which SQLAlchemy spells per dialect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

type Insert = sqlite.Insert | postgresql.Insert
type Changes = Callable[[Insert], dict[str, Any]]


class Upsert:
    """One statement, made once for every dialect.

    `keys` are the columns that conflict; `changes` gives the new values of the row that is there already, from the
    insert's `excluded` row. Without `changes` that row stays as it is.
    """

    def __init__(self, table: sa.Table, keys: Sequence[str], changes: Changes | None = None) -> None:
        sqlite_insert, postgresql_insert = sqlite.insert(table), postgresql.insert(table)
        if changes is None:
            self._sqlite = sqlite_insert.on_conflict_do_nothing(index_elements=keys)
            self._postgresql = postgresql_insert.on_conflict_do_nothing(index_elements=keys)
        else:
            self._sqlite = sqlite_insert.on_conflict_do_update(index_elements=keys, set_=changes(sqlite_insert))
            self._postgresql = postgresql_insert.on_conflict_do_update(index_elements=keys, set_=changes(postgresql_insert))

    def on(self, conn: sa.Connection) -> Insert:
        """The statement for this connection's dialect."""
        return self._sqlite if conn.dialect.name == "sqlite" else self._postgresql


def replacing(*columns: str) -> Changes:
    """Take these columns from the new row."""
    return lambda insert: {name: insert.excluded[name] for name in columns}


def anew(*columns: str) -> Changes:
    """Take these columns from the new row, and let nobody hold it any more."""
    take = replacing(*columns)
    return lambda insert: {**take(insert), "holder": None, "held_until": None}
