"""The tables. What they mean is said in `contract.py`; how they came about, in `migrations/versions`."""

from __future__ import annotations

import sqlalchemy as sa

from bot.core.sent import TURNS_OF_TALK
from bot.store.columns import Id, Json, UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

OPEN_STATUS = "status IN ('unheard', 'queued', 'sending')"
"""Messages still to answer or to send. Queries repeat this text, else the partial index is not used."""
UNSENT_STATUS = "status IN ('queued', 'sending')"
"""Messages still to send; the same holds."""

BOOKED = "callback_at IS NOT NULL AND status <> 'closed'"
"""Open episodes with a time of their own."""

SENT_STATUS = "status = 'sent'"
"""Messages that left, in the order in which they did."""

HELD_STATUS = "status = 'accepted'"
"""Episodes that an agent holds. Queries repeat this text, else the partial index is not used."""

BY_FLOWS = "speaker = 'flow'"
"""What flows said, for reports."""

TURN_KINDS = f"kind IN ({', '.join(repr(kind) for kind in TURNS_OF_TALK)})"
"""Lines of the journal that changed who may speak."""

prospects = sa.Table(
    "prospects",
    metadata,
    sa.Column("prospect_id", sa.Text, primary_key=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("profile", sa.Text, nullable=False),
    sa.Column("slots", Json, nullable=False),
    sa.Column("tags", Json, nullable=False),
)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("external_id", sa.Text, primary_key=True),
    sa.Column("prospect_id", sa.ForeignKey("prospects.prospect_id"), nullable=False, index=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("conversation_id", sa.Text, primary_key=True),
    sa.Column("prospect_id", sa.ForeignKey("prospects.prospect_id"), nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("owner", sa.Text, nullable=False, index=True),
    sa.Column("owner_version", sa.Integer, nullable=False),
    sa.Column("promise_opened_at", UtcDateTime),
    sa.Column("promise_due_at", UtcDateTime),
    sa.Column("promise_message_id", sa.BigInteger),
    sa.Column("window_opened_at", UtcDateTime),
    sa.Column("window_closes_at", UtcDateTime),
    sa.Column("window_opened_by", sa.Text),
    sa.Column("last_seq", sa.Integer, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False, index=True),
    sa.Column("last_inbound_at", UtcDateTime),
    sa.Column("last_outbound_at", UtcDateTime),
    sa.Column("opted_out_at", UtcDateTime),
    sa.Column("episode", sa.Text),
    sa.Column("enrolments", sa.Text, nullable=False),
    sa.Column("doc", sa.Text, nullable=False),
    # Whose it is, as `bot.store.sight.team_of` says.
    sa.Column("team", sa.Text),
    sa.ForeignKeyConstraint(["channel", "external_id"], ["identities.channel", "identities.external_id"]),
    sa.UniqueConstraint("channel", "external_id"),
    sa.Index(
        "ix_conversations_promise",
        "promise_due_at",
        sqlite_where=sa.text("promise_due_at IS NOT NULL"),
        postgresql_where=sa.text("promise_due_at IS NOT NULL"),
    ),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", Id, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False),
    sa.Column("seq", sa.Integer),
    sa.Column("speaker", sa.Text, nullable=False),
    # A prospect's message is unheard, then heard; an outgoing one goes through the values of Delivery.
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text),
    # For a prospect's message: when its answer is due. For an outgoing one: when it may leave.
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("key", sa.Text),
    sa.Column("client_key", sa.Text),
    sa.Column("owner_version", sa.Integer),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("error", sa.Text),
    sa.Column("read_at", UtcDateTime),
    # When the channel told that it had arrived.
    sa.Column("delivered_at", UtcDateTime),
    # When it was last handed to a channel that is not our own; `at` is when the channel's answer was known.
    sa.Column("sending_at", UtcDateTime),
    # Who sends it, until when; without a holder, nobody before then. Used where several services share the database.
    sa.Column("holder", sa.Text),
    sa.Column("held_until", UtcDateTime),
    # As what it was handed to its channel the last time: a value of SendAs.
    sa.Column("sent_as", sa.Text),
    # What the channel said about a failure, for an admin.
    sa.Column("detail", sa.Text),
    # Since when a failed message waits for an admin, and the message that took its place.
    sa.Column("parked_at", UtcDateTime),
    sa.Column("replaced_by", sa.BigInteger),
    sa.Index(
        "ix_messages_parked",
        "parked_at",
        sqlite_where=sa.text("parked_at IS NOT NULL"),
        postgresql_where=sa.text("parked_at IS NOT NULL"),
    ),
    sa.Index("ix_messages_flows", "message_id", "created_at", sqlite_where=sa.text(BY_FLOWS), postgresql_where=sa.text(BY_FLOWS)),
    sa.Index("ix_messages_seq", "conversation_id", "seq", unique=True),
    sa.Index(
        "ix_messages_sent",
        "at",
        "message_id",
        sqlite_where=sa.text(SENT_STATUS),
        postgresql_where=sa.text(SENT_STATUS),
    ),
    sa.Index(
        "ix_messages_inbound",
        "conversation_id",
        "external_id",
        unique=True,
        sqlite_where=sa.text("speaker = 'prospect'"),
        postgresql_where=sa.text("speaker = 'prospect'"),
    ),
    sa.Index(
        "ix_messages_client_key",
        "conversation_id",
        "client_key",
        unique=True,
        sqlite_where=sa.text("client_key IS NOT NULL"),
        postgresql_where=sa.text("client_key IS NOT NULL"),
    ),
    sa.Index(
        "ix_messages_key",
        "key",
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    ),
    sa.Index(
        "ix_messages_open",
        "conversation_id",
        "message_id",
        "status",
        sqlite_where=sa.text(OPEN_STATUS),
        postgresql_where=sa.text(OPEN_STATUS),
    ),
    sa.Index(
        "ix_messages_due",
        "due_at",
        "message_id",
        sqlite_where=sa.text(UNSENT_STATUS),
        postgresql_where=sa.text(UNSENT_STATUS),
    ),
)

clocks = sa.Table(
    "clocks",
    metadata,
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("due_at", UtcDateTime, nullable=False, index=True),
    sa.Column("data", Json, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    # As for messages.
    sa.Column("holder", sa.Text),
    sa.Column("held_until", UtcDateTime),
    sa.Index(
        "ix_clocks_held",
        "held_until",
        sqlite_where=sa.text("held_until IS NOT NULL"),
        postgresql_where=sa.text("held_until IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

episodes = sa.Table(
    "episodes",
    metadata,
    sa.Column("episode_id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("requested_at", UtcDateTime, nullable=False, index=True),
    sa.Column("first_words_due_at", UtcDateTime, nullable=False),
    sa.Column("agent_id", sa.Text),
    sa.Column("doc", sa.Text, nullable=False),
    # What reports ask. Empty in rows of versions before; the doc holds all of it.
    sa.Column("reason", sa.Text),
    sa.Column("policy", sa.Text),
    sa.Column("team", sa.Text),
    sa.Column("weight", sa.Float),
    sa.Column("offer_due_at", UtcDateTime),
    sa.Column("offered_at", UtcDateTime),
    sa.Column("accept_due_at", UtcDateTime),
    sa.Column("accepted_at", UtcDateTime),
    sa.Column("first_words_at", UtcDateTime),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("outcome", sa.Text),
    sa.Column("choice", sa.Text),
    # The time that was booked, and which of the agents' places at it.
    sa.Column("callback_at", UtcDateTime),
    sa.Column("callback_seat", sa.Integer),
    # When its agent took it, or ended it.
    sa.Column("served_at", UtcDateTime),
    # Kind to wall_s, working_s and count.
    sa.Column("segments", Json),
    # Missed target to cause.
    sa.Column("causes", Json),
    sa.Index(
        "ix_episodes_open",
        "conversation_id",
        unique=True,
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    ),
    sa.Index("ix_episodes_queue", "status", "first_words_due_at"),
    sa.Index("ix_episodes_served", "agent_id", "served_at"),
    sa.Index(
        "ix_episodes_booked",
        "callback_at",
        "callback_seat",
        unique=True,
        sqlite_where=sa.text(BOOKED),
        postgresql_where=sa.text(BOOKED),
    ),
    sa.Index(
        "ix_episodes_held",
        "agent_id",
        "weight",
        sqlite_where=sa.text(HELD_STATUS),
        postgresql_where=sa.text(HELD_STATUS),
    ),
)

enrolments = sa.Table(
    "enrolments",
    metadata,
    sa.Column("enrolment_id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    sa.Column("flow_id", sa.Text, nullable=False),
    sa.Column("flow_version", sa.Integer, nullable=False),
    sa.Column("step_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("entered_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("end_reason", sa.Text),
    sa.Index(
        "ix_enrolments_live",
        "conversation_id",
        "flow_id",
        unique=True,
        sqlite_where=sa.text("status = 'live'"),
        postgresql_where=sa.text("status = 'live'"),
    ),
    sa.Index("ix_enrolments_flow", "flow_id", "flow_version", "step_id"),
)

tracker_events = sa.Table(
    "tracker_events",
    metadata,
    sa.Column("event_id", Id, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Index("ix_tracker_events_conversation", "conversation_id", "event_id"),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("journal_id", Id, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Index("ix_journal_conversation", "conversation_id", "journal_id"),
    sa.Index("ix_journal_kind", "kind", "at"),
    sa.Index(
        "ix_journal_turns",
        "conversation_id",
        "journal_id",
        sqlite_where=sa.text(TURN_KINDS),
        postgresql_where=sa.text(TURN_KINDS),
    ),
)

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("note_id", Id, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("agent_name", sa.Text, nullable=False),
    sa.Column("agent_picture_url", sa.Text),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_folded", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("picture_url", sa.Text),
    sa.Column("created_at", UtcDateTime),
    sa.Column("disabled_at", UtcDateTime),
    # Names, and empty in rows of versions before.
    sa.Column("skills", Json),
    sa.Column("languages", Json),
    sa.Column("teams", Json),
    # The weight of episodes they may hold; empty for what the settings say.
    sa.Column("capacity", sa.Float),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("token_sha256", sa.Text, primary_key=True),
    sa.Column("agent_id", sa.ForeignKey("agents.agent_id"), nullable=False, index=True),
    sa.Column("expires_at", UtcDateTime, nullable=False),
)

tries = sa.Table(
    "tries",
    metadata,
    sa.Column("try_id", Id, primary_key=True),
    # A hash: who tried from where is nobody's business once it is counted.
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Index("ix_tries_key", "key", "at"),
)

consoles = sa.Table(
    "consoles",
    metadata,
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("service", sa.Text, primary_key=True),
    sa.Column("sockets", sa.Integer, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("lost_at", UtcDateTime),
)

conversions = sa.Table(
    "conversions",
    metadata,
    sa.Column("external_id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("data", Json, nullable=False),
)

WAITING_TO_BE_TOLD = "tellings.parked_at IS NULL"
"""Events that a subscriber is still to be told of."""

promises = sa.Table(
    "promises",
    metadata,
    sa.Column("number", Id, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    # An agent's id, or `file` for a change by hand.
    sa.Column("by", sa.Text, nullable=False),
    # What is other than in the version before, field by field.
    sa.Column("changes", Json, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)

hooks = sa.Table(
    "hooks",
    metadata,
    sa.Column("hook_id", sa.Text, primary_key=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("paused_at", UtcDateTime),
)

hook_kinds = sa.Table(
    "hook_kinds",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("hook_id", sa.ForeignKey("hooks.hook_id"), primary_key=True),
)

# A trigger on the journal writes these rows; see the migrations.
tellings = sa.Table(
    "tellings",
    metadata,
    sa.Column("telling_id", Id, primary_key=True),
    sa.Column("hook_id", sa.ForeignKey("hooks.hook_id"), nullable=False),
    sa.Column("journal_id", sa.ForeignKey("journal.journal_id"), nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("error", sa.Text),
    sa.Column("parked_at", UtcDateTime),
    # As for messages.
    sa.Column("holder", sa.Text),
    sa.Column("held_until", UtcDateTime),
    sa.UniqueConstraint("hook_id", "journal_id"),
    sa.Index(
        "ix_tellings_due",
        "hook_id",
        "due_at",
        "telling_id",
        sqlite_where=sa.text("parked_at IS NULL"),
        postgresql_where=sa.text("parked_at IS NULL"),
    ),
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("import_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    # Everything up to this line of the file is dealt with.
    sa.Column("line", sa.BigInteger, nullable=False),
    sa.Column("counts", Json, nullable=False),
    sa.Column("finished_at", UtcDateTime),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("token_sha256", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("revoked_at", UtcDateTime),
)

settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

flow_versions = sa.Table(
    "flow_versions",
    metadata,
    sa.Column("flow_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("blocks", Json, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("published_at", UtcDateTime, nullable=False),
    sa.Column("published_by", sa.Text, nullable=False),
    sa.UniqueConstraint("flow_id", "digest"),
)

flow_heads = sa.Table(
    "flow_heads",
    metadata,
    sa.Column("flow_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("seen", sa.Text, nullable=False),
)

# One row, "flows": how often what holds has changed. It is the lock of whoever changes something.
flow_book = sa.Table(
    "flow_book",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
)

flow_log = sa.Table(
    "flow_log",
    metadata,
    sa.Column("log_id", Id, primary_key=True),
    sa.Column("flow_id", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("ix_flow_log_flow", "flow_id", "log_id"),
)

flow_counts = sa.Table(
    "flow_counts",
    metadata,
    sa.Column("flow_id", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("wording", sa.Text, primary_key=True),
    sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("said", sa.Integer, nullable=False),
    sa.Column("opted_out", sa.Integer, nullable=False),
    sa.Column("complained", sa.Integer, nullable=False),
    sa.Column("angry", sa.Integer, nullable=False),
)

flow_arms = sa.Table(
    "flow_arms",
    metadata,
    sa.Column("flow_id", sa.Text, primary_key=True),
    sa.Column("experiment", sa.Text, primary_key=True),
    sa.Column("arm", sa.Text, primary_key=True),
    sa.Column("harmed", sa.Integer, nullable=False),
    sa.Column("stopped_at", UtcDateTime),
    sa.Column("reason", sa.Text, nullable=False),
)

audits = sa.Table(
    "audits",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text),
    sa.Column("until", UtcDateTime),
    sa.Column("ran_at", UtcDateTime),
    sa.Column("took_s", sa.Float, nullable=False),
    sa.Column("runs", sa.Integer, nullable=False),
    sa.Column("behind", sa.Boolean, nullable=False),
    sa.Column("marks", Json, nullable=False),
)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    # A hash: what was asked is not kept, only what was answered.
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("status", sa.Integer),
    sa.Column("body", sa.Text),
)

NOTICE_QUEUED = "state = 'queued'"
"""Notifications whose turn is still to come."""

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("notice_id", Id, primary_key=True),
    sa.Column("conversation_id", sa.ForeignKey("conversations.conversation_id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("whom", Json, nullable=False),
    sa.Column("data", Json, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("planned_at", UtcDateTime),
    sa.Index(
        "ix_notices_fresh",
        "notice_id",
        sqlite_where=sa.text("planned_at IS NULL"),
        postgresql_where=sa.text("planned_at IS NULL"),
    ),
)

notifications = sa.Table(
    "notifications",
    metadata,
    sa.Column("notification_id", Id, primary_key=True),
    sa.Column("notice_id", sa.ForeignKey("notices.notice_id"), nullable=False),
    sa.Column("conversation_id", sa.Text, nullable=False),
    # Empty for the installation: no foreign key.
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("carrier", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", UtcDateTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("sent_at", UtcDateTime),
    sa.Column("seen_at", UtcDateTime),
    sa.Column("acted_at", UtcDateTime),
    sa.Column("holder", sa.Text),
    sa.Column("held_until", UtcDateTime),
    sa.UniqueConstraint("notice_id", "agent_id", "carrier"),
    sa.Index("ix_notifications_mine", "agent_id", "conversation_id", "carrier"),
    sa.Index("ix_notifications_conversation", "conversation_id"),
    sa.Index(
        "ix_notifications_due",
        "due_at",
        sqlite_where=sa.text(NOTICE_QUEUED),
        postgresql_where=sa.text(NOTICE_QUEUED),
    ),
)

devices = sa.Table(
    "devices",
    metadata,
    sa.Column("device_id", Id, primary_key=True),
    sa.Column("agent_id", sa.ForeignKey("agents.agent_id"), nullable=False, index=True),
    sa.Column("endpoint", sa.Text, nullable=False, unique=True),
    sa.Column("p256dh", sa.Text, nullable=False),
    sa.Column("auth", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("added_at", UtcDateTime, nullable=False),
)

LASTS = "lasting AND ended_at IS NULL"
"""Findings that still hold."""

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("finding_id", Id, primary_key=True),
    sa.Column("row", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    # Empty where a finding is about no conversation. No foreign key: what belongs to none is found, too.
    sa.Column("conversation_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("lasting", sa.Boolean, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("first_seen_at", UtcDateTime, nullable=False, index=True),
    sa.Column("last_seen_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("outcome", sa.Text),
    sa.Index(
        "ix_findings_known",
        "code",
        "conversation_id",
        "key",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
    sa.Index("ix_findings_lasting", "finding_id", sqlite_where=sa.text(LASTS), postgresql_where=sa.text(LASTS)),
)
