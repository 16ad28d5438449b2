"""What other programs use: keys, conversions, imports, and webhooks."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.columns import Id, Json, UtcDateTime
from bot.store.tables.base import metadata, where

conversions = sa.Table(
    "conversions",
    metadata,
    sa.Column("external_id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("data", Json, nullable=False),
)


WAITING_TO_BE_TOLD = "tellings.parked_at IS NULL"
"""Events that a subscriber is still to be told of."""


promises = sa.Table(
    "promises",
    metadata,
    sa.Column("number", Id, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    # An agent's id, or `file` for a change by hand.
    sa.Column("by", sa.Text, nullable=False),
    # What is other than in the version before, field by field.
    sa.Column("changes", Json, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)

hooks = sa.Table(
    "hooks",
    metadata,
    sa.Column("hook_id", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("paused_at", UtcDateTime),
)


hook_kinds = sa.Table(
    "hook_kinds",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("hook_id", sa.ForeignKey("hooks.hook_id"), primary_key=True),
)


# A trigger on the journal writes these rows; see the migrations.
tellings = sa.Table(
    "tellings",
    metadata,
    sa.Column("telling_id", Id, primary_key=True),
    sa.Column("hook_id", sa.ForeignKey("hooks.hook_id"), nullable=False),
    sa.Column("journal_id", sa.ForeignKey("journal.journal_id"), nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("error", sa.Text),
    sa.Column("parked_at", UtcDateTime),
    # As for messages.
    sa.Column("holder", sa.Text),
    sa.Column("held_until", UtcDateTime),
    sa.UniqueConstraint("hook_id", "journal_id"),
    sa.Index("ix_tellings_due", "hook_id", "due_at", "telling_id", **where("parked_at IS NULL")),
)


imports = sa.Table(
    "imports",
    metadata,
    sa.Column("import_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    # Everything up to this line of the file is dealt with.
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("counts", Json, nullable=False),
    sa.Column("finished_at", UtcDateTime),
)


api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
)
