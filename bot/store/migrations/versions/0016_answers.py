"""Answers by the key of their request, so that a request sent again acts once."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that does not know the table works on it."""


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "answers",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("agent_id", "key", name=op.f("pk_answers")),
    )
    op.create_index(op.f("ix_answers_at"), "answers", ["at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("answers")
