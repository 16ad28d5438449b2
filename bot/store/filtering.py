"""Lists that people put together themselves: open handoffs by risk, or everything by the latest words, of which they want some."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from bot.core.model import ClockKind
from bot.store.columns import UtcDateTime
from bot.store.contract import NOBODY, Filter, Overview
from bot.store.reading import OVERVIEW, overviews_from
from bot.store.rules import NO_RISK
from bot.store.seeing import seen_by
from bot.store.sight import Sight
from bot.store.tables import clocks, conversations, episodes

_JOINED = OVERVIEW.outerjoin_from(
    conversations,
    episodes,
    sa.and_(episodes.c.conversation_id == conversations.c.conversation_id, sa.text("episodes.status <> 'closed'")),
)
_WORDS_DUE = (
    sa.select(clocks.c.due_at)
    .where(
        clocks.c.conversation_id == conversations.c.conversation_id,
        clocks.c.kind == ClockKind.FIRST_WORDS.value,
        clocks.c.key == episodes.c.episode_id,
    )
    .scalar_subquery()
)
_NEVER = sa.literal(NO_RISK, UtcDateTime)
# As `bot.store.rules.risk_at`.
_RISK = sa.case(
    (episodes.c.status == "waiting", sa.func.coalesce(_WORDS_DUE, episodes.c.first_words_due_at)),
    (episodes.c.first_words_at.is_(None), episodes.c.first_words_due_at),
    else_=sa.func.coalesce(conversations.c.promise_due_at, _NEVER),
)
_SNOOZED = sa.exists().where(clocks.c.conversation_id == conversations.c.conversation_id, clocks.c.kind == ClockKind.SNOOZE.value)


def filtered(
    conn: sa.Connection, wanted: Filter, *, limit: int, before: tuple[datetime, str] | None, sight: Sight | None = None
) -> list[Overview]:
    """See `Store.filtered`."""
    query, key = _JOINED, conversations.c.conversation_id
    if sight is not None:
        query = query.where(seen_by(sight))
    if wanted.risk:
        query = query.where(episodes.c.episode_id.is_not(None)).order_by(_RISK, key)
    else:
        query = query.order_by(conversations.c.last_at.desc(), key)
    if before is not None:
        at, last = sa.literal(before[0], UtcDateTime), before[1]
        passed = at < _RISK if wanted.risk else conversations.c.last_at < at
        same = at == _RISK if wanted.risk else conversations.c.last_at == at
        query = query.where(sa.or_(passed, sa.and_(same, key > last)))
    for column, value in (
        (conversations.c.channel, wanted.channel),
        (episodes.c.reason, wanted.reason),
        (episodes.c.team, wanted.team),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.holder == NOBODY:
        query = query.where(episodes.c.status == "waiting")
    elif wanted.holder is not None:
        query = query.where(episodes.c.status == "accepted", episodes.c.agent_id == wanted.holder)
    if wanted.snoozed is not None:
        query = query.where(_SNOOZED if wanted.snoozed else ~_SNOOZED)
    return overviews_from(conn, conn.execute(query.limit(limit)).all())
