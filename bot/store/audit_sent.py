"""Messages that left since a mark, each with the facts to judge it, and rows that belong to no conversation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from bot.core.model import Delivery, Speaker
from bot.core.sent import FlowSaid, Sent, Turn
from bot.store.audit_open import BEGINNING
from bot.store.auditing import MARK_STRAYS, Look, Marks, Stray
from bot.store.codec import profile_of
from bot.store.jsontext import Record
from bot.store.message_rows import body_of, body_of_text
from bot.store.rules import latest
from bot.store.tables import SENT_STATUS, TURN_KINDS, conversations, enrolments, identities, journal, messages, metadata, prospects

NEAR = 50
"""How many messages back the latest words of the person, or a twin, are looked for."""
FLOW_NEAR = 200
"""How many messages back a flow's earlier words are looked for."""

_before = messages.alias("before")
_around = messages.alias("around")


def _near[T](column: sa.ColumnElement[T], *conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[T]:
    return (
        sa.select(column)
        .where(
            _around.c.conversation_id == messages.c.conversation_id,
            _around.c.seq < messages.c.seq,
            _around.c.seq >= messages.c.seq - NEAR,
            *conditions,
        )
        .correlate(messages)
        .scalar_subquery()
    )


_EARLIER = (
    sa.select(_around.c.message_id)
    .where(
        _around.c.conversation_id == messages.c.conversation_id,
        _around.c.seq < messages.c.seq,
        _around.c.speaker != Speaker.PROSPECT.value,
    )
    .order_by(_around.c.seq.desc())
    .limit(1)
    .correlate(messages)
    .scalar_subquery()
)
_LEFT = (
    sa.select(
        messages,
        conversations.c.channel,
        conversations.c.last_inbound_at,
        (identities.c.prospect_id == conversations.c.prospect_id).label("same_person"),
        _near(sa.func.max(_around.c.at, type_=_around.c.at.type), _around.c.speaker == Speaker.PROSPECT.value).label("heard_at"),
        _near(
            sa.func.min(_around.c.message_id),
            _around.c.external_id == messages.c.external_id,
            _around.c.speaker != Speaker.PROSPECT.value,
        ).label("twin_id"),
        _before.c.message_id.label("earlier_id"),
        _before.c.at.label("earlier_at"),
        _before.c.sending_at.label("earlier_sending_at"),
        _before.c.body.label("earlier_body"),
    )
    .join(conversations, conversations.c.conversation_id == messages.c.conversation_id)
    .outerjoin(
        identities,
        sa.and_(identities.c.channel == conversations.c.channel, identities.c.external_id == conversations.c.external_id),
    )
    .outerjoin(_before, _before.c.message_id == _EARLIER)
    .where(
        sa.text(f"messages.{SENT_STATUS}"),
        messages.c.at >= sa.bindparam("after", type_=messages.c.at.type),
        messages.c.at < sa.bindparam("until", type_=messages.c.at.type),
        sa.or_(messages.c.at > sa.bindparam("after", type_=messages.c.at.type), messages.c.message_id > sa.bindparam("after_id")),
    )
    .order_by(messages.c.at, messages.c.message_id)
    .limit(sa.bindparam("limit"))
)
_TURNS = (
    sa.select(journal.c.conversation_id, journal.c.kind, journal.c.at)
    .where(journal.c.conversation_id.in_(sa.bindparam("ids", expanding=True)), sa.text(TURN_KINDS))
    .order_by(journal.c.journal_id)
)
_FLOW_BEFORE = (
    sa.select(messages)
    .where(
        messages.c.conversation_id == sa.bindparam("id"),
        messages.c.seq < sa.bindparam("seq"),
        messages.c.seq >= sa.bindparam("seq") - FLOW_NEAR,
        messages.c.speaker == Speaker.FLOW.value,
        messages.c.status == Delivery.SENT.value,
    )
    .order_by(messages.c.seq)
)
_PROFILE = (
    sa.select(prospects.c.profile)
    .join(conversations, conversations.c.prospect_id == prospects.c.prospect_id)
    .where(conversations.c.conversation_id == sa.bindparam("id"))
)
_FLOW_VERSION = sa.select(enrolments.c.flow_version).where(enrolments.c.enrolment_id == sa.bindparam("enrolment"))


def audit_sent(conn: sa.Connection, *, before: datetime, marks: Marks, limit: int) -> Look[Sent]:
    """See `AuditStore.audit_sent`."""
    wanted = {"after": marks.sent_at or BEGINNING, "after_id": marks.sent_id, "until": before, "limit": limit}
    rows = conn.execute(_LEFT, wanted).all()
    if not rows:
        return Look(found=(), marks=marks)
    turns = _turns(conn, rows)
    sent = tuple(_of_flow(conn, row, _sent(row, turns)) for row in rows)
    after = replace(marks, sent_at=rows[-1].at, sent_id=rows[-1].message_id)
    return Look(found=sent, marks=after, more=len(rows) == limit)


def _turns(conn: sa.Connection, rows: Sequence[Record]) -> Mapping[str, list[Turn]]:
    turns: defaultdict[str, list[Turn]] = defaultdict(list)
    for row in conn.execute(_TURNS, {"ids": sorted({row.conversation_id for row in rows})}):
        turns[row.conversation_id].append(Turn(kind=row.kind, at=row.at))
    return turns


def _sent(row: Record, turns: Mapping[str, list[Turn]]) -> Sent:
    body = body_of(row)
    left_at = row.sending_at or row.at
    known = row.last_inbound_at if row.last_inbound_at is not None and row.last_inbound_at <= left_at else None
    return Sent(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        channel=row.channel,
        speaker=Speaker(row.speaker),
        decided_at=row.created_at,
        left_at=left_at,
        # A message that was tried before may have been seen at its first try; only one that left once left at its time.
        due_at=row.due_at if row.attempts == 0 else None,
        wording=body.wording or "",
        enrolment_id=body.enrolment_id,
        prompted=body.prompted,
        sent_as=row.sent_as,
        earlier_id=row.earlier_id,
        earlier_left_at=row.earlier_sending_at or row.earlier_at,
        earlier_wording=_wording(row.earlier_body),
        twin_id=row.twin_id,
        last_inbound_at=latest(row.heard_at, known),
        turns=tuple(turns.get(row.conversation_id, ())),
        same_person=bool(row.same_person),
    )


def _wording(body: str | None) -> str:
    return "" if body is None else body_of_text(body).wording or ""


def _of_flow(conn: sa.Connection, row: Record, sent: Sent) -> Sent:
    """What only a flow's own initiative needs."""
    if sent.speaker is not Speaker.FLOW or sent.prompted is not False:
        return sent
    found = conn.execute(_FLOW_BEFORE, {"id": row.conversation_id, "seq": row.seq}).all()
    said = ((one.created_at, body_of(one)) for one in found)
    profile = conn.execute(_PROFILE, {"id": row.conversation_id}).scalar()
    return replace(
        sent,
        flow_before=tuple(
            FlowSaid(decided_at=at, enrolment_id=body.enrolment_id, wording=body.wording or "")
            for at, body in said
            if body.prompted is False
        ),
        flow_version=conn.execute(_FLOW_VERSION, {"enrolment": sent.enrolment_id}).scalar(),
        zone=None if profile is None else profile_of(profile).zone,
    )


# ---- rows that belong to nobody -------------------------------------------------------------------------------------


def audit_strays(conn: sa.Connection, *, marks: Marks, limit: int) -> Look[Stray]:
    """See `AuditStore.audit_strays`."""
    strays: list[Stray] = []
    rows, more = dict(marks.rows), False
    for name in MARK_STRAYS:
        table = metadata.tables[name]
        [row_id] = table.primary_key.columns
        after = rows.get(name, 0)
        to = conn.execute(sa.select(row_id).where(row_id > after).order_by(row_id).limit(1).offset(limit - 1)).scalar()
        more = more or to is not None
        to = to or conn.execute(sa.select(sa.func.max(row_id))).scalar() or after
        alone = (
            sa.select(row_id, table.c.conversation_id)
            .where(row_id > after, row_id <= to)
            .where(~sa.exists(sa.select(1).where(conversations.c.conversation_id == table.c.conversation_id)))
        )
        strays += [Stray(table=name, row_id=row[0], conversation_id=row[1]) for row in conn.execute(alone)]
        rows[name] = max(after, to)
    return Look(found=tuple(strays), marks=replace(marks, rows=rows), more=more)
