"""What became of a prospect, over SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.events import JournalEntry
from bot.core.model import Speaker
from bot.store.columns import UtcDateTime
from bot.store.remembering import Of, Place, Remembered, note_entry, page, visit_lines
from bot.store.runner import Runner
from bot.store.seeing import seen_by
from bot.store.sight import Sight
from bot.store.tables import conversations, journal, messages, notes

_OTHER = conversations.alias("asked")
_THEIRS = (
    sa.select(conversations.c.conversation_id, conversations.c.channel, conversations.c.created_at)
    .join(_OTHER, _OTHER.c.prospect_id == conversations.c.prospect_id)
    .where(_OTHER.c.conversation_id == sa.bindparam("id"))
    .order_by(conversations.c.created_at, conversations.c.conversation_id)
)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_WROTE = sa.select(messages.c.conversation_id, messages.c.at, messages.c.message_id).where(
    messages.c.conversation_id.in_(_IDS), messages.c.speaker == Speaker.PROSPECT.value
)
_LINES = sa.select(journal).where(journal.c.conversation_id.in_(_IDS), journal.c.kind.in_(sa.bindparam("kinds", expanding=True)))
_NOTES = sa.select(notes).where(notes.c.conversation_id.in_(_IDS))


def remembered(
    conn: sa.Connection, conversation_id: str, *, kinds: Sequence[str], limit: int, before: Place | None, sight: Sight | None
) -> list[Remembered]:
    """See `RememberingStore.remembered`."""
    theirs = conn.execute(_THEIRS.where(seen_by(sight)), {"id": conversation_id}).all()
    if not theirs:
        return []
    channels = {row.conversation_id: row.channel for row in theirs}
    ids = {"ids": list(channels)}

    def line(of: Of, number: int, key: str, entry: JournalEntry) -> Remembered:
        return Remembered(of=of, number=number, conversation_id=key, channel=channels[key], entry=entry)

    found = [
        line(Of.MEETING, n, row.conversation_id, JournalEntry(kind="met", at=row.created_at, data={}))
        for n, row in enumerate(theirs)
    ]
    moments: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for row in conn.execute(_WROTE, ids):
        moments[row.conversation_id].append((row.at, row.message_id))
    for key, written in moments.items():
        found += visit_lines(key, channels[key], written)
    lines = _latest(_LINES, journal.c.at, journal.c.journal_id, Of.JOURNAL, limit, before)
    for row in conn.execute(lines, {**ids, "kinds": list(kinds)}):
        entry = JournalEntry(kind=row.kind, at=row.at, data=row.data)
        found.append(line(Of.JOURNAL, row.journal_id, row.conversation_id, entry))
    for row in conn.execute(_latest(_NOTES, notes.c.at, notes.c.note_id, Of.NOTE, limit, before), ids):
        entry = note_entry(at=row.at, agent_id=row.agent_id, agent=row.agent_name, text=row.text)
        found.append(line(Of.NOTE, row.note_id, row.conversation_id, entry))
    return page(found, limit=limit, before=before)


def _latest(
    query: sa.Select[Any], at: sa.Column[Any], number: sa.Column[Any], of: Of, limit: int, before: Place | None
) -> sa.Select[Any]:
    """As much of a table as a page can hold: its latest rows before the place."""
    if before is not None:
        moment = sa.literal(before[0], UtcDateTime)
        same = sa.true() if of < before[1] else number < before[2] if of == before[1] else sa.false()
        query = query.where(sa.or_(at < moment, sa.and_(at == moment, same)))
    return query.order_by(at.desc(), number.desc()).limit(limit)


class SqlMemories:
    """`bot.store.remembering.RememberingStore` over SQL."""

    _read: Runner

    async def remembered(
        self, conversation_id: str, *, kinds: Sequence[str], limit: int, before: Place | None = None, sight: Sight | None = None
    ) -> list[Remembered]:
        """See `RememberingStore.remembered`."""
        return await self._read.run(
            lambda conn: remembered(conn, conversation_id, kinds=kinds, limit=limit, before=before, sight=sight)
        )
