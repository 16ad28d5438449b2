"""Episodes say in their own row what the prospect chose and which time they booked; a place at a time is booked once."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from bot.store.columns import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None
oldest = "0014"
"""Versions before do not know the clock of a waiting time that was told."""

COLUMNS: dict[str, TypeEngine[Any]] = {"choice": sa.Text(), "callback_at": UtcDateTime(), "callback_seat": sa.Integer()}
BOOKED = sa.text("callback_at IS NOT NULL AND status <> 'closed'")


def upgrade() -> None:
    """Add nullable columns, and the rule."""
    for name, kind in COLUMNS.items():
        op.add_column("episodes", sa.Column(name, kind, nullable=True))
    op.create_index(
        "ix_episodes_booked",
        "episodes",
        ["callback_at", "callback_seat"],
        unique=True,
        sqlite_where=BOOKED,
        postgresql_where=BOOKED,
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_index("ix_episodes_booked", table_name="episodes")
    for name in reversed(COLUMNS):
        op.drop_column("episodes", name)
