"""Flows: their versions, what was ruled about them, who is inside, and what they did."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.columns import Id, Json, UtcDateTime
from bot.store.tables.base import metadata, where

enrolments = sa.Table(
    "enrolments",
    metadata,
    sa.Column("enrolment_id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    sa.Column("flow_id", sa.Text, nullable=False),
    sa.Column("flow_version", sa.Integer, nullable=False),
    sa.Column("step_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("entered_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("end_reason", sa.Text),
    sa.Index("ix_enrolments_live", "conversation_id", "flow_id", unique=True, **where("status = 'live'")),
    sa.Index("ix_enrolments_flow", "flow_id", "flow_version", "step_id"),
)


flow_versions = sa.Table(
    "flow_versions",
    metadata,
    sa.Column("flow_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("blocks", Json, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("published_at", UtcDateTime, nullable=False),
    sa.Column("published_by", sa.Text, nullable=False),
    sa.UniqueConstraint("flow_id", "digest"),
)


flow_heads = sa.Table(
    "flow_heads",
    metadata,
    sa.Column("flow_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("seen", sa.Text, nullable=False),
)


# One row, "flows": how often what holds has changed. It is the lock of whoever changes something.
flow_book = sa.Table(
    "flow_book",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
)


flow_log = sa.Table(
    "flow_log",
    metadata,
    sa.Column("log_id", Id, primary_key=True),
    sa.Column("flow_id", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("ix_flow_log_flow", "flow_id", "log_id"),
)


flow_counts = sa.Table(
    "flow_counts",
    metadata,
    sa.Column("flow_id", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("wording", sa.Text, primary_key=True),
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("said", sa.Integer, nullable=False),
    sa.Column("opted_out", sa.Integer, nullable=False),
    sa.Column("complained", sa.Integer, nullable=False),
    sa.Column("angry", sa.Integer, nullable=False),
)


flow_arms = sa.Table(
    "flow_arms",
    metadata,
    sa.Column("flow_id", sa.Text, primary_key=True),
    sa.Column("experiment", sa.Text, primary_key=True),
    sa.Column("arm", sa.Text, primary_key=True),
    sa.Column("harmed", sa.Integer, nullable=False),
    sa.Column("stopped_at", UtcDateTime),
    sa.Column("reason", sa.Text, nullable=False),
)
