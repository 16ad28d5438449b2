"""Does a branch's condition hold? Pure."""

from __future__ import annotations

import re
from datetime import datetime

from bot.core.model import Enrolment, State
from nurture.flow import Condition


def started_by(name: str) -> str:
    """The mark in an enrolment's visits of what began it: a trigger's name, an outcome, an intent, a flow, `manual`."""
    return f"by {name}"


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
            not when.started_by or any(started_by(name) in enrolment.visits for name in when.started_by),
        )
    )


def _slot_fits(state: State, when: Condition) -> bool:
    value = state.slots.get(when.slot or "")
    if value in (None, "", [], False):
        return False
    text = str(value).casefold()
    if when.values and text not in when.values:
        return False
    return not when.mentions or any(re.search(rf"\b{re.escape(word)}", text) for word in when.mentions)
