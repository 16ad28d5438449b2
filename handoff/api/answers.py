"""The types of what the console API answers, for its OpenAPI document. docs/api.md says what the fields mean.

`handoff.api.shapes` fills them; a test holds real answers against these types.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypedDict


class Face(TypedDict):
    """An agent as colleagues see them on a conversation."""

    id: str
    name: str
    picture_url: str | None


class AgentAnswer(TypedDict):
    """An agent's account."""

    id: str
    name: str
    email: str
    role: Literal["agent", "supervisor", "marketer", "admin"]
    picture_url: str | None
    disabled: bool
    skills: list[str]
    languages: list[str]
    teams: list[str]
    capacity: float | None


class Due(TypedDict):
    """The clock that counts for who looks."""

    kind: Literal["accept", "first_words", "next_words"]
    due_at: datetime
    started_at: datetime


class EpisodeAnswer(TypedDict):
    """An open episode."""

    id: str
    reason: str
    detail: str
    status: Literal["waiting", "accepted"]
    requested_at: datetime
    accepted_at: datetime | None
    agent: Face | None
    rung: int
    breached: list[str]
    offered_to_me: bool
    clock: Due | None


class Preview(TypedDict):
    """The latest message, shortened."""

    speaker: str
    text: str
    at: datetime


class ItemAnswer(TypedDict):
    """A conversation as the lists show it."""

    id: str
    name: str | None
    picture_url: str | None
    channel: str
    owner: Literal["bot", "waiting", "agent", "closed"]
    owner_version: int
    preview: Preview | None
    last_at: datetime
    waiting_since: datetime | None
    tags: list[str]
    episode: EpisodeAnswer | None
    window_closes_at: datetime | None
    snoozed_until: datetime | None


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
    """One message; `seq` is None until it is shown."""

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


class Me(TypedDict):
    """GET me."""

    agent: AgentAnswer
    presence: Literal["online", "away"]
    currency: str
    now: datetime


class OneAgent(TypedDict):
    """An account."""

    agent: AgentAnswer


class Agents(TypedDict):
    """GET agents."""

    agents: list[AgentAnswer]


class PresenceAnswer(TypedDict):
    """POST presence."""

    presence: Literal["online", "away"]


class Items(TypedDict):
    """GET conversations."""

    items: list[ItemAnswer]
    next: str | None
    now: datetime


class OneItem(TypedDict):
    """What a command made of the conversation."""

    item: ItemAnswer


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


class OneMessage(TypedDict):
    """POST say."""

    message: MessageAnswer


class OneNote(TypedDict):
    """POST note."""

    note: NoteAnswer


class ColleaguesAnswer(TypedDict):
    """GET colleagues."""

    agents: list[Face]


class NotificationAnswer(TypedDict):
    """A notification, and how far it came. `why` says why it was not carried, if it was not."""

    id: str
    notice_id: str
    conversation_id: str
    kind: str
    carrier: Literal["in_page", "sound", "web_push", "email", "webhook"]
    state: Literal["queued", "sent", "seen", "acted", "failed", "dropped"]
    why: str | None
    due_at: datetime
    attempts: int
    sent_at: datetime | None
    seen_at: datetime | None
    acted_at: datetime | None


class NotificationsAnswer(TypedDict):
    """GET notifications."""

    items: list[NotificationAnswer]
    now: datetime


class DeviceAnswer(TypedDict):
    """A browser that takes web pushes."""

    id: str
    label: str
    added_at: datetime


class WishesAnswer(TypedDict):
    """An agent's settings."""

    sound: bool
    web_push: bool
    email: bool
    quiet_from: str | None
    quiet_to: str | None
    zone: str
    urgent_in_quiet: bool


class WaysAnswer(TypedDict):
    """Which carriers the installation has, and when the turn of each comes."""

    email: bool
    webhook: bool
    sound_after_s: float
    push_after_s: float
    email_after_s: float
    webhook_after_s: float


class NotifyAnswer(TypedDict):
    """GET and PUT notify."""

    settings: WishesAnswer
    devices: list[DeviceAnswer]
    push_key: str
    ways: WaysAnswer


class DeviceAdded(TypedDict):
    """POST notify/devices."""

    device_id: str


class HitAnswer(TypedDict):
    """Where words were found; `marks` are where they begin and end in `text`, in characters."""

    kind: Literal["name", "message", "note"]
    text: str
    marks: list[tuple[int, int]]
    by: str | None
    at: datetime | None
    seq: int | None


class FoundAnswer(TypedDict):
    """A conversation in which words were found."""

    item: ItemAnswer
    hits: list[HitAnswer]


class Findings(TypedDict):
    """GET search."""

    found: list[FoundAnswer]
    now: datetime


class ViewAnswer(TypedDict):
    """A saved list; empty fields don't matter."""

    name: str
    order: Literal["risk", "latest"]
    channel: str
    reason: str
    team: str
    holder: str
    snoozed: Literal["", "yes", "no"]


class Views(TypedDict):
    """GET and PUT views."""

    views: list[ViewAnswer]


class Problem(TypedDict):
    """What is wrong with a text, and where; `line` and `column` count from 1."""

    line: int
    column: int
    field: str
    message: str


class Contradiction(TypedDict):
    """What can be read and makes no sense."""

    line: int
    field: str
    rule: str
    message: str


class FileProblem(Problem):
    """A problem in one of several files."""

    file: str


class Checked(TypedDict):
    """POST promises/check."""

    problems: list[Problem]
    findings: list[Contradiction]


class PromisesAnswer(TypedDict):
    """GET promises. `running` is the version that the service goes by: another one while the file is broken."""

    text: str
    version: str
    running: str
    file: str
    problems: list[Problem]
    findings: list[Contradiction]
    now: datetime


class PromisesSaved(TypedDict):
    """PUT promises."""

    version: str


class KeptVersion(TypedDict):
    """A version that is kept; `by` is an agent's name, None for a change by hand."""

    id: str
    version: str
    at: datetime
    by: str | None


class KeptVersions(TypedDict):
    """GET promises/history."""

    versions: list[KeptVersion]


class KeptText(TypedDict):
    """GET promises/history/{id}."""

    text: str


class StaffingRow(TypedDict):
    """An hour of the day; `agents` is None where no number is enough."""

    hour: str
    requests: int
    per_hour: float
    mean_handling_s: float
    agents: int | None
    erlang_c: int


class StaffingAnswer(TypedDict):
    """GET reports/staffing."""

    rows: list[StaffingRow]
    share: float
    within_s: float
    zone: str
    requests: int


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


class PlacesAnswer(TypedDict):
    """GET transfer-places: whom a conversation may be passed on to."""

    agents: list[Face]
    teams: list[str]


class Queued(TypedDict):
    """POST undelivered/{id}/send-again."""

    message_id: str


class Nothing(TypedDict):
    """Done, with nothing to tell."""
