"""What falls due: clocks, and the handoffs that they drive."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.columns import Json, UtcDateTime
from bot.store.tables.base import metadata, where

BOOKED = "callback_at IS NOT NULL AND status <> 'closed'"
"""Open episodes with a time of their own."""


HELD_STATUS = "status = 'accepted'"
"""Episodes that an agent holds. Queries repeat this text, else the partial index is not used."""


clocks = sa.Table(
    "clocks",
    metadata,
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("due_at", UtcDateTime, nullable=False, index=True),
    sa.Column("data", Json, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    # As for messages.
    sa.Column("holder", sa.Text),
    sa.Column("held_until", UtcDateTime),
    sa.Index("ix_clocks_held", "held_until", **where("held_until IS NOT NULL")),
    sqlite_with_rowid=False,
)


episodes = sa.Table(
    "episodes",
    metadata,
    sa.Column("episode_id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("requested_at", UtcDateTime, nullable=False, index=True),
    sa.Column("first_words_due_at", UtcDateTime, nullable=False),
    sa.Column("agent_id", sa.Text),
    sa.Column("doc", sa.Text, nullable=False),
    # What reports ask. Empty in rows of versions before; the doc holds all of it.
    sa.Column("reason", sa.Text),
    sa.Column("policy", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("weight", sa.Float),
    sa.Column("offer_due_at", UtcDateTime),
    sa.Column("offered_at", UtcDateTime),
    sa.Column("accept_due_at", UtcDateTime),
    sa.Column("accepted_at", UtcDateTime),
    sa.Column("first_words_at", UtcDateTime),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("outcome", sa.Text),
    sa.Column("choice", sa.Text),
    # The time that was booked, and which of the agents' places at it.
    sa.Column("callback_at", UtcDateTime),
    sa.Column("callback_seat", sa.Integer),
    # When its agent took it, or ended it.
    sa.Column("served_at", UtcDateTime),
    # Kind to wall_s, working_s and count.
    sa.Column("segments", Json),
    # Missed target to cause.
    sa.Column("causes", Json),
    sa.Index("ix_episodes_open", "conversation_id", unique=True, **where("status <> 'closed'")),
    sa.Index("ix_episodes_queue", "status", "first_words_due_at"),
    sa.Index("ix_episodes_served", "agent_id", "served_at"),
    sa.Index("ix_episodes_booked", "callback_at", "callback_seat", unique=True, **where(BOOKED)),
    sa.Index("ix_episodes_held", "agent_id", "weight", **where(HELD_STATUS)),
)
