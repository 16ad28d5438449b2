"""What follows from what happened: one pure function for every event.

`decide` composes the rules of nurture and handoff. It reads no clock and draws no random number of its own; the brain's answer
is an event like any other, so the same inputs always give the same decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, assert_never

from bot.core import comments, importing, interrupt, pacing, repair, turn
from bot.core.draft import Draft
from bot.core.events import (
    AgentGaveBack,
    AgentLeft,
    AgentSaw,
    AgentsChanged,
    AgentSnoozed,
    AgentTook,
    AgentTransferred,
    AgentUndid,
    AgentWrote,
    Audited,
    BrainAnswered,
    BrainFailed,
    CallEnded,
    ClockFired,
    ContactImported,
    Converted,
    Decision,
    DeliveryFailed,
    Event,
    FlowPublished,
    FlowRuled,
    FlowTriggered,
    ForeignEcho,
    Happened,
    Inbound,
    ProfileSeen,
)
from bot.core.model import Clock, ClockKind, Owner, Reason, Say, Speaker, State
from bot.core.turn import Rules
from handoff import episodes, snooze
from handoff.agents import RETURNED
from handoff.desk import Desk
from handoff.ladder import NOBODY_CAME
from nurture import engine, harm

__all__ = ["Rules", "decide"]

GOES_BY_WORDS = (AgentGaveBack, AgentTransferred, AgentSnoozed, AgentLeft, ForeignEcho)
"""What goes by what was said: an agent's words that wait to be taken back stand before it."""


def decide(
    state: State, event: Event, *, now: datetime, rng: Random, new_id: Callable[[str], str], rules: Rules, desk: Desk
) -> Decision:
    """The next state and effects. In: aware UTC `now`; `desk`, who is there to help. Raises `CommandRefused` for an
    agent's command that does not fit; every other event has a decision."""
    draft = Draft(state, now=now, rng=rng, new_id=new_id)
    _dispatch(draft, event, rules, desk)
    snooze.settle(draft, wrote=isinstance(event, Inbound))
    engine.settle(draft, rules.nurture)
    engine.begin_by_segment(draft, rules.nurture)
    wanted = engine.asks_for_person(draft, rules.nurture)
    if wanted is not None and draft.ask_brain is None:
        episodes.open_episode(draft, rules.policy, desk, Reason.FLOW_STEP, detail=wanted)
    _owe_still(draft)
    if not isinstance(event, Audited):
        interrupt.carry_over(draft)
    engine.arm_entries(draft, rules.nurture)
    return _close(draft, rules, event)


def _dispatch(draft: Draft, event: Event, rules: Rules, desk: Desk) -> None:
    if isinstance(event, GOES_BY_WORDS):
        episodes.stand_all(draft, rules.policy)
    match event:
        case Inbound():
            turn.inbound(draft, event, rules, desk)
        case BrainAnswered():
            turn.answered(draft, event, rules, desk)
        case BrainFailed():
            turn.failed(draft, event, rules, desk)
        case ClockFired():
            _clock(draft, event.clock, rules, desk)
        case AgentTook():
            engine.hold(draft)
            capacity = desk.capacity_of(event.agent.agent_id)
            episodes.take(draft, rules.policy, event.agent, capacity=capacity, above_capacity=event.above_capacity)
        case AgentSaw():
            episodes.seen(draft, rules.policy, event.agent_id)
        case AgentWrote():
            turn.overheard(draft, rules)
            episodes.wrote(draft, rules.policy, event.agent, event.text, event.client_key, wait_s=rules.undo_send_s)
        case AgentGaveBack():
            engine.must_go_on(draft, rules.nurture, event.resume, event.outcome)
            told = (event.summary, event.outcome, event.slots, event.value, event.promised)
            episodes.give_back(draft, rules.policy, event.agent, *told)
            turn.won(draft, event, rules)
            _back_to_bot(draft, rules, event.outcome, resume=event.resume)
        case AgentTransferred():
            episodes.transfer(draft, rules.policy, desk, event.agent, to=event.to, team=event.team, anyones=event.anyones)
        case AgentSnoozed():
            snooze.snooze(draft, event.agent, event.until)
        case AgentUndid():
            _undo(draft, event, rules, desk)
        case AgentsChanged():
            episodes.agents_changed(draft, rules.policy, desk)
        case AgentLeft():
            episodes.agent_gone(draft, rules.policy, desk, event.agent_id)
        case ForeignEcho():
            _native_inbox(draft, event, rules)
        case DeliveryFailed():
            _undelivered(draft, event)
        case ProfileSeen():
            draft.set(profile=turn.merged(draft.state.profile, event.profile))
        case FlowTriggered() | FlowPublished() | FlowRuled() | Happened() | CallEnded():
            _flow(draft, event, rules)
        case Converted():
            turn.converted(draft, event)
        case ContactImported():
            importing.take_over(draft, event, rules)
        case Audited():
            repair.rearm(draft, rules, desk)
        case _:
            assert_never(event)


