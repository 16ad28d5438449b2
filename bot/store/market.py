"""What flows sent, conversions and API keys, over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime

import sqlalchemy as sa

from bot.core.events import JournalEntry
from bot.core.model import Delivery, Speaker
from bot.store.contract import NotFound
from bot.store.marketing import CONVERTED, HAPPENED, ApiKey, Conversion, FlowSend, told_kind
from bot.store.message_rows import body_of
from bot.store.tables import BY_FLOWS, api_keys, conversations, conversions, messages

_SENDS = (
    sa.select(messages)
    .where(sa.text(BY_FLOWS), messages.c.message_id > sa.bindparam("after"), messages.c.created_at >= sa.bindparam("since"))
    .order_by(messages.c.message_id)
    .limit(sa.bindparam("limit"))
)
_DELIVERED = (
    sa.update(messages)
    .where(
        messages.c.conversation_id == sa.bindparam("id"),
        messages.c.status == Delivery.SENT.value,
        messages.c.speaker != Speaker.PROSPECT.value,
        messages.c.delivered_at.is_(None),
        sa.func.coalesce(messages.c.sending_at, messages.c.at) <= sa.bindparam("up_to"),
    )
    .values(delivered_at=sa.bindparam("known_at"))
)
_CONVERT = conversions.insert()
_CONVERSION = sa.select(conversions).where(conversions.c.external_id == sa.bindparam("wanted"))
_CHANNELS = sa.select(conversations.c.conversation_id, conversations.c.channel).where(
    conversations.c.conversation_id.in_(sa.bindparam("ids", expanding=True))
)
_ADD_KEY = api_keys.insert()
_KEYS = sa.select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)
_KEY = sa.select(api_keys).where(api_keys.c.token_sha256 == sa.bindparam("token"), api_keys.c.revoked_at.is_(None))
_REVOKE = (
    sa.update(api_keys)
    .where(api_keys.c.key_id == sa.bindparam("wanted"))
    .values(revoked_at=sa.func.coalesce(api_keys.c.revoked_at, sa.bindparam("at", type_=api_keys.c.revoked_at.type)))
)


def flow_sends(conn: sa.Connection, *, after: int, limit: int, since: datetime) -> list[FlowSend]:
    """See `MarketStore.flow_sends`."""
    found = []
    for row in conn.execute(_SENDS, {"after": after, "limit": limit, "since": since}):
        body = body_of(row)
        found.append(
            FlowSend(
                message_id=row.message_id,
                conversation_id=row.conversation_id,
                enrolment_id=body.enrolment_id,
                wording=body.wording or "",
                delivery=Delivery(row.status),
                at=row.at,
                delivered_at=row.delivered_at,
                read_at=row.read_at,
            )
        )
    return found


def mark_delivered(conn: sa.Connection, conversation_id: str, *, up_to: datetime, now: datetime) -> None:
    """See `MarketStore.mark_delivered`."""
    conn.execute(_DELIVERED, {"id": conversation_id, "up_to": up_to, "known_at": now})


def remember_conversions(conn: sa.Connection, conversation_id: str, entries: Sequence[JournalEntry]) -> None:
    """Remember the ids of conversions that are journalled with this transaction. The database refuses one that is known."""
    told = [
        {"external_id": e.data["external_id"], "conversation_id": conversation_id, "at": e.at, "data": dict(e.data)}
        for e in entries
        if e.kind in (CONVERTED, HAPPENED)
    ]
    if told:
        conn.execute(_CONVERT, told)


def conversion(conn: sa.Connection, external_id: str) -> Conversion | None:
    """See `MarketStore.conversion`."""
    row = conn.execute(_CONVERSION, {"wanted": external_id}).first()
    if row is None:
        return None
    entry = JournalEntry(kind=told_kind(row.external_id), at=row.at, data=row.data)
    return Conversion(external_id=row.external_id, conversation_id=row.conversation_id, entry=entry)


def channels_of(conn: sa.Connection, conversation_ids: Sequence[str]) -> dict[str, str]:
    """See `MarketStore.channels_of`."""
    return {row.conversation_id: row.channel for row in conn.execute(_CHANNELS, {"ids": list(conversation_ids)})}


def add_key(conn: sa.Connection, key: ApiKey) -> None:
    """See `MarketStore.add_key`."""
    conn.execute(_ADD_KEY, asdict(key))


def all_keys(conn: sa.Connection) -> list[ApiKey]:
    """See `MarketStore.api_keys`."""
    return [ApiKey(**{f.name: getattr(row, f.name) for f in fields(ApiKey)}) for row in conn.execute(_KEYS)]


def key_by_token(conn: sa.Connection, token_sha256: str) -> ApiKey | None:
    """See `MarketStore.api_key`."""
    row = conn.execute(_KEY, {"token": token_sha256}).first()
    return None if row is None else ApiKey(**{f.name: getattr(row, f.name) for f in fields(ApiKey)})


def revoke_key(conn: sa.Connection, key_id: str, *, now: datetime) -> None:
    """See `MarketStore.revoke_key`. Raises `NotFound`."""
    if conn.execute(_REVOKE, {"wanted": key_id, "at": now}).rowcount == 0:
        raise NotFound("key", key_id)
