"""Who stands where in which flow, for the people who look after flows."""

from __future__ import annotations

import sqlalchemy as sa

from bot.core.model import ClockKind, Standing
from bot.store.codec import enrolments_of, journal_line_of, profile_of
from bot.store.rules import standing_of
from bot.store.tables import clocks, conversations, enrolments, journal, prospects

NOTES = 100
"""Lines of a conversation's journal that are looked through for the latest of an enrolment."""

_LIVE = (
    sa.select(
        enrolments.c.conversation_id, enrolments.c.enrolment_id, conversations.c.enrolments, clocks.c.due_at, prospects.c.profile
    )
    .join(conversations, conversations.c.conversation_id == enrolments.c.conversation_id)
    .join(prospects, prospects.c.prospect_id == conversations.c.prospect_id)
    .outerjoin(
        clocks,
        sa.and_(
            clocks.c.conversation_id == enrolments.c.conversation_id,
            clocks.c.kind == ClockKind.STEP.value,
            clocks.c.key == enrolments.c.enrolment_id,
        ),
    )
    .where(sa.text("enrolments.status = 'live'"), enrolments.c.enrolment_id > sa.bindparam("after"))
    .order_by(enrolments.c.enrolment_id)
    .limit(sa.bindparam("limit"))
)
_LIVE_OF = _LIVE.where(enrolments.c.flow_id == sa.bindparam("flow_id"))
_NOTES = (
    sa.select(journal)
    .where(journal.c.conversation_id == sa.bindparam("id"), journal.c.kind.like("flow.%"))
    .order_by(journal.c.journal_id.desc())
    .limit(NOTES)
)


def standings(conn: sa.Connection, *, flow_id: str | None, after: str, limit: int, with_notes: bool = True) -> list[Standing]:
    """See `Store.standings`."""
    given = {"after": after, "limit": limit}
    rows = conn.execute(_LIVE, given).all() if flow_id is None else conn.execute(_LIVE_OF, {**given, "flow_id": flow_id}).all()
    found = []
    for row in rows:
        enrolment = next((e for e in enrolments_of(row.enrolments) if e.enrolment_id == row.enrolment_id), None)
        if enrolment is None:
            continue
        told = conn.execute(_NOTES, {"id": row.conversation_id}) if with_notes else ()
        notes = (journal_line_of(note).entry for note in told)
        due, zone = [row.due_at] if row.due_at else [], profile_of(row.profile).zone
        found.append(standing_of(row.conversation_id, enrolment, due, notes, zone=zone))
    return found
