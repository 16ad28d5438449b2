"""Walks an enrolment through its flow until it rests: on a clock, on a reply, with a person, or at its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from bot.core.events import Call
from nurture.conditions import WARMTH, holds, warmer
from nurture.flow import (
    AskStep,
    BranchStep,
    ExperimentStep,
    GoalStep,
    GotoStep,
    HandoffStep,
    OfferStep,
    SayStep,
    ScoreStep,
    Step,
    StopStep,
    TagStep,
    WaitStep,
    WebhookStep,
)
from nurture.speaking import Speaking
from nurture.split import arm_of

READY = timedelta(minutes=2)
"""A step that follows the answer of the same turn; the clock only matters if that answer never comes."""

REASKS = 2
"""How often a question is put again after asides."""

CALLING, CALL_AGAIN = "calling", "call"
"""What the clock of a call means: its answer is lost; it is time to ask again."""

ANSWER_LOST = timedelta(seconds=15)
"""So long after its time-out a call's answer will not come any more: the process that waited for it is gone."""

MAX_STEPS = 100
"""Steps in one walk; only a flow that goes round without resting has more."""


def call(walk: Walk, step: WebhookStep, attempt: int) -> None:
    """Ask the program, and wait for its answer a little longer than it may take."""
    enrolment, known = walk.enrolment, walk.draft.state.slots
    body = {
        "flow": walk.flow.flow_id,
        "step": step.id,
        "prospect": {"channel": walk.draft.state.identity.channel, "external_id": walk.draft.state.identity.external_id},
        "conversation_id": walk.draft.state.conversation_id,
        "slots": {name: known[name] for name in step.send if name in known},
    }
    key = f"{enrolment.enrolment_id}.{step.id}.{enrolment.visits.get(step.id, 1)}"
    asked = Call(
        enrolment_id=enrolment.enrolment_id, step_id=step.id, attempt=attempt, url=step.url, body=body, key=key,
        timeout_s=step.timeout.total_seconds(), into=dict(step.into),
    )  # fmt: skip
    walk.draft.call(asked)
    walk.rest("time", walk.draft.now + step.timeout + ANSWER_LOST, why=CALLING, attempt=attempt)


class Walk(Speaking):
    """One enrolment on the move. Local to one decision; whatever it does goes into the draft."""

    def go(self, step_id: str | None) -> None:
        """Carry out this step and those after it until the enrolment rests or ends."""
        for _ in range(MAX_STEPS):
            if step_id is None:
                self.end("done", "end")
                return
            step = self.flow.steps.get(step_id)
            if step is None:
                self.end("exited", "step_gone")
                return
            if self.lead and not isinstance(step, SayStep):
                self._stand_at(step)
                self.rest("time", self.draft.now + READY, why="go")
                return
            self._stand_at(step)
            going, step_id = self._carry_out(step)
            if not going:
                return
        self.end("exited", "goes_round")

    def nudge(self, step: AskStep | OfferStep) -> None:
        """Nobody answered: nudge if one is left and welcome, else go where silence leads."""
        used = self.enrolment.visits.get(f"{step.id}.nudge", 0)
        if step.silence.nudge and used < step.silence.nudges:
            held = None if self.prompted else self._why_not_now()
            if held is None:
                self._cleared = True
                self._count_send()
                self._utter(step, step.silence.nudge, f"{step.id}.nudge")
                self.listen(step)
                return
            if held.until is not None and held.reason not in ("cap", "priority"):
                self._hold_back(held, why="silence", waiting_for="reply")
                return
            self._held(held.reason, None)
        if step.silence.then is None:
            self.end("stopped", "silence")
        else:
            self.go(step.silence.then)

    def _stand_at(self, step: Step) -> None:
        if self.enrolment.step_id != step.id:
            self.enrolment = replace(self.enrolment, step_id=step.id, step_entered_at=self.draft.now)

    def _carry_out(self, step: Step) -> tuple[bool, str | None]:
        """Whether to go on, and where to."""
        match step:
            case SayStep():
                return self._say(step), step.then
            case AskStep():
                return self._ask(step)
            case OfferStep():
                return self._offer(step)
            case WaitStep() | HandoffStep():
                self._note_step(step)
                self._rest_at(step)
                return False, None
            case WebhookStep():
                self._note_step(step)
                call(self, step, attempt=1)
                return False, None
            case GoalStep() | StopStep():
                self._note_step(step)
                self._end_at(step)
                return False, None
            case ExperimentStep():
                self._note_step(step)
                return True, self._assign(step)
            case BranchStep() | TagStep() | ScoreStep() | GotoStep():
                self._note_step(step)
                return True, self._pass(step)
            case _:
                assert_never(step)

    def _rest_at(self, step: WaitStep | HandoffStep) -> None:
        if isinstance(step, WaitStep):
            self.wait(step)
        else:
            self.rest_with_person()

    def _end_at(self, step: GoalStep | StopStep) -> None:
        if isinstance(step, GoalStep):
            self.end("done", "goal")
        else:
            self.end("stopped", step.reason)

    def _assign(self, step: ExperimentStep) -> str:
        """Where the person's arm leads. Within one enrolment an arm that is still there is kept, even if shares changed.

        Nobody comes into an arm that was stopped: who would, is drawn among the others, and everybody else keeps theirs.
        """
        person, going = self.draft.state.conversation_id, self.nurture.open_arms(self.flow.flow_id, step)
        drawn = arm_of(step.arms, flow_id=self.flow.flow_id, experiment=step.id, person=person)
        if drawn not in going:
            drawn = arm_of(going, flow_id=self.flow.flow_id, experiment=f"{step.id} without {drawn.name}", person=person)
        arm = next((arm for arm in going if f"{step.id}={arm.name}" in self.enrolment.visits), drawn)
        self.enrolment = replace(self.enrolment, visits={**self.enrolment.visits, f"{step.id}={arm.name}": 1})
        self.draft.note("flow.assigned", **self._ids(), step=step.id, arm=arm.name)
        return arm.then

    def _pass(self, step: BranchStep | TagStep | ScoreStep | GotoStep) -> str | None:
        """Where a step without words leads."""
        if isinstance(step, BranchStep):
            return next(
                (case.then for case in step.cases if holds(case.when, self.draft.state, self.enrolment, self.draft.now)), step.then
            )
        if isinstance(step, ScoreStep):
            self.draft.set(slots={**self.draft.state.slots, WARMTH: warmer(self.draft.state, step.points)})
        if isinstance(step, TagStep):
            kept = tuple(tag for tag in self.draft.state.tags if tag not in (*step.remove, *step.add))
            self.draft.set(tags=(*kept, *step.add))
        return step.then
