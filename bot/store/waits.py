"""Who waits for a person and how long others lately did: what a waiting time is told from, and which times are booked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import sqlalchemy as sa

from bot.core.model import Episode, Reason
from bot.store.contract import TimeTaken
from bot.store.tables import episodes
from handoff.desk import LATER
from handoff.forecast import Sample

UNASKED = (Reason.AGENT_STEPPED_IN, Reason.NATIVE_INBOX)
"""Reasons for which nobody waited."""

_LIVE = sa.or_(episodes.c.choice.is_(None), episodes.c.choice.not_in(LATER))
_WAITS = (
    sa.select(episodes.c.requested_at, episodes.c.first_words_at, episodes.c.closed_at, episodes.c.team)
    .where(
        episodes.c.requested_at >= sa.bindparam("since"),
        episodes.c.requested_at < sa.bindparam("now"),
        # Rows of versions before have no reason, and nothing to tell from.
        episodes.c.reason.not_in([reason.value for reason in UNASKED]),
        _LIVE,
    )
    .order_by(episodes.c.requested_at.desc(), episodes.c.episode_id)
    .limit(sa.bindparam("limit"))
)
_BOOKED = sa.select(episodes.c.callback_at, episodes.c.callback_seat).where(
    episodes.c.callback_at.is_not(None), episodes.c.status != "closed"
)

_TAKEN = _BOOKED.where(
    episodes.c.callback_at == sa.bindparam("at"),
    episodes.c.callback_seat == sa.bindparam("seat"),
    episodes.c.conversation_id != sa.bindparam("id"),
)


def first_waits(conn: sa.Connection, *, since: datetime, now: datetime, limit: int) -> list[Sample]:
    """See `Store.first_waits`."""
    return [
        _sample(row.requested_at, row.first_words_at, row.closed_at, row.team, now)
        for row in conn.execute(_WAITS, {"since": since, "now": now, "limit": limit})
    ]


def booked(conn: sa.Connection) -> frozenset[tuple[datetime, int]]:
    """See `Store.booked`."""
    return frozenset((row.callback_at, row.callback_seat) for row in conn.execute(_BOOKED))


def booked_in(held: Iterable[Episode]) -> Iterator[tuple[datetime, int]]:
    """The times that open episodes have booked, each with its place."""
    for episode in held:
        if episode.callback_at is not None and episode.callback_seat is not None and episode.status != "closed":
            yield episode.callback_at, episode.callback_seat


def must_be_free(conn: sa.Connection, conversation_id: str, episode: Episode) -> None:
    """Raises `TimeTaken` if an open episode of another conversation has booked the same place at the same time. One of the same
    conversation is over with this one."""
    if not any(booked_in([episode])):
        return
    asked = {"id": conversation_id, "at": episode.callback_at, "seat": episode.callback_seat}
    if conn.execute(_TAKEN, asked).first() is not None:
        raise TimeTaken(f"place {episode.callback_seat} at {episode.callback_at} is taken")


def waited(episode: Episode) -> bool:
    """Whether somebody sat and waited for its first words."""
    return episode.reason not in UNASKED and episode.choice not in LATER


def sample_of(episode: Episode, now: datetime) -> Sample:
    """The wait of an episode."""
    return _sample(episode.requested_at, episode.first_words_at, episode.closed_at, episode.team, now)


def _sample(
    requested_at: datetime, first_words_at: datetime | None, closed_at: datetime | None, team: str | None, now: datetime
) -> Sample:
    until = first_words_at or closed_at or now
    return Sample(requested_at=requested_at, until=until, answered=first_words_at is not None, team=team)
