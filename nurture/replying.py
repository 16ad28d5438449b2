"""What the person wrote: whether it answers a question of a flow, and which flows it begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.comments import comment_of
from bot.core.draft import Draft
from bot.core.model import Heard
from nurture import enrolments, reply
from nurture.book import Nurture
from nurture.burst import Burst
from nurture.flow import REFERRALS, AskStep, Flow, OfferStep, SayStep, Step, WaitStep
from nurture.walk import READY, REASKS, Walk


def take_reply(draft: Draft, nurture: Nurture, burst: Burst) -> bool:
    """Give the burst to the flow that asked last. True if it was an answer and needs no other reply."""
    latest_first = sorted(enrolments.moving(draft, nurture, paused=True), key=lambda found: found[0].step_entered_at, reverse=True)
    for enrolment, flow, step, _ in latest_first:
        walk = Walk(draft, nurture, flow, enrolment, prompted=True)
        answer = None
        if isinstance(step, AskStep):
            asked = enrolment.waiting_for == "reply"
            answer = reply.answer_to_ask(step, burst.heard, burst.reading, asked=asked)
        elif isinstance(step, OfferStep) and enrolment.waiting_for == "reply":
            answer = reply.answer_to_offer(step, burst.heard, burst.reading)
        elif isinstance(step, WaitStep) and enrolment.waiting_for == "reply":
            _ready(walk, step.then)
        if answer is not None:
            return _go_on_after_answer(walk, step, answer)
    return False


def _go_on_after_answer(walk: Walk, step: Step, answer: reply.Answer) -> bool:
    if isinstance(step, AskStep):
        walk.answered(step, answer)
        after = step.then
    else:
        assert isinstance(step, OfferStep)
        after = step.accepted if answer.accepted else step.declined
        walk.draft.note(
            "flow.answered",
            flow=walk.flow.flow_id,
            enrolment=walk.enrolment.enrolment_id,
            step=step.id,
            accepted=answer.accepted,
        )
    if not answer.absorbs or walk.nurture.paused(walk.flow.flow_id):
        _ready(walk, after)
        return False
    walk.go(after)
    enrolments.follow(walk.draft, walk.nurture)
    return True


def _ready(walk: Walk, step_id: str | None) -> None:
    """Stand at the next step; `carry_on` takes it in this turn, after the answer."""
    if step_id is None:
        walk.end("done", "end")
        return
    walk.enrolment = replace(walk.enrolment, step_id=step_id, step_entered_at=walk.draft.now)
    walk.rest("time", walk.draft.now + READY, why="go")


def first_contact(draft: Draft, nurture: Nurture, burst: Burst) -> bool:
    """Start the flow that greets strangers. True if its words are reply enough to what they wrote."""
    if any(trigger.kind in REFERRALS for flow in _flows_entered(draft, nurture) for trigger in flow.triggers):
        return False
    strangers = ((flow, "first_message") for flow in enrolments.triggered(draft, nurture, "first_message", ""))
    flow, by = next(referred_to(draft, nurture, burst.heard), None) or next(strangers, (None, ""))
    if flow is None:
        return False
    text = reply.words_of(burst.heard, burst.reading)
    plain = not reply.asks_something(text)
    ask = _first_question(flow)
    answer = reply.answer_to_ask(ask, burst.heard, burst.reading, asked=False) if ask else None
    absorbed = (
        answer.absorbs if answer else plain and (burst.reading.intent == reply.GREETING or reply.not_understood(burst.reading))
    )
    walk = enrolments.enrol(draft, nurture, flow, by)
    walk.prompted, walk.burst, walk.lead = True, burst, not absorbed
    walk.go(flow.first.id)
    if answer and not absorbed and ask and walk.enrolment.step_id == ask.id:
        walk.answered(ask, answer)
        _ready(walk, ask.then)
    enrolments.follow(draft, nurture)
    return absorbed


def _flows_entered(draft: Draft, nurture: Nurture) -> Iterator[Flow]:
    for enrolment in draft.state.enrolments:
        if flow := nurture.flow_of(enrolment):
            yield flow


def referred_to(draft: Draft, nurture: Nurture, heard: Sequence[Heard]) -> Iterator[tuple[Flow, str]]:
    """Flows that the link, the ad or the comment leads to by which the person came, each with what led there."""
    referral = next((h.metadata["referral"] for h in reversed(heard) if h.metadata.get("referral")), None) or {}
    utm = referral.get("utm") or {}
    came_by = (("ref", [referral.get("ref")]), ("ad", [referral.get("ad_id")]), ("utm", list(utm.values())))
    for kind, names in came_by:
        for name in filter(None, names):
            for flow in enrolments.triggered(draft, nurture, kind, str(name)):
                yield flow, str(name)
    for comment in filter(None, map(comment_of, reversed(heard))):
        post, text = str(comment.get("post", "")), str(comment.get("text", ""))
        for flow in enrolments.triggered(draft, nurture, "comment", post):
            if any(trigger.wants_comment(post, text) for trigger in flow.triggers):
                yield flow, "comment"


def _first_question(flow: Flow) -> AskStep | None:
    """The question that the flow's opening words lead to, if they do."""
    step: Step | None = flow.first
    for _ in flow.steps:
        if isinstance(step, AskStep):
            return step
        step = flow.steps.get(step.then or "") if isinstance(step, SayStep) else None
    return None


def wait_on(walk: Walk, step: AskStep | OfferStep, *, aside: bool) -> None:
    """Still no answer: put the question again where that is gentle, else only wait on."""
    asked_again = walk.enrolment.visits.get(f"{step.id}.again", 0)
    stands = any(say.enrolment_id == walk.enrolment.enrolment_id and say.purpose == step.purpose for say in walk.draft.says)
    if isinstance(step, AskStep) and step.again and aside and not stands and asked_again < REASKS:
        walk.ask_again(step)
    else:
        walk.listen(step)