def _undo(draft: Draft, event: AgentUndid, rules: Rules, desk: Desk) -> None:
    match event.act:
        case "send":
            episodes.take_back(draft, event.agent, event.client_key)
        case "take":
            episodes.untake(draft, rules.policy, desk, event.agent)
            if draft.state.owner is Owner.BOT:
                _back_to_bot(draft, rules, RETURNED)
        case "give_back":
            engine.hold(draft)
            episodes.take_again(draft, rules.policy, event.agent, capacity=desk.capacity_of(event.agent.agent_id))
        case "transfer":
            episodes.untransfer(draft, rules.policy, desk, event.agent)
        case "snooze":
            snooze.undo(draft, event.agent)
        case _:
            assert_never(event.act)


def _flow(draft: Draft, event: FlowTriggered | FlowPublished | FlowRuled | Happened | CallEnded, rules: Rules) -> None:
    """Something was done to a flow from outside. What was ruled, and whatever ends an enrolment, `decide` sees to."""
    match event:
        case FlowTriggered():
            engine.start(draft, rules.nurture, event.flow_id)
        case FlowPublished():
            engine.settle(draft, rules.nurture)
            engine.go_over(draft, rules.nurture, event.flow_id, version=event.version, choices=event.choices)
        case FlowRuled():
            return
        case CallEnded():
            engine.call_ended(draft, rules.nurture, event)
        case Happened():
            draft.note("prospect.happened", external_id=event.external_id, name=event.name, happened_at=event.at.isoformat())
            engine.happened(draft, rules.nurture, event.name, event.properties)
        case _:
            assert_never(event)


# ---- clocks and the rest --------------------------------------------------------------------------------------------


def _clock(draft: Draft, clock: Clock, rules: Rules, desk: Desk) -> None:
    """Re-check when fired: only a clock that still runs and is due has an effect."""
    running = draft.state.clock(clock.kind, clock.key)
    if running is None or running.due_at > draft.now:
        return
    draft.cancel_clock(clock.kind, clock.key)
    match clock.kind:
        case ClockKind.TURN | ClockKind.PASSED:
            return
        case ClockKind.PROMISE:
            _overdue(draft, running, rules, desk)
        case ClockKind.STEP:
            engine.due(draft, rules.nurture, running)
        case ClockKind.ENTRY:
            engine.entry_due(draft, rules.nurture, running)
        case ClockKind.RATING:
            episodes.ask_rating(draft, rules.policy, running)
        case ClockKind.SNOOZE:
            snooze.woke(draft, running)
        case ClockKind.UNDO:
            episodes.stand(draft, rules.policy, running)
        case ClockKind.OFFER | ClockKind.ACCEPT | ClockKind.FIRST_WORDS | ClockKind.RUNG | ClockKind.FORECAST:
            episodes.clock_fired(draft, rules.policy, desk, running)
            if draft.before.owner is Owner.WAITING and draft.state.owner is Owner.BOT:
                _back_to_bot(draft, rules, NOBODY_CAME)
        case _:
            assert_never(clock.kind)


