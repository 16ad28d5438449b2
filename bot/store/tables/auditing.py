"""When the audits ran, and what they found."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.columns import Id, Json, UtcDateTime
from bot.store.tables.base import metadata, where

audits = sa.Table(
    "audits",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text),
    sa.Column("until", UtcDateTime),
    sa.Column("ran_at", UtcDateTime),
    sa.Column("took_s", sa.Float, nullable=False),
    sa.Column("runs", sa.Integer, nullable=False),
    sa.Column("behind", sa.Boolean, nullable=False),
    sa.Column("marks", Json, nullable=False),
)


LASTS = "lasting AND ended_at IS NULL"
"""Findings that still hold."""


findings = sa.Table(
    "findings",
    metadata,
    sa.Column("finding_id", Id, primary_key=True),
    sa.Column("row", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    # Empty where a finding is about no conversation. No foreign key: what belongs to none is found, too.
    sa.Column("conversation_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("lasting", sa.Boolean, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("first_seen_at", UtcDateTime, nullable=False, index=True),
    sa.Column("last_seen_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("outcome", sa.Text),
    sa.Index("ix_findings_known", "code", "conversation_id", "key", unique=True, **where("ended_at IS NULL")),
    sa.Index("ix_findings_lasting", "finding_id", **where(LASTS)),
)
