"""How somebody stands in a flow: moving, held back and why, or stalled and why. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.model import Standing
from nurture.flow import Flow

LATE = timedelta(minutes=15)
"""A step that is so much overdue is not merely waiting its turn."""

HELD_TOO_LONG = timedelta(days=7)
"""Somebody who is held back or with a person for so long at one step has been forgotten."""


def stalled(standing: Standing, flow: Flow | None, now: datetime) -> str | None:
    """Why nothing will come of this enrolment, which is in this version of its flow, by itself; or None.

    `flow_gone`, `step_gone`: no version has it. `no_clock`: nothing moves it. `overdue`: its clock should have fired.
    `person`, `held`: at this step for more than a week, with a person or held back.
    """
    enrolment = standing.enrolment
    if flow is None:
        return "flow_gone"
    if enrolment.step_id not in flow.steps:
        return "step_gone"
    long_here = now - enrolment.step_entered_at > HELD_TOO_LONG
    if enrolment.waiting_for == "person":
        return "person" if long_here else None
    if standing.due_at is None:
        return "no_clock"
    if standing.due_at < now - LATE:
        return "overdue"
    return "held" if long_here and standing.held_reason else None
