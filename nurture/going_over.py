"""Carries out what `nurture.moving` plans for one person, in the decision of an event. Writes into the draft; says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.core.draft import Draft
from bot.core.model import ClockKind, Standing
from nurture.book import Nurture
from nurture.flow import Flow, WaitStep
from nurture.moving import Destination, Fate, destination, end_after
from nurture.resting import ended as end
from nurture.timing import known_zone
from nurture.walk import Walk

BURST_OVER = timedelta(hours=1)
"""Steps that are overdue once people have moved are spread over so long."""


def go_over(draft: Draft, nurture: Nurture, flow_id: str, *, version: int, choices: Mapping[str, str]) -> None:
    """Move the person's live enrolment in this flow to `version`, if that is what people enter now."""
    new = nurture.flows.get(flow_id)
    if new is None or new.version != version or draft.state.opted_out_at:
        return
    for enrolment in draft.state.live_enrolments:
        if enrolment.flow_id != flow_id:
            continue
        old = nurture.versions.get((flow_id, enrolment.flow_version))
        there = destination(old, new, enrolment, choices=choices)
        clock = draft.state.clock(ClockKind.STEP, enrolment.enrolment_id)
        standing = Standing(
            conversation_id=draft.state.conversation_id, enrolment=enrolment, due_at=clock.due_at if clock else None
        )
        if there.fate is Fate.EXIT:
            end(draft, enrolment, "exited", "migrated", why=there.why)
        elif there.fate is Fate.MOVE:
            _move(draft, nurture, standing, old, new, there)


def _move(draft: Draft, nurture: Nurture, standing: Standing, old: Flow | None, new: Flow, there: Destination) -> None:
    enrolment, target = standing.enrolment, new.steps[there.step_id or ""]
    before = old.steps.get(enrolment.step_id) if old else None
    elsewhere = target.id != enrolment.step_id
    moved = replace(
        enrolment,
        flow_version=new.version,
        step_id=target.id,
        step_entered_at=draft.now if elsewhere else enrolment.step_entered_at,
    )
    zone = known_zone(draft.state.profile.zone, new.zone, nurture.default_zone)
    due_at = end_after(before, target, standing, draft.now, zone, new)
    draft.note(
        "flow.moved", flow=new.flow_id, enrolment=enrolment.enrolment_id, version=new.version, step=target.id, was=enrolment.step_id
    )
    if due_at is None:
        draft.put_enrolment(moved)
        return
    if due_at <= draft.now:
        due_at = draft.now + BURST_OVER * draft.rng.random()
    clock = draft.state.clock(ClockKind.STEP, enrolment.enrolment_id)
    waiting_for, why = enrolment.waiting_for or "time", str(clock.data.get("why", "go")) if clock else "go"
    if isinstance(target, WaitStep):
        waiting_for, why = ("reply", "silence") if target.for_reply else ("time", "wait")
    elif elsewhere or type(before) is not type(target):
        waiting_for, why = "time", "go"
    Walk(draft, nurture, new, moved, prompted=False).rest(waiting_for, due_at, why=why)
