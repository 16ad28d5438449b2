"""The nurture engine's doors. Each takes the draft of a decision and writes into it what the flows do; all are pure.

Kept at every return: a live enrolment either has its STEP clock running or waits for a person; one person has at most
one live enrolment per flow; nothing is said to somebody who opted out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, CommandRefused, Heard, Owner, Reading, Reason, State
from nurture import calling, enrolments, gate, reply
from nurture.book import Nurture, Persona
from nurture.burst import Burst
from nurture.calling import call_ended
from nurture.flow import REFERRALS, AskStep, Flow, HandoffStep, OfferStep, SayStep, Step, WaitStep, WebhookStep
from nurture.going_over import go_over
from nurture.happened import happened
from nurture.resting import ended as end
from nurture.walk import CALL_AGAIN, CALLING, READY, REASKS, Walk

__all__ = [
    "Nurture",
    "Persona",
    "asks_for_person",
    "begin_by_segment",
    "call_ended",
    "carry_on",
    "due",
    "ended",
    "go_over",
    "happened",
    "hear",
    "hold",
    "rearm",
    "referred",
    "resume",
    "settle",
    "start",
    "stop_all",
]

CLOSING_OUTCOMES = frozenset({"won", "lost", "no_fit", "complaint"})
"""After these a flow that was under way has lost its point."""


def hear(draft: Draft, nurture: Nurture, *, heard: tuple[Heard, ...], reading: Reading) -> bool:
    """The brain has read a burst and the bot owns the talk: flows start, and take replies to their questions.

    True if the flow's own words are the reply, so that the brain's messages must not be said. Otherwise they are said
    next, and `carry_on` after them.
    """
    if not _free_to_talk(draft):
        return False
    for enrolment in draft.state.live_enrolments:
        draft.put_enrolment(replace(enrolment, replied=True))
    settle(draft, nurture)
    burst = Burst(heard=heard, reading=reading)
    said = len(draft.says)
    absorbed = _take_reply(draft, nurture, burst)
    if draft.state.turns == 0:
        absorbed = _first_contact(draft, nurture, burst) or absorbed
    for flow, by in _referred_to(draft, nurture, heard):
        enrolments.enrol(draft, nurture, flow, by).rest("time", draft.now + READY, why="go")
    if reading.intent:
        for flow in enrolments.triggered(draft, nurture, "intent", reading.intent):
            enrolments.enrol(draft, nurture, flow, reading.intent).rest("time", draft.now + READY, why="go")
    return absorbed and (len(draft.says) > said or asks_for_person(draft, nurture) is not None)


def carry_on(draft: Draft, nurture: Nurture, *, aside: bool) -> None:
    """The burst has been answered: flows go on, ask again, or wait on. `aside`: the answer was not the flow's."""
    if not _free_to_talk(draft):
        return
    settle(draft, nurture)
    for enrolment, flow, step, clock in enrolments.moving(draft, nurture):
        walk = Walk(draft, nurture, flow, enrolment, prompted=True)
        why = clock.data.get("why")
        if why in (CALLING, CALL_AGAIN):
            continue
        if why in ("go", "later"):
            walk.go(step.id)
        elif isinstance(step, WaitStep):
            walk.wait(step)
        elif enrolment.waiting_for == "reply" and isinstance(step, AskStep | OfferStep):
            _wait_on(walk, step, aside=aside)
        elif clock.due_at < draft.now + gate.LULL:
            walk.rest("time", draft.now + gate.LULL, why=str(why))
    enrolments.follow(draft, nurture)


