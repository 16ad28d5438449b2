"""Clocks that are due, whoever they belong to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.store.codec import clock_of
from bot.store.contract import DueClock
from bot.store.tables import clocks

_DUE = (
    sa.select(clocks)
    .where(clocks.c.due_at <= sa.bindparam("now"))
    .order_by(clocks.c.due_at, clocks.c.conversation_id, clocks.c.kind, clocks.c.key)
    .limit(sa.bindparam("limit"))
)
_DUE_BUT = _DUE.where(clocks.c.conversation_id.not_in(sa.bindparam("skip", expanding=True)))
_NEXT = sa.select(sa.func.min(clocks.c.due_at, type_=clocks.c.due_at.type))
_NEXT_AFTER = _NEXT.where(clocks.c.due_at > sa.bindparam("after"))


def due_clocks(conn: sa.Connection, *, now: datetime, limit: int, skip: Collection[str]) -> list[DueClock]:
    """See `Store.due_clocks`."""
    if skip:
        rows = conn.execute(_DUE_BUT, {"now": now, "limit": limit, "skip": sorted(skip)})
    else:
        rows = conn.execute(_DUE, {"now": now, "limit": limit})
    return [DueClock(conversation_id=row.conversation_id, clock=clock_of(row)) for row in rows]


def next_due_at(conn: sa.Connection, *, after: datetime | None = None) -> datetime | None:
    """See `Store.next_due_at`."""
    found = conn.execute(_NEXT) if after is None else conn.execute(_NEXT_AFTER, {"after": after})
    moment: datetime | None = found.scalar()
    return moment
