"""What agents and marketers look at: messages, lists, episodes, journal, notes, numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.model import AgentRef, Clock, ClockKind, Delivery, Episode, Identity, Owner, Speaker
from bot.store.codec import clock_of, episode_of, journal_line_of, note_of, profile_of, promise_of
from bot.store.columns import UtcDateTime
from bot.store.contract import Counts, JournalLine, Message, Note, NotFound, Overview, Waiting
from bot.store.jsontext import Record
from bot.store.message_rows import message_of
from bot.store.notices import write_notices
from bot.store.rules import clean_text, mention, waiting_since
from bot.store.seeing import seen_by
from bot.store.sight import Sight
from bot.store.tables import HELD_STATUS, OPEN_STATUS, agents, clocks, conversations, episodes, journal, messages, notes, prospects

_SHOWN = sa.select(messages).where(messages.c.conversation_id == sa.bindparam("id"), messages.c.seq > sa.bindparam("after"))
_FORWARD = _SHOWN.order_by(messages.c.seq).limit(sa.bindparam("limit"))
_BACKWARD = _SHOWN.where(messages.c.seq < sa.bindparam("before")).order_by(messages.c.seq.desc()).limit(sa.bindparam("limit"))
_PENDING = (
    sa.select(messages)
    .where(
        messages.c.conversation_id == sa.bindparam("id"),
        messages.c.seq.is_(None),
        messages.c.status != Delivery.WITHDRAWN.value,
    )
    .order_by(messages.c.message_id)
)
_READ = (
    sa.update(messages)
    .where(
        messages.c.conversation_id == sa.bindparam("id"),
        messages.c.seq <= sa.bindparam("up_to"),
        messages.c.speaker != Speaker.PROSPECT.value,
        messages.c.read_at.is_(None),
    )
    .values(read_at=sa.bindparam("seen_at"))
)

OVERVIEW = sa.select(
    conversations.c.conversation_id,
    conversations.c.channel,
    conversations.c.external_id,
    conversations.c.owner,
    conversations.c.episode,
    conversations.c.last_at,
    conversations.c.promise_opened_at,
    conversations.c.promise_due_at,
    conversations.c.promise_message_id,
    prospects.c.profile,
    prospects.c.slots,
    prospects.c.tags,
).join(prospects, prospects.c.prospect_id == conversations.c.prospect_id)
_ONE = OVERVIEW.where(conversations.c.conversation_id == sa.bindparam("id"))
_SOME = OVERVIEW.where(conversations.c.conversation_id.in_(sa.bindparam("ids", expanding=True)))
_ALL = OVERVIEW.order_by(conversations.c.last_at.desc(), conversations.c.conversation_id).limit(sa.bindparam("limit"))
_ALL_BEFORE = _ALL.where(
    conversations.c.last_at <= sa.bindparam("before"),
    sa.or_(
        conversations.c.last_at < sa.bindparam("before"),
        conversations.c.conversation_id > sa.bindparam("before_id"),
    ),
)
_QUEUE = (
    OVERVIEW.join(episodes, episodes.c.conversation_id == conversations.c.conversation_id)
    .where(episodes.c.status == "waiting")
    .order_by(episodes.c.first_words_due_at, conversations.c.conversation_id)
    .limit(sa.bindparam("limit"))
)
_MINE = (
    OVERVIEW.join(episodes, episodes.c.conversation_id == conversations.c.conversation_id)
    .where(
        episodes.c.status == "accepted",
        episodes.c.agent_id == sa.bindparam("agent"),
        conversations.c.owner == Owner.AGENT.value,
    )
    .order_by(conversations.c.last_at.desc(), conversations.c.conversation_id)
    .limit(sa.bindparam("limit"))
)
_CLOCKS_OF = sa.select(clocks).where(clocks.c.conversation_id.in_(sa.bindparam("ids", expanding=True))).order_by(clocks.c.position)
_LAST_OF = (
    sa.select(messages)
    .join(
        conversations,
        sa.and_(conversations.c.conversation_id == messages.c.conversation_id, conversations.c.last_seq == messages.c.seq),
    )
    .where(messages.c.conversation_id.in_(sa.bindparam("ids", expanding=True)))
)

_WAITING = (
    sa.select(episodes.c.conversation_id, episodes.c.doc, clocks.c.data)
    .outerjoin(
        clocks,
        sa.and_(
            clocks.c.conversation_id == episodes.c.conversation_id,
            clocks.c.kind == ClockKind.ACCEPT.value,
            clocks.c.key == episodes.c.episode_id,
        ),
    )
    .where(episodes.c.status == "waiting")
    .order_by(episodes.c.first_words_due_at, episodes.c.conversation_id)
)
_LOAD = (
    sa.select(episodes.c.agent_id, sa.func.sum(sa.func.coalesce(episodes.c.weight, 1.0)))
    .where(sa.text(HELD_STATUS), episodes.c.agent_id.is_not(None))
    .group_by(episodes.c.agent_id)
)
# One look into the index an agent, however many episodes there were.
_LAST_SERVED = sa.select(
    agents.c.agent_id,
    sa.select(sa.func.max(episodes.c.served_at, type_=UtcDateTime))
    .where(episodes.c.agent_id == agents.c.agent_id)
    .scalar_subquery()
    .label("served_at"),
)
_EPISODES = (
    sa.select(episodes.c.doc)
    .where(episodes.c.conversation_id == sa.bindparam("id"))
    .order_by(episodes.c.requested_at, episodes.c.episode_id)
)
_JOURNAL = (
    sa.select(journal)
    .where(journal.c.conversation_id == sa.bindparam("id"))
    .order_by(journal.c.journal_id.desc())
    .limit(sa.bindparam("limit"))
)
_JOURNAL_OF = (
    sa.select(journal)
    .where(journal.c.journal_id > sa.bindparam("after"), journal.c.kind.in_(sa.bindparam("kinds", expanding=True)))
    .order_by(journal.c.journal_id)
    .limit(sa.bindparam("limit"))
)
_NOTES = sa.select(notes).where(notes.c.conversation_id == sa.bindparam("id")).order_by(notes.c.note_id)
_ADD_NOTE = notes.insert().returning(notes.c.note_id)
_EXISTS = sa.select(conversations.c.conversation_id).where(conversations.c.conversation_id == sa.bindparam("id"))

LAST_SEQ = 2**31 - 1
"""The largest value of the column; who asks for "all" gives more, which PostgreSQL refuses to compare."""

_BY_OWNER = sa.select(conversations.c.owner, sa.func.count()).group_by(conversations.c.owner)
_PROMISES = sa.select(sa.func.count()).where(conversations.c.promise_due_at.is_not(None))
_OVERDUE = sa.select(sa.func.count()).where(conversations.c.promise_due_at < sa.bindparam("now"))
_WAITING_COUNT = sa.select(sa.func.count()).where(episodes.c.status == "waiting")
_QUEUED = sa.select(sa.func.count()).select_from(messages).where(sa.text(OPEN_STATUS), messages.c.status == Delivery.QUEUED.value)
_PARKED = sa.select(sa.func.count()).select_from(messages).where(sa.text("parked_at IS NOT NULL"))
_DUE_COUNT = sa.select(sa.func.count()).where(clocks.c.due_at <= sa.bindparam("now"))


def shown(conn: sa.Connection, conversation_id: str, *, after_seq: int, before_seq: int | None, limit: int) -> list[Message]:
    """See `Store.messages`."""
    wanted = {"id": conversation_id, "after": min(after_seq, LAST_SEQ), "limit": limit}
    if before_seq is None:
        return [message_of(row) for row in conn.execute(_FORWARD, wanted)]
    rows = conn.execute(_BACKWARD, {**wanted, "before": min(before_seq, LAST_SEQ)}).all()
    return [message_of(row) for row in reversed(rows)]


def pending_messages(conn: sa.Connection, conversation_id: str) -> list[Message]:
    """See `Store.pending_messages`."""
    return [message_of(row) for row in conn.execute(_PENDING, {"id": conversation_id})]


def mark_read(conn: sa.Connection, conversation_id: str, *, up_to_seq: int, now: datetime) -> None:
    """See `Store.mark_read`."""
    conn.execute(_READ, {"id": conversation_id, "up_to": min(up_to_seq, LAST_SEQ), "seen_at": now})


def overview(conn: sa.Connection, conversation_id: str) -> Overview:
    """See `Store.overview`."""
    found = overviews_from(conn, conn.execute(_ONE, {"id": conversation_id}).all())
    if not found:
        raise NotFound("conversation", conversation_id)
    return found[0]


def overviews(
    conn: sa.Connection,
    *,
    view: str,
    agent_id: str | None,
    limit: int,
    before: tuple[datetime, str] | None,
    sight: Sight | None = None,
) -> list[Overview]:
    """See `Store.overviews`. Raises `ValueError` for an unknown view, or `mine` without an agent."""
    match view:
        case "queue":
            rows = conn.execute(_seen(_QUEUE, sight), {"limit": limit})
        case "mine" if agent_id is not None:
            rows = conn.execute(_MINE, {"limit": limit, "agent": agent_id})
        case "all" if before is not None:
            rows = conn.execute(_seen(_ALL_BEFORE, sight), {"limit": limit, "before": before[0], "before_id": before[1]})
        case "all":
            rows = conn.execute(_seen(_ALL, sight), {"limit": limit})
        case _:
            raise ValueError(f"no such view: {view!r} (agent {agent_id!r})")
    return overviews_from(conn, rows.all())


def _seen(query: sa.Select[Any], sight: Sight | None) -> sa.Select[Any]:
    return query if sight is None else query.where(seen_by(sight))


def overviews_of(conn: sa.Connection, conversation_ids: Sequence[str]) -> dict[str, Overview]:
    """These conversations as lists show them, by id."""
    found = overviews_from(conn, conn.execute(_SOME, {"ids": list(conversation_ids)}).all()) if conversation_ids else []
    return {one.conversation_id: one for one in found}


def overviews_from(conn: sa.Connection, rows: Sequence[Record]) -> list[Overview]:
    """Rows of `OVERVIEW` as lists show them, in their order."""
    if not rows:
        return []
    ids = {"ids": [row.conversation_id for row in rows]}
    running: defaultdict[str, list[Clock]] = defaultdict(list)
    for row in conn.execute(_CLOCKS_OF, ids):
        running[row.conversation_id].append(clock_of(row))
    last = {row.conversation_id: message_of(row) for row in conn.execute(_LAST_OF, ids)}
    return [_overview(row, tuple(running[row.conversation_id]), last.get(row.conversation_id)) for row in rows]


def _overview(row: Record, running: tuple[Clock, ...], last: Message | None) -> Overview:
    episode = episode_of(row.episode)
    return Overview(
        conversation_id=row.conversation_id,
        identity=Identity(channel=row.channel, external_id=row.external_id),
        profile=profile_of(row.profile),
        owner=Owner(row.owner),
        slots=row.slots,
        tags=tuple(row.tags),
        episode=episode,
        clocks=running,
        last_message=last,
        last_at=row.last_at,
        waiting_since=waiting_since(promise_of(row), episode),
        promise_due_at=row.promise_due_at,
    )


def waiting(conn: sa.Connection) -> list[Waiting]:
    """See `Store.waiting`."""
    return [
        Waiting(conversation_id=row.conversation_id, episode=episode, asked=row.data and row.data.get("agent_id"))
        for row in conn.execute(_WAITING)
        if (episode := episode_of(row.doc)) is not None
    ]


def last_served(conn: sa.Connection) -> dict[str, datetime]:
    """See `Store.last_served`."""
    return {row.agent_id: row.served_at for row in conn.execute(_LAST_SERVED) if row.served_at is not None}


def agent_load(conn: sa.Connection) -> dict[str, float]:
    """See `Store.agent_load`."""
    return {row[0]: float(row[1]) for row in conn.execute(_LOAD)}


def _pairs(rows: Iterable[Record]) -> dict[str, int]:
    return {row[0]: row[1] for row in rows}


def episodes_of(conn: sa.Connection, conversation_id: str) -> list[Episode]:
    """See `Store.episodes`."""
    found = (episode_of(doc) for doc in conn.execute(_EPISODES, {"id": conversation_id}).scalars())
    return [episode for episode in found if episode is not None]


def journal_lines(conn: sa.Connection, conversation_id: str, *, limit: int) -> list[JournalLine]:
    """See `Store.journal`."""
    rows = conn.execute(_JOURNAL, {"id": conversation_id, "limit": limit}).all()
    return [journal_line_of(row) for row in reversed(rows)]


def journal_of(conn: sa.Connection, kinds: Sequence[str], *, after: int, limit: int) -> list[JournalLine]:
    """See `Store.journal_of`."""
    rows = conn.execute(_JOURNAL_OF, {"kinds": list(kinds), "after": after, "limit": limit})
    return [journal_line_of(row) for row in rows]


def add_note(
    conn: sa.Connection, conversation_id: str, *, agent: AgentRef, text: str, now: datetime, mentions: Sequence[str] = ()
) -> Note:
    """See `Store.add_note`. Raises `NotFound`."""
    if conn.execute(_EXISTS, {"id": conversation_id}).first() is None:
        raise NotFound("conversation", conversation_id)
    text = clean_text(text)
    values = {
        "conversation_id": conversation_id,
        "agent_id": agent.agent_id,
        "agent_name": agent.name,
        "agent_picture_url": agent.picture_url,
        "text": text,
        "at": now,
    }
    note_id = conn.execute(_ADD_NOTE, values).scalar_one()
    if mentions:
        write_notices(conn, conversation_id, (mention(mentions, by=agent.agent_id),), now)
    return Note(note_id=note_id, conversation_id=conversation_id, agent=agent, text=text, at=now)


def notes_of(conn: sa.Connection, conversation_id: str) -> list[Note]:
    """See `Store.notes`."""
    return [note_of(row) for row in conn.execute(_NOTES, {"id": conversation_id})]


def counts(conn: sa.Connection, *, now: datetime) -> Counts:
    """See `Store.counts`."""
    at = {"now": now}
    return Counts(
        conversations_by_owner=_pairs(conn.execute(_BY_OWNER)),
        open_promises=conn.execute(_PROMISES).scalar_one(),
        overdue_promises=conn.execute(_OVERDUE, at).scalar_one(),
        waiting_episodes=conn.execute(_WAITING_COUNT).scalar_one(),
        queued_messages=conn.execute(_QUEUED).scalar_one(),
        parked_messages=conn.execute(_PARKED).scalar_one(),
        due_clocks=conn.execute(_DUE_COUNT, at).scalar_one(),
    )