def due(draft: Draft, nurture: Nurture, clock: Clock) -> None:
    """A STEP clock fired; its key is the enrolment's id. Everything is checked again before anything is said."""
    settle(draft, nurture)
    enrolment = next((e for e in draft.state.live_enrolments if e.enrolment_id == clock.key), None)
    running = draft.state.clock(ClockKind.STEP, clock.key)
    if enrolment is None or enrolment.waiting_for == "person" or (running and running.due_at > draft.now):
        return
    if draft.state.opted_out_at:
        end(draft, enrolment, "exited", "opted_out")
        return
    if nurture.paused(enrolment.flow_id):
        enrolments.keep_paused(draft, enrolment, clock)
        return
    where = enrolments.placed(draft, nurture, enrolment)
    if where is None:
        return
    enrolment, flow, step = where
    walk = Walk(draft, nurture, flow, enrolment, prompted=False)
    why = clock.data.get("why")
    if draft.state.owner not in gate.TALKING_OWNERS:
        enrolments.put_on_hold(draft, enrolment)
    elif isinstance(step, WebhookStep) and why in (CALLING, CALL_AGAIN):
        calling.due(walk, step, str(why), int(clock.data.get("attempt", 1)))
    elif draft.state.unheard:
        enrolments.look_again(draft, enrolment, clock, "unheard")
    elif enrolment.waiting_for == "reply" and isinstance(step, AskStep | OfferStep):
        if why == "again" and isinstance(step, AskStep):
            walk.ask_again(step)
        else:
            walk.nudge(step)
    elif isinstance(step, WaitStep) and why in ("wait", "silence"):
        walk.go(step.on_silence if step.for_reply else step.then)
    else:
        walk.go(step.id)
    enrolments.follow(draft, nurture)


def referred(draft: Draft, nurture: Nurture, heard: Sequence[Heard]) -> None:
    """The person came by a link or an ad and wrote nothing: the flow that it leads to begins in place of an answer."""
    if draft.state.opted_out_at or draft.state.owner not in gate.TALKING_OWNERS:
        return
    for flow, by in _referred_to(draft, nurture, heard):
        walk = enrolments.enrol(draft, nurture, flow, by)
        walk.prompted = True
        walk.go(flow.first.id)
        enrolments.follow(draft, nurture)
        return


def settle(draft: Draft, nurture: Nurture) -> None:
    """End the enrolments whose `goal_when` or `exit_when` holds, whatever brought it about."""
    if draft.state.opted_out_at is None:
        enrolments.settle(draft, nurture)


def begin_by_segment(draft: Draft, nurture: Nurture) -> None:
    """At the end of a decision: start the flows whose segment the person came into with it."""
    enrolments.segments(draft, nurture)


def start(draft: Draft, nurture: Nurture, flow_id: str) -> bool:
    """Enrol the person by hand. False, with the reason in the journal, if that is not possible.

    The first step is due at once: in a turn `carry_on` takes it, else the clock does, within quiet hours and caps.
    """
    flow = nurture.flows.get(flow_id)
    reason = "unknown_flow" if flow is None else enrolments.unfit(draft, nurture, flow, by_hand=True)
    if flow is None or reason:
        draft.note("flow.held", flow=flow_id[:64], enrolment=None, step=None, reason=reason, until=None)
        return False
    enrolments.enrol(draft, nurture, flow, "manual").rest("time", draft.now, why="go")
    return True


def hold(draft: Draft) -> None:
    """A person was asked for or has come in: flows keep still, without clocks, until `resume`."""
    for enrolment in draft.state.live_enrolments:
        if enrolment.waiting_for != "person":
            enrolments.put_on_hold(draft, enrolment)


def must_go_on(draft: Draft, nurture: Nurture, at: tuple[str, str] | None, outcome: str) -> None:
    """Raises CommandRefused if `at`, a flow and its step, is nowhere to go on at: `flow_ends` (by the outcome), `no_such_step`."""
    if at is None:
        return
    if outcome in CLOSING_OUTCOMES:
        raise CommandRefused("flow_ends", "After that outcome the flow ends, so it can't go on at a step.")
    if at not in [(flow_id, step_id) for flow_id, _, step_id in steps_ahead(draft.state, nurture)]:
        raise CommandRefused("no_such_step", "The flow has no such step any more, or they aren't in it.")


