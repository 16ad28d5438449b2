"""What happens to a conversation, and what follows from it.

An `Event` is what happened; a `Decision` is the next state with the effects to commit with it, all or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bot.core.model import AgentRef, Clock, ClockKind, Heard, Json, Profile, Reading, Say, State, Touch


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainAsk:
    """Ask the brain to answer this burst; the answer comes back as `BrainAnswered` or `BrainFailed`.

    `slots` are what the state knows, for the tracker. `parked` are bubbles of ours that were taken back unsent because the
    prospect wrote first; what is still owed of them is said after the answer.
    """

    messages: tuple[Heard, ...]
    text: str
    slots: Json = field(default_factory=dict)
    parked: tuple[Say, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainAnswer:
    """What the brain gave back for a turn; `messages` are said in order, `directives` ask for effects."""

    reading: Reading
    messages: tuple[Say, ...] = ()
    directives: tuple[Json, ...] = ()
    tracker_events: tuple[Json, ...] = ()
    slots: Json = field(default_factory=dict)
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """The prospect wrote; the burst, oldest first."""

    messages: tuple[Heard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainAnswered:
    """The brain answered what it was asked."""

    ask: BrainAsk
    answer: BrainAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainFailed:
    """The brain did not answer in time or at all; `error` is a short code such as `timeout` or `away`."""

    ask: BrainAsk
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFired:
    """A clock is due."""

    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTook:
    """An agent accepted the episode, or stepped in where there was none. `above_capacity` is why they may hold more than they
    have room for, in the words of whoever may say so; empty where their capacity holds."""

    agent: AgentRef
    above_capacity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSaw:
    """An agent saw that a person is needed; whether they are asked is looked at when it is decided."""

    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentWrote:
    """An agent wrote to the prospect."""

    agent: AgentRef
    text: str
    client_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentGaveBack:
    """The agent hands the prospect back to the bot with a summary of what was said and what was promised, line by line. `value` is
    what the outcome is worth, in the currency of the settings. `resume` is the flow and the step at which it goes on, None for
    where it stood."""

    agent: AgentRef
    summary: str
    outcome: str = "returned"
    slots: Json = field(default_factory=dict)
    value: float | None = None
    promised: tuple[str, ...] = ()
    resume: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTransferred:
    """An agent passes the conversation on, to the colleague `to` or to `team`. `anyones`: whoever holds it, as supervisors may."""

    agent: AgentRef
    to: AgentRef | None = None
    team: str | None = None
    anyones: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSnoozed:
    """The holder puts the conversation aside until then; None takes it back at once."""

    agent: AgentRef
    until: datetime | None


type Undoable = Literal["send", "take", "give_back", "transfer", "snooze"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentUndid:
    """An agent takes back what they just did: words they sent (`client_key` says which), what they took, gave back, passed on or
    snoozed."""

    agent: AgentRef
    act: Undoable
    client_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsChanged:
    """Who is free changed; a waiting episode may now be offered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLeft:
    """An agent has been gone for good; what they had been offered or had not answered yet goes round again."""

    agent_id: str


type PageDid = Literal["wrote", "took", "gave_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignEcho:
    """The page acted without us: somebody in the native inbox or another app wrote, took the thread, or gave it back to us."""

    text: str
    app_id: str | None
    at: datetime
    did: PageDid = "wrote"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed:
    """A message was given up; `error` is the class: window, unreachable, frequency, or one for which it was parked (config,
    rejected, broken, or the last of many failures). May be told twice of the same message."""

    message_id: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSeen:
    """The channel told something about the person."""

    profile: Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTriggered:
    """A flow was asked for from outside (API, console, schedule)."""

    flow_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A program told of something that the prospect did elsewhere, at `at`. `external_id` is its own id: the same one twice is one
    event. `properties` may start flows and fill slots; none of them is journalled."""

    name: str
    external_id: str
    at: datetime
    properties: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A flow asks another program once the decision is committed; what comes of it is told as `CallEnded`.

    `key` is the same for every attempt, so that the program can tell a repeat. `into` maps paths in its answer to slots.
    """

    enrolment_id: str
    step_id: str
    attempt: int
    url: str
    body: Json
    key: str
    timeout_s: float
    into: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """A program answered, or did not: `error` is a short code such as `timeout` or `http_500`, None for an answer. `slots` are what
    the answer fills."""

    enrolment_id: str
    step_id: str
    attempt: int
    slots: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPublished:
    """A version of a flow was published, and those inside older ones go over to it. `choices` say for steps of theirs where
    people go: to which step, or `exit`. Where another version has been published since, nothing happens."""

    flow_id: str
    version: int
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRuled:
    """It was ruled what holds for a flow; of one that was stopped everybody leaves."""

    flow_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """The prospect did what all of it was for, at `at`. `external_id` is the teller's own id: the same one twice is one conversion.
    `value` is a decimal number as text, in `currency` (ISO 4217); `by` says who told: api or outcome."""

    name: str
    external_id: str
    at: datetime
    value: str | None = None
    currency: str | None = None
    by: str = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactImported:
    """A contact from elsewhere, with the consent that it came with. `line` is where in the import; `flow` begins at `start_at`."""

    import_id: str
    line: int
    consent_source: str
    consent_at: datetime
    touch: Touch
    profile: Profile
    slots: Json = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    opted_out: bool = False
    flow: str | None = None
    start_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """The audit found that something is missing; what can be set again is, without a word."""


type Event = (
    Inbound
    | BrainAnswered
    | BrainFailed
    | ClockFired
    | AgentTook
    | AgentSaw
    | AgentWrote
    | AgentGaveBack
    | AgentTransferred
    | AgentSnoozed
    | AgentUndid
    | AgentsChanged
    | AgentLeft
    | ForeignEcho
    | DeliveryFailed
    | ProfileSeen
    | FlowTriggered
    | Happened
    | CallEnded
    | FlowPublished
    | FlowRuled
    | Converted
    | ContactImported
    | Audited
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something agents should notice at once. `to` are agent ids, empty for everybody; `kind` offer, alarm, message, lost."""

    kind: str
    to: tuple[str, ...] = ()
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One line of the append-only journal: what happened, as an event name with fields (never message text)."""

    kind: str
    at: datetime
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An agent gets an episode that weighs `weight`, if what they hold with it stays within `capacity`. Whoever holds nothing has
    room for anything, else an episode heavier than every capacity would wait for ever."""

    agent_id: str
    weight: float
    capacity: float

    def fits(self, held: float) -> bool:
        """Whether there is room beside what they hold already."""
        return held <= 0 or held + self.weight <= self.capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The next state and the effects that are committed with it, all or nothing."""

    state: State
    say: tuple[Say, ...] = ()
    withdraw: tuple[int, ...] = ()
    set_clocks: tuple[Clock, ...] = ()
    cancel_clocks: tuple[tuple[ClockKind, str], ...] = ()
    heard: tuple[int, ...] = ()
    tracker_events: tuple[Json, ...] = ()
    ask_brain: BrainAsk | None = None
    notify: tuple[Notice, ...] = ()
    journal: tuple[JournalEntry, ...] = ()
    calls: tuple[Call, ...] = ()
    claim: Claim | None = None
