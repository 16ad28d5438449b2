"""Something that a program tells of a person: it starts flows, fills slots, and may be what a flow under way is for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.core.draft import Draft
from nurture import enrolments
from nurture.book import Nurture
from nurture.conditions import was_told
from nurture.flow import Trigger
from nurture.reply import MAX_SLOT_CHARS
from nurture.triggers import property_text

type Property = str | int | float | bool


def happened(draft: Draft, nurture: Nurture, name: str, properties: Mapping[str, Property]) -> None:
    """An event of this name with these properties. Flows that it starts begin at once, within quiet hours and caps."""
    for enrolment in draft.state.live_enrolments:
        marked = {**enrolment.visits, was_told(name): enrolment.visits.get(was_told(name), 0) + 1}
        draft.put_enrolment(replace(enrolment, visits=marked))
    enrolments.settle(draft, nurture)
    if draft.state.opted_out_at:
        return
    for flow in list(enrolments.triggered(draft, nurture, "event", name)):
        trigger = next((one for one in flow.triggers if _fits(one, name, properties)), None)
        if trigger is None:
            continue
        _remember(draft, trigger, properties)
        enrolments.enrol(draft, nurture, flow, name).rest("time", draft.now, why="go")


def _fits(trigger: Trigger, name: str, properties: Mapping[str, Property]) -> bool:
    return (
        trigger.kind == "event"
        and name in trigger.names
        and all(key in properties and property_text(properties[key]) in wanted for key, wanted in trigger.where.items())
    )


def _remember(draft: Draft, trigger: Trigger, properties: Mapping[str, Property]) -> None:
    """Properties into slots, as an answer would be kept."""
    told = {slot: _slot_value(properties[key]) for key, slot in trigger.remember.items() if key in properties}
    fresh = {slot: value for slot, value in told.items() if draft.state.slots.get(slot) != value}
    if fresh:
        draft.set(slots={**draft.state.slots, **fresh})
        draft.track(*({"event": "slot", "name": slot, "value": value} for slot, value in fresh.items()))


def _slot_value(value: Property) -> Property:
    return value[:MAX_SLOT_CHARS] if isinstance(value, str) else value
