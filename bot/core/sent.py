"""A message that left, with the facts to judge it by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.model import Speaker

OWNER_KINDS = {"episode.accepted": True, "episode.reopened": True, "episode.returned": False, "episode.closed": False}
"""Journal lines that tell whether an agent talks from then on."""
CONSENT_KINDS = {"prospect.opted_out": True, "prospect.opted_in": False}
"""Journal lines that tell whether the person wants no messages from then on."""
TURNS_OF_TALK = (*OWNER_KINDS, *CONSENT_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A journal line that changed who may speak: its kind (one of `TURNS_OF_TALK`) and when."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSaid:
    """Words that a flow said unprompted: when they were decided, in which enrolment, in which wording."""

    decided_at: datetime
    enrolment_id: str | None
    wording: str

    @property
    def step(self) -> str:
        """`flow/step`, without the variant."""
        return self.wording.partition("#")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message that left, with what must be known to judge it.

    `left_at` is when it was handed to its channel, `decided_at` when it was committed. `earlier_*` tell of the outgoing message
    shown right before it, `last_inbound_at` of the person's latest message before it left (None: not known). `turns` are those
    of the conversation, oldest first; `flow_before` what flows said unprompted before it. `twin_id` is another message with the
    same id on the channel.
    """

    message_id: int
    conversation_id: str
    channel: str
    speaker: Speaker
    decided_at: datetime
    left_at: datetime
    due_at: datetime | None = None
    wording: str = ""
    enrolment_id: str | None = None
    flow_version: int | None = None
    prompted: bool | None = None
    sent_as: str | None = None
    earlier_id: int | None = None
    earlier_left_at: datetime | None = None
    earlier_wording: str = ""
    twin_id: int | None = None
    last_inbound_at: datetime | None = None
    turns: tuple[Turn, ...] = ()
    flow_before: tuple[FlowSaid, ...] = ()
    zone: str | None = None
    same_person: bool = True
