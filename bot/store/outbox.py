"""Outgoing messages, from queued to sent, one after the other within a conversation."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.events import JournalEntry
from bot.core.interrupt import HELD_BACK
from bot.core.model import Delivery, Speaker
from bot.store.codec import journal_values
from bot.store.contract import Echoed, Message, NotFound, Outgoing, VersionConflict
from bot.store.findings import add_findings
from bot.store.jsontext import Record
from bot.store.message_rows import UNHEARD, message_of, outgoing_of
from bot.store.rules import doubled, latest
from bot.store.tables import OPEN_STATUS, UNSENT_STATUS, conversations, journal, messages

CONVERSATION = (
    conversations.c.channel,
    conversations.c.external_id.label("identity_external_id"),
    conversations.c.owner_version.label("current_owner_version"),
    conversations.c.window_closes_at,
    conversations.c.opted_out_at,
    conversations.c.last_inbound_at,
)
"""What a channel must know of a message's conversation."""


def unsent(row: sa.FromClause) -> sa.ColumnElement[bool]:
    """It still has to be sent, written so that the partial indexes are used."""
    return sa.and_(*(sa.literal_column(f"{row.description}.{status}", sa.Boolean) for status in (OPEN_STATUS, UNSENT_STATUS)))


def first_unsent() -> sa.Select[Any]:
    """The first unsent message of each conversation on the channels."""
    earlier = messages.alias("earlier")
    overtaken = sa.exists().where(
        earlier.c.conversation_id == messages.c.conversation_id,
        earlier.c.message_id < messages.c.message_id,
        unsent(earlier),
    )
    return (
        sa.select(messages, *CONVERSATION)
        .join(conversations, conversations.c.conversation_id == messages.c.conversation_id)
        .where(unsent(messages), ~overtaken, conversations.c.channel.in_(sa.bindparam("channels", expanding=True)))
    )


