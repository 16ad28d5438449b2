"""Clocks that are due, whoever they belong to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from bot.store.codec import clock_of
from bot.store.contract import DueClock
from bot.store.jsontext import Record
from bot.store.tables import clocks

_DUE = (
    sa.select(clocks)
    .where(clocks.c.due_at <= sa.bindparam("now"))
    .order_by(clocks.c.due_at, clocks.c.conversation_id, clocks.c.kind, clocks.c.key)
    .limit(sa.bindparam("limit"))
)
_DUE_BUT = _DUE.where(clocks.c.conversation_id.not_in(sa.bindparam("skip", expanding=True)))
_DUE_OF = (
    sa.select(clocks)
    .where(clocks.c.conversation_id.in_(sa.bindparam("these", expanding=True)), clocks.c.due_at <= sa.bindparam("now"))
    .order_by(clocks.c.due_at, clocks.c.conversation_id, clocks.c.kind, clocks.c.key)
)
_NEXT = sa.select(sa.func.min(clocks.c.due_at, type_=clocks.c.due_at.type))
_NEXT_AFTER = _NEXT.where(clocks.c.due_at > sa.bindparam("after"))
_NEXT_END = sa.select(sa.func.min(clocks.c.held_until, type_=clocks.c.held_until.type)).where(
    clocks.c.held_until.is_not(None), clocks.c.held_until > sa.bindparam("after")
)


def due_clock_of(row: Record) -> DueClock:
    """A due clock from its row."""
    return DueClock(conversation_id=row.conversation_id, clock=clock_of(row))


def due_clocks(conn: sa.Connection, *, now: datetime, limit: int, skip: Collection[str]) -> list[DueClock]:
    """See `Store.due_clocks`."""
    if skip:
        rows = conn.execute(_DUE_BUT, {"now": now, "limit": limit, "skip": sorted(skip)})
    else:
        rows = conn.execute(_DUE, {"now": now, "limit": limit})
    return [due_clock_of(row) for row in rows]


def due_clocks_of(conn: sa.Connection, conversations: Collection[str], *, now: datetime) -> list[DueClock]:
    """Every due clock of these conversations, earliest first."""
    return [due_clock_of(row) for row in conn.execute(_DUE_OF, {"these": sorted(conversations), "now": now})]


def next_due_at(conn: sa.Connection, *, after: datetime | None = None) -> datetime | None:
    """When the earliest clock falls due, of those due later than `after`."""
    found = conn.execute(_NEXT) if after is None else conn.execute(_NEXT_AFTER, {"after": after})
    moment: datetime | None = found.scalar()
    return moment


def next_end(conn: sa.Connection, *, after: datetime) -> datetime | None:
    """When the earliest claim or back-off on a clock ends, of those ending later than `after`."""
    moment: datetime | None = conn.execute(_NEXT_END, {"after": after}).scalar()
    return moment
