"""Steps that ask another program: the call, its answer, its failures. Writes into the draft; nothing is sent from here.

The STEP clock runs while a call is out. If its answer is lost with the process that waited for it, that clock asks again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.draft import Draft
from bot.core.events import CallEnded
from bot.core.model import ClockKind
from nurture import enrolments
from nurture.book import Nurture
from nurture.flow import WebhookStep
from nurture.walk import CALL_AGAIN, CALLING, Walk, call

FIRST_AGAIN = timedelta(seconds=20)
"""The second attempt comes after so long, each later one after three times as long."""


def call_ended(draft: Draft, nurture: Nurture, event: CallEnded) -> None:
    """A program answered, or did not. Only the attempt that the enrolment waits for counts."""
    enrolment = next((e for e in draft.state.live_enrolments if e.enrolment_id == event.enrolment_id), None)
    clock = draft.state.clock(ClockKind.STEP, event.enrolment_id)
    if enrolment is None or clock is None or clock.data.get("why") != CALLING or clock.data.get("attempt") != event.attempt:
        return
    where = enrolments.placed(draft, nurture, enrolment)
    if where is None or not isinstance(where[2], WebhookStep) or enrolment.step_id != event.step_id:
        return
    walk, step = Walk(draft, nurture, where[1], where[0], prompted=False), where[2]
    told = {"attempt": event.attempt, "ok": event.error is None, **({"error": event.error} if event.error else {})}
    draft.note("flow.called", flow=walk.flow.flow_id, enrolment=enrolment.enrolment_id, step=step.id, **told)
    if event.error is not None:
        failed(walk, step, event.attempt)
        return
    fresh = {slot: value for slot, value in event.slots.items() if draft.state.slots.get(slot) != value}
    draft.set(slots={**draft.state.slots, **fresh})
    draft.track(*({"event": "slot", "name": slot, "value": value} for slot, value in fresh.items()))
    _go_on(walk, step.then)


def due(walk: Walk, step: WebhookStep, why: str, attempt: int) -> None:
    """The clock of a call fired: its answer was lost, or it is time to ask again."""
    if why == CALLING:
        failed(walk, step, attempt)
    else:
        call(walk, step, attempt)


def failed(walk: Walk, step: WebhookStep, attempt: int) -> None:
    """Ask again later, or go where failure leads."""
    if attempt >= step.tries:
        _go_on(walk, step.on_failure)
        return
    again_at = walk.draft.now + FIRST_AGAIN * 3 ** (attempt - 1)
    walk.rest("time", again_at, why=CALL_AGAIN, attempt=attempt + 1)


def _go_on(walk: Walk, step_id: str | None) -> None:
    """Take the next step, or in a paused flow stand at it."""
    if step_id is not None and walk.nurture.paused(walk.flow.flow_id):
        walk.enrolment = replace(walk.enrolment, step_id=step_id, step_entered_at=walk.draft.now)
        walk.rest("time", walk.draft.now, why="go")
        return
    walk.go(step_id)
    enrolments.follow(walk.draft, walk.nurture)
