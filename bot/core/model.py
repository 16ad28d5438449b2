"""Records and words of the conversation core.

Every record is frozen; every datetime is aware and in UTC. `State` is what one conversation knows about itself,
an `Event` is what happened to it, and a `Decision` is what follows: the next state and the effects to commit with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any

type Json = Mapping[str, Any]


class Owner(StrEnum):
    """Who owes the prospect the next words."""

    BOT = "bot"
    """The bot and its flows talk."""
    WAITING = "waiting"
    """A person was promised and has not accepted yet; the bot keeps the prospect company."""
    AGENT = "agent"
    """An agent talks; bot and flows are silent."""
    CLOSED = "closed"
    """Nobody owes anything; the next message reopens it."""


class Speaker(StrEnum):
    """Whose words a message carries."""

    PROSPECT = "prospect"
    BOT = "bot"
    FLOW = "flow"
    LADDER = "ladder"
    """Warmline itself, honest about a handoff: 'getting someone', 'nobody came yet'."""
    AGENT = "agent"


class ClockKind(StrEnum):
    """What falls due when a clock fires. One clock per (conversation, kind, key)."""

    TURN = "turn"
    """The burst is over: answer what was heard."""
    PROMISE = "promise"
    """A reply to the prospect is due."""
    STEP = "step"
    """A flow step is due; key = enrolment id."""
    RUNG = "rung"
    """The next rung of an episode's ladder; key = episode id."""
    OFFER = "offer"
    """An episode must have been offered to somebody; key = episode id."""
    ACCEPT = "accept"
    """An episode must have been accepted; key = episode id."""
    FIRST_WORDS = "first_words"
    """An agent's first words are due; key = episode id."""
    SNOOZE = "snooze"
    """The conversation comes back to the agent who put it aside."""
    UNDO = "undo"
    """An agent's words leave, and can't be taken back any more; key = the writer's own id of them."""
    RATING = "rating"
    """A talk with a person is over: ask how it was; key = episode id."""
    FORECAST = "forecast"
    """The waiting time that the prospect was told has run out; key = episode id."""


class Reason(StrEnum):
    """Why an episode was opened."""

    ASKED = "asked"
    NOT_UNDERSTOOD = "not_understood"
    COMPLAINT = "complaint"
    HOT_LEAD = "hot_lead"
    UNANSWERABLE = "unanswerable"
    BOT_FAILURE = "bot_failure"
    FLOW_STEP = "flow_step"
    AGENT_STEPPED_IN = "agent_stepped_in"
    NATIVE_INBOX = "native_inbox"


