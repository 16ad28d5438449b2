"""Episodes say in their own row what reports ask: which policy held, each deadline and moment, where the time went, and why."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from bot.store.columns import Json, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: rows that an earlier version writes have none of it, and their `doc` still holds all."""

COLUMNS: dict[str, TypeEngine[Any]] = {
    "reason": sa.Text(),
    "policy": sa.Text(),
    "team": sa.Text(),
    "offer_due_at": UtcDateTime(),
    "offered_at": UtcDateTime(),
    "accept_due_at": UtcDateTime(),
    "accepted_at": UtcDateTime(),
    "first_words_at": UtcDateTime(),
    "closed_at": UtcDateTime(),
    "outcome": sa.Text(),
    "segments": Json,
    "causes": Json,
}


def upgrade() -> None:
    """Add nullable columns, which an earlier version of the service neither reads nor writes."""
    for name, kind in COLUMNS.items():
        op.add_column("episodes", sa.Column(name, kind, nullable=True))
    op.create_index(op.f("ix_episodes_requested_at"), "episodes", ["requested_at"], unique=False)


def downgrade() -> None:
    """Drop them again."""
    op.drop_index(op.f("ix_episodes_requested_at"), table_name="episodes")
    for name in reversed(COLUMNS):
        op.drop_column("episodes", name)
