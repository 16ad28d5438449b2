"""Arms of experiments: how many people each has harmed, and those that nobody new gets."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows none of it puts people into every arm."""


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "flow_arms",
        sa.Column("flow_id", sa.Text(), nullable=False),
        sa.Column("experiment", sa.Text(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("harmed", sa.Integer(), nullable=False),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("flow_id", "experiment", "arm", name=op.f("pk_flow_arms")),
    )


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("flow_arms")
