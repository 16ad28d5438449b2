"""What marketers' reports and programs need: when messages arrived, conversions, keys of the API."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Json, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows none of it works on it."""

BY_FLOWS = sa.text("speaker = 'flow'")


def upgrade() -> None:
    """Add a nullable column, an index and two tables."""
    op.add_column("messages", sa.Column("delivered_at", UtcDateTime(), nullable=True))
    op.create_index(
        "ix_messages_flows", "messages", ["message_id", "created_at"], sqlite_where=BY_FLOWS, postgresql_where=BY_FLOWS
    )
    op.create_table(
        "conversions",
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("external_id", name=op.f("pk_conversions")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_conversions_conversation_id")
        ),
    )
    op.create_index(op.f("ix_conversions_conversation_id"), "conversions", ["conversation_id"])
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_keys_token_sha256")),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("api_keys")
    op.drop_table("conversions")
    op.drop_index("ix_messages_flows", table_name="messages")
    op.drop_column("messages", "delivered_at")
