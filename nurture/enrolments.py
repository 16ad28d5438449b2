"""Who is in which flow: entering, following on, being held. Writes into the draft; says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Enrolment, FlowMode
from nurture import gate
from nurture.book import Nurture
from nurture.conditions import known_of, reached, started_by
from nurture.flow import Condition, Flow, Step, WaitStep
from nurture.resting import ended as end
from nurture.walk import Walk

PAUSE = timedelta(minutes=10)
"""How long flows keep still after a person gave back, or after something else ended."""

PAUSED_LOOK = timedelta(hours=1)
"""While a flow is paused, whoever falls due looks again within this time, each at a moment of their own."""

PAUSED = "paused"
"""The mark of a clock that has found its flow paused."""

HELD_REPLY = "held reply"
"""The mark of an enrolment that awaited a reply when a person came in."""


def placed(draft: Draft, nurture: Nurture, enrolment: Enrolment) -> tuple[Enrolment, Flow, Step] | None:
    """The enrolment with its flow, in its own version, and its step; ended, and None, where either is gone."""
    flow = nurture.flow_of(enrolment)
    step = flow.steps.get(enrolment.step_id) if flow else None
    if flow is None and nurture.paused(enrolment.flow_id):
        return None
    if flow is None or step is None:
        end(draft, enrolment, "exited", "flow_gone" if flow is None else "step_gone")
        return None
    if enrolment.flow_version != flow.version:
        enrolment = replace(enrolment, flow_version=flow.version)
        draft.put_enrolment(enrolment)
        draft.note("flow.moved", flow=flow.flow_id, enrolment=enrolment.enrolment_id, version=flow.version)
    return enrolment, flow, step


def moving(draft: Draft, nurture: Nurture, *, paused: bool = False) -> list[tuple[Enrolment, Flow, Step, Clock]]:
    """Live enrolments that no person has, with their clocks, oldest first; those in paused flows only if asked for."""
    found = []
    for enrolment in draft.state.live_enrolments:
        if nurture.paused(enrolment.flow_id) and not paused:
            continue
        clock = draft.state.clock(ClockKind.STEP, enrolment.enrolment_id)
        where = placed(draft, nurture, enrolment) if clock else None
        if where and clock:
            found.append((*where, clock))
    return found


def unfit(draft: Draft, nurture: Nurture, flow: Flow, *, by_hand: bool = False) -> str | None:
    """Why the person cannot enter the flow, or None."""
    state, mode = draft.state, nurture.ruling(flow.flow_id).mode
    if mode is not FlowMode.LIVE:
        return mode.value
    if state.opted_out_at:
        return "opted_out"
    if any(e.flow_id == flow.flow_id for e in state.live_enrolments):
        return "already_live"
    been = flow.flow_id in state.finished_flows or any(e.flow_id == flow.flow_id for e in state.enrolments)
    if been and not flow.repeat and not by_hand:
        return "been_before"
    audience = flow.audience
    channel_fits = not audience.channels or state.identity.channel in audience.channels
    if not (channel_fits and audience.tags <= set(state.tags) and not audience.not_tags & set(state.tags)):
        return "audience"
    return None


def triggered(draft: Draft, nurture: Nurture, kind: str, name: str) -> Iterator[Flow]:
    """Flows that this starts and that the person may enter, by id."""
    for _, flow in sorted(nurture.flows.items()):
        if flow.started_by(kind, name) and unfit(draft, nurture, flow) is None:
            yield flow


def enrol(draft: Draft, nurture: Nurture, flow: Flow, by: str) -> Walk:
    """A new enrolment at the flow's first step, about to walk; it must be told to go or to rest."""
    enrolment = Enrolment(
        enrolment_id=draft.new_id("enr"),
        flow_id=flow.flow_id,
        flow_version=flow.version,
        step_id=flow.first.id,
        entered_at=draft.now,
        step_entered_at=draft.now,
        visits={started_by(by): 1},
    )
    draft.note("flow.started", flow=flow.flow_id, enrolment=enrolment.enrolment_id, version=flow.version, by=by)
    return Walk(draft, nurture, flow, enrolment, prompted=False)


def begun_by_this_too(draft: Draft, nurture: Nurture, kind: str, name: str) -> None:
    """Mark what else would have started the flows that wait at their first step already: their words can still go by it."""
    for enrolment in draft.state.live_enrolments:
        flow = nurture.flow_of(enrolment)
        if flow is not None and flow.started_by(kind, name) and enrolment.step_id == flow.first.id:
            draft.put_enrolment(replace(enrolment, visits={**enrolment.visits, started_by(name): 1}))


