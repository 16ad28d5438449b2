"""The prospect writes and is answered: what is heard, what the brain gave back, and what stop and start mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.core import brake, comments, consent, interrupt, pacing, touch, window
from bot.core.draft import Draft
from bot.core.events import AgentGaveBack, BrainAnswered, BrainAsk, BrainFailed, Converted, Inbound
from bot.core.model import ClockKind, Heard, Json, Owner, Profile, Reason, Say, Speaker, State
from handoff import episodes, transcript
from handoff.desk import Desk
from handoff.policy import Policy
from handoff.steps import keep_promise, open_one, tell
from nurture import copy, engine, harm
from nurture.engine import Nurture
from nurture.reply import FALLBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that people may edit and `decide` follows. `harm_limit` is the share of a flow's messages that may do harm,
    `address` where people reach the service (empty: no links are sent), `undo_send_s` for how many seconds an agent's words can be
    taken back before they leave."""

    policy: Policy
    nurture: Nurture
    pacing: pacing.Pacing
    currency: str = "EUR"
    harm_limit: float = brake.LIMIT
    address: str = ""
    undo_send_s: float = 0.0


# ---- the prospect writes --------------------------------------------------------------------------------------------


def inbound(draft: Draft, event: Inbound, rules: Rules, desk: Desk) -> None:
    """A burst was heard: it is answered by a rule, by an agent, or by asking the brain."""
    heard = event.messages
    # A line for each message: the brain reads a burst by the line that asks.
    text = "\n".join(h.text.strip() for h in heard if h.text.strip())
    payload = next((h.payload for h in reversed(heard) if h.payload), None)
    draft.heard(tuple(h.message_id for h in heard))
    draft.cancel_clock(ClockKind.TURN)
    _learn(draft, heard)
    draft.note("turn.heard", messages=len(heard), since=heard[0].at.isoformat())
    if consent.is_stop(heard[-1].text) or consent.is_stop(text):
        opt_out(draft, rules)
    elif draft.state.opted_out_at and consent.is_start(heard[-1].text):
        opt_in(draft, rules)
    elif rules.address and not payload and transcript.wanted(text):
        _send_transcript(draft, rules, heard)
    elif draft.state.owner is Owner.AGENT:
        episodes.prospect_waits(draft, rules.policy, heard)
    elif (how := episodes.rated(draft, rules.policy, payload, heard)) is not None:
        keep_promise(draft, how)
    elif _chose(draft, payload, heard, rules, desk):
        keep_promise(draft, "choice")
    elif text or payload:
        if draft.state.owner is Owner.CLOSED:
            draft.set(owner=Owner.BOT, owner_version=draft.state.owner_version + 1)
        draft.ask_brain = BrainAsk(messages=heard, text=payload or text, slots=_known(draft.state), parked=_hold_back(draft))
    else:
        _wordless(draft, heard, rules, desk)


def _send_transcript(draft: Draft, rules: Rules, heard: tuple[Heard, ...]) -> None:
    """The link, whoever talks: nobody needs to be asked for it. What an agent owes for earlier words they still owe."""
    transcript.send_link(draft, rules.policy, rules.address)
    promise = draft.state.promise
    if draft.state.owner is not Owner.AGENT or (promise is not None and promise.message_id in {h.message_id for h in heard}):
        keep_promise(draft, "transcript")


def overheard(draft: Draft, rules: Rules) -> None:
    """A person answers before the burst had its turn: what the channel told beside the words counts all the same, the window it
    opened above all, and a stop is a stop."""
    heard = draft.state.unheard
    if not heard:
        return
    _learn(draft, heard)
    if consent.is_stop(heard[-1].text):
        opt_out(draft, rules)


def merged(old: Profile, new: Profile) -> Profile:
    """What is newly told wins; what is not told stays."""
    told = {name: value for name in Profile.__slots__ if (value := getattr(new, name)) is not None}
    return replace(old, **told)


def _learn(draft: Draft, heard: tuple[Heard, ...]) -> None:
    """Take from the burst what the channel told beside the words."""
    last = (comments.written(heard) or heard)[-1]
    channel = draft.state.identity.channel
    opened = window.rule_for(channel).opened(action=str(last.metadata.get("action", "message")), at=last.at)
    profile = draft.state.profile
    for message in heard:
        told = {k: message.metadata[k] for k in ("first_name", "last_name", "locale", "zone") if message.metadata.get(k)}
        profile = merged(profile, Profile(**told))
    referral = next((h.metadata["referral"] for h in heard if h.metadata.get("referral")), None)
    slots = draft.state.slots
    if referral and "referral" not in slots:
        slots = {**slots, "referral": referral}
    _touched(draft, heard)
    gap_s = pacing.gap_known(draft.state.reply_gap_s, said_at=draft.state.last_outbound_at, replied_at=heard[0].at)
    draft.set(
        reply_gap_s=gap_s,
        window=window.later(draft.state.window, opened),
        last_inbound_at=max(filter(None, (draft.state.last_inbound_at, last.at))),
        profile=profile,
        slots=slots,
    )
    comments.learn(draft, heard)


