"""Agents, their sessions and consoles, the answers kept for them, and small values."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.columns import Id, Json, UtcDateTime
from bot.store.tables.base import metadata

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_folded", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("picture_url", sa.Text),
    sa.Column("created_at", UtcDateTime),
    sa.Column("disabled_at", UtcDateTime),
    # Names, and empty in rows of versions before.
    sa.Column("skills", Json),
    sa.Column("languages", Json),
    sa.Column("teams", Json),
    # The weight of episodes they may hold; empty for what the settings say.
    sa.Column("capacity", sa.Float),
)


sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_sha256", sa.Text, primary_key=True),
    sa.Column("agent_id", sa.ForeignKey("agents.agent_id"), nullable=False, index=True),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)


tries = sa.Table(
    "tries",
    metadata,
    sa.Column("try_id", Id, primary_key=True),
    # A hash: who tried from where is nobody's business once it is counted.
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Index("ix_tries_key", "key", "at"),
)


consoles = sa.Table(
    "consoles",
    metadata,
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("sockets", sa.Integer, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("lost_at", UtcDateTime),
)


settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


answers = sa.Table(
    "answers",
    metadata,
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    # A hash: what was asked is not kept, only what was answered.
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("status", sa.Integer),
    sa.Column("body", sa.Text),
)
