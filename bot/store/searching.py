"""Full-text search over messages, notes and names: FTS5 in SQLite, a tsvector index in PostgreSQL (see migration 0008)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from bot.core.model import Speaker
from bot.store.codec import profile_of
from bot.store.contract import Found, Hit, Similar
from bot.store.message_rows import message_of
from bot.store.reading import overviews_of
from bot.store.seeing import seen_by
from bot.store.sight import Sight
from bot.store.similar import ANSWERED_WITHIN, most_alike, telling
from bot.store.tables import conversations, messages, notes, prospects
from bot.store.words import HITS, name_of, newest_first, wanted

LOOKED_AT = 400
"""The newest matches that are looked at: a word that everybody says must not cost more than a rare one."""

EVERY = -1
"""As a limit in SQLite: none. Who may not read everything gets the newest of what they may."""

_SHOWN = sa.select(messages.c.conversation_id, messages.c.text, messages.c.speaker, messages.c.at, messages.c.seq).where(
    messages.c.seq.is_not(None)
)
_NOTED = sa.select(notes.c.conversation_id, notes.c.text, notes.c.agent_name, notes.c.at)
_NAMED = sa.select(conversations.c.conversation_id, prospects.c.profile, prospects.c.slots).join(
    conversations, conversations.c.prospect_id == prospects.c.prospect_id
)


_BY_DIALECT = {
    "sqlite": (
        sa.text(
            "messages.message_id IN (SELECT rowid FROM messages_words"
            " WHERE messages_words MATCH :words ORDER BY rowid DESC LIMIT :most)"
        ),
        sa.text("notes.note_id IN (SELECT rowid FROM notes_words WHERE notes_words MATCH :words ORDER BY rowid DESC LIMIT :most)"),
        sa.text(
            "prospects.prospect_id IN (SELECT prospect_id FROM names WHERE name_id IN"
            " (SELECT rowid FROM names_words WHERE names_words MATCH :words ORDER BY rowid DESC LIMIT :most))"
        ),
    ),
    "postgresql": (
        sa.text("warmline_words(messages.text) @@ to_tsquery('simple', :words)"),
        sa.text("warmline_words(notes.text) @@ to_tsquery('simple', :words)"),
        sa.text("warmline_words(warmline_name(prospects.profile, prospects.slots)) @@ to_tsquery('simple', :words)"),
    ),
}


def search(conn: sa.Connection, query: str, *, limit: int, sight: Sight | None = None) -> list[Found]:
    """See `Store.search`."""
    words = wanted(query)
    if not words:
        return []
    sqlite = conn.dialect.name == "sqlite"
    asked = " ".join(f'"{word}"*' for word in words) if sqlite else " & ".join(f"{word}:*" for word in words)
    given = {"words": asked, "most": LOOKED_AT if sight is None else EVERY} if sqlite else {"words": asked}
    shown, noted, named = _BY_DIALECT[conn.dialect.name]
    hits: defaultdict[str, list[Hit]] = defaultdict(list)
    for one in conn.execute(_seen(_NAMED, sight).where(named).limit(LOOKED_AT), given):
        hits[one.conversation_id].append(Hit(kind="name", text=name_of(profile_of(one.profile), one.slots)))
    for row in conn.execute(
        _seen(_SHOWN, sight, messages).where(shown).order_by(messages.c.message_id.desc()).limit(LOOKED_AT), given
    ):
        hit = Hit(kind="message", text=row.text, by=row.speaker, at=row.at, seq=row.seq)
        hits[row.conversation_id].append(hit)
    for note in conn.execute(_seen(_NOTED, sight, notes).where(noted).order_by(notes.c.note_id.desc()).limit(LOOKED_AT), given):
        hits[note.conversation_id].append(Hit(kind="note", text=note.text, by=note.agent_name, at=note.at))
    best = newest_first(hits)[:limit]
    shown_as = overviews_of(conn, [key for key, _ in best])
    return [Found(overview=shown_as[key], hits=kept[:HITS]) for key, kept in best if key in shown_as]


def _seen(query: sa.Select[Any], sight: Sight | None, of: sa.Table | None = None) -> sa.Select[Any]:
    """The query, for who may read all, or else within what they may; `of` is the table that has to be joined first."""
    if sight is None:
        return query
    joined = query if of is None else query.join(conversations, conversations.c.conversation_id == of.c.conversation_id)
    return joined.where(seen_by(sight))


_REPLY = messages.alias("reply")
_NEXT = messages.alias("next")
_ANSWERED = (
    sa.select(messages.c.text.label("asked"), _REPLY)
    .select_from(messages)
    .join(
        _REPLY,
        sa.and_(
            _REPLY.c.conversation_id == messages.c.conversation_id,
            _REPLY.c.seq
            == sa.select(sa.func.min(_NEXT.c.seq))
            .where(
                _NEXT.c.conversation_id == messages.c.conversation_id,
                _NEXT.c.seq > messages.c.seq,
                _NEXT.c.speaker == Speaker.AGENT.value,
            )
            .scalar_subquery(),
            _REPLY.c.seq <= messages.c.seq + ANSWERED_WITHIN,
        ),
    )
    .where(
        messages.c.speaker == Speaker.PROSPECT.value,
        messages.c.seq.is_not(None),
        messages.c.conversation_id != sa.bindparam("besides"),
    )
    .order_by(messages.c.message_id.desc())
    .limit(LOOKED_AT)
)


def similar_answers(conn: sa.Connection, text: str, *, besides: str, limit: int, sight: Sight | None = None) -> list[Similar]:
    """See `Store.similar_answers`. Of the newest that share a word the most alike are chosen."""
    words = telling(text)
    if not words:
        return []
    given: dict[str, object] = {"besides": besides}
    if conn.dialect.name == "sqlite":
        given |= {"words": " OR ".join(f'"{word}"*' for word in words), "most": LOOKED_AT * 5 if sight is None else EVERY}
    else:
        given |= {"words": " | ".join(f"{word}:*" for word in words)}
    found = []
    for row in conn.execute(_seen(_ANSWERED, sight, messages).where(_BY_DIALECT[conn.dialect.name][0]), given):
        reply = message_of(row)
        found.append(Similar(asked=row.asked, text=reply.text, by=reply.agent.name if reply.agent else None, at=reply.at))
    return most_alike(text, found, limit=limit)