_DUE = (
    first_unsent()
    .where(messages.c.due_at <= sa.bindparam("now"))
    .order_by(messages.c.due_at, messages.c.message_id)
    .limit(sa.bindparam("limit"))
)
_NEXT = first_unsent().with_only_columns(messages.c.due_at).order_by(messages.c.due_at).limit(1)
_NEXT_AFTER = _NEXT.where(messages.c.due_at > sa.bindparam("after"))
_COUNT = sa.select(sa.func.count()).select_from(messages).where(messages.c.conversation_id == sa.bindparam("id"), unsent(messages))
_BY_ID = sa.select(messages).where(messages.c.message_id == sa.bindparam("id"))
_BY_KEY = sa.select(messages).where(messages.c.key == sa.bindparam("key"), sa.text("key IS NOT NULL"))
_SENT_AS = sa.select(messages.c.key, messages.c.external_id).where(
    messages.c.key.in_(sa.bindparam("keys", expanding=True)),
    sa.text("key IS NOT NULL"),
    messages.c.status == Delivery.SENT.value,
)
_LEAVING = (Delivery.QUEUED.value, Delivery.SENDING.value)
_asked = messages.alias("asked")
# What somebody just said is answered before the bot and its flows go on.
_INTERRUPTED = sa.exists(
    sa.select(sa.literal(1))
    .where(
        _asked.c.conversation_id == messages.c.conversation_id,
        sa.literal_column(f"asked.{OPEN_STATUS}", sa.Boolean),
        _asked.c.status == UNHEARD,
    )
    .correlate(messages)
)
# Nobody took over, opted out or was interrupted since the message was claimed. The share lock makes it so until it is marked.
_FRESH = sa.exists(
    sa.select(sa.literal(1))
    .where(
        conversations.c.conversation_id == messages.c.conversation_id,
        sa.or_(messages.c.speaker == Speaker.AGENT.value, conversations.c.owner_version == messages.c.owner_version),
        conversations.c.opted_out_at.is_not_distinct_from(sa.bindparam("opted_out", type_=conversations.c.opted_out_at.type)),
    )
    .with_for_update(read=True)
    .correlate(messages)
) & ~sa.and_(messages.c.speaker.in_([speaker.value for speaker in HELD_BACK]), _INTERRUPTED)
_SENDING = (
    sa.update(messages)
    .where(messages.c.message_id == sa.bindparam("id"), messages.c.status.in_(_LEAVING), _FRESH)
    .values(
        status=Delivery.SENDING.value,
        attempts=messages.c.attempts + 1,
        sending_at=sa.bindparam("now"),
        sent_as=sa.func.coalesce(sa.bindparam("send_as"), messages.c.sent_as),
    )
)
_SENDING_HELD = _SENDING.where(messages.c.holder == sa.bindparam("worker"), messages.c.held_until > sa.bindparam("now"))
_FREE = {"holder": None, "held_until": None}
_RETRY = (
    sa.update(messages)
    .where(messages.c.message_id == sa.bindparam("id"), messages.c.status == Delivery.SENDING.value)
    .values(
        status=Delivery.QUEUED.value,
        due_at=sa.bindparam("later"),
        error=sa.bindparam("why"),
        attempts=messages.c.attempts - sa.bindparam("taken_back", type_=sa.Integer),
        **_FREE,
    )
)
_POSTPONE = (
    sa.update(messages)
    .where(messages.c.message_id == sa.bindparam("id"), messages.c.status == Delivery.QUEUED.value)
    .values(due_at=sa.bindparam("later"), **_FREE)
)
_RETRY_HELD = _RETRY.where(messages.c.holder == sa.bindparam("worker"))
_GIVE_UP = (
    sa.update(messages)
    .where(messages.c.message_id == sa.bindparam("id"), messages.c.status.in_(_LEAVING))
    .values(
        status=sa.bindparam("delivery"),
        error=sa.bindparam("why"),
        detail=sa.bindparam("said"),
        parked_at=sa.bindparam("since", type_=messages.c.parked_at.type),
        **_FREE,
    )
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
        sa.or_(messages.c.attempts > 0, sa.and_(messages.c.status.in_(_LEAVING), _FRESH)),
    )
    .values(
        status=Delivery.SENT.value,
        error=None,
        detail=None,
        parked_at=None,
        sent_as=sa.func.coalesce(sa.bindparam("send_as"), messages.c.sent_as),
        **_FREE,
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


def mark_sending(
    conn: sa.Connection,
    message_id: int,
    *,
    worker: str | None,
    now: datetime,
    sent_as: str | None,
    opted_out_at: datetime | None,
) -> bool:
    """See `Store.mark_sending`. Without a worker nobody's claim is asked for."""
    values = {"id": message_id, "send_as": sent_as, "opted_out": opted_out_at, "now": now}
    if worker is None:
        return conn.execute(_SENDING, values).rowcount == 1
    return conn.execute(_SENDING_HELD, {**values, "worker": worker}).rowcount == 1


def mark_sent(
    conn: sa.Connection,
    message_id: int,
    *,
    now: datetime,
    external_id: str | None,
    sent_as: str | None,
    opted_out_at: datetime | None,
) -> Message:
    """See `Store.mark_sent`. Raises `NotFound`, and `VersionConflict` for a message that was withdrawn, failed or refused
    before it was ever handed to its channel, or must not be any more."""
    row = conn.execute(_BY_ID, {"id": message_id}).first()
    if row is None or row.speaker == Speaker.PROSPECT:
        raise NotFound("outgoing message", str(message_id))
    return _sent(conn, row, now=now, external_id=external_id, sent_as=sent_as, opted_out_at=opted_out_at)


def unsettled(conn: sa.Connection, echoes: Collection[Echoed]) -> frozenset[Echoed]:
    """See `Store.unsettled`."""
    rows = conn.execute(_SENT_AS, {"keys": [key for key, _ in echoes]})
    sent_as = {row.key: row.external_id for row in rows}
    return frozenset((key, known) for key, known in echoes if key not in sent_as or sent_as[key] not in (None, known))


def settle_by_echo(conn: sa.Connection, *, key: str, external_id: str, now: datetime) -> Message | None:
    """See `Store.settle_by_echo`."""
    row = conn.execute(_BY_KEY, {"key": key}).first()
    if row is None:
        return None
    if row.status == Delivery.SENT and row.external_id not in (None, external_id):
        add_findings(conn, [doubled(row.conversation_id, row.message_id, now)], now=now)
    return _sent(conn, row, now=now, external_id=external_id)


def _sent(
    conn: sa.Connection,
    row: Record,
    *,
    now: datetime,
    external_id: str | None,
    sent_as: str | None = None,
    opted_out_at: datetime | None = None,
) -> Message:
    if row.status == Delivery.SENT:
        return message_of(row)
    head = conn.execute(_HEAD, {"id": row.conversation_id}).one()
    seq = head.last_seq + 1
    new = {"id": row.message_id, "new_seq": seq, "new_at": now, "new_external_id": external_id, "send_as": sent_as}
    sent = conn.execute(_SENT, {**new, "opted_out": opted_out_at}).first()
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
    raise VersionConflict(f"message {message_id}, {row.status}, was never handed to its channel and must not be now")


def mark_retry(conn: sa.Connection, message_id: int, *, worker: str | None, due_at: datetime, error: str, attempted: bool) -> None:
    """See `Store.mark_retry`. Without a worker nobody's claim is asked for."""
    values = {"id": message_id, "later": due_at, "why": error, "taken_back": 0 if attempted else 1}
    changed = conn.execute(_RETRY, values) if worker is None else conn.execute(_RETRY_HELD, {**values, "worker": worker})
    if changed.rowcount == 0:
        must_exist(conn, message_id)


def postpone(conn: sa.Connection, message_id: int, *, due_at: datetime) -> None:
    """See `Store.postpone`. Does nothing unless the message is QUEUED; raises `NotFound`."""
    if conn.execute(_POSTPONE, {"id": message_id, "later": due_at}).rowcount == 0:
        must_exist(conn, message_id)


def mark_unsendable(
    conn: sa.Connection, message_id: int, *, delivery: Delivery, error: str, detail: str, parked: bool, now: datetime
) -> None:
    """See `Store.mark_unsendable`. Does nothing if the message was sent or settled already; raises `NotFound`."""
    given_up = {
        "id": message_id,
        "delivery": delivery.value,
        "why": error,
        "said": detail or None,
        "since": now if parked else None,
    }
    conversation_id = conn.execute(_GIVE_UP, given_up).scalar()
    if conversation_id is None:
        must_exist(conn, message_id)
        return
    data = {"message_id": message_id, "error": error}
    entry = JournalEntry(kind="message.parked" if parked else f"message.{delivery.value}", at=now, data=data)
    conn.execute(_JOURNAL, journal_values(conversation_id, entry))


def must_exist(conn: sa.Connection, message_id: int) -> None:
    """Raises `NotFound` unless this is a message."""
    if conn.execute(_BY_ID, {"id": message_id}).first() is None:
        raise NotFound("outgoing message", str(message_id))
