"""One conversation: what was said in it, and what may be said next."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict

from handoff.api.answers.lists import ItemAnswer


class Reply(TypedDict):
    """A quick reply."""

    title: str
    payload: str | None


class File(TypedDict):
    """An attachment, as the channel gave it."""

    kind: str
    url: str | None
    title: str | None


class MessageAnswer(TypedDict):
    """One message; `seq` is None until it is shown. An agent's can be taken back until `undo_until`."""

    id: str
    seq: int | None
    speaker: Literal["prospect", "bot", "flow", "ladder", "agent"]
    name: str | None
    text: str
    quick_replies: list[Reply]
    attachments: list[File]
    image_url: str | None
    at: datetime
    delivery: Literal["queued", "sending", "sent", "failed", "refused", "withdrawn"] | None
    error: str | None
    read: bool
    key: str | None
    undo_until: datetime | None


class Author(TypedDict):
    """Who wrote a note."""

    id: str
    name: str


class NoteAnswer(TypedDict):
    """An internal note."""

    id: str
    agent: Author
    text: str
    at: datetime


class StepAhead(TypedDict):
    """Where the talk can go on after a person; `name` is the flow's."""

    flow: str
    name: str
    step: str


class Conversation(TypedDict):
    """GET conversations/{id}."""

    item: ItemAnswer
    messages: list[MessageAnswer]
    pending: list[MessageAnswer]
    notes: list[NoteAnswer]
    card: dict[str, object]
    resume: list[StepAhead]
    now: datetime


class Messages(TypedDict):
    """A page of messages, oldest first."""

    messages: list[MessageAnswer]


class Spoken(TypedDict):
    """A line of a transcript."""

    seq: int
    at: datetime
    speaker: Literal["prospect", "bot", "flow", "ladder", "agent"]
    name: str
    text: str
    attachments: list[File]
    image_url: str | None


class TranscriptAnswer(TypedDict):
    """GET transcript, as JSON."""

    conversation_id: str
    channel: str
    name: str | None
    messages: list[Spoken]
    now: datetime


class TimelineLine(TypedDict):
    """Something that happened. `until` is the end of a visit, `more` somebody's own words; `conversation_id` that of another
    conversation of the same prospect."""

    id: str
    at: datetime
    until: datetime | None
    sort: Literal["visit", "person", "flow", "note", "conversion", "rating", "consent", "trouble"]
    text: str
    more: str
    conversation_id: str | None


class TimelineAnswer(TypedDict):
    """GET timeline, latest first."""

    lines: list[TimelineLine]
    next: str | None
    now: datetime


class OneMessage(TypedDict):
    """POST say."""

    message: MessageAnswer


class OneNote(TypedDict):
    """POST note."""

    note: NoteAnswer


class StarterAnswer(TypedDict):
    """A canned starter, as it is written."""

    name: str
    text: str
    team: str


class StartersAnswer(TypedDict):
    """GET and PUT starters."""

    starters: list[StarterAnswer]
    version: str


class FilledStarter(TypedDict):
    """A canned starter, filled in for a prospect."""

    name: str
    text: str


class SimilarAnswer(TypedDict):
    """What an agent answered to a similar question."""

    asked: str
    text: str
    by: str | None
    at: datetime


class OfferedStarters(TypedDict):
    """GET conversations/{id}/starters."""

    starters: list[FilledStarter]
    similar: list[SimilarAnswer]


class Queued(TypedDict):
    """POST undelivered/{id}/send-again."""

    message_id: str