def steps_ahead(state: State, nurture: Nurture) -> list[tuple[str, str, str]]:
    """Where the talk can go on after a person: (flow id, its name, step id) of every step of the flows the prospect is in."""
    flows = (nurture.flow_of(enrolment) for enrolment in state.live_enrolments)
    return [(flow.flow_id, flow.name, step_id) for flow in flows if flow is not None for step_id in flow.steps]


def goes_on(draft: Draft) -> tuple[str, str] | None:
    """The flow and the step at which the talk goes on; of several the youngest that was under way before this decision."""
    before = {enrolment.enrolment_id for enrolment in draft.before.live_enrolments}
    left = [enrolment for enrolment in draft.state.live_enrolments if enrolment.enrolment_id in before]
    return (left[-1].flow_id, left[-1].step_id) if left else None


def resume(draft: Draft, nurture: Nurture, *, at: tuple[str, str] | None = None) -> None:
    """Given back to the bot: flows go on after a pause, or with the next reply; the one that `at` names at that step."""
    if draft.state.opted_out_at:
        return
    for held in draft.state.live_enrolments:
        where = enrolments.placed(draft, nurture, held) if held.waiting_for == "person" else None
        if where is None:
            continue
        enrolment, flow, step = where
        awaited = enrolments.HELD_REPLY in enrolment.visits
        visits = {name: count for name, count in enrolment.visits.items() if name != enrolments.HELD_REPLY}
        walk = Walk(draft, nurture, flow, replace(enrolment, visits=visits), prompted=False)
        if at is not None and at[0] == flow.flow_id and at[1] in flow.steps:
            walk.enrolment = replace(walk.enrolment, step_id=at[1], step_entered_at=draft.now)
            walk.rest("time", draft.now + enrolments.PAUSE, why="go")
            draft.note("flow.resumed", flow=flow.flow_id, enrolment=enrolment.enrolment_id, step=at[1])
        else:
            _go_on_after_person(walk, step, awaited=awaited)
    enrolments.follow(draft, nurture)


def rearm(draft: Draft, nurture: Nurture) -> None:
    """Set again the clocks that live enrolments lost; the words, if any, come when those fire. After an opt-out all end instead."""
    if draft.state.opted_out_at:
        stop_all(draft, "opted_out")
        return
    for enrolment in draft.state.live_enrolments:
        lost = draft.state.clock(ClockKind.STEP, enrolment.enrolment_id) is None and enrolment.waiting_for != "person"
        where = enrolments.placed(draft, nurture, enrolment) if lost else None
        if where is None:
            continue
        enrolment, flow, step = where
        walk = Walk(draft, nurture, flow, enrolment, prompted=False)
        if isinstance(step, WaitStep):
            walk.wait(step)
        elif enrolment.waiting_for == "reply" and isinstance(step, AskStep | OfferStep):
            walk.listen(step)
        else:
            walk.rest("time", draft.now, why="held")
    episode = draft.state.episode
    if episode is None or episode.status == "closed":
        resume(draft, nurture)


def stop_all(draft: Draft, reason: str) -> None:
    """End every enrolment and stop every STEP clock, in this decision."""
    for enrolment in draft.state.live_enrolments:
        end(draft, enrolment, "exited", reason)


def ended(draft: Draft, nurture: Nurture, outcome: str) -> None:
    """An episode ended. A closing outcome ends the flows under way; flows that follow it up are started.

    An episode that began with a complaint counts as a complaint too, however it ended.
    """
    if draft.state.opted_out_at:
        return
    outcomes = [outcome]
    episode = draft.state.episode or draft.before.episode
    if episode and episode.reason is Reason.COMPLAINT and outcome != "complaint":
        outcomes.insert(0, "complaint")
    if CLOSING_OUTCOMES & set(outcomes):
        for enrolment in draft.state.live_enrolments:
            end(draft, enrolment, "exited", outcome)
    for name in outcomes:
        for flow in enrolments.triggered(draft, nurture, "outcome", name):
            enrolments.begin_quietly(draft, nurture, flow, name)


