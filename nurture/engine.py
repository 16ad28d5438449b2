"""The nurture engine's doors. Each takes the draft of a decision and writes into it what the flows do; all are pure.

Kept at every return: a live enrolment either has its STEP clock running or waits for a person; one person has at most
one live enrolment per flow; nothing is said to somebody who opted out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, FlowMode, Heard, Owner, Reading
from nurture import calling, enrolments, entry, gate
from nurture.book import Nurture, Persona
from nurture.burst import Burst
from nurture.calling import call_ended
from nurture.flow import AskStep, OfferStep, WaitStep, WebhookStep
from nurture.going_over import go_over
from nurture.handed_over import asks_for_person, ended, goes_on, hold, must_go_on, rearm, resume, steps_ahead, stop_all
from nurture.happened import happened
from nurture.replying import first_contact, referred_to, take_reply, wait_on
from nurture.resting import ended as end
from nurture.walk import CALL_AGAIN, CALLING, READY, Walk

__all__ = [
    "Nurture",
    "Persona",
    "arm_entries",
    "asks_for_person",
    "begin_by_segment",
    "call_ended",
    "carry_on",
    "due",
    "ended",
    "entry_due",
    "go_over",
    "goes_on",
    "happened",
    "hear",
    "hold",
    "must_go_on",
    "rearm",
    "referred",
    "resume",
    "settle",
    "start",
    "steps_ahead",
    "stop_all",
    "wants_comment",
]


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
    absorbed = take_reply(draft, nurture, burst)
    if draft.state.turns == 0:
        absorbed = first_contact(draft, nurture, burst) or absorbed
    for flow, by in referred_to(draft, nurture, heard):
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
            wait_on(walk, step, aside=aside)
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
    for flow, by in referred_to(draft, nurture, heard):
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


def wants_comment(nurture: Nurture, post: str, text: str) -> bool:
    """Whether a flow may begin by a comment like this; others are nobody's business."""
    return any(
        nurture.ruling(flow.flow_id).mode is FlowMode.LIVE and trigger.wants_comment(post, text)
        for flow in nurture.flows.values()
        for trigger in flow.triggers
    )


def arm_entries(draft: Draft, nurture: Nurture) -> None:
    """At the very end of a decision: the clocks of the flows that begin by themselves."""
    entry.arm(draft, nurture)


def entry_due(draft: Draft, nurture: Nurture, clock: Clock) -> None:
    """An ENTRY clock fired."""
    entry.due(draft, nurture, clock)


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


def _free_to_talk(draft: Draft) -> bool:
    return draft.state.owner is Owner.BOT and draft.state.opted_out_at is None
