"""Everything known about one conversation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.model.due import Clock, Promise, Window
from bot.core.model.flows import Enrolment, Touch, Touched
from bot.core.model.handoffs import Episode
from bot.core.model.words import ClockKind, Json, Owner
from bot.core.model.written import Heard, Identity, Profile, Reading, Unsent

_UNKNOWN = Profile()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything `decide` may know about one conversation.

    `unheard` and `unsent` are the messages still to answer and to send. `wordings` are the latest wordings used,
    newest last; `flow_sent_at` when flows lately wrote, for caps.
    `occurred` names the latest occurrence of each flow's schedule. `comment_id` is a public comment that may be answered privately,
    once; nothing else may be sent to who commented until they write. `asking` is what the bot itself waits to be told
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
    profile: Profile = _UNKNOWN
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
    occurred: Json = field(default_factory=dict)
    comment_id: str | None = None
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
