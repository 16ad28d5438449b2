"""How a flow speaks: what it says, when it asks, and why it may have to wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.draft import Draft
from bot.core.model import QuickReply, Say, Speaker, Touched
from nurture import copy, gate, reply
from nurture.flow import VALUE_PURPOSES, AskStep, Copy, OfferStep, SayStep, SpeakingStep
from nurture.priority import reserved_until
from nurture.resting import Resting

ASK_LATER = timedelta(minutes=10)
"""A question that would be the second of a turn is put so much later."""


def already_asks(draft: Draft) -> bool:
    """Whether something said in this decision wants an answer."""
    return any(copy.asks(say.text) or say.quick_replies for say in draft.says)


class Speaking(Resting):
    """Says the words of steps, one question at a time, and nothing unprompted that may not be said now."""

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

    def answered(self, step: AskStep, answer: reply.Answer) -> None:
        """Remember an answer. What the brain understood of it in this turn is kept; it is cleaner than the raw words."""
        before, now_known = self.draft.before.slots.get(step.slot), self.draft.state.slots.get(step.slot)
        brain_knows = now_known is not None and now_known != before and not answer.tapped
        told = dict(answer.slots) if brain_knows else {**answer.slots, step.slot: answer.value}
        fresh = {name: value for name, value in told.items() if self.draft.state.slots.get(name) != value}
        self.draft.set(slots={**self.draft.state.slots, **fresh})
        self.draft.track(*({"event": "slot", "name": name, "value": value} for name, value in fresh.items()))
        self.draft.note("flow.answered", **self._ids(), step=step.id, slot=step.slot)

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

    def _another_asks(self) -> bool:
        """Whether another flow waits for an answer of this person."""
        return any(
            e.waiting_for == "reply" and e.enrolment_id != self.enrolment.enrolment_id for e in self.draft.state.live_enrolments
        )
