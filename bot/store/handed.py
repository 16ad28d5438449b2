"""Episodes for reports, each with what the journal says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.store.codec import episode_of, journal_line_of
from bot.store.contract import Handed, JournalLine
from bot.store.tables import conversations, episodes, journal

_REQUESTED = sa.and_(episodes.c.requested_at >= sa.bindparam("since"), episodes.c.requested_at < sa.bindparam("until"))
_EPISODES = (
    sa.select(
        episodes.c.conversation_id,
        episodes.c.doc,
        conversations.c.channel,
        conversations.c.promise_opened_at,
        conversations.c.promise_due_at,
    )
    .join(conversations, conversations.c.conversation_id == episodes.c.conversation_id)
    .where(_REQUESTED)
    .order_by(episodes.c.requested_at, episodes.c.episode_id)
)
_LINES = (
    sa.select(journal)
    .where(
        journal.c.kind.in_(sa.bindparam("kinds", expanding=True)),
        journal.c.at >= sa.bindparam("since"),
        journal.c.conversation_id.in_(sa.select(episodes.c.conversation_id).where(_REQUESTED)),
    )
    .order_by(journal.c.journal_id)
)


def handed(conn: sa.Connection, *, since: datetime, until: datetime, kinds: Sequence[str]) -> list[Handed]:
    """See `Store.handed`."""
    asked = {"since": since, "until": until}
    rows = conn.execute(_EPISODES, asked).all()
    lines: defaultdict[tuple[str, str], list[JournalLine]] = defaultdict(list)
    for row in conn.execute(_LINES, {**asked, "kinds": list(kinds)}) if rows else ():
        line = journal_line_of(row)
        lines[line.conversation_id, line.entry.data.get("episode_id", "")].append(line)
    found = []
    for row in rows:
        episode = episode_of(row.doc)
        if episode is not None:
            found.append(
                Handed(
                    conversation_id=row.conversation_id,
                    channel=row.channel,
                    episode=episode,
                    lines=tuple(lines[row.conversation_id, episode.episode_id]),
                    promise_opened_at=row.promise_opened_at,
                    promise_due_at=row.promise_due_at,
                )
            )
    return found