def asks_for_person(draft: Draft, nurture: Nurture) -> str | None:
    """What a flow wants a person for, if one stands at a handoff step and no episode is open; else None."""
    episode = draft.state.episode
    if draft.state.opted_out_at or (episode is not None and episode.status != "closed"):
        return None
    for enrolment in draft.state.live_enrolments:
        flow = nurture.flow_of(enrolment)
        step = flow.steps.get(enrolment.step_id) if flow else None
        if enrolment.waiting_for == "person" and isinstance(step, HandoffStep):
            return step.detail
    return None


# ---- replies --------------------------------------------------------------------------------------------------------


def _take_reply(draft: Draft, nurture: Nurture, burst: Burst) -> bool:
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


def _first_contact(draft: Draft, nurture: Nurture, burst: Burst) -> bool:
    """Start the flow that greets strangers. True if its words are reply enough to what they wrote."""
    if any(trigger.kind in REFERRALS for flow in _flows_entered(draft, nurture) for trigger in flow.triggers):
        return False
    strangers = ((flow, "first_message") for flow in enrolments.triggered(draft, nurture, "first_message", ""))
    flow, by = next(_referred_to(draft, nurture, burst.heard), None) or next(strangers, (None, ""))
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


def _referred_to(draft: Draft, nurture: Nurture, heard: Sequence[Heard]) -> Iterator[tuple[Flow, str]]:
    """Flows that the link or ad leads to by which the person came, each with what led there."""
    referral = next((h.metadata["referral"] for h in reversed(heard) if h.metadata.get("referral")), None) or {}
    utm = referral.get("utm") or {}
    came_by = (("ref", [referral.get("ref")]), ("ad", [referral.get("ad_id")]), ("utm", list(utm.values())))
    for kind, names in came_by:
        for name in filter(None, names):
            for flow in enrolments.triggered(draft, nurture, kind, str(name)):
                yield flow, str(name)


def _first_question(flow: Flow) -> AskStep | None:
    """The question that the flow's opening words lead to, if they do."""
    step: Step | None = flow.first
    for _ in flow.steps:
        if isinstance(step, AskStep):
            return step
        step = flow.steps.get(step.then or "") if isinstance(step, SayStep) else None
    return None


def _wait_on(walk: Walk, step: AskStep | OfferStep, *, aside: bool) -> None:
    """Still no answer: put the question again where that is gentle, else only wait on."""
    asked_again = walk.enrolment.visits.get(f"{step.id}.again", 0)
    stands = any(say.enrolment_id == walk.enrolment.enrolment_id and say.purpose == step.purpose for say in walk.draft.says)
    if isinstance(step, AskStep) and step.again and aside and not stands and asked_again < REASKS:
        walk.ask_again(step)
    else:
        walk.listen(step)


def _free_to_talk(draft: Draft) -> bool:
    return draft.state.owner is Owner.BOT and draft.state.opted_out_at is None


# ---- after a person ------------------------------------------------------------------------------------------------


def _go_on_after_person(walk: Walk, step: Step, *, awaited: bool) -> None:
    now = walk.draft.now
    if isinstance(step, HandoffStep):
        if step.then is None:
            walk.end("done", "end")
            return
        walk.enrolment = replace(walk.enrolment, step_id=step.then, step_entered_at=now)
        walk.rest("time", now + enrolments.PAUSE, why="go")
    elif isinstance(step, WaitStep):
        walk.wait(step)
        clock = walk.draft.state.clock(ClockKind.STEP, walk.enrolment.enrolment_id)
        if clock and clock.due_at < now + enrolments.PAUSE:
            walk.draft.set_clock(replace(clock, due_at=now + enrolments.PAUSE))
    elif awaited and isinstance(step, AskStep | OfferStep):
        walk.rest("reply", now + max(enrolments.PAUSE, step.silence.after), why="silence")
    else:
        walk.rest("time", now + enrolments.PAUSE, why="later")