def begin_quietly(draft: Draft, nurture: Nurture, flow: Flow, by: str) -> None:
    """Enrol without a word in this decision: a wait begins, anything else comes after a pause."""
    walk = enrol(draft, nurture, flow, by)
    if isinstance(flow.first, WaitStep):
        walk.go(flow.first.id)
    else:
        walk.rest("time", draft.now + PAUSE, why="held")


def follow(draft: Draft, nurture: Nurture) -> None:
    """Start the flows that follow a flow finished, or a tag given, in this decision."""
    before = {e.enrolment_id for e in draft.before.enrolments if e.status != "live"}
    finished = [e.flow_id for e in draft.state.enrolments if e.status == "done" and e.enrolment_id not in before]
    given = [tag for tag in draft.state.tags if tag not in draft.before.tags]
    for kind, names in (("after_flow", finished), ("tag", given)):
        for name in names:
            for flow in triggered(draft, nurture, kind, name):
                begin_quietly(draft, nurture, flow, name)


def settle(draft: Draft, nurture: Nurture) -> None:
    """End the enrolments whose goal is reached, whose flow was stopped, or that have a reason to leave, and take back their words
    that have not left."""
    over = False
    for enrolment in draft.state.live_enrolments:
        ruling = nurture.ruling(enrolment.flow_id)
        if ruling.mode is FlowMode.STOPPED:
            withdraw_words(draft, enrolment)
            end(draft, enrolment, "exited", "flow_stopped", why=ruling.reason)
            continue
        flow = nurture.flow_of(enrolment)
        if flow is None or not (flow.goal_when or flow.exit_when):
            continue
        at_goal = reached(flow.goal_when, draft.state, enrolment, draft.now)
        if at_goal or reached(flow.exit_when, draft.state, enrolment, draft.now):
            withdraw_words(draft, enrolment)
            end(draft, enrolment, "done" if at_goal else "exited", "goal" if at_goal else "exit_when")
            over = True
    if over:
        follow(draft, nurture)


def segments(draft: Draft, nurture: Nurture) -> None:
    """Start the flows whose segment the person came into with this decision."""
    if draft.state.opted_out_at or (draft.state.slots, draft.state.tags) == (draft.before.slots, draft.before.tags):
        return
    for flow in list(triggered(draft, nurture, "segment", "")):
        for trigger in flow.triggers:
            if trigger.segment and _came_into(trigger.segment, draft):
                begin_quietly(draft, nurture, flow, "segment")
                break


def _came_into(segment: Condition, draft: Draft) -> bool:
    """Whether it became true with this decision."""
    return known_of(segment, draft.state, draft.now) and not known_of(segment, draft.before, draft.now)


def withdraw_words(draft: Draft, enrolment: Enrolment) -> None:
    """Take back what this enrolment said and what has not left yet."""
    mine = tuple(u.message_id for u in draft.state.unsent if u.say.enrolment_id == enrolment.enrolment_id)
    if mine:
        draft.withdraw(mine)


def put_on_hold(draft: Draft, enrolment: Enrolment) -> None:
    visits = {**enrolment.visits, HELD_REPLY: 1} if enrolment.waiting_for == "reply" else enrolment.visits
    draft.put_enrolment(replace(enrolment, waiting_for="person", visits=visits))
    draft.cancel_clock(ClockKind.STEP, enrolment.enrolment_id)
    draft.note(
        "flow.held",
        flow=enrolment.flow_id,
        enrolment=enrolment.enrolment_id,
        step=enrolment.step_id,
        reason="person",
        until=None,
    )


def keep_paused(draft: Draft, enrolment: Enrolment, clock: Clock) -> None:
    """The flow is paused: look again at a moment of this person's own, so that a flow which goes on does not burst."""
    first = not clock.data.get(PAUSED)
    until = draft.now + PAUSED_LOOK * (0.5 + draft.rng.random() / 2)
    clock = replace(clock, data={**clock.data, PAUSED: True})
    look_again(draft, enrolment, clock, "paused", until=until, told=first)


def look_again(
    draft: Draft, enrolment: Enrolment, clock: Clock, reason: str, *, until: datetime | None = None, told: bool = True
) -> None:
    """Let the clock fire again, in a moment or `until` then; `told` writes the reason into the journal."""
    until = until or draft.now + gate.BUSY
    draft.set_clock(replace(clock, due_at=until))
    if not told:
        return
    draft.note(
        "flow.held",
        flow=enrolment.flow_id,
        enrolment=enrolment.enrolment_id,
        step=enrolment.step_id,
        reason=reason,
        until=until.isoformat(),
    )
