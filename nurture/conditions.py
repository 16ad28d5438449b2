"""Does a branch's condition hold? Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.core.model import Enrolment, Json, State
from nurture.flow import Condition


class Known(Protocol):
    """What is known of a person apart from any flow: their conversation's state has it, and so has what an export tells."""

    @property
    def slots(self) -> Json:
        """By name."""

    @property
    def tags(self) -> Sequence[str]:
        """In the order in which they were given."""

    @property
    def last_inbound_at(self) -> datetime | None:
        """When they wrote last."""


def started_by(name: str) -> str:
    """The mark in an enrolment's visits of what began it: a trigger's name, an outcome, an intent, a flow, `manual`."""
    return f"by {name}"


def was_told(name: str) -> str:
    """The mark in an enrolment's visits of an event that was told of the person while they were inside."""
    return f"told {name}"


WARMTH = "warmth"
"""The slot that holds how warm the person is towards us, 0 to 100."""

COLDEST, WARMEST = 0, 100


def warmth(state: Known) -> int:
    """How warm the person is towards us, from 0 (nothing known) to 100."""
    value = state.slots.get(WARMTH)
    return int(value) if isinstance(value, int | float) else COLDEST


def warmer(state: State, points: int) -> int:
    """The warmth after so many points more or, where negative, fewer."""
    return min(WARMEST, max(COLDEST, warmth(state) + points))


def reached(conditions: Sequence[Condition], state: State, enrolment: Enrolment, now: datetime) -> bool:
    """Whether one of a flow's own conditions holds. What was understood before the enrolment began does not count."""
    wrote_since = state.last_inbound_at is not None and state.last_inbound_at > enrolment.entered_at
    return any((wrote_since or not (when.intent or when.entity)) and holds(when, state, enrolment, now) for when in conditions)


def known_of(when: Condition, state: Known, now: datetime) -> bool:
    """Whether what it says of a person, apart from any flow, holds: slots, tags, warmth, and how long they are silent."""
    last = state.last_inbound_at
    return all(
        (
            when.silence is None or (last is not None and now - last >= when.silence),
            when.slot is None or _slot_fits(state, when),
            when.tag is None or when.tag in state.tags,
            when.warmth_at_least is None or warmth(state) >= when.warmth_at_least,
        )
    )


def holds(when: Condition, state: State, enrolment: Enrolment, now: datetime) -> bool:
    """Whether every part of the condition that is set holds for this enrolment."""
    reading = state.last_reading
    entities = {entity.get("entity") for entity in reading.entities} if reading else set()
    quiet_for = now - (state.last_inbound_at or enrolment.entered_at)
    return all(
        (
            when.slot is None or _slot_fits(state, when),
            not when.intent or (reading is not None and reading.intent in when.intent),
            when.entity is None or when.entity in entities,
            when.replied is None or enrolment.replied is when.replied,
            when.silence is None or quiet_for >= when.silence,
            when.tag is None or when.tag in state.tags,
            when.warmth_at_least is None or warmth(state) >= when.warmth_at_least,
            not when.event or any(was_told(name) in enrolment.visits for name in when.event),
            not when.started_by or any(started_by(name) in enrolment.visits for name in when.started_by),
        )
    )


def _slot_fits(state: Known, when: Condition) -> bool:
    value = state.slots.get(when.slot or "")
    if value in (None, "", [], False):
        return False
    text = str(value).casefold()
    if when.values and text not in when.values:
        return False
    return not when.mentions or any(re.search(rf"\b{re.escape(word)}", text) for word in when.mentions)
