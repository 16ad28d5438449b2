"""Clocks and messages can be held by a worker for a while."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows no claims works on it."""

_HELD = sa.text("held_until IS NOT NULL")
_UNSENT = sa.text("status IN ('queued', 'sending')")


def upgrade() -> None:
    """Add who holds a row and until when."""
    for table in ("clocks", "messages"):
        op.add_column(table, sa.Column("holder", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("held_until", UtcDateTime(), nullable=True))
    op.create_index("ix_clocks_held", "clocks", ["held_until"], sqlite_where=_HELD, postgresql_where=_HELD)
    op.create_index("ix_messages_due", "messages", ["due_at", "message_id"], sqlite_where=_UNSENT, postgresql_where=_UNSENT)


def downgrade() -> None:
    """Forget who holds what."""
    op.drop_index("ix_messages_due", "messages")
    op.drop_index("ix_clocks_held", "clocks")
    for table in ("clocks", "messages"):
        op.drop_column(table, "held_until")
        op.drop_column(table, "holder")
