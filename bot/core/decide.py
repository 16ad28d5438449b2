"""What follows from what happened: one pure function for every event.

`decide` composes the rules of nurture and handoff. It reads no clock and draws no random number of its own; the brain's answer
is an event like any other, so the same inputs always give the same decision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, assert_never

from bot.core import consent, pacing, window
from bot.core.draft import Draft
from bot.core.model import (
    AgentGaveBack,
    AgentLeft,
    AgentsChanged,
    AgentTook,
    AgentWrote,
    BrainAnswered,
    BrainAsk,
    BrainFailed,
    Clock,
    ClockFired,
    ClockKind,
    Decision,
    DeliveryFailed,
    Event,
    FlowTriggered,
    ForeignEcho,
    Heard,
    Inbound,
    Json,
    Owner,
    Profile,
    ProfileSeen,
    Reason,
    Say,
    Speaker,
    State,
)
from handoff import episodes
from handoff.desk import Desk
from handoff.policy import Policy
from nurture import engine
from nurture.engine import Nurture


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that people may edit and `decide` follows."""

    policy: Policy
    nurture: Nurture
    pacing: pacing.Pacing


def decide(
    state: State, event: Event, *, now: datetime, rng: Random, new_id: Callable[[str], str], rules: Rules, desk: Desk
) -> Decision:
    """The next state and effects. In: aware UTC `now`; `desk`, who is there to help. Raises `CommandRefused` for an
    agent's command that does not fit; every other event has a decision."""
    draft = Draft(state, now=now, rng=rng, new_id=new_id)
    _dispatch(draft, event, rules, desk)
    wanted = engine.asks_for_person(draft, rules.nurture)
    if wanted is not None and draft.ask_brain is None:
        episodes.open_episode(draft, rules.policy, desk, Reason.FLOW_STEP, detail=wanted)
    _owe_still(draft)
    return _close(draft, rules)


def _dispatch(draft: Draft, event: Event, rules: Rules, desk: Desk) -> None:
    match event:
        case Inbound():
            _inbound(draft, event, rules, desk)
        case BrainAnswered():
            _answered(draft, event, rules, desk)
        case BrainFailed():
            _failed(draft, event, rules, desk)
        case ClockFired():
            _clock(draft, event.clock, rules, desk)
        case AgentTook():
            engine.hold(draft)
            episodes.take(draft, rules.policy, event.agent)
        case AgentWrote():
            episodes.wrote(draft, rules.policy, event.agent, event.text, event.client_key)
        case AgentGaveBack():
            episodes.give_back(draft, rules.policy, event.agent, event.summary, event.outcome, event.slots)
            _back_to_bot(draft, rules, event.outcome)
        case AgentsChanged():
            episodes.agents_changed(draft, rules.policy, desk)
        case AgentLeft():
            episodes.agent_gone(draft, rules.policy, desk, event.agent_id)
        case ForeignEcho():
            engine.hold(draft)
            episodes.native_inbox(draft, rules.policy, event)
        case DeliveryFailed():
            _undelivered(draft, event)
        case ProfileSeen():
            draft.set(profile=_merge(draft.state.profile, event.profile))
        case FlowTriggered():
            engine.start(draft, rules.nurture, event.flow_id)
        case _:
            assert_never(event)


# ---- the prospect writes --------------------------------------------------------------------------------------------


def _inbound(draft: Draft, event: Inbound, rules: Rules, desk: Desk) -> None:
    heard = event.messages
    text = " ".join(h.text.strip() for h in heard if h.text.strip())
    payload = next((h.payload for h in reversed(heard) if h.payload), None)
    draft.heard(tuple(h.message_id for h in heard))
    draft.cancel_clock(ClockKind.TURN)
    _learn(draft, heard)
    draft.note("turn.heard", messages=len(heard))
    if consent.is_stop(heard[-1].text) or consent.is_stop(text):
        _opt_out(draft, rules)
        return
    if draft.state.opted_out_at and consent.is_start(heard[-1].text):
        _opt_in(draft, rules)
        return
    if draft.state.owner is Owner.AGENT:
        episodes.prospect_waits(draft, rules.policy, heard)
        return
    if _chose(draft, payload, heard, rules, desk):
        _keep_promise(draft, "choice")
        return
    if draft.state.owner is Owner.CLOSED:
        draft.set(owner=Owner.BOT, owner_version=draft.state.owner_version + 1)
    if not text and not payload:
        _wordless(draft, heard, rules, desk)
        return
    draft.ask_brain = BrainAsk(messages=heard, text=payload or text, slots=_known(draft.state), parked=_park(draft))


def _learn(draft: Draft, heard: tuple[Heard, ...]) -> None:
    """Take from the burst what the channel told beside the words."""
    last = heard[-1]
    channel = draft.state.identity.channel
    opened = window.rule_for(channel).opened(action=str(last.metadata.get("action", "message")), at=last.at)
    profile = draft.state.profile
    for message in heard:
        told = {k: message.metadata[k] for k in ("first_name", "last_name", "locale", "zone") if message.metadata.get(k)}
        profile = _merge(profile, Profile(**told))
    referral = next((h.metadata["referral"] for h in heard if h.metadata.get("referral")), None)
    slots = draft.state.slots
    if referral and "referral" not in slots:
        slots = {**slots, "referral": referral}
    draft.set(
        window=window.later(draft.state.window, opened),
        last_inbound_at=max(filter(None, (draft.state.last_inbound_at, last.at))),
        profile=profile,
        slots=slots,
    )


