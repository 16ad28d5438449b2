"""Flows: their versions, which one people enter, what was ruled about each, and the log of it."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Id, Json, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows none of it goes on by its files."""


def upgrade() -> None:
    """Make the tables, and count changes from nought."""
    op.create_table(
        "flow_versions",
        sa.Column("flow_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("blocks", Json, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("flow_id", "number", name=op.f("pk_flow_versions")),
        sa.UniqueConstraint("flow_id", "digest", name=op.f("uq_flow_versions_flow_id_digest")),
    )
    op.create_table(
        "flow_heads",
        sa.Column("flow_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("flow_id", name=op.f("pk_flow_heads")),
    )
    op.create_table(
        "flow_log",
        sa.Column("log_id", Id, nullable=False),
        sa.Column("flow_id", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_flow_log")),
    )
    op.create_index("ix_flow_log_flow", "flow_log", ["flow_id", "log_id"])
    book = op.create_table(
        "flow_book",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_flow_book")),
    )
    op.bulk_insert(book, [{"name": "flows", "revision": 0}])


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("flow_book")
    op.drop_table("flow_log")
    op.drop_table("flow_heads")
    op.drop_table("flow_versions")
