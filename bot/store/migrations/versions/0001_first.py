"""Conversations, messages, clocks, episodes, enrolments, tracker events, journal, people."""

import sqlalchemy as sa
from alembic import op

from bot.store.columns import Id, Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
oldest = "0001"


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "agents",
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_folded", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("picture_url", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agents")),
        sa.UniqueConstraint("email_folded", name=op.f("uq_agents_email_folded")),
    )
    op.create_table(
        "prospects",
        sa.Column("prospect_id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("slots", Json, nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.PrimaryKeyConstraint("prospect_id", name=op.f("pk_prospects")),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "identities",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("prospect_id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.prospect_id"], name=op.f("fk_identities_prospect_id")),
        sa.PrimaryKeyConstraint("channel", "external_id", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_prospect_id"), "identities", ["prospect_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.agent_id"], name=op.f("fk_sessions_agent_id")),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_agent_id"), "sessions", ["agent_id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("prospect_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("owner_version", sa.Integer(), nullable=False),
        sa.Column("promise_opened_at", UtcDateTime(), nullable=True),
        sa.Column("promise_due_at", UtcDateTime(), nullable=True),
        sa.Column("promise_message_id", sa.BigInteger(), nullable=True),
        sa.Column("window_opened_at", UtcDateTime(), nullable=True),
        sa.Column("window_closes_at", UtcDateTime(), nullable=True),
        sa.Column("window_opened_by", sa.Text(), nullable=True),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("last_inbound_at", UtcDateTime(), nullable=True),
        sa.Column("last_outbound_at", UtcDateTime(), nullable=True),
        sa.Column("opted_out_at", UtcDateTime(), nullable=True),
        sa.Column("episode", sa.Text(), nullable=True),
        sa.Column("enrolments", sa.Text(), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel", "external_id"],
            ["identities.channel", "identities.external_id"],
            name=op.f("fk_conversations_channel_external_id"),
        ),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.prospect_id"], name=op.f("fk_conversations_prospect_id")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_conversations")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("uq_conversations_channel_external_id")),
    )
    op.create_index(op.f("ix_conversations_last_at"), "conversations", ["last_at"], unique=False)
    op.create_index(op.f("ix_conversations_owner"), "conversations", ["owner"], unique=False)
    op.create_index(
        "ix_conversations_promise",
        "conversations",
        ["promise_due_at"],
        unique=False,
        sqlite_where=sa.text("promise_due_at IS NOT NULL"),
        postgresql_where=sa.text("promise_due_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_conversations_prospect_id"), "conversations", ["prospect_id"], unique=False)
    op.create_table(
        "clocks",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_clocks_conversation_id")),
        sa.PrimaryKeyConstraint("conversation_id", "kind", "key", name=op.f("pk_clocks")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_clocks_due_at"), "clocks", ["due_at"], unique=False)
    op.create_table(
        "enrolments",
        sa.Column("enrolment_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("flow_id", sa.Text(), nullable=False),
        sa.Column("flow_version", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_enrolments_conversation_id")),
        sa.PrimaryKeyConstraint("enrolment_id", name=op.f("pk_enrolments")),
    )
    op.create_index(op.f("ix_enrolments_conversation_id"), "enrolments", ["conversation_id"], unique=False)
    op.create_index("ix_enrolments_flow", "enrolments", ["flow_id", "flow_version", "step_id"], unique=False)
    op.create_index(
        "ix_enrolments_live",
        "enrolments",
        ["conversation_id", "flow_id"],
        unique=True,
        sqlite_where=sa.text("status = 'live'"),
        postgresql_where=sa.text("status = 'live'"),
    )
    op.create_table(
        "episodes",
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("first_words_due_at", UtcDateTime(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_episodes_conversation_id")),
        sa.PrimaryKeyConstraint("episode_id", name=op.f("pk_episodes")),
    )
    op.create_index(op.f("ix_episodes_conversation_id"), "episodes", ["conversation_id"], unique=False)
    op.create_index(
        "ix_episodes_open",
        "episodes",
        ["conversation_id"],
        unique=True,
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    )
    op.create_index("ix_episodes_queue", "episodes", ["status", "first_words_due_at"], unique=False)
    op.create_table(
        "journal",
        sa.Column("journal_id", Id, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_journal_conversation_id")),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("pk_journal")),
    )
    op.create_index("ix_journal_conversation", "journal", ["conversation_id", "journal_id"], unique=False)
    op.create_index("ix_journal_kind", "journal", ["kind", "at"], unique=False)
    op.create_table(
        "messages",
        sa.Column("message_id", Id, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("client_key", sa.Text(), nullable=True),
        sa.Column("owner_version", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_messages_conversation_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_messages")),
    )
    op.create_index(
        "ix_messages_client_key",
        "messages",
        ["conversation_id", "client_key"],
        unique=True,
        sqlite_where=sa.text("client_key IS NOT NULL"),
        postgresql_where=sa.text("client_key IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_inbound",
        "messages",
        ["conversation_id", "external_id"],
        unique=True,
        sqlite_where=sa.text("speaker = 'prospect'"),
        postgresql_where=sa.text("speaker = 'prospect'"),
    )
    op.create_index(
        "ix_messages_key",
        "messages",
        ["key"],
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_open",
        "messages",
        ["conversation_id", "message_id", "status"],
        unique=False,
        sqlite_where=sa.text("status IN ('unheard', 'queued', 'sending')"),
        postgresql_where=sa.text("status IN ('unheard', 'queued', 'sending')"),
    )
    op.create_index("ix_messages_seq", "messages", ["conversation_id", "seq"], unique=True)
    op.create_table(
        "notes",
        sa.Column("note_id", Id, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("agent_picture_url", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_notes_conversation_id")),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_notes")),
    )
    op.create_index(op.f("ix_notes_conversation_id"), "notes", ["conversation_id"], unique=False)
    op.create_table(
        "tracker_events",
        sa.Column("event_id", Id, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.conversation_id"], name=op.f("fk_tracker_events_conversation_id")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_tracker_events")),
    )
    op.create_index("ix_tracker_events_conversation", "tracker_events", ["conversation_id", "event_id"], unique=False)


def downgrade() -> None:
    """Drop every table."""
    op.drop_index("ix_tracker_events_conversation", table_name="tracker_events")
    op.drop_table("tracker_events")
    op.drop_index(op.f("ix_notes_conversation_id"), table_name="notes")
    op.drop_table("notes")
    op.drop_index("ix_messages_seq", table_name="messages")
    op.drop_index(
        "ix_messages_open",
        table_name="messages",
        sqlite_where=sa.text("status IN ('unheard', 'queued', 'sending')"),
        postgresql_where=sa.text("status IN ('unheard', 'queued', 'sending')"),
    )
    op.drop_index(
        "ix_messages_key",
        table_name="messages",
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    )
    op.drop_index(
        "ix_messages_inbound",
        table_name="messages",
        sqlite_where=sa.text("speaker = 'prospect'"),
        postgresql_where=sa.text("speaker = 'prospect'"),
    )
    op.drop_index(
        "ix_messages_client_key",
        table_name="messages",
        sqlite_where=sa.text("client_key IS NOT NULL"),
        postgresql_where=sa.text("client_key IS NOT NULL"),
    )
    op.drop_table("messages")
    op.drop_index("ix_journal_kind", table_name="journal")
    op.drop_index("ix_journal_conversation", table_name="journal")
    op.drop_table("journal")
    op.drop_index("ix_episodes_queue", table_name="episodes")
    op.drop_index(
        "ix_episodes_open",
        table_name="episodes",
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    )
    op.drop_index(op.f("ix_episodes_conversation_id"), table_name="episodes")
    op.drop_table("episodes")
    op.drop_index(
        "ix_enrolments_live",
        table_name="enrolments",
        sqlite_where=sa.text("status = 'live'"),
        postgresql_where=sa.text("status = 'live'"),
    )
    op.drop_index("ix_enrolments_flow", table_name="enrolments")
    op.drop_index(op.f("ix_enrolments_conversation_id"), table_name="enrolments")
    op.drop_table("enrolments")
    op.drop_index(op.f("ix_clocks_due_at"), table_name="clocks")
    op.drop_table("clocks")
    op.drop_index(op.f("ix_conversations_prospect_id"), table_name="conversations")
    op.drop_index(
        "ix_conversations_promise",
        table_name="conversations",
        sqlite_where=sa.text("promise_due_at IS NOT NULL"),
        postgresql_where=sa.text("promise_due_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_conversations_owner"), table_name="conversations")
    op.drop_index(op.f("ix_conversations_last_at"), table_name="conversations")
    op.drop_table("conversations")
    op.drop_index(op.f("ix_sessions_agent_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_identities_prospect_id"), table_name="identities")
    op.drop_table("identities")
    op.drop_table("settings")
    op.drop_table("prospects")
    op.drop_table("agents")