def _known(state: State) -> Json:
    """What the brain is told about the person: the slots, and the first name if only the channel told it."""
    return {"first_name": state.profile.first_name, **state.slots} if state.profile.first_name else state.slots


def _merge(old: Profile, new: Profile) -> Profile:
    """What is newly told wins; what is not told stays."""
    told = {name: value for name in Profile.__slots__ if (value := getattr(new, name)) is not None}
    return replace(old, **told)


def _chose(draft: Draft, payload: str | None, heard: tuple[Heard, ...], rules: Rules, desk: Desk) -> bool:
    """The prospect answered the ladder's choice, or told what it had asked for."""
    if payload and payload.startswith("/warmline."):
        before = draft.state.owner
        if not episodes.choose_option(draft, rules.policy, desk, payload):
            return False
        if before is not Owner.BOT and draft.state.owner is Owner.BOT:
            engine.resume(draft, rules.nurture)
        return True
    return draft.state.asking is not None and episodes.told(draft, rules.policy, desk, heard)


def _park(draft: Draft) -> tuple[Say, ...]:
    """Take back flow bubbles that have not left: what the person just said is answered first."""
    parked = tuple(u for u in draft.state.unsent if u.say.speaker is Speaker.FLOW)
    if parked:
        draft.withdraw(tuple(u.message_id for u in parked))
        draft.note("flow.parked", bubbles=len(parked))
    return tuple(replace(u.say, typing_at=None, due_at=None) for u in parked)


def _wordless(draft: Draft, heard: tuple[Heard, ...], rules: Rules, desk: Desk) -> None:
    """A picture, a voice message, a sticker: the bot cannot read it, so it does not pretend to."""
    kinds = {a.kind for h in heard for a in h.attachments}
    if kinds and kinds <= {"sticker"}:
        _keep_promise(draft, "sticker")
        return
    if draft.state.owner is Owner.BOT and not kinds:
        _keep_promise(draft, "empty")
        return
    episodes.open_episode(draft, rules.policy, desk, Reason.UNANSWERABLE, detail="attachment")
    engine.hold(draft)
    _keep_promise(draft, "handoff")


# ---- the brain answers ----------------------------------------------------------------------------------------------


def _answered(draft: Draft, event: BrainAnswered, rules: Rules, desk: Desk) -> None:
    answer, ask = event.answer, event.ask
    draft.track(*answer.tracker_events)
    draft.set(slots={**draft.state.slots, **answer.slots}, last_reading=answer.reading, brain_away_since=None)
    draft.note("turn.read", intent=answer.reading.intent, confidence=round(answer.reading.confidence, 3), model=answer.model)
    wishes = [d for d in answer.directives if d.get("do")]
    if any(d["do"] == "opt_out" for d in wishes):
        draft.set(turns=draft.state.turns + 1)
        _opt_out(draft, rules)
        return
    handoff = next((d for d in wishes if d["do"] == "handoff"), None)
    may_nurture = draft.state.owner is Owner.BOT and not draft.state.opted_out_at and handoff is None
    absorbed = may_nurture and engine.hear(draft, rules.nurture, heard=ask.messages, reading=answer.reading)
    if not absorbed:
        for message in answer.messages:
            draft.say(message)
    if handoff is None and not draft.state.opted_out_at:
        for parked in ask.parked:
            if not (absorbed and "?" in parked.text):
                draft.say(parked)
    for directive in wishes:
        _carry_out(draft, directive, rules)
    if handoff is not None:
        engine.hold(draft)
        episodes.open_episode(draft, rules.policy, desk, _reason(handoff), detail=str(handoff.get("detail", "")))
    elif may_nurture:
        engine.carry_on(draft, rules.nurture, aside=not absorbed)
    if not draft.says and draft.state.episode is None:
        engine.hold(draft)
        episodes.open_episode(draft, rules.policy, desk, Reason.UNANSWERABLE)
    draft.set(turns=draft.state.turns + 1)
    _keep_promise(draft, "answer")


def _reason(directive: Json) -> Reason:
    try:
        return Reason(str(directive.get("reason", "asked")))
    except ValueError:
        return Reason.ASKED


def _carry_out(draft: Draft, directive: Json, rules: Rules) -> None:
    match directive["do"]:
        case "tag":
            tag = str(directive.get("tag", ""))[:64]
            if tag and tag not in draft.state.tags:
                draft.set(tags=(*draft.state.tags, tag))
        case "start_flow":
            if not draft.state.opted_out_at and draft.state.owner is Owner.BOT:
                engine.start(draft, rules.nurture, str(directive.get("flow", "")))
        case "opt_in":
            _opt_in(draft, rules)
        case "handoff":
            return
        case unknown:
            draft.note("directive.unknown", do=str(unknown)[:64])


