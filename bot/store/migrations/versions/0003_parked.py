"""Parked messages: since when, what became of them, and as what each message was sent."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that parks nothing works on it."""

PARKED = sa.text("parked_at IS NOT NULL")


def upgrade() -> None:
    """Add nullable columns, which an earlier version of the service neither reads nor writes."""
    op.add_column("messages", sa.Column("sent_as", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("detail", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("parked_at", UtcDateTime(), nullable=True))
    op.add_column("messages", sa.Column("replaced_by", sa.BigInteger(), nullable=True))
    op.create_index("ix_messages_parked", "messages", ["parked_at"], sqlite_where=PARKED, postgresql_where=PARKED)


def downgrade() -> None:
    """Drop them again."""
    op.drop_index("ix_messages_parked", table_name="messages", sqlite_where=PARKED, postgresql_where=PARKED)
    for column in ("replaced_by", "parked_at", "detail", "sent_as"):
        op.drop_column("messages", column)
