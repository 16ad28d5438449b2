"""Walks an enrolment through its flow until it rests: on a clock, on a reply, with a person, or at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from bot.core.draft import Draft
from bot.core.events import Call
from bot.core.model import Clock, ClockKind, Enrolment, Heard, QuickReply, Reading, Say, Speaker, Touched
from nurture import copy, gate, reply
from nurture.book import Nurture
from nurture.conditions import WARMTH, holds, warmer
from nurture.flow import (
    VALUE_PURPOSES,
    AskStep,
    BranchStep,
    Copy,
    ExperimentStep,
    Flow,
    GoalStep,
    GotoStep,
    HandoffStep,
    OfferStep,
    SayStep,
    ScoreStep,
    SpeakingStep,
    Step,
    StopStep,
    TagStep,
    WaitStep,
    WebhookStep,
)
from nurture.priority import reserved_until
from nurture.split import arm_of
from nurture.timing import known_zone, next_send, next_time_of_day, spread

ASK_LATER = timedelta(minutes=10)
"""A question that would be the second of a turn is put so much later."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What the person just wrote and how it was read."""

    heard: Sequence[Heard]
    reading: Reading


class Walk:
    """One enrolment on the move. Local to one decision; whatever it does goes into the draft.

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

    # ---- steps that speak ----

    def _say(self, step: SayStep) -> bool:
        if not self._may_speak():
            return False
        self._utter(step, step.copy, step.id)
        if step.purpose in VALUE_PURPOSES and not self.enrolment.value_given:
            self.enrolment = replace(self.enrolment, value_given=True, replied=False)
        return True

    def _ask(self, step: AskStep) -> tuple[bool, str | None]:
        if self.burst is not None and (answer := reply.answer_to_ask(step, self.burst.heard, self.burst.reading, asked=False)):
            self.burst = None
            self.answered(step, answer)
            return True, step.then
        if step.unless_known and self.draft.state.slots.get(step.slot):
            self._held("known", None)
            return True, step.then
        self._put(step)
        return False, None

    def _offer(self, step: OfferStep) -> tuple[bool, str | None]:
        if not (self.enrolment.value_given and self.enrolment.replied):
            self._held("offer_too_early", None)
            return True, step.then
        self._put(step)
        return False, None

    def _put(self, step: AskStep | OfferStep) -> None:
        """Put a question and listen; later, if another one is already being asked."""
        if already_asks(self.draft) or self._another_asks():
            self.rest("time", self.draft.now + ASK_LATER, why="later")
            self._held("another_question", self.draft.now + ASK_LATER)
        elif self._may_speak():
            self._utter(step, step.copy, step.id)
            self.listen(step)

    def ask_again(self, step: AskStep) -> None:
        """Put the question again, gently, after an aside; later, if something else is being asked."""
        if already_asks(self.draft):
            self.rest("reply", self.draft.now + ASK_LATER, why="again")
            self._held("another_question", self.draft.now + ASK_LATER)
        elif self._may_speak(why="again", waiting_for="reply"):
            self._utter(step, step.again or step.copy, f"{step.id}.again")
            self.listen(step)

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

    def _utter(self, step: SpeakingStep, text: Copy, name: str) -> None:
        """Say one wording of this copy and note the step under `name`."""
        state = self.draft.state
        text, language = copy.spoken(text, state.profile.locale)
        choices = copy.spoken(step.copy, state.profile.locale)[0].choices
        wording, bubbles = copy.choose(
            text,
            f"{self.flow.flow_id}/{name}{f'@{language}' if language else ''}",
            channel=state.identity.channel,
            used=state.wordings,
            rng=self.draft.rng,
        )
        known = self._known()
        for number, bubble in enumerate(bubbles, 1):
            last = number == len(bubbles)
            self.draft.say(
                Say(
                    speaker=Speaker.FLOW,
                    text=copy.render(bubble, known),
                    quick_replies=tuple(QuickReply(title=c.title, payload=c.payload) for c in choices) if last else (),
                    image_url=text.image_url if last else None,
                    wording=wording,
                    purpose=step.purpose,
                    enrolment_id=self.enrolment.enrolment_id,
                    prompted=self.prompted,
                )
            )
        self.draft.set(touched=Touched(flow_id=self.flow.flow_id, wording=wording, at=self.draft.now))
        self._note_step(step, name, wording=wording, prompted=self.prompted)

    def _known(self) -> dict[str, Any]:
        state = self.draft.state
        known = {**state.slots, "bot_name": self.nurture.persona.name, "business_name": self.nurture.persona.business}
        known["first_name"] = state.slots.get("first_name") or state.profile.first_name
        return known

    def _may_speak(self, *, why: str = "held", waiting_for: str = "time") -> bool:
        """Whether to speak now; if not, the enrolment rests with the reason noted, or ends."""
        if self.prompted or self._cleared:
            return True
        held = self._why_not_now()
        if held is None:
            self._cleared = True
            self._count_send()
            return True
        self._hold_back(held, why=why, waiting_for=waiting_for)
        return False

    def _why_not_now(self) -> gate.Held | None:
        """Why nothing may be said unprompted now, or None."""
        state, now = self.draft.state, self.draft.now
        reserved = reserved_until(state, self.nurture, self.flow, self.enrolment, now)
        return gate.hold(state, self.flow, self.zone, now, reserved)

    def _count_send(self) -> None:
        self.draft.set(flow_sent_at=gate.with_send(self.draft.state, self.draft.now))

    def _hold_back(self, held: gate.Held, *, why: str, waiting_for: str) -> None:
        if held.until is None:
            self.end("exited", held.reason)
            return
        until = held.until
        if held.reason == "quiet_hours":
            until = self._spread(until)
        self._held(held.reason, until)
        self.rest(waiting_for, until, why=why)

    def _spread(self, at: datetime) -> datetime:
        """A little later than everybody else, if that still fits in."""
        later = spread(at, self.flow.rules, self.zone, self.draft.rng)
        closes_at = self.draft.state.window.closes_at if self.draft.state.window else None
        return later if closes_at is None or later < closes_at else at

    def _another_asks(self) -> bool:
        """Whether another flow waits for an answer of this person."""
        return any(
            e.waiting_for == "reply" and e.enrolment_id != self.enrolment.enrolment_id for e in self.draft.state.live_enrolments
        )

    # ---- answers ----

    def answered(self, step: AskStep, answer: reply.Answer) -> None:
        """Remember an answer. What the brain understood of it in this turn is kept; it is cleaner than the raw words."""
        before, now_known = self.draft.before.slots.get(step.slot), self.draft.state.slots.get(step.slot)
        brain_knows = now_known is not None and now_known != before and not answer.tapped
        told = dict(answer.slots) if brain_knows else {**answer.slots, step.slot: answer.value}
        fresh = {name: value for name, value in told.items() if self.draft.state.slots.get(name) != value}
        self.draft.set(slots={**self.draft.state.slots, **fresh})
        self.draft.track(*({"event": "slot", "name": name, "value": value} for name, value in fresh.items()))
        self.draft.note("flow.answered", **self._ids(), step=step.id, slot=step.slot)

    # ---- rests ----

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

    # ---- notes ----

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


def ended(draft: Draft, enrolment: Enrolment, status: str, reason: str, **why: str) -> Enrolment:
    """End an enrolment and stop its clock. `status` is done, stopped or exited; `why` goes into the journal beside the reason."""
    over = replace(enrolment, status=status, waiting_for=None, ended_at=draft.now, end_reason=reason)
    draft.put_enrolment(over)
    draft.cancel_clock(ClockKind.STEP, enrolment.enrolment_id)
    if status == "done" and enrolment.flow_id not in draft.state.finished_flows:
        draft.set(finished_flows=(*draft.state.finished_flows, enrolment.flow_id))
    draft.note("flow.ended", flow=enrolment.flow_id, enrolment=enrolment.enrolment_id, status=status, reason=reason, **why)
    return over


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


def planned_end(step: WaitStep, entered: datetime, zone: ZoneInfo) -> datetime:
    """When a wait that began at `entered` is over, if nothing comes in between and nothing forbids that moment."""
    if step.until is not None:
        return next_time_of_day(entered, step.until, zone, next_day=step.next_day)
    return entered + (step.duration or timedelta())


def already_asks(draft: Draft) -> bool:
    """Whether something said in this decision wants an answer."""
    return any(copy.asks(say.text) or say.quick_replies for say in draft.says)
