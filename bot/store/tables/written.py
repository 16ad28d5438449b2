"""What was written, and what is to be sent."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.columns import Id, UtcDateTime
from bot.store.tables.base import metadata, where

OPEN_STATUS = "status IN ('unheard', 'queued', 'sending')"
"""Messages still to answer or to send. Queries repeat this text, else the partial index is not used."""


UNSENT_STATUS = "status IN ('queued', 'sending')"
"""Messages still to send; the same holds."""


SENT_STATUS = "status = 'sent'"
"""Messages that left, in the order in which they did."""


BY_FLOWS = "speaker = 'flow'"
"""What flows said, for reports."""


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
    sa.Index("ix_messages_parked", "parked_at", **where("parked_at IS NOT NULL")),
    sa.Index("ix_messages_flows", "message_id", "created_at", **where(BY_FLOWS)),
    sa.Index("ix_messages_seq", "conversation_id", "seq", unique=True),
    sa.Index("ix_messages_sent", "at", "message_id", **where(SENT_STATUS)),
    sa.Index("ix_messages_inbound", "conversation_id", "external_id", unique=True, **where("speaker = 'prospect'")),
    sa.Index("ix_messages_client_key", "conversation_id", "client_key", unique=True, **where("client_key IS NOT NULL")),
    sa.Index("ix_messages_key", "key", unique=True, **where("key IS NOT NULL")),
    sa.Index("ix_messages_open", "conversation_id", "message_id", "status", **where(OPEN_STATUS)),
    sa.Index("ix_messages_due", "due_at", "message_id", **where(UNSENT_STATUS)),
)
