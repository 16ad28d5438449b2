"""Which promises held when: one history for every service on the database."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Id, Json, UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows none of it keeps its history in its home."""


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "promises",
        sa.Column("number", Id, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_promises")),
    )


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("promises")
