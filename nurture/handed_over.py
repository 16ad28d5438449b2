"""Flows while a person talks, and after: they keep still, and go on where they should."""

from __future__ import annotations

from dataclasses import replace

from bot.core.draft import Draft
from bot.core.model import ClockKind, CommandRefused, Reason, State
from nurture import enrolments
from nurture.book import Nurture
from nurture.flow import AskStep, HandoffStep, OfferStep, Step, WaitStep
from nurture.resting import ended as end
from nurture.walk import Walk

CLOSING_OUTCOMES = frozenset({"won", "lost", "no_fit", "complaint"})
"""After these a flow that was under way has lost its point."""


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
        enrolments.begun_by_this_too(draft, nurture, "outcome", name)
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
