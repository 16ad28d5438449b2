"""Prospects, their addresses, and their conversations with what the brain and the timeline know of them."""

from __future__ import annotations

import sqlalchemy as sa

from bot.core.sent import TURNS_OF_TALK
from bot.store.columns import Id, Json, UtcDateTime
from bot.store.tables.base import metadata, where

TURN_KINDS = f"kind IN ({', '.join(repr(kind) for kind in TURNS_OF_TALK)})"
"""Lines of the journal that changed who may speak."""


prospects = sa.Table(
    "prospects",
    metadata,
    sa.Column("prospect_id", sa.Text, primary_key=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("slots", Json, nullable=False),
    sa.Column("tags", Json, nullable=False),
)


identities = sa.Table(
    "identities",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("external_id", sa.Text, primary_key=True),
    sa.Column("prospect_id", sa.ForeignKey("prospects.prospect_id"), nullable=False, index=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)


conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("conversation_id", sa.Text, primary_key=True),
    sa.Column("prospect_id", sa.ForeignKey("prospects.prospect_id"), nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("owner_version", sa.Integer, nullable=False),
    sa.Column("promise_opened_at", UtcDateTime),
    sa.Column("promise_due_at", UtcDateTime),
    sa.Column("promise_message_id", sa.BigInteger),
    sa.Column("window_opened_at", UtcDateTime),
    sa.Column("window_closes_at", UtcDateTime),
    sa.Column("window_opened_by", sa.Text),
    sa.Column("last_seq", sa.Integer, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False, index=True),
    sa.Column("last_inbound_at", UtcDateTime),
    sa.Column("last_outbound_at", UtcDateTime),
    sa.Column("opted_out_at", UtcDateTime),
    sa.Column("episode", sa.Text),
    sa.Column("enrolments", sa.Text, nullable=False),
    sa.Column("doc", sa.Text, nullable=False),
    sa.Column("link", sa.Text),
    # Whose it is, as `bot.store.sight.team_of` says.
    sa.Column("team", sa.Text),
    sa.ForeignKeyConstraint(["channel", "external_id"], ["identities.channel", "identities.external_id"]),
    sa.UniqueConstraint("channel", "external_id"),
    sa.Index("ix_conversations_promise", "promise_due_at", **where("promise_due_at IS NOT NULL")),
)


tracker_events = sa.Table(
    "tracker_events",
    metadata,
    sa.Column("event_id", Id, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Index("ix_tracker_events_conversation", "conversation_id", "event_id"),
)


journal = sa.Table(
    "journal",
    metadata,
    sa.Column("journal_id", Id, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("link", sa.Text),
    sa.Index("ix_journal_conversation", "conversation_id", "journal_id"),
    sa.Index("ix_journal_kind", "kind", "at"),
    sa.Index("ix_journal_turns", "conversation_id", "journal_id", **where(TURN_KINDS)),
)


notes = sa.Table(
    "notes",
    metadata,
    sa.Column("note_id", Id, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("agent_name", sa.Text, nullable=False),
    sa.Column("agent_picture_url", sa.Text),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