class Delivery(StrEnum):
    """Where an outgoing message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    """Handed to the channel; the outcome is unknown until it answers or its echo is seen."""
    SENT = "sent"
    FAILED = "failed"
    """The channel refused it for good; `error` says why."""
    REFUSED = "refused"
    """Stale: the owner changed before it was sent."""
    WITHDRAWN = "withdrawn"
    """Taken back: the prospect wrote first, or its words were queued anew."""


class FlowMode(StrEnum):
    """Whether people may start a flow, and whether those inside go on."""

    LIVE = "live"
    PAUSED = "paused"
    """Nobody starts and nobody goes on. Clocks keep running and look again, so that no burst follows."""
    DRAINING = "draining"
    """Nobody starts; those inside finish."""
    STOPPED = "stopped"
    """Nobody starts, and those inside have ended."""


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
    flow's words whether the prospect has just written; words said unprompted keep quiet hours and limits.
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
    typing_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """A committed bubble that has not been handed to its channel."""

    message_id: int
    say: Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """An answer is owed: since when, until when, and for which message."""

    opened_at: datetime
    due_at: datetime
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Something falls due at `due_at`. `data` is small and JSON."""

    kind: ClockKind
    due_at: datetime
    key: str = ""
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Until when the channel lets us write; `closes_at` None means always. `opened_by` is the prospect's action."""

    opened_at: datetime
    closes_at: datetime | None
    opened_by: str = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """What brought the person: by which link, campaign, ad or site they came, as far as that was told; nothing told is direct.

    `source` to `content` are the utm fields of the link, `referrer` and `page` addresses without what is nobody's business.
    """

    at: datetime
    channel: str
    ref: str | None = None
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    term: str | None = None
    content: str | None = None
    ad_id: str | None = None
    ad_title: str | None = None
    gclid: str | None = None
    fbclid: str | None = None
    referrer: str | None = None
    page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the channel or the prospect told about the person. `zone` is an IANA name."""

    first_name: str | None = None
    last_name: str | None = None
    picture_url: str | None = None
    locale: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A prospect inside one version of a flow, at one step.

    `waiting_for` is `time` (the STEP clock), `reply` (the prospect, with the STEP clock as the silence time-out)
    or None when it is over. `status` is live, done, stopped or exited; `visits` counts how often a step was entered.
    """

    enrolment_id: str
    flow_id: str
    flow_version: int
    step_id: str
    entered_at: datetime
    step_entered_at: datetime
    status: str = "live"
    waiting_for: str | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None
    visits: Json = field(default_factory=dict)
    replied: bool = False
    value_given: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A live enrolment, when its STEP clock is due (None: no clock runs), and what its latest `flow.held` says.

    `held` is the data of that line if nothing else of the enrolment came after it, else empty. `zone` is the person's own
    (IANA), if they have told one.
    """

    conversation_id: str
    enrolment: Enrolment
    due_at: datetime | None = None
    held: Json | None = None
    zone: str | None = None

    @property
    def held_reason(self) -> str | None:
        """Why the flow does not go on, if something holds it back."""
        return str(self.held["reason"]) if self.held and self.held.get("step") == self.enrolment.step_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Time of an episode spent in one way: seconds by the wall clock, seconds of working time, and in how many stretches."""

    kind: str
    wall_s: float = 0.0
    working_s: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A waiting time that the prospect was told: from `told_at` on, `low_s` to `high_s` seconds of working time, most likely
    `likely_s`. `place` is theirs in the line, if that was told."""

    told_at: datetime
    low_s: float
    likely_s: float
    high_s: float
    place: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One handoff, from request to return. The four timestamps split the wait into its segments.

    `breached` names the clocks that were missed (offer, accept, first_words, next_words) and `causes` why. `rung` is the next
    rung to climb. `status` is waiting, accepted or closed. `policy` and `team` say which promises hold; `value` is what the lead
    is worth, `weight` how much of an agent's capacity it takes (`above_capacity`: an admin let it be too much).
    `language` and `skills` are asked for until `language_until` and `skills_until`; `last_agent` talked with the person before, and
    `asked_at` is when somebody was asked last, the `times_asked`th time. `segments` add up
    where the time went until `phase_since`, since when it goes to `phase`.

    `forecasts` are the waiting times told, oldest first; once the first words came, `forecast_error_s` is how much longer than the
    most likely time of the first they took, and `forecast_kept` whether that was inside its range. `callback_at` is the time that
    was booked, `callback_seat` which of the agents' places at that time; nobody is asked
    before `not_before`. `times` are those last offered. `rating` is from 1 to 5, `outcome_value` money in the settings' currency.
    """

    episode_id: str
    reason: Reason
    requested_at: datetime
    first_words_due_at: datetime
    status: str = "waiting"
    detail: str = ""
    rung: int = 0
    offered_at: datetime | None = None
    offered_to: tuple[str, ...] = ()
    widened: bool = False
    accepted_at: datetime | None = None
    agent: AgentRef | None = None
    first_words_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    summary: str = ""
    breached: tuple[str, ...] = ()
    choice: str | None = None
    policy: str = "default"
    team: str | None = None
    value: float | None = None
    weight: float = 1.0
    above_capacity: bool = False
    language: str | None = None
    language_until: datetime | None = None
    skills: tuple[str, ...] = ()
    skills_until: datetime | None = None
    last_agent: str | None = None
    asked_at: datetime | None = None
    times_asked: int = 0
    offer_due_at: datetime | None = None
    accept_due_at: datetime | None = None
    seen_at: datetime | None = None
    phase: str = ""
    phase_since: datetime | None = None
    segments: tuple[Segment, ...] = ()
    causes: Json = field(default_factory=dict)
    forecasts: tuple[Forecast, ...] = ()
    forecast_error_s: float | None = None
    forecast_kept: bool | None = None
    callback_at: datetime | None = None
    callback_seat: int | None = None
    rating: int | None = None
    rating_asked_at: datetime | None = None
    outcome_value: float | None = None
    not_before: datetime | None = None
    times: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the brain understood. Confidences are 0 to 1; `ranking` is (intent, confidence), best first."""

    text: str
    intent: str | None = None
    confidence: float = 0.0
    ranking: tuple[tuple[str, float], ...] = ()
    entities: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A flow's latest words to the person: which, when, and what they did about them that they should not have had to."""

    flow_id: str
    wording: str
    at: datetime
    harm: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything `decide` may know about one conversation.

    `unheard` and `unsent` are the messages still to answer and to send. `wordings` are the latest wordings used,
    newest last; `flow_sent_at` when flows lately wrote, for caps. `asking` is what the bot itself waits to be told
    (`callback_number`, `callback_time`) after a choice. `first_touch` is what brought them at the very first and never changes;
    `last_touch` the latest that was not direct.
    """

    conversation_id: str
    identity: Identity
    created_at: datetime
    owner: Owner = Owner.BOT
    owner_version: int = 1
    promise: Promise | None = None
    window: Window | None = None
    profile: Profile = Profile()
    slots: Json = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    enrolments: tuple[Enrolment, ...] = ()
    episode: Episode | None = None
    clocks: tuple[Clock, ...] = ()
    unheard: tuple[Heard, ...] = ()
    unsent: tuple[Unsent, ...] = ()
    wordings: tuple[str, ...] = ()
    flow_sent_at: tuple[datetime, ...] = ()
    finished_flows: tuple[str, ...] = ()
    asking: str | None = None
    turns: int = 0
    last_inbound_at: datetime | None = None
    last_outbound_at: datetime | None = None
    opted_out_at: datetime | None = None
    brain_away_since: datetime | None = None
    last_reading: Reading | None = None
    touched: Touched | None = None
    reply_gap_s: float | None = None
    first_touch: Touch | None = None
    last_touch: Touch | None = None
    transcript_key: str | None = None
    transcript_until: datetime | None = None

    def clock(self, kind: ClockKind, key: str = "") -> Clock | None:
        """The running clock of this kind and key, if any."""
        return next((c for c in self.clocks if c.kind == kind and c.key == key), None)

    @property
    def live_enrolments(self) -> tuple[Enrolment, ...]:
        """Enrolments that still go on, oldest first."""
        return tuple(e for e in self.enrolments if e.status == "live")


@cache
def _parts(kind: Any) -> tuple[Callable[[Any], tuple[Any, ...]], dict[str, Callable[[Any, Any], None]]]:
    names = [f.name for f in fields(kind)]
    return attrgetter(*names), {name: getattr(kind, name).__set__ for name in names}


def changed[T](record: T, **changes: Any) -> T:
    """The record with these fields changed. Raises `KeyError` for an unknown field.

    `dataclasses.replace` for slotted records without checks of their own, at a third of its cost: a decision changes its state
    dozens of times.
    """
    kind: Any = type(record)
    values, setters = _parts(kind)
    made: T = object.__new__(type(record))
    for put, value in zip(setters.values(), values(record), strict=True):
        put(made, value)
    for name, value in changes.items():
        setters[name](made, value)
    return made


class WarmlineError(Exception):
    """Root of every error Warmline raises on purpose."""


class CommandRefused(WarmlineError):
    """A command does not fit the conversation as it is now. `code` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