def _touched(draft: Draft, heard: tuple[Heard, ...]) -> None:
    """What brought the person is kept from the very first; later touches stand beside it."""
    for found in touch.touches(draft.state, heard):
        first = draft.state.first_touch is None
        latest = draft.state.last_touch if touch.is_direct(found) else found
        draft.set(first_touch=draft.state.first_touch or found, last_touch=latest)
        draft.note("prospect.touched", first=first, **touch.told(found))


def _known(state: State) -> Json:
    """What the brain is told about the person: the slots, and the first name if only the channel told it."""
    return {"first_name": state.profile.first_name, **state.slots} if state.profile.first_name else state.slots


def _chose(draft: Draft, payload: str | None, heard: tuple[Heard, ...], rules: Rules, desk: Desk) -> bool:
    """The prospect answered the ladder's choice, or told what it had asked for."""
    before, tapped = draft.state.owner, payload is not None and payload.startswith("/warmline.")
    if tapped or before is Owner.WAITING:
        chosen = (
            episodes.choose_option(draft, rules.policy, desk, payload)
            if payload is not None and tapped
            else episodes.typed_option(draft, rules.policy, desk, heard)
        )
        if tapped and not chosen:
            return False
    else:
        chosen = False
    if chosen:
        if before is not Owner.BOT and draft.state.owner is Owner.BOT:
            engine.resume(draft, rules.nurture)
        elif draft.state.owner is Owner.WAITING:
            engine.hold(draft)
        return True
    return draft.state.asking is not None and episodes.told(draft, rules.policy, desk, heard)


def _hold_back(draft: Draft) -> tuple[Say, ...]:
    """Take back the bubbles that have not left: what the person just said is answered first."""
    flows = sum(u.say.speaker is Speaker.FLOW for u in draft.state.unsent)
    if flows:
        draft.note("flow.parked", bubbles=flows)
    return interrupt.hold_back(draft)


def _wordless(draft: Draft, heard: tuple[Heard, ...], rules: Rules, desk: Desk) -> None:
    """A picture, a voice message, a sticker: the bot cannot read it, so it does not pretend to."""
    kinds = {a.kind for h in heard for a in h.attachments}
    if kinds <= {"sticker"}:
        engine.referred(draft, rules.nurture, heard)
        keep_promise(draft, "sticker" if kinds else "empty")
        return
    engine.hold(draft)
    episodes.open_episode(draft, rules.policy, desk, Reason.UNANSWERABLE, detail="attachment")
    keep_promise(draft, "handoff")


# ---- the brain answers ----------------------------------------------------------------------------------------------


def answered(draft: Draft, event: BrainAnswered, rules: Rules, desk: Desk) -> None:
    """The brain's words are said, unless a flow has the better answer; its directives are carried out."""
    answer, ask = event.answer, event.ask
    draft.track(*answer.tracker_events)
    draft.set(slots={**draft.state.slots, **answer.slots}, last_reading=answer.reading, brain_away_since=None)
    draft.note("turn.read", intent=answer.reading.intent, confidence=round(answer.reading.confidence, 3), model=answer.model)
    harm.blame(draft, rules.nurture, harm.harm_in(ask.messages, answer.reading), limit=rules.harm_limit)
    wishes = [d for d in answer.directives if d.get("do")]
    if any(d["do"] == "opt_out" for d in wishes):
        draft.set(turns=draft.state.turns + 1)
        opt_out(draft, rules)
        return
    handoff = next((d for d in wishes if d["do"] == "handoff"), None)
    may_nurture = draft.state.owner is Owner.BOT and not draft.state.opted_out_at
    absorbed = False
    if may_nurture and (handoff is None or _reason(handoff) is Reason.NOT_UNDERSTOOD):
        absorbed = engine.hear(draft, rules.nurture, heard=ask.messages, reading=answer.reading)
    if absorbed:
        handoff = None
    _say_it(draft, event, absorbed=absorbed, handed_over=handoff is not None)
    for directive in wishes:
        _carry_out(draft, directive, rules)
    if handoff is not None:
        engine.hold(draft)
        episodes.open_episode(draft, rules.policy, desk, _reason(handoff), detail=str(handoff.get("detail", "")))
    elif may_nurture:
        engine.carry_on(draft, rules.nurture, aside=not absorbed)
    silent = not draft.says and open_one(draft.state) is None
    if silent and engine.asks_for_person(draft, rules.nurture) is None:
        engine.hold(draft)
        episodes.open_episode(draft, rules.policy, desk, Reason.UNANSWERABLE)
    draft.set(turns=draft.state.turns + 1)
    keep_promise(draft, "answer")


