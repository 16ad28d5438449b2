"""Claims as columns, where several services share a database: who holds a clock or a message, and until when.

Nothing here ever waits for a lock: a row that is being changed is passed over, since whoever changes it either takes it out of
reach or says afterwards that there is something to look at. So claims can neither hold up a commit nor wait with one in a circle.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from bot.store.clocks import due_clock_of
from bot.store.columns import UtcDateTime
from bot.store.contract import LONGEST_CLAIM, DueClock, Outgoing
from bot.store.ledger import must_be_short
from bot.store.message_rows import outgoing_of
from bot.store.outbox import CONVERSATION, first_unsent, unsent
from bot.store.tables import clocks, conversations, messages

_WORKER = sa.bindparam("worker", type_=sa.Text)
_NOW = sa.bindparam("now", type_=UtcDateTime)
_UNTIL = sa.bindparam("until", type_=UtcDateTime)
_HORIZON = sa.bindparam("horizon", type_=UtcDateTime)
_LIMIT = sa.bindparam("limit", type_=sa.Integer)
_SKIP = sa.bindparam("skip", type_=ARRAY(sa.Text))
_THESE = sa.bindparam("these", type_=ARRAY(sa.Text))
_SLOT = (clocks.c.conversation_id, clocks.c.kind, clocks.c.key)


def _free(row: sa.FromClause) -> sa.ColumnElement[bool]:
    """Nobody living holds it, or the worker itself."""
    until = row.c.held_until
    return sa.or_(until.is_(None), until <= _NOW, until > _HORIZON, row.c.holder == _WORKER)


def _elsewhere(row: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(row.c.holder != _WORKER, row.c.held_until > _NOW, row.c.held_until <= _HORIZON)


def _order(row: sa.FromClause) -> sa.Tuple:
    return sa.tuple_(row.c.due_at, row.c.kind, row.c.key)


def _clocks_statement() -> sa.Executable:
    """Lock the first due clock of each conversation, so that one worker gets all of them; then the others with it."""
    first, other, also = clocks.alias("first"), clocks.alias("other"), clocks.alias("also")
    before = sa.exists().where(
        other.c.conversation_id == first.c.conversation_id,
        sa.or_(_elsewhere(other), sa.and_(other.c.due_at <= _NOW, _free(other), _order(other) < _order(first))),
    )
    chosen = (
        sa.select(first.c.conversation_id)
        .where(first.c.due_at <= _NOW, _free(first), first.c.conversation_id != sa.all_(_SKIP), ~before)
        .order_by(first.c.due_at)
        .limit(_LIMIT)
        .with_for_update(skip_locked=True, key_share=True, of=first)
        .cte("chosen")
    )
    locked = (
        sa.select(also.c.conversation_id, also.c.kind, also.c.key)
        .where(also.c.conversation_id.in_(sa.select(chosen.c.conversation_id)), also.c.due_at <= _NOW, _free(also))
        .with_for_update(skip_locked=True, key_share=True, of=also)
        .cte("locked")
    )
    return (
        sa.update(clocks)
        .where(*(column == locked.c[column.name] for column in _SLOT))
        .values(holder=_WORKER, held_until=_UNTIL)
        .returning(clocks)
    )


def _outbox_statement() -> sa.Executable:
    chosen = (
        first_unsent()
        .with_only_columns(messages.c.message_id)
        .where(messages.c.due_at <= _NOW, _free(messages), messages.c.conversation_id != sa.all_(_SKIP))
        .order_by(messages.c.due_at, messages.c.message_id)
        .limit(_LIMIT)
        .with_for_update(skip_locked=True, key_share=True, of=messages)
        .cte("chosen")
    )
    held = (
        sa.update(messages)
        .where(messages.c.message_id == chosen.c.message_id)
        .values(holder=_WORKER, held_until=_UNTIL)
        .returning(messages)
        .cte("held")
    )
    return (
        sa.select(held, *CONVERSATION)
        .join(conversations, conversations.c.conversation_id == held.c.conversation_id)
        .order_by(held.c.due_at, held.c.message_id)
    )


_CLAIM_CLOCKS = _clocks_statement()
_CLAIM_OUTBOX = _outbox_statement()
_OWN_CLOCKS = sa.select(*_SLOT).where(clocks.c.held_until.is_not(None), clocks.c.holder == _WORKER)
_OWN_MESSAGES = sa.select(messages.c.message_id).where(unsent(messages), messages.c.holder == _WORKER)


def _hold(which: sa.Select[Any], holder: Any) -> sa.Executable:
    """Change who holds these rows, and until when."""
    table = clocks if which.selected_columns[0].table is clocks else messages
    own = which.with_for_update(skip_locked=True, key_share=True).cte("own")
    return (
        sa.update(table)
        .where(*(table.c[column.name] == column for column in own.c))
        .values(holder=holder, held_until=_UNTIL)
        .returning(table.c.conversation_id)
    )


_RENEW = (
    _hold(_OWN_CLOCKS.where(clocks.c.conversation_id == sa.any_(_THESE)), _WORKER),
    _hold(_OWN_MESSAGES.where(messages.c.conversation_id == sa.any_(_THESE)), _WORKER),
)
_RELEASE_THESE = (
    _hold(_OWN_CLOCKS.where(clocks.c.conversation_id == sa.any_(_THESE)), sa.null()),
    _hold(_OWN_MESSAGES.where(messages.c.conversation_id == sa.any_(_THESE)), sa.null()),
)
_RELEASE_ALL = (_hold(_OWN_CLOCKS, sa.null()), _hold(_OWN_MESSAGES, sa.null()))


def _claiming(worker: str, now: datetime, until: datetime, limit: int, skip: Collection[str]) -> dict[str, Any]:
    must_be_short(now, until)
    return {
        "worker": worker, "now": now, "until": until, "horizon": now + LONGEST_CLAIM, "limit": limit, "skip": sorted(skip),
    }  # fmt: skip


def claim_clocks(
    conn: sa.Connection, *, worker: str, now: datetime, until: datetime, limit: int, skip: Collection[str]
) -> list[DueClock]:
    """See `Store.claim_clocks`."""
    held = [due_clock_of(row) for row in conn.execute(_CLAIM_CLOCKS, _claiming(worker, now, until, limit, skip))]
    return sorted(held, key=lambda due: (due.clock.due_at, due.conversation_id, due.clock.kind, due.clock.key))


def claim_outbox(
    conn: sa.Connection,
    *,
    worker: str,
    now: datetime,
    until: datetime,
    limit: int,
    channels: tuple[str, ...],
    skip: Collection[str],
) -> list[Outgoing]:
    """See `Store.claim_outbox`."""
    asked = {**_claiming(worker, now, until, limit, skip), "channels": list(channels)}
    return [outgoing_of(row) for row in conn.execute(_CLAIM_OUTBOX, asked)]


def renew_claims(
    conn: sa.Connection, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]
) -> frozenset[str]:
    """See `Store.renew_claims`."""
    must_be_short(now, until)
    asked = {"worker": worker, "until": until, "these": sorted(conversations)}
    return frozenset(held for statement in _RENEW for held in conn.execute(statement, asked).scalars())


def release_claims(conn: sa.Connection, *, worker: str, conversations: Collection[str] | None, not_before: datetime | None) -> None:
    """See `Store.release_claims`."""
    asked: dict[str, Any] = {"worker": worker, "until": not_before}
    if conversations is not None:
        asked["these"] = sorted(conversations)
    for statement in _RELEASE_ALL if conversations is None else _RELEASE_THESE:
        conn.execute(statement, asked)