def _overdue(draft: Draft, clock: Clock, rules: Rules, desk: Desk) -> None:
    """A reply is late. The bot's lateness brings in a person; a person's lateness climbs the ladder."""
    promise = draft.state.promise
    if promise is None:
        return
    if draft.state.owner is Owner.AGENT:
        episodes.promise_overdue(draft, rules.policy, desk, clock)
        return
    draft.note("promise.broken", late_ms=int((draft.now - promise.due_at).total_seconds() * 1000))
    turn.brain_away(draft, rules, desk, "late")
    due_at = draft.now + timedelta(seconds=rules.policy.targets.first_words_s)
    draft.set(promise=replace(promise, due_at=due_at))
    draft.set_clock(Clock(kind=ClockKind.PROMISE, due_at=due_at))


def _owe_still(draft: Draft) -> None:
    """A message that this decision did not deal with keeps its promise and the clocks that see to its answer."""
    if not draft.state.unheard:
        return
    for kind in (ClockKind.TURN, ClockKind.PROMISE):
        clock = draft.before.clock(kind)
        if clock is not None and draft.state.clock(kind) is None:
            draft.set_clock(clock)
    if draft.state.promise is None:
        draft.set(promise=draft.before.promise)


def _back_to_bot(draft: Draft, rules: Rules, outcome: str, *, resume: tuple[str, str] | None = None) -> None:
    if draft.state.opted_out_at:
        return
    found = harm.of_outcome(draft.before.episode.reason if draft.before.episode else None, outcome)
    harm.blame(draft, rules.nurture, found, limit=rules.harm_limit)
    engine.ended(draft, rules.nurture, outcome)
    engine.resume(draft, rules.nurture, at=resume)
    episodes.goes_on_at(draft, engine.goes_on(draft))


def _native_inbox(draft: Draft, event: ForeignEcho, rules: Rules) -> None:
    if event.did == "gave_back":
        if episodes.native_gave_back(draft, rules.policy, event.at):
            _back_to_bot(draft, rules, RETURNED)
        return
    if event.did == "took" and episodes.ended_since(draft.state, event.at):
        return
    engine.hold(draft)
    turn.overheard(draft, rules)
    episodes.native_inbox(draft, rules.policy, event)


def _undelivered(draft: Draft, event: DeliveryFailed) -> None:
    if event.error in ("unreachable", "window"):
        engine.stop_all(draft, event.error)
    if draft.state.owner is Owner.AGENT and draft.state.episode and draft.state.episode.agent:
        draft.notify("lost", to=(draft.state.episode.agent.agent_id,), error=event.error)


def _close(draft: Draft, rules: Rules, event: Event) -> Decision:
    """Pace what is said, tell the tracker what the bot's side said outside the brain, and close."""
    comments.reply_privately(draft)
    after = max((u.say.due_at for u in draft.state.unsent if u.say.due_at), default=None)
    partner = _partner(draft, event)
    says = pacing.schedule(draft.says, now=draft.now, after=after, pacing=rules.pacing, rng=draft.rng, partner=partner)
    for say in says:
        may_be_undone = say.client_key is not None and draft.state.clock(ClockKind.UNDO, say.client_key) is not None
        if say.speaker in (Speaker.FLOW, Speaker.LADDER, Speaker.AGENT) and not may_be_undone:
            draft.track(_spoken(say, draft.now))
    return draft.close(says)


def _partner(draft: Draft, event: Event) -> pacing.Partner:
    """Whom we write to, and what they just wrote, if this answers it."""
    heard = event.messages if isinstance(event, Inbound) else event.ask.messages if isinstance(event, BrainAnswered) else ()
    state = draft.state
    return pacing.Partner(
        channel=state.identity.channel,
        wrote="\n".join(one.text for one in heard),
        wrote_at=heard[-1].at if heard else None,
        reply_gap_s=state.reply_gap_s,
        turns=state.turns,
    )


def _spoken(say: Say, now: datetime) -> dict[str, Any]:
    """A Rasa `bot` event for words that Rasa did not choose, so that its tracker knows what was said."""
    return {"event": "bot", "timestamp": now.timestamp(), "text": say.text, "data": {}, "metadata": {"speaker": say.speaker.value}}
