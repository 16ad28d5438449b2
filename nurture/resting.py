"""How an enrolment comes to rest: on a clock, on a reply, with a person, or at its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Enrolment
from nurture import gate
from nurture.book import Nurture
from nurture.burst import Burst
from nurture.flow import AskStep, Flow, OfferStep, Step, WaitStep
from nurture.timing import known_zone, next_send, next_time_of_day, spread


def ended(draft: Draft, enrolment: Enrolment, status: str, reason: str, **why: str) -> Enrolment:
    """End an enrolment and stop its clock. `status` is done, stopped or exited; `why` goes into the journal beside the reason."""
    over = replace(enrolment, status=status, waiting_for=None, ended_at=draft.now, end_reason=reason)
    draft.put_enrolment(over)
    draft.cancel_clock(ClockKind.STEP, enrolment.enrolment_id)
    if status == "done" and enrolment.flow_id not in draft.state.finished_flows:
        draft.set(finished_flows=(*draft.state.finished_flows, enrolment.flow_id))
    draft.note("flow.ended", flow=enrolment.flow_id, enrolment=enrolment.enrolment_id, status=status, reason=reason, **why)
    return over


def planned_end(step: WaitStep, entered: datetime, zone: ZoneInfo) -> datetime:
    """When a wait that began at `entered` is over, if nothing comes in between and nothing forbids that moment."""
    if step.until is not None:
        return next_time_of_day(entered, step.until, zone, next_day=step.next_day)
    return entered + (step.duration or timedelta())


class Resting:
    """One enrolment and the draft of the decision it moves in, which takes whatever is done.

    `prompted` means that the person just wrote, so nothing said is an interruption. `lead` stops before the first
    question, `burst` may answer that question before it is put.
    """

    def __init__(
        self,
        draft: Draft,
        nurture: Nurture,
        flow: Flow,
        enrolment: Enrolment,
        *,
        prompted: bool,
        lead: bool = False,
        burst: Burst | None = None,
    ) -> None:
        self.draft = draft
        self.nurture = nurture
        self.flow = flow
        self.enrolment = enrolment
        self.prompted = prompted
        self.lead = lead
        self.burst = burst
        self._cleared = False

    @property
    def zone(self) -> ZoneInfo:
        """The person's time zone: their own, else the flow's, else the default."""
        return known_zone(self.draft.state.profile.zone, self.flow.zone, self.nurture.default_zone)

    def listen(self, step: AskStep | OfferStep) -> None:
        """Rest until the person answers, or the silence has lasted."""
        self.rest("reply", self.draft.now + step.silence.after, why="silence")

    def wait(self, step: WaitStep) -> None:
        """Rest until the wait is over, counted from when the step was entered; a window that closes first shortens it."""
        entered, now = self.enrolment.step_entered_at, self.draft.now
        if step.for_reply:
            self.rest("reply", max(now, entered + (step.duration or timedelta())), why="silence")
            return
        planned = planned_end(step, entered, self.zone)
        allowed = next_send(now, planned, self.flow.rules, self.zone)
        at = self._spread(allowed) if step.until is not None or allowed > max(now, planned) else allowed
        half_way = max(now, entered + (planned - entered) / 2)
        sooner = gate.before_window_closes(self.draft.state, self.flow, self.zone, earliest=half_way, planned=at)
        running = self.draft.state.clock(ClockKind.STEP, self.enrolment.enrolment_id)
        if sooner is not None and (running is None or running.due_at != sooner):
            self.draft.note("flow.brought_forward", **self._ids(), step=step.id, at=sooner.isoformat())
        self.rest("time", sooner or at, why="wait")

    def rest(self, waiting_for: str, due_at: datetime, *, why: str, **more: int) -> None:
        """Rest with a clock running; `why` tells the clock's meaning: wait, silence, held, later, again, go, calling or call."""
        self.enrolment = replace(self.enrolment, waiting_for=waiting_for)
        self.draft.put_enrolment(self.enrolment)
        self.draft.set_clock(Clock(kind=ClockKind.STEP, due_at=due_at, key=self.enrolment.enrolment_id, data={"why": why, **more}))

    def rest_with_person(self) -> None:
        """Rest without a clock: a person has the next word."""
        self.enrolment = replace(self.enrolment, waiting_for="person")
        self.draft.put_enrolment(self.enrolment)
        self.draft.cancel_clock(ClockKind.STEP, self.enrolment.enrolment_id)

    def end(self, status: str, reason: str) -> None:
        """The enrolment is over."""
        self.enrolment = ended(self.draft, self.enrolment, status, reason)

    def _spread(self, at: datetime) -> datetime:
        """A little later than everybody else, if that still fits in."""
        later = spread(at, self.flow.rules, self.zone, self.draft.rng)
        closes_at = self.draft.state.window.closes_at if self.draft.state.window else None
        return later if closes_at is None or later < closes_at else at

    def _note_step(self, step: Step, name: str | None = None, **data: Any) -> None:
        name = name or step.id
        visits = {**self.enrolment.visits, name: self.enrolment.visits.get(name, 0) + 1}
        self.enrolment = replace(self.enrolment, visits=visits)
        self.draft.note("flow.step", **self._ids(), step=name, **data)

    def _held(self, reason: str, until: datetime | None) -> None:
        self.draft.note(
            "flow.held",
            **self._ids(),
            step=self.enrolment.step_id,
            reason=reason,
            until=until.isoformat() if until else None,
        )

    def _ids(self) -> dict[str, str]:
        return {"flow": self.flow.flow_id, "enrolment": self.enrolment.enrolment_id}
