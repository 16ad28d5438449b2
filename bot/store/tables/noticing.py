"""What agents should notice, and what each carrier made of it."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.columns import Id, Json, UtcDateTime
from bot.store.tables.base import metadata, where

NOTICE_QUEUED = "state = 'queued'"
"""Notifications whose turn is still to come."""


notices = sa.Table(
    "notices",
    metadata,
    sa.Column("notice_id", Id, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("whom", Json, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("planned_at", UtcDateTime),
    sa.Index("ix_notices_fresh", "notice_id", **where("planned_at IS NULL")),
)


notifications = sa.Table(
    "notifications",
    metadata,
    sa.Column("notification_id", Id, primary_key=True),
    sa.Column("notice_id", sa.ForeignKey("notices.notice_id"), nullable=False),
    sa.Column("conversation_id", sa.Text, nullable=False),
    # Empty for the installation: no foreign key.
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("sent_at", UtcDateTime),
    sa.Column("seen_at", UtcDateTime),
    sa.Column("acted_at", UtcDateTime),
    sa.Column("holder", sa.Text),
    sa.Column("held_until", UtcDateTime),
    sa.UniqueConstraint("notice_id", "agent_id", "carrier"),
    sa.Index("ix_notifications_mine", "agent_id", "conversation_id", "carrier"),
    sa.Index("ix_notifications_conversation", "conversation_id"),
    sa.Index("ix_notifications_due", "due_at", **where(NOTICE_QUEUED)),
)


devices = sa.Table(
    "devices",
    metadata,
    sa.Column("device_id", Id, primary_key=True),
    sa.Column("agent_id", sa.ForeignKey("agents.agent_id"), nullable=False, index=True),
    sa.Column("endpoint", sa.Text, nullable=False, unique=True),
    sa.Column("p256dh", sa.Text, nullable=False),
    sa.Column("auth", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("added_at", UtcDateTime, nullable=False),
)