def _say_it(draft: Draft, event: BrainAnswered, *, absorbed: bool, handed_over: bool) -> None:
    """The brain's words and those that were held back, in the order in which a person would say them.

    Where the flow's words are the answer, what was held back comes before them and its old question falls away. Where a person is
    called, only the hello of a first contact is still said, since it tells that a bot was talking, and what may not be lost. Who
    has heard nothing from us yet is told first that a bot is writing.
    """
    held = () if draft.state.opted_out_at else event.ask.parked
    words = tuple(replace(say, answers=_understood(event)) for say in event.answer.messages)
    new = draft.says if absorbed else words
    owed = _owed_still(draft, event, new, held, absorbed=absorbed, called=handed_over)
    if not absorbed and not handed_over:
        hello = [say for say in owed if draft.before.last_outbound_at is None and interrupt.DISCLOSES.search(say.text)]
        _say_all(draft, (*hello, *new, *(say for say in owed if say not in hello)))
        return
    draft.says[:0] = owed
    if not absorbed:
        _say_all(draft, new)


def _say_all(draft: Draft, says: Iterable[Say]) -> None:
    for say in says:
        draft.say(say)


def _understood(event: BrainAnswered) -> str | None:
    """What the person wants, if the brain could tell."""
    intent = event.answer.reading.intent
    return None if intent == FALLBACK else intent


def _owed_still(
    draft: Draft, event: BrainAnswered, new: Sequence[Say], held: Sequence[Say], *, absorbed: bool, called: bool
) -> list[Say]:
    """What was held back and is still said. A flow's bubbles are the flow's business, and it goes on with them."""
    answered = interrupt.Anew(says=tuple(new), wrote=event.ask.text, intent=_understood(event), called=called)
    bots = interrupt.still_owed(held, answered)
    first_contact = draft.state.turns <= 1
    kept = []
    for say in held:
        if say.speaker is Speaker.BOT:
            keep = any(say is one for one in bots)
        elif called:
            keep = (first_contact and not copy.asks(say.text)) or interrupt.must_be_said(say)
        else:
            keep = not (absorbed and copy.asks(say.text))
        if keep:
            kept.append(say)
    if held:
        draft.note("turn.reconsidered", said=len(kept), dropped=len(held) - len(kept))
    return kept


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
            opt_in(draft, rules)
        case "handoff":
            return
        case unknown:
            draft.note("directive.unknown", do=str(unknown)[:64])


def failed(draft: Draft, event: BrainFailed, rules: Rules, desk: Desk) -> None:
    """No answer from the brain: one honest line for as long as it is away, and a person is called."""
    draft.note("brain.failed", error=event.error)
    if not draft.state.opted_out_at:
        _say_all(draft, (say for say in event.ask.parked if interrupt.must_be_said(say)))
    brain_away(draft, rules, desk, event.error)
    draft.set(turns=draft.state.turns + 1)
    keep_promise(draft, "handoff")


def brain_away(draft: Draft, rules: Rules, desk: Desk, detail: str) -> None:
    """Say so once per outage, and open an episode."""
    if draft.state.brain_away_since is None:
        draft.set(brain_away_since=draft.now)
        tell(draft, rules.policy, "brain_away")
    engine.hold(draft)
    episodes.open_episode(draft, rules.policy, desk, Reason.BOT_FAILURE, detail=detail, quiet=True)


# ---- conversions ----------------------------------------------------------------------------------------------------


def converted(draft: Draft, event: Converted) -> None:
    """It is written down with its id, which the store takes once only."""
    draft.note(
        "prospect.converted",
        external_id=event.external_id,
        name=event.name,
        value=event.value,
        currency=event.currency,
        happened_at=event.at.isoformat(),
        by=event.by,
    )


def won(draft: Draft, event: AgentGaveBack, rules: Rules) -> None:
    """An agent who wins somebody tells of a conversion, with what it is worth."""
    episode = draft.before.episode
    if event.outcome == "won" and episode is not None:
        value = None if event.value is None else f"{Decimal(str(event.value)):f}"
        told = Converted(
            name="won", external_id=f"episode:{episode.episode_id}", at=draft.now, by="outcome", value=value,
            currency=None if value is None else rules.currency,
        )  # fmt: skip
        converted(draft, told)


# ---- consent --------------------------------------------------------------------------------------------------------


def opt_out(draft: Draft, rules: Rules) -> None:
    """Everything planned ends here, with one confirmation; a person who is already talking is told, not cut off.
    Nobody is asked any more to write to somebody who may not be written to."""
    mine = tuple(u.message_id for u in draft.state.unsent if u.say.speaker is not Speaker.AGENT)
    if mine:
        draft.withdraw(mine)
    engine.stop_all(draft, "opted_out")
    if draft.state.opted_out_at is None:
        tell(draft, rules.policy, "opted_out")
        draft.set(opted_out_at=draft.now)
        draft.note("prospect.opted_out")
        harm.blame(draft, rules.nurture, brake.Harm.OPTED_OUT, limit=rules.harm_limit)
    episodes.stopped(draft, rules.policy)
    keep_promise(draft, "opt_out")


def opt_in(draft: Draft, rules: Rules) -> None:
    """The person wants to hear from us again."""
    draft.set(opted_out_at=None)
    draft.note("prospect.opted_in")
    tell(draft, rules.policy, "opted_in")
    keep_promise(draft, "opt_in")
