"""The audit: what was found, how far it looked, when a message was handed over, and indexes over what is new."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Id, Json, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
oldest = "0001"

SENT = sa.text("status = 'sent'")
TURNS = sa.text(
    "kind IN ('episode.accepted', 'episode.returned', 'episode.closed', 'prospect.opted_out', 'prospect.opted_in')"
)
KNOWN = sa.text("ended_at IS NULL")
LASTS = sa.text("lasting AND ended_at IS NULL")


def upgrade() -> None:
    """Add tables, indexes and a nullable column, which an earlier version of the service neither reads nor writes."""
    op.add_column("messages", sa.Column("sending_at", UtcDateTime(), nullable=True))
    op.create_index("ix_messages_sent", "messages", ["at", "message_id"], sqlite_where=SENT, postgresql_where=SENT)
    op.create_index("ix_journal_turns", "journal", ["conversation_id", "journal_id"], sqlite_where=TURNS, postgresql_where=TURNS)
    op.create_table(
        "audits",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("ran_at", UtcDateTime(), nullable=True),
        sa.Column("took_s", sa.Float(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("behind", sa.Boolean(), nullable=False),
        sa.Column("marks", Json, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_audits")),
    )
    op.create_table(
        "findings",
        sa.Column("finding_id", Id, nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("lasting", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_first_seen_at"), "findings", ["first_seen_at"])
    op.create_index(
        "ix_findings_known", "findings", ["code", "conversation_id", "key"], unique=True, sqlite_where=KNOWN, postgresql_where=KNOWN
    )
    op.create_index("ix_findings_lasting", "findings", ["finding_id"], sqlite_where=LASTS, postgresql_where=LASTS)


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("findings")
    op.drop_table("audits")
    op.drop_index("ix_journal_turns", table_name="journal", sqlite_where=TURNS, postgresql_where=TURNS)
    op.drop_index("ix_messages_sent", table_name="messages", sqlite_where=SENT, postgresql_where=SENT)
    op.drop_column("messages", "sending_at")
