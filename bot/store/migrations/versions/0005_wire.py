"""Consoles of every service, and failed sign-ins that all of them count."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Id, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows neither table works on it."""


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "consoles",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("sockets", sa.Integer(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("lost_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("agent_id", "service", name=op.f("pk_consoles")),
    )
    op.create_table(
        "tries",
        sa.Column("try_id", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("try_id", name=op.f("pk_tries")),
    )
    op.create_index("ix_tries_key", "tries", ["key", "at"])
    op.create_index(op.f("ix_tries_at"), "tries", ["at"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("tries")
    op.drop_table("consoles")
