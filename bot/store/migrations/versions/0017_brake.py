"""What flows' words did, counted by day and wording, for the brake."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows none of it counts nothing."""


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "flow_counts",
        sa.Column("flow_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("said", sa.Integer(), nullable=False),
        sa.Column("opted_out", sa.Integer(), nullable=False),
        sa.Column("complained", sa.Integer(), nullable=False),
        sa.Column("angry", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("flow_id", "day", "wording", "shard", name=op.f("pk_flow_counts")),
    )


def downgrade() -> None:
    """Drop it again."""
    op.drop_table("flow_counts")
