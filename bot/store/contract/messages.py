"""The part of the contract for what was written in a conversation, as it is shown: to prospects, and notes to agents alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import AgentRef, Attachment, Delivery, QuickReply, Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line of a conversation as it is shown. `seq` counts what was shown, per conversation, without gaps:
    a prospect's message gets it when stored, an outgoing one when sent (None until then). `client_key` is the id that
    the writer's side gave: a prospect's message has its channel's external id there. `sent_as` tells as what an outgoing one was
    handed to its channel last: a value of `SendAs`."""

    message_id: int
    conversation_id: str
    seq: int | None
    speaker: Speaker
    at: datetime
    text: str
    quick_replies: tuple[QuickReply, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    image_url: str | None = None
    agent: AgentRef | None = None
    delivery: Delivery | None = None
    error: str | None = None
    payload: str | None = None
    client_key: str | None = None
    read_at: datetime | None = None
    sent_as: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An agent's internal note on a conversation."""

    note_id: int
    conversation_id: str
    agent: AgentRef
    text: str
    at: datetime


class MessageStore(Protocol):
    """Messages as they are shown, and notes."""

    async def messages(
        self, conversation_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 200
    ) -> list[Message]:
        """Shown messages (those with a seq), oldest first; with `before_seq` the last `limit` before it."""

    async def pending_messages(self, conversation_id: str) -> list[Message]:
        """Outgoing messages not shown yet (queued, sending, failed, refused), oldest first, for the agent's view."""

    async def mark_read(self, conversation_id: str, *, up_to_seq: int, now: datetime) -> None:
        """The prospect has seen outgoing messages up to this seq."""

    async def add_note(
        self, conversation_id: str, *, agent: AgentRef, text: str, now: datetime, mentions: Sequence[str] = ()
    ) -> Note:
        """Keep an internal note. The agents it mentions get a `mention` notice, in the same transaction."""

    async def notes(self, conversation_id: str) -> list[Note]:
        """Notes of a conversation, oldest first."""
