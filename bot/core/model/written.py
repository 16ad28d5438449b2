"""What people and programs write to each other, and who they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.model.words import Json, Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A prospect's address: the channel's name and the id the channel knows them by."""

    channel: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickReply:
    """A one-tap answer: what it says and what it sends."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Something sent along with a message; `kind` is image, audio, video, file, sticker, location or other."""

    kind: str
    url: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message from outside, translated by its channel, before it is stored.

    `external_id` is the channel's id of the message: the same one twice is the same message.
    `sent_at` is the channel's timestamp. `metadata` holds referral, locale and the like.
    """

    identity: Identity
    external_id: str
    sent_at: datetime
    text: str = ""
    payload: str | None = None
    attachments: tuple[Attachment, ...] = ()
    metadata: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A stored message of the prospect that no turn has answered yet."""

    message_id: int
    external_id: str
    at: datetime
    text: str = ""
    payload: str | None = None
    attachments: tuple[Attachment, ...] = ()
    metadata: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRef:
    """The person who speaks, as the prospect sees them."""

    agent_id: str
    name: str
    picture_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """One bubble to send.

    `wording` names the copy it came from (a response name, `flow/step#variant`), so wordings need not repeat.
    `typing_at` and `due_at` are set by pacing: when the typing indicator starts and when the message may leave.
    `client_key` is the sender's own id of an agent's message: the same key twice is the same message. `prompted` tells of a
    flow's words whether the prospect has just written; words said unprompted keep quiet hours and limits. `comment_id` is the
    public comment to which this is the one private reply that the platform allows. `answers` is the intent that the bot's
    words answer, as the brain read it; None if it could not tell.
    """

    speaker: Speaker
    text: str = ""
    quick_replies: tuple[QuickReply, ...] = ()
    image_url: str | None = None
    wording: str | None = None
    purpose: str | None = None
    agent: AgentRef | None = None
    enrolment_id: str | None = None
    prompted: bool | None = None
    client_key: str | None = None
    urgent: bool = False
    comment_id: str | None = None
    answers: str | None = None
    typing_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A committed bubble that has not been handed to its channel."""

    message_id: int
    say: Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the channel or the prospect told about the person. `zone` is an IANA name."""

    first_name: str | None = None
    last_name: str | None = None
    picture_url: str | None = None
    locale: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the brain understood. Confidences are 0 to 1; `ranking` is (intent, confidence), best first."""

    text: str
    intent: str | None = None
    confidence: float = 0.0
    ranking: tuple[tuple[str, float], ...] = ()
    entities: tuple[Json, ...] = ()
