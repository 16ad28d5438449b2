"""A contact from elsewhere is taken over: what is on record wins, an opt-out always, and nobody is written to because of it.

What the contact brings fills only what is not known: name, locale, zone and slots stay as they are on record, tags are added, the
first touch stays. Where the channel has a window and the person never wrote here, the window is closed, so nothing can be sent.
"""

from __future__ import annotations

from dataclasses import replace

from bot.core import window
from bot.core.draft import Draft
from bot.core.events import ContactImported
from bot.core.model import ClockKind, State
from bot.core.touch import is_direct, told
from bot.core.turn import Rules, merged
from handoff import episodes
from nurture import engine
from nurture.engine import Nurture

IMPORT = "import"
"""The source of people of whom the import does not say what brought them, and what closed window they have."""


def take_over(draft: Draft, event: ContactImported, rules: Rules) -> None:
    """Fill in what is not known, heed an opt-out, begin the flow if that may be. The same contact once more changes nothing."""
    _close_window(draft)
    _fill_in(draft, event)
    if event.opted_out and draft.state.opted_out_at is None:
        engine.stop_all(draft, "opted_out")
        draft.withdraw(tuple(u.message_id for u in draft.state.unsent if u.say.enrolment_id))
        draft.set(opted_out_at=draft.now)
        draft.note("prospect.opted_out", by=IMPORT)
        episodes.stopped(draft, rules.policy)
    if draft.state != draft.before:
        known = draft.before.turns > 0 or draft.before.first_touch is not None
        draft.note(
            "prospect.imported",
            import_id=event.import_id,
            line=event.line,
            consent_source=event.consent_source,
            consent_at=event.consent_at.isoformat(),
            new=not known,
        )
    if event.flow is not None and not been_in(draft.state, event.flow):
        _begin(draft, event, event.flow, rules.nurture)


def been_in(state: State, flow: str) -> bool:
    """Whether the person is or was in the flow: an import puts nobody through it twice."""
    return flow in state.finished_flows or any(enrolment.flow_id == flow for enrolment in state.enrolments)


def _close_window(draft: Draft) -> None:
    if draft.state.window is None:
        opened = window.rule_for(draft.state.identity.channel).opened(action="message", at=draft.state.created_at)
        if opened.closes_at is not None:
            draft.set(window=replace(opened, closes_at=opened.opened_at, opened_by=IMPORT))


def _fill_in(draft: Draft, event: ContactImported) -> None:
    state = draft.state
    fresh = tuple(tag for tag in dict.fromkeys(event.tags) if tag not in state.tags)
    draft.set(
        profile=merged(event.profile, state.profile), slots={**event.slots, **state.slots}, tags=(*state.tags, *fresh)
    )  # fmt: skip
    if state.first_touch is None and state.turns == 0:
        touch = replace(event.touch, source=IMPORT) if is_direct(event.touch) else event.touch
        draft.set(first_touch=touch, last_touch=touch)
        draft.note("prospect.touched", first=True, **told(touch))


def _begin(draft: Draft, event: ContactImported, flow: str, nurture: Nurture) -> None:
    closes_at = draft.state.window.closes_at if draft.state.window else None
    if closes_at is not None and closes_at <= event.start_at:
        draft.note("flow.held", flow=flow, enrolment=None, step=None, reason="window_closed", until=None)
        return
    before = {enrolment.enrolment_id for enrolment in draft.state.enrolments}
    if engine.start(draft, nurture, flow):
        for enrolment in draft.state.live_enrolments:
            clock = draft.state.clock(ClockKind.STEP, enrolment.enrolment_id)
            if enrolment.enrolment_id not in before and clock is not None:
                draft.set_clock(replace(clock, due_at=max(draft.now, event.start_at)))
