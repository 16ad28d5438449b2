"""Outgoing messages, from queued to sent, one after the other within a conversation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.events import JournalEntry
from bot.core.model import Delivery, Speaker
from bot.store.codec import journal_values
from bot.store.contract import Message, NotFound, Outgoing, VersionConflict
from bot.store.findings import add_findings
from bot.store.jsontext import Record
from bot.store.message_rows import UNHEARD, message_of, outgoing_of
from bot.store.rules import doubled, latest
from bot.store.tables import OPEN_STATUS, conversations, journal, messages

# The two states in which a message still has to be sent, written as the partial index is.
_UNSENT = sa.and_(sa.text(OPEN_STATUS), messages.c.status != UNHEARD)
_FIRST = (
    sa.select(sa.func.min(messages.c.message_id).label("message_id"))
    .where(_UNSENT)
    .group_by(messages.c.conversation_id)
    .subquery("first")
)
_FIRSTS = (
    sa.select(
        messages,
        conversations.c.channel,
        conversations.c.external_id.label("identity_external_id"),
        conversations.c.owner_version.label("current_owner_version"),
        conversations.c.window_closes_at,
        conversations.c.opted_out_at,
        conversations.c.last_inbound_at,
    )
    .join(_FIRST, _FIRST.c.message_id == messages.c.message_id)
    .join(conversations, conversations.c.conversation_id == messages.c.conversation_id)
    .where(conversations.c.channel.in_(sa.bindparam("channels", expanding=True)))
)
_DUE = (
    _FIRSTS.where(messages.c.due_at <= sa.bindparam("now"))
    .order_by(messages.c.due_at, messages.c.message_id)
    .limit(sa.bindparam("limit"))
)
_NEXT = (
    sa.select(sa.func.min(messages.c.due_at, type_=messages.c.due_at.type))
    .join(_FIRST, _FIRST.c.message_id == messages.c.message_id)
    .join(conversations, conversations.c.conversation_id == messages.c.conversation_id)
    .where(conversations.c.channel.in_(sa.bindparam("channels", expanding=True)))
)
_NEXT_AFTER = _NEXT.where(messages.c.due_at > sa.bindparam("after"))
_COUNT = sa.select(sa.func.count()).select_from(messages).where(messages.c.conversation_id == sa.bindparam("id"), _UNSENT)
_BY_ID = sa.select(messages).where(messages.c.message_id == sa.bindparam("id"))
_BY_KEY = sa.select(messages).where(messages.c.key == sa.bindparam("key"), sa.text("key IS NOT NULL"))
_LEAVING = (Delivery.QUEUED.value, Delivery.SENDING.value)
_SENDING = (
    sa.update(messages)
    .where(messages.c.message_id == sa.bindparam("id"), messages.c.status.in_(_LEAVING))
    .values(status=Delivery.SENDING.value, attempts=messages.c.attempts + 1, sending_at=sa.bindparam("now"))
)
_RETRY = (
    sa.update(messages)
    .where(messages.c.message_id == sa.bindparam("id"), messages.c.status == Delivery.SENDING.value)
    .values(status=Delivery.QUEUED.value, due_at=sa.bindparam("later"), error=sa.bindparam("why"))
)
_GIVE_UP = (
    sa.update(messages)
    .where(messages.c.message_id == sa.bindparam("id"), messages.c.status.in_(_LEAVING))
    .values(status=sa.bindparam("delivery"), error=sa.bindparam("why"))
    .returning(messages.c.conversation_id)
)
_HEAD = (
    sa.select(conversations.c.last_seq, conversations.c.last_at, conversations.c.last_outbound_at)
    .where(conversations.c.conversation_id == sa.bindparam("id"))
    # Everybody locks the conversation before its messages, so that nobody waits in a circle.
    .with_for_update(key_share=True)
)
_SPOKEN = sa.update(conversations).where(conversations.c.conversation_id == sa.bindparam("id"))
_SENT = (
    sa.update(messages)
    .where(
        messages.c.message_id == sa.bindparam("id"),
        messages.c.status != Delivery.SENT.value,
        # One that was given up may have been seen after all; one that never left its queue was not.
        sa.or_(messages.c.status.in_(_LEAVING), messages.c.attempts > 0),
    )
    .values(
        status=Delivery.SENT.value,
        error=None,
        **{name: sa.bindparam(f"new_{name}") for name in ("seq", "at", "external_id")},
    )
    .returning(messages)
)
_JOURNAL = journal.insert()


def outbox_due(
    conn: sa.Connection, *, now: datetime, limit: int, channels: tuple[str, ...], skip: Collection[str]
) -> list[Outgoing]:
    """See `Store.outbox_due`."""
    # A conversation is in the answer once at most, so this many rows are enough after leaving out those in hand.
    rows = conn.execute(_DUE, {"now": now, "limit": limit + len(skip), "channels": list(channels)})
    return [outgoing_of(row) for row in rows if row.conversation_id not in skip][:limit]


def outbox_next_at(conn: sa.Connection, *, channels: tuple[str, ...], after: datetime | None = None) -> datetime | None:
    """See `Store.outbox_next_at`."""
    wanted: dict[str, Any] = {"channels": list(channels)}
    found = conn.execute(_NEXT, wanted) if after is None else conn.execute(_NEXT_AFTER, {**wanted, "after": after})
    moment: datetime | None = found.scalar()
    return moment


def unsent_count(conn: sa.Connection, conversation_id: str) -> int:
    """See `Store.unsent_count`."""
    return int(conn.execute(_COUNT, {"id": conversation_id}).scalar_one())


def mark_sending(conn: sa.Connection, message_id: int, *, now: datetime) -> bool:
    """See `Store.mark_sending`."""
    return conn.execute(_SENDING, {"id": message_id, "now": now}).rowcount == 1


def mark_sent(conn: sa.Connection, message_id: int, *, now: datetime, external_id: str | None) -> Message:
    """See `Store.mark_sent`. Raises `NotFound`, and `VersionConflict` for a message that was withdrawn, failed or refused
    before it was ever handed to its channel."""
    row = conn.execute(_BY_ID, {"id": message_id}).first()
    if row is None or row.speaker == Speaker.PROSPECT:
        raise NotFound("outgoing message", str(message_id))
    return _sent(conn, row, now=now, external_id=external_id)


def settle_by_echo(conn: sa.Connection, *, key: str, external_id: str, now: datetime) -> Message | None:
    """See `Store.settle_by_echo`."""
    row = conn.execute(_BY_KEY, {"key": key}).first()
    if row is None:
        return None
    if row.status == Delivery.SENT and row.external_id not in (None, external_id):
        add_findings(conn, [doubled(row.conversation_id, row.message_id, now)], now=now)
    return _sent(conn, row, now=now, external_id=external_id)


def _sent(conn: sa.Connection, row: Record, *, now: datetime, external_id: str | None) -> Message:
    if row.status == Delivery.SENT:
        return message_of(row)
    head = conn.execute(_HEAD, {"id": row.conversation_id}).one()
    seq = head.last_seq + 1
    sent = conn.execute(_SENT, {"id": row.message_id, "new_seq": seq, "new_at": now, "new_external_id": external_id}).first()
    if sent is None:
        return _settled(conn, row.message_id)
    conn.execute(
        _SPOKEN,
        {
            "id": row.conversation_id,
            "last_seq": seq,
            "last_at": max(head.last_at, now),
            "last_outbound_at": latest(head.last_outbound_at, now),
        },
    )
    return message_of(sent)


def _settled(conn: sa.Connection, message_id: int) -> Message:
    """A message that cannot become sent: it is already, or it was taken out of the outbox before it left."""
    row = conn.execute(_BY_ID, {"id": message_id}).one()
    if row.status == Delivery.SENT:
        return message_of(row)
    raise VersionConflict(f"message {message_id} is {row.status} and was never handed to its channel")


def mark_retry(conn: sa.Connection, message_id: int, *, due_at: datetime, error: str) -> None:
    """See `Store.mark_retry`. Does nothing unless the message is SENDING; raises `NotFound`."""
    if conn.execute(_RETRY, {"id": message_id, "later": due_at, "why": error}).rowcount == 0:
        _must_exist(conn, message_id)


def mark_unsendable(conn: sa.Connection, message_id: int, *, delivery: Delivery, error: str, now: datetime) -> None:
    """See `Store.mark_unsendable`. Does nothing if the message was sent or settled already; raises `NotFound`."""
    given_up = {"id": message_id, "delivery": delivery.value, "why": error}
    conversation_id = conn.execute(_GIVE_UP, given_up).scalar()
    if conversation_id is None:
        _must_exist(conn, message_id)
        return
    data = {"message_id": message_id, "error": error}
    entry = JournalEntry(kind=f"message.{delivery.value}", at=now, data=data)
    conn.execute(_JOURNAL, journal_values(conversation_id, entry))


def _must_exist(conn: sa.Connection, message_id: int) -> None:
    if conn.execute(_BY_ID, {"id": message_id}).first() is None:
        raise NotFound("outgoing message", str(message_id))