def _failed(draft: Draft, event: BrainFailed, rules: Rules, desk: Desk) -> None:
    draft.note("brain.failed", error=event.error)
    if draft.state.brain_away_since is None:
        draft.set(brain_away_since=draft.now)
        _ladder(draft, rules, "brain_away")
    engine.hold(draft)
    episodes.open_episode(draft, rules.policy, desk, Reason.BOT_FAILURE, detail=event.error, quiet=True)
    draft.set(turns=draft.state.turns + 1)
    _keep_promise(draft, "handoff")


# ---- consent --------------------------------------------------------------------------------------------------------


def _opt_out(draft: Draft, rules: Rules) -> None:
    """Everything planned ends here, with one confirmation; a person who is already talking is told, not cut off."""
    mine = tuple(u.message_id for u in draft.state.unsent if u.say.speaker is not Speaker.AGENT)
    if mine:
        draft.withdraw(mine)
    engine.stop_all(draft, "opted_out")
    if draft.state.opted_out_at is None:
        draft.set(opted_out_at=draft.now)
        draft.note("prospect.opted_out")
        _ladder(draft, rules, "opted_out")
    if draft.state.owner is Owner.WAITING:
        episodes.withdraw_request(draft, "opted_out")
    _keep_promise(draft, "opt_out")


def _opt_in(draft: Draft, rules: Rules) -> None:
    draft.set(opted_out_at=None)
    draft.note("prospect.opted_in")
    _ladder(draft, rules, "opted_in")
    _keep_promise(draft, "opt_in")


# ---- clocks and the rest --------------------------------------------------------------------------------------------


def _clock(draft: Draft, clock: Clock, rules: Rules, desk: Desk) -> None:
    """Re-check when fired: only a clock that still runs and is due has an effect."""
    running = draft.state.clock(clock.kind, clock.key)
    if running is None or running.due_at > draft.now:
        return
    draft.cancel_clock(clock.kind, clock.key)
    match clock.kind:
        case ClockKind.TURN:
            return
        case ClockKind.PROMISE:
            _overdue(draft, running, rules, desk)
        case ClockKind.STEP:
            engine.due(draft, rules.nurture, running)
        case ClockKind.OFFER | ClockKind.ACCEPT | ClockKind.FIRST_WORDS | ClockKind.RUNG:
            episodes.clock_fired(draft, rules.policy, desk, running)
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
    if draft.state.brain_away_since is None:
        draft.set(brain_away_since=draft.now)
        _ladder(draft, rules, "brain_away")
    engine.hold(draft)
    episodes.open_episode(draft, rules.policy, desk, Reason.BOT_FAILURE, detail="late", quiet=True)
    due_at = draft.now + timedelta(seconds=rules.policy.targets.first_words_s)
    draft.set(promise=replace(promise, due_at=due_at))
    draft.set_clock(Clock(kind=ClockKind.PROMISE, due_at=due_at))


def _keep_promise(draft: Draft, how: str) -> None:
    """The promise is kept, or an episode with clocks of its own has taken it over."""
    promise = draft.state.promise
    draft.cancel_clock(ClockKind.PROMISE)
    if promise is None:
        return
    draft.set(promise=None)
    waited = draft.now - promise.opened_at
    draft.note("promise.kept", how=how, waited_ms=int(waited.total_seconds() * 1000), late=draft.now > promise.due_at)


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


def _back_to_bot(draft: Draft, rules: Rules, outcome: str) -> None:
    if draft.state.opted_out_at:
        return
    engine.ended(draft, rules.nurture, outcome)
    engine.resume(draft, rules.nurture)


def _undelivered(draft: Draft, event: DeliveryFailed) -> None:
    draft.note("message.failed", message_id=event.message_id, error=event.error)
    if event.error in ("unreachable", "window"):
        engine.stop_all(draft, event.error)
    if draft.state.owner is Owner.AGENT and draft.state.episode and draft.state.episode.agent:
        draft.notify("lost", to=(draft.state.episode.agent.agent_id,), error=event.error)


def _ladder(draft: Draft, rules: Rules, name: str) -> None:
    text, wording = rules.policy.phrase(name, draft.rng, draft.state.wordings)
    draft.say(Say(speaker=Speaker.LADDER, text=text, wording=wording, urgent=True))


def _close(draft: Draft, rules: Rules) -> Decision:
    """Pace what is said, tell the tracker what the bot's side said outside the brain, and close."""
    after = max((u.say.due_at for u in draft.state.unsent if u.say.due_at), default=None)
    says = pacing.schedule(draft.says, now=draft.now, after=after, pacing=rules.pacing, rng=draft.rng)
    for say in says:
        if say.speaker in (Speaker.FLOW, Speaker.LADDER, Speaker.AGENT):
            draft.track(_spoken(say, draft.now))
    return draft.close(says)


def _spoken(say: Say, now: datetime) -> dict[str, Any]:
    """A Rasa `bot` event for words that Rasa did not choose, so that its tracker knows what was said."""
    return {"event": "bot", "timestamp": now.timestamp(), "text": say.text, "data": {}, "metadata": {"speaker": say.speaker.value}}
