"""Flows that begin by the clock: at a schedule's occurrence, or when somebody has been silent for long enough. Pure.

Whoever such a flow is for has an ENTRY clock for it, set by the decisions about them. An occurrence begins a flow once: it is
taken in the decision that moves the clock on and remembered by its name, so no change of zone, rule or version brings it back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, FlowMode, State
from nurture import enrolments, gate
from nurture.book import Nurture
from nurture.conditions import known_of
from nurture.flow import Flow
from nurture.schedule import Occurrence, next_occurrence
from nurture.timing import known_zone

SCHEDULE, SILENCE = "schedule", "silence"
IN_TIME = timedelta(minutes=2)
"""A clock that fires so much later was kept from it: nothing ran. Who was kept so begins at a moment of their own."""
CATCHING_UP = timedelta(minutes=15)


def arm(draft: Draft, nurture: Nurture) -> None:
    """At the end of a decision: set the clocks of the flows that may begin by themselves for this person, and stop the others."""
    wanted = {clock.key: clock for clock in _wanted(draft, nurture)}
    for clock in draft.state.clocks:
        if clock.kind is ClockKind.ENTRY and clock.key not in wanted:
            draft.cancel_clock(ClockKind.ENTRY, clock.key)
    for clock in wanted.values():
        if draft.state.clock(ClockKind.ENTRY, clock.key) != clock:
            draft.set_clock(clock)


def _wanted(draft: Draft, nurture: Nurture) -> Iterator[Clock]:
    for flow_id, flow in sorted(nurture.flows.items()):
        kinds = {trigger.kind for trigger in flow.triggers if trigger.schedule}
        silences = [t.segment.silence for t in flow.triggers if t.segment and t.segment.silence]
        if not (kinds or silences) or not _may_come(draft.state, nurture, flow):
            continue
        if kinds and (clock := _scheduled(draft, nurture, flow)) is not None:
            yield clock
        if silences and (clock := _silent(draft, flow_id, silences)) is not None:
            yield clock


def _may_come(state: State, nurture: Nurture, flow: Flow) -> bool:
    """Whether the flow may ever begin for somebody like this; what else keeps it from beginning is asked when it is due."""
    mode, audience = nurture.ruling(flow.flow_id).mode, flow.audience
    been = flow.flow_id in state.finished_flows or any(e.flow_id == flow.flow_id for e in state.enrolments)
    return (
        mode in (FlowMode.LIVE, FlowMode.PAUSED)
        and state.opted_out_at is None
        and (flow.repeat or not been)
        and (not audience.channels or state.identity.channel in audience.channels)
        and audience.tags <= set(state.tags)
        and not audience.not_tags & set(state.tags)
    )


def _scheduled(draft: Draft, nurture: Nurture, flow: Flow) -> Clock | None:
    """The clock of the next occurrence; one that runs for it already is left as it is."""
    zone, key = _zone(draft.state, nurture, flow), f"{flow.flow_id}/{SCHEDULE}"
    rules = sorted(t.schedule.rule for t in flow.triggers if t.schedule)
    data: dict[str, Any] = {"zone": zone.key, "rules": rules}
    running = draft.state.clock(ClockKind.ENTRY, key)
    if running is not None and all(running.data.get(name) == value for name, value in data.items()):
        return running
    beyond = str(draft.state.occurred.get(flow.flow_id, ""))
    found = _next(flow, draft.now, zone, beyond)
    if found is None:
        return None
    occurrence, spread = found
    due_at = occurrence.at + spread * draft.rng.random()
    data |= {"name": occurrence.name, "at": occurrence.at.isoformat()}
    return Clock(kind=ClockKind.ENTRY, key=key, due_at=due_at, data=data)


def _next(flow: Flow, after: datetime, zone: ZoneInfo, beyond: str) -> tuple[Occurrence, timedelta] | None:
    found = [
        (occurrence, trigger.schedule.spread)
        for trigger in flow.triggers
        if trigger.schedule and (occurrence := next_occurrence(trigger.schedule, after, zone, beyond=beyond)) is not None
    ]
    return min(found, key=lambda one: one[0].at, default=None)


def _silent(draft: Draft, flow_id: str, silences: list[timedelta]) -> Clock | None:
    """The clock of the moment at which they have been silent for as long as one of the segments asks."""
    last, key = draft.state.last_inbound_at, f"{flow_id}/{SILENCE}"
    running = draft.state.clock(ClockKind.ENTRY, key)
    if last is None:
        return None
    if running is not None and running.data.get("since") == last.isoformat() and running.due_at > draft.now:
        return running
    due = min((last + silence for silence in silences if last + silence > draft.now), default=None)
    return None if due is None else Clock(kind=ClockKind.ENTRY, key=key, due_at=due, data={"since": last.isoformat()})


def due(draft: Draft, nurture: Nurture, clock: Clock) -> None:
    """An ENTRY clock fired, and runs no more. The flow begins, unless something is against it, which the journal tells."""
    flow_id, _, kind = clock.key.rpartition("/")
    flow = nurture.flows.get(flow_id)
    if flow is None:
        return
    if kind == SILENCE:
        _fell_silent(draft, nurture, flow, clock)
    else:
        _occurs(draft, nurture, flow, clock)


def _occurs(draft: Draft, nurture: Nurture, flow: Flow, clock: Clock) -> None:
    name, at = str(clock.data["name"]), datetime.fromisoformat(str(clock.data["at"]))
    schedules = [t.schedule for t in flow.triggers if t.schedule]
    if not schedules or name <= str(draft.state.occurred.get(flow.flow_id, "")):
        return
    spread = max(schedule.spread for schedule in schedules)
    late = draft.now - clock.due_at > IN_TIME
    missed = draft.now > at + spread + max(schedule.grace for schedule in schedules)
    if late and not missed and not clock.data.get("late"):
        again_at = draft.now + spread * draft.rng.random()
        draft.set_clock(replace(clock, due_at=again_at, data={**clock.data, "late": True}))
        return
    draft.set(occurred={**draft.state.occurred, flow.flow_id: name})
    _begin(draft, nurture, flow, SCHEDULE, "missed" if missed else None)


def _fell_silent(draft: Draft, nurture: Nurture, flow: Flow, clock: Clock) -> None:
    last = draft.state.last_inbound_at
    if last is None or clock.data.get("since") != last.isoformat():
        return
    if draft.now - clock.due_at > IN_TIME and not clock.data.get("late"):
        again_at = draft.now + IN_TIME + CATCHING_UP * draft.rng.random()
        draft.set_clock(replace(clock, due_at=again_at, data={**clock.data, "late": True}))
        return
    became = (
        trigger.segment
        for trigger in flow.triggers
        if trigger.segment and trigger.segment.silence and last + trigger.segment.silence <= draft.now
    )
    if any(known_of(segment, draft.state, draft.now) for segment in became):
        _begin(draft, nurture, flow, "segment", None)


def _begin(draft: Draft, nurture: Nurture, flow: Flow, by: str, why_not: str | None) -> None:
    why_not = why_not or enrolments.unfit(draft, nurture, flow) or _cannot_be_told(draft.state, draft.now)
    if why_not is not None:
        draft.note("flow.held", flow=flow.flow_id, enrolment=None, step=None, reason=why_not, until=None)
        return
    enrolments.enrol(draft, nurture, flow, by).rest("time", draft.now, why="go")


def _cannot_be_told(state: State, now: datetime) -> str | None:
    """Why nothing can be said to them: somebody talks with them, or their channel takes nothing any more."""
    if state.owner not in gate.TALKING_OWNERS:
        return "owner"
    closes_at = state.window.closes_at if state.window else None
    return "window_closed" if closes_at is not None and closes_at <= now else None


def _zone(state: State, nurture: Nurture, flow: Flow) -> ZoneInfo:
    return known_zone(state.profile.zone, flow.zone, nurture.default_zone)
