"""Messages in both directions to rows and back."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime

from pydantic import TypeAdapter

from bot.core.model import (
    AgentRef,
    Arrival,
    Attachment,
    Delivery,
    Heard,
    Identity,
    Json,
    QuickReply,
    Say,
    Speaker,
)
from bot.store.contract import Message, Outgoing
from bot.store.jsontext import Record, Values, dump
from bot.store.rules import Owed

UNHEARD = "unheard"
HEARD = "heard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a message carries beside its text."""

    payload: str | None = None
    quick_replies: tuple[QuickReply, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    image_url: str | None = None
    wording: str | None = None
    purpose: str | None = None
    agent: AgentRef | None = None
    enrolment_id: str | None = None
    prompted: bool | None = None
    urgent: bool = False
    comment_id: str | None = None
    answers: str | None = None
    typing_at: datetime | None = None
    metadata: Json = field(default_factory=dict)


_body: TypeAdapter[Body] = TypeAdapter(Body)
_EMPTY_BODY = Body()
_BODY_OF_SAY = tuple(f.name for f in fields(Body) if f.name in {s.name for s in fields(Say)})


def inbound_values(conversation_id: str, arrival: Arrival, *, seq: int, now: datetime, promise_due_at: datetime) -> Values:
    """An arrival as a row of messages."""
    body = Body(payload=arrival.payload, attachments=arrival.attachments, metadata=arrival.metadata)
    return {
        "conversation_id": conversation_id,
        "seq": seq,
        "speaker": Speaker.PROSPECT.value,
        "status": UNHEARD,
        "at": arrival.sent_at,
        "created_at": now,
        "text": arrival.text,
        "body": "{}" if body == _EMPTY_BODY else dump(_body, body),
        "external_id": arrival.external_id,
        "due_at": promise_due_at,
    }


def say_values(conversation_id: str, say: Say, *, key: str, owner_version: int, now: datetime) -> Values:
    """A bubble to send as a row of messages."""
    body = Body(**{name: getattr(say, name) for name in _BODY_OF_SAY})
    return {
        "conversation_id": conversation_id,
        "speaker": say.speaker.value,
        "status": Delivery.QUEUED.value,
        "at": now,
        "created_at": now,
        "text": say.text,
        "body": dump(_body, body),
        "due_at": say.due_at or now,
        "key": key,
        "client_key": say.client_key,
        "owner_version": owner_version,
    }


def body_of(row: Record) -> Body:
    """What a message's row carries beside its text."""
    return body_of_text(row.body)


def body_of_text(text: str) -> Body:
    """The same from the row's column."""
    return _EMPTY_BODY if text == "{}" else _body.validate_json(text)


def heard_of(row: Record) -> Heard:
    """A prospect's message from its row."""
    body = body_of(row)
    return Heard(
        message_id=row.message_id,
        external_id=row.external_id,
        at=row.at,
        text=row.text,
        payload=body.payload,
        attachments=body.attachments,
        metadata=dict(body.metadata),
    )


def say_of(row: Record) -> Say:
    """An outgoing bubble from its row; `due_at` is when it may leave now."""
    body = body_of(row)
    return Say(
        speaker=Speaker(row.speaker),
        text=row.text,
        client_key=row.client_key,
        due_at=row.due_at,
        **{name: getattr(body, name) for name in _BODY_OF_SAY},
    )


def owed_of(row: Record) -> Owed:
    """An unheard message from its row."""
    return Owed(message_id=row.message_id, at=row.at, received_at=row.created_at, due_at=row.due_at)


def message_of(row: Record) -> Message:
    """A message as it is shown; a prospect's `client_key` is the id their side gave it."""
    body = body_of(row)
    inbound = row.speaker == Speaker.PROSPECT
    return Message(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        seq=row.seq,
        speaker=Speaker(row.speaker),
        at=row.at,
        text=row.text,
        quick_replies=body.quick_replies,
        attachments=body.attachments,
        image_url=body.image_url,
        agent=body.agent,
        delivery=None if inbound else Delivery(row.status),
        error=row.error,
        payload=body.payload,
        client_key=row.external_id if inbound else row.client_key,
        read_at=row.read_at,
        sent_as=row.sent_as,
    )


def outgoing_of(row: Record) -> Outgoing:
    """A message to hand to its channel, from its row joined with its conversation's."""
    return Outgoing(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        identity=Identity(channel=row.channel, external_id=row.identity_external_id),
        say=say_of(row),
        key=row.key,
        delivery=Delivery(row.status),
        attempts=row.attempts,
        error=row.error,
        stale=row.speaker != Speaker.AGENT and row.owner_version != row.current_owner_version,
        window_closes_at=row.window_closes_at,
        opted_out_at=row.opted_out_at,
        last_inbound_at=row.last_inbound_at,
        sending_at=row.sending_at,
    )
