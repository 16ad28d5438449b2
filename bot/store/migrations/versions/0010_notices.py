"""What agents should notice, which carrier told whom, and the browsers that take web pushes."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Id, Json, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
oldest = "0001"
"""Additive: code that knows none of these tables works on it."""


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "notices",
        sa.Column("notice_id", Id, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("whom", Json, nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("planned_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_notices_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_at"), "notices", ["at"])
    fresh = sa.text("planned_at IS NULL")
    op.create_index("ix_notices_fresh", "notices", ["notice_id"], sqlite_where=fresh, postgresql_where=fresh)
    op.create_table(
        "notifications",
        sa.Column("notification_id", Id, nullable=False),
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("acted_at", UtcDateTime(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.notice_id"], name=op.f("fk_notifications_notice_id_notices")),
        sa.PrimaryKeyConstraint("notification_id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("notice_id", "agent_id", "carrier", name=op.f("uq_notifications_notice_id_agent_id_carrier")),
    )
    op.create_index("ix_notifications_mine", "notifications", ["agent_id", "conversation_id", "carrier"])
    op.create_index("ix_notifications_conversation", "notifications", ["conversation_id"])
    queued = sa.text("state = 'queued'")
    op.create_index("ix_notifications_due", "notifications", ["due_at"], sqlite_where=queued, postgresql_where=queued)
    op.create_table(
        "devices",
        sa.Column("device_id", Id, nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.agent_id"], name=op.f("fk_devices_agent_id_agents")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_devices")),
        sa.UniqueConstraint("endpoint", name=op.f("uq_devices_endpoint")),
    )
    op.create_index(op.f("ix_devices_agent_id"), "devices", ["agent_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("devices")
    op.drop_table("notifications")
    op.drop_table("notices")
