"""Conversations in which something open may lack what moves it: found over partial indexes, loaded whole, judged elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.core.audit import Suspect, breach_hidden, episode_lacks
from bot.core.model import ClockKind, Owner
from bot.store.auditing import Look, Marks
from bot.store.codec import enrolments_of, episode_of
from bot.store.jsontext import Record
from bot.store.message_rows import UNHEARD
from bot.store.tables import OPEN_STATUS, clocks, conversations, enrolments, episodes, journal, messages
from bot.store.turn import load

BEGINNING = datetime.min.replace(tzinfo=UTC)
ENDED = "episode.closed"

_CLOSED = episodes.c.status == "closed"
_OPEN_EPISODE = sa.text("episodes.status <> 'closed'")


def _runs(kind: ClockKind, of: sa.ColumnElement[str], key: sa.ColumnElement[str] | str = "") -> sa.ColumnElement[bool]:
    """Whether this clock of a conversation runs."""
    return sa.exists(
        sa.select(1).select_from(clocks).where(clocks.c.conversation_id == of, clocks.c.kind == kind.value, clocks.c.key == key)
    )


_UNHEARD = (
    sa.select(messages.c.conversation_id)
    .distinct()
    .join(conversations, conversations.c.conversation_id == messages.c.conversation_id)
    .where(
        sa.text(OPEN_STATUS),
        messages.c.status == UNHEARD,
        sa.or_(conversations.c.promise_due_at.is_(None), ~_runs(ClockKind.TURN, messages.c.conversation_id)),
    )
    .limit(sa.bindparam("limit"))
)
_PROMISED = (
    sa.select(conversations.c.conversation_id)
    .where(
        conversations.c.promise_due_at.is_not(None),
        sa.or_(
            conversations.c.owner == Owner.CLOSED.value,
            ~_runs(ClockKind.PROMISE, conversations.c.conversation_id),
        ),
    )
    .limit(sa.bindparam("limit"))
)
_EPISODES = (
    sa.select(
        episodes.c.conversation_id,
        episodes.c.status,
        episodes.c.doc,
        conversations.c.owner,
        *(_runs(kind, episodes.c.conversation_id, episodes.c.episode_id).label(kind.value)
          for kind in (ClockKind.RUNG, ClockKind.OFFER, ClockKind.FIRST_WORDS)),
    )
    .join(conversations, conversations.c.conversation_id == episodes.c.conversation_id)
    .where(_OPEN_EPISODE)
)  # fmt: skip
_TWO = sa.select(episodes.c.conversation_id).where(_OPEN_EPISODE).group_by(episodes.c.conversation_id).having(sa.func.count() > 1)
_OWNED = (
    sa.select(conversations.c.conversation_id)
    .where(
        conversations.c.owner.in_((Owner.WAITING.value, Owner.AGENT.value)),
        ~sa.exists(sa.select(1).select_from(episodes).where(
            episodes.c.conversation_id == conversations.c.conversation_id, _OPEN_EPISODE
        )),
    )
    .limit(sa.bindparam("limit"))
)  # fmt: skip
_LATE = (
    sa.select(clocks.c.conversation_id)
    .where(clocks.c.due_at < sa.bindparam("overdue_before", type_=clocks.c.due_at.type))
    .order_by(clocks.c.due_at)
    .limit(sa.bindparam("limit"))
)
_ENDED = (
    sa.select(journal.c.journal_id, journal.c.conversation_id, journal.c.at, conversations.c.episode)
    .join(conversations, conversations.c.conversation_id == journal.c.conversation_id)
    .where(
        journal.c.kind == ENDED,
        journal.c.at >= sa.bindparam("after", type_=journal.c.at.type),
        journal.c.at < sa.bindparam("before", type_=journal.c.at.type),
        sa.or_(journal.c.at > sa.bindparam("after", type_=journal.c.at.type), journal.c.journal_id > sa.bindparam("after_id")),
    )
    .order_by(journal.c.at, journal.c.journal_id)
    .limit(sa.bindparam("limit"))
)
_LIVE = sa.text("enrolments.status = 'live'")
_STRETCH_END = (
    sa.select(enrolments.c.conversation_id)
    .where(_LIVE, enrolments.c.conversation_id > sa.bindparam("after"))
    .order_by(enrolments.c.conversation_id, enrolments.c.flow_id)
    .limit(1)
    .offset(sa.bindparam("stretch"))
)
_ENROLLED = (
    sa.select(enrolments.c.conversation_id, enrolments.c.enrolment_id, conversations.c.enrolments, conversations.c.opted_out_at,
              conversations.c.owner)
    .join(conversations, conversations.c.conversation_id == enrolments.c.conversation_id)
    .where(
        _LIVE,
        enrolments.c.conversation_id > sa.bindparam("after"),
        sa.or_(
            conversations.c.opted_out_at.is_not(None),
            ~_runs(ClockKind.STEP, enrolments.c.conversation_id, enrolments.c.enrolment_id),
        ),
    )
)  # fmt: skip
_ENROLLED_TO = _ENROLLED.where(enrolments.c.conversation_id <= sa.bindparam("to"))
_OPEN_OF = (
    sa.select(episodes.c.conversation_id, sa.func.count())
    .where(episodes.c.conversation_id.in_(sa.bindparam("ids", expanding=True)), _OPEN_EPISODE)
    .group_by(episodes.c.conversation_id)
)


def audit_open(
    conn: sa.Connection, *, overdue_before: datetime, before: datetime, marks: Marks, limit: int, stretch: int
) -> Look[Suspect]:
    """See `AuditStore.audit_open`."""
    few = {"limit": limit + 1}
    since = {"after": marks.closed_at or BEGINNING, "after_id": marks.closed_id}
    ended = conn.execute(_ENDED, {**since, "before": before, "limit": stretch}).all()
    enrolled, walked_to = _enrolled(conn, marks.enrolled, stretch)
    wanted = dict.fromkeys(
        (
            # First, because the mark goes past them.
            *(row.conversation_id for row in ended if _hides(row)),
            *conn.execute(_UNHEARD, few).scalars(),
            *conn.execute(_PROMISED, few).scalars(),
            *(row.conversation_id for row in conn.execute(_EPISODES) if _may_lack(row)),
            *conn.execute(_TWO).scalars(),
            *conn.execute(_OWNED, few).scalars(),
            *conn.execute(_LATE, {**few, "overdue_before": overdue_before}).scalars(),
            *enrolled,
        )
    )
    suspects = _suspects(conn, list(wanted)[:limit])
    after = replace(marks, enrolled=walked_to)
    if ended:
        after = replace(after, closed_at=ended[-1].at, closed_id=ended[-1].journal_id)
    return Look(found=tuple(suspects), marks=after, more=len(ended) == stretch or len(wanted) > limit)


def _hides(row: Record) -> bool:
    episode = episode_of(row.episode)
    return episode is not None and breach_hidden(episode)


def _may_lack(row: Record) -> bool:
    episode = episode_of(row.doc)
    if episode is None:
        return True
    kinds = {ClockKind.RUNG: row.rung, ClockKind.OFFER: row.offer, ClockKind.FIRST_WORDS: row.first_words}
    owner = Owner.WAITING if row.status == "waiting" else Owner.AGENT
    lacks = any(episode_lacks(episode, {kind for kind, runs in kinds.items() if runs}))
    return lacks or row.owner != owner or row.status != episode.status or breach_hidden(episode)


def _enrolled(conn: sa.Connection, after: str, stretch: int) -> tuple[list[str], str]:
    """Of the next stretch of live enrolments, the conversations of those that may lack a clock; and where the walk goes on."""
    to = conn.execute(_STRETCH_END, {"after": after, "stretch": stretch - 1}).scalar()
    rows = conn.execute(_ENROLLED, {"after": after}) if to is None else conn.execute(_ENROLLED_TO, {"after": after, "to": to})
    return list(_unmoved(rows)), to or ""


def _unmoved(rows: Iterable[Record]) -> Iterator[str]:
    for row in rows:
        held = any(
            e.enrolment_id == row.enrolment_id and e.waiting_for == "person" and row.owner in (Owner.WAITING, Owner.AGENT)
            for e in enrolments_of(row.enrolments)
        )
        if row.opted_out_at is not None or not held:
            yield row.conversation_id


def _suspects(conn: sa.Connection, conversation_ids: list[str]) -> list[Suspect]:
    if not conversation_ids:
        return []
    open_ones = {row[0]: row[1] for row in conn.execute(_OPEN_OF, {"ids": conversation_ids})}
    return [Suspect(state=load(conn, one).state, open_episodes=open_ones.get(one, 0)) for one in conversation_ids]
