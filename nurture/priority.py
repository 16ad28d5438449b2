"""Flows that share a person's caps: the room that is left goes to the flow with the higher priority. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.model import ClockKind, Enrolment, State
from nurture.book import Nurture
from nurture.flow import Flow

AFTER = timedelta(minutes=1)
"""A flow that gave way looks again so long after the other one was due."""


def reserved_until(state: State, nurture: Nurture, flow: Flow, enrolment: Enrolment, now: datetime) -> datetime | None:
    """Until when this flow leaves the last room of a cap to one of higher priority that is due before the cap frees again.

    None if it need not. Looked at are the person's other enrolments that wait for a moment; one that waits for a reply, or for a
    person, reserves nothing, and neither does one in a paused flow.
    """
    span = max((cap.within for cap in flow.caps if _last_room(state, cap.messages, cap.within, now)), default=None)
    if span is None:
        return None
    due = [
        at
        for other in state.live_enrolments
        if other.enrolment_id != enrolment.enrolment_id and _goes_first(nurture, other, flow)
        if (at := _due_at(state, other)) is not None and at <= now + span
    ]
    return max(now, min(due)) + AFTER if due else None


def _last_room(state: State, messages: int, within: timedelta, now: datetime) -> bool:
    """Whether one message more fills the cap."""
    return sum(1 for at in state.flow_sent_at if at > now - within) == messages - 1


def _goes_first(nurture: Nurture, other: Enrolment, flow: Flow) -> bool:
    its_flow = nurture.flow_of(other)
    return its_flow is not None and its_flow.priority > flow.priority and not nurture.paused(other.flow_id)


def _due_at(state: State, enrolment: Enrolment) -> datetime | None:
    clock = state.clock(ClockKind.STEP, enrolment.enrolment_id)
    return clock.due_at if clock is not None and enrolment.waiting_for == "time" else None
