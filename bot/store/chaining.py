"""The journal as chains of lines, to be verified."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa

from bot.core.events import JournalEntry
from bot.core.seal import BESIDE, Chain, Linked
from bot.store.tables import conversations, journal

_HEADS = (
    sa.select(conversations.c.conversation_id, conversations.c.link)
    .where(conversations.c.conversation_id > sa.bindparam("after"))
    .order_by(conversations.c.conversation_id)
    .limit(sa.bindparam("limit"))
)
_LINES = (
    sa.select(journal)
    .where(
        journal.c.conversation_id.in_(sa.bindparam("ids", expanding=True)),
        journal.c.kind.not_like(f"{BESIDE}%"),
    )
    .order_by(journal.c.journal_id)
)


def chains(conn: sa.Connection, *, after: str, limit: int) -> list[Chain]:
    """See `Store.chains`."""
    heads = conn.execute(_HEADS, {"after": after, "limit": limit}).all()
    lines = defaultdict[str, list[Linked]](list)
    for row in conn.execute(_LINES, {"ids": [head.conversation_id for head in heads]}):
        entry = JournalEntry(kind=row.kind, at=row.at, data=row.data)
        lines[row.conversation_id].append(Linked(journal_id=row.journal_id, entry=entry, link=row.link))
    return [Chain(conversation_id=head.conversation_id, head=head.link, lines=tuple(lines[head.conversation_id])) for head in heads]
