"""Episodes say when their agent took or ended them, so that who has been idle longest is one look into an index."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: whoever has served in rows of an earlier version alone counts as idle."""


def upgrade() -> None:
    """Add a nullable column, which an earlier version of the service neither reads nor writes, and an index."""
    op.add_column("episodes", sa.Column("served_at", UtcDateTime(), nullable=True))
    op.create_index("ix_episodes_served", "episodes", ["agent_id", "served_at"], unique=False)


def downgrade() -> None:
    """Drop them again."""
    op.drop_index("ix_episodes_served", table_name="episodes")
    op.drop_column("episodes", "served_at")
