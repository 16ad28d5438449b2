"""Agents say what they can do and how much they may hold; an episode says how much of that it takes."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Json

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: rows that an earlier version writes say nothing of it, and count as before."""

HELD = sa.text("status = 'accepted'")


def upgrade() -> None:
    """Add nullable columns, which an earlier version of the service neither reads nor writes, and an index."""
    for name in ("skills", "languages", "teams"):
        op.add_column("agents", sa.Column(name, Json, nullable=True))
    op.add_column("agents", sa.Column("capacity", sa.Float(), nullable=True))
    op.add_column("episodes", sa.Column("weight", sa.Float(), nullable=True))
    op.create_index(
        "ix_episodes_held", "episodes", ["agent_id", "weight"], unique=False, sqlite_where=HELD, postgresql_where=HELD
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_index("ix_episodes_held", table_name="episodes")
    op.drop_column("episodes", "weight")
    for name in ("capacity", "teams", "languages", "skills"):
        op.drop_column("agents", name)
