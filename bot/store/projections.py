"""Episodes and enrolments as rows of their own: for queries, and for the rules a database can hold.

A conversation's row says what its state holds; these tables keep every one there ever was. At most one episode per
conversation is open and at most one enrolment per conversation and flow is live: unique indexes see to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from bot.core.model import Enrolment, Episode
from bot.store.codec import EPISODE_COLUMNS, enrolment_values, episode_of, episode_values
from bot.store.tables import enrolments, episodes
from bot.store.upsert import Upsert, replacing

CLOSED = "closed"
LIVE = "live"

_PUT_EPISODE = Upsert(
    episodes,
    ("episode_id",),
    replacing("status", "first_words_due_at", "agent_id", "doc", "served_at", *EPISODE_COLUMNS, "segments", "causes"),
)
_PUT_ENROLMENT = Upsert(enrolments, ("enrolment_id",), replacing("flow_version", "step_id", "status", "ended_at", "end_reason"))


def project_episode(conn: sa.Connection, conversation_id: str, *, before: str | None, after: Episode | None, now: datetime) -> None:
    """Bring the rows up to the state's episode. An open one that the state let go of is closed at `now`."""
    old = episode_of(before)
    if old is not None and old.status != CLOSED and (after is None or after.episode_id != old.episode_id):
        closed = replace(old, status=CLOSED, closed_at=now)
        conn.execute(_PUT_EPISODE.on(conn), episode_values(conversation_id, closed))
    if after is not None:
        conn.execute(_PUT_EPISODE.on(conn), episode_values(conversation_id, after))


def project_enrolments(conn: sa.Connection, conversation_id: str, held: Sequence[Enrolment]) -> None:
    """Bring the rows up to the state's enrolments; ended ones first, so they make room for a live one of their flow."""
    rows = [enrolment_values(conversation_id, e) for e in sorted(held, key=lambda e: e.status == LIVE)]
    if rows:
        conn.execute(_PUT_ENROLMENT.on(conn), rows)
