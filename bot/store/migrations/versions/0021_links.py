"""Lines of the journal carry a link to the one before, and conversations that of their last line."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows none of it writes lines without a link, which are told apart."""


def upgrade() -> None:
    """Add the columns."""
    for table in ("journal", "conversations"):
        op.add_column(table, sa.Column("link", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop them again."""
    for table in ("journal", "conversations"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("link")
