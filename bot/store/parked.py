"""Messages that were parked: listed, queued anew, or let go."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.core.events import JournalEntry
from bot.core.model import Delivery, Identity, Speaker
from bot.store.codec import journal_values, profile_of
from bot.store.contract import NotFound, Parked
from bot.store.jsontext import Record
from bot.store.message_rows import message_of
from bot.store.tables import conversations, journal, messages, prospects

_PARKED = sa.text("parked_at IS NOT NULL")
_LIST = (
    sa.select(
        messages,
        conversations.c.channel,
        conversations.c.external_id.label("identity_external_id"),
        prospects.c.profile,
        prospects.c.slots,
    )
    .join(conversations, conversations.c.conversation_id == messages.c.conversation_id)
    .join(prospects, prospects.c.prospect_id == conversations.c.prospect_id)
    .where(_PARKED)
    .order_by(messages.c.parked_at, messages.c.message_id)
    .limit(sa.bindparam("limit"))
)
_BY_ID = sa.select(messages).where(messages.c.message_id == sa.bindparam("id"))
_LOCK = (
    sa.select(conversations.c.conversation_id)
    .where(conversations.c.conversation_id == sa.bindparam("id"))
    .with_for_update(key_share=True)
)
_LET_GO = sa.update(messages).where(messages.c.message_id == sa.bindparam("id"), _PARKED).values(parked_at=None)
_HAND_ON = (
    sa.update(messages)
    .where(messages.c.message_id == sa.bindparam("id"), _PARKED)
    # The new row takes over both keys: an echo of the first try settles it, and the writer's side finds it.
    .values(parked_at=None, key=None, client_key=None, status=Delivery.WITHDRAWN.value)
)
_ANEW = messages.insert().returning(messages.c.message_id)
_REPLACED = sa.update(messages).where(messages.c.message_id == sa.bindparam("id")).values(replaced_by=sa.bindparam("new_id"))
_COPIED = ("conversation_id", "speaker", "text", "body", "key", "client_key", "owner_version")


def parked(conn: sa.Connection, *, limit: int) -> list[Parked]:
    """See `Store.parked`."""
    return [_parked_of(row) for row in conn.execute(_LIST, {"limit": limit})]


def _parked_of(row: Record) -> Parked:
    return Parked(
        message=message_of(row),
        identity=Identity(channel=row.channel, external_id=row.identity_external_id),
        profile=profile_of(row.profile),
        slots=row.slots,
        parked_at=row.parked_at,
        attempts=row.attempts,
        detail=row.detail or "",
    )


def redrive(conn: sa.Connection, message_id: int, *, by: str, now: datetime) -> int | None:
    """See `Store.redrive`. Raises `NotFound`."""
    row = _locked(conn, message_id)
    if row.replaced_by is not None:
        return int(row.replaced_by)
    if row.parked_at is None:
        return None
    conn.execute(_HAND_ON, {"id": message_id})
    values = {name: getattr(row, name) for name in _COPIED}
    # What was handed to its channel before may have been seen, so it cannot be taken back any more.
    anew = {"status": Delivery.QUEUED.value, "at": now, "created_at": now, "due_at": now, "attempts": min(1, row.attempts)}
    new_id: int = conn.execute(_ANEW, {**values, **anew}).scalar_one()
    conn.execute(_REPLACED, {"id": message_id, "new_id": new_id})
    _note(conn, row, "message.redriven", now, {"message_id": message_id, "as": new_id, "by": by})
    return new_id


def let_go(conn: sa.Connection, message_id: int, *, by: str, now: datetime) -> bool:
    """See `Store.let_go`. Raises `NotFound`."""
    row = _locked(conn, message_id)
    if row.parked_at is not None:
        conn.execute(_LET_GO, {"id": message_id})
        _note(conn, row, "message.let_go", now, {"message_id": message_id, "error": row.error, "by": by})
    return row.replaced_by is None


def _locked(conn: sa.Connection, message_id: int) -> Record:
    """The message as it is once its conversation is locked."""
    row = conn.execute(_BY_ID, {"id": message_id}).first()
    if row is None or row.speaker == Speaker.PROSPECT:
        raise NotFound("outgoing message", str(message_id))
    conn.execute(_LOCK, {"id": row.conversation_id})
    return conn.execute(_BY_ID, {"id": message_id}).one()


def _note(conn: sa.Connection, row: Record, kind: str, now: datetime, data: dict[str, object]) -> None:
    conn.execute(journal.insert(), journal_values(row.conversation_id, JournalEntry(kind=kind, at=now, data=data)))
