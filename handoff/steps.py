"""The small steps every rule of a handoff is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.draft import Draft
from bot.core.events import BrainAsk
from bot.core.model import (
    AgentRef,
    Clock,
    ClockKind,
    Episode,
    Heard,
    Json,
    Owner,
    Promise,
    QuickReply,
    Reason,
    Say,
    Speaker,
    State,
)
from handoff.calendar import next_close, next_open, open_at
from handoff.hours import zones
from handoff.phrases import spoken_moment
from handoff.policy import Policy

PURPOSE = "handoff"
NATIVE = AgentRef(agent_id="native", name="someone in the page inbox")
MAX_ASKED = 10
MAX_ASKED_TEXT = 500
"""Unanswered messages that are kept, and characters of each."""

EPISODE_CLOCKS = (ClockKind.OFFER, ClockKind.ACCEPT, ClockKind.FIRST_WORDS, ClockKind.RUNG, ClockKind.FORECAST, ClockKind.PASSED)

WANTS = {
    Reason.ASKED: "asked for a person",
    Reason.NOT_UNDERSTOOD: "was not understood",
    Reason.COMPLAINT: "has a complaint",
    Reason.HOT_LEAD: "is ready to talk business",
    Reason.UNANSWERABLE: "asked something the bot cannot answer",
    Reason.BOT_FAILURE: "is stranded, the bot is not answering",
    Reason.FLOW_STEP: "reached a step that needs a person",
    Reason.AGENT_STEPPED_IN: "is being helped",
    Reason.NATIVE_INBOX: "is being helped from the page inbox",
}


UNASKED = frozenset({Reason.AGENT_STEPPED_IN, Reason.NATIVE_INBOX})
"""Begun by a person of ours, whatever the prospect wants."""


def open_one(state: State) -> Episode | None:
    """The episode that is not closed, if any."""
    return state.episode if state.episode is not None and state.episode.status != "closed" else None


def wants_rest(state: State) -> bool:
    """Whether nobody owes the prospect words, nor may write any: they asked us to stop and have not written since, and did not
    ask for a person after it."""
    stopped_at, wrote_at, episode = state.opted_out_at, state.last_inbound_at, open_one(state)
    if stopped_at is None or state.promise is not None or state.unheard or (wrote_at is not None and wrote_at > stopped_at):
        return False
    return episode is None or episode.requested_at <= stopped_at or episode.reason in UNASKED


PROSPECT = "{prospect}"
HOLDER = "{holder}"
"""Places for names in a notice's text; the screen that shows it fills them in. `agent_id` beside the text says who holds."""


def who(state: State) -> str:
    """The prospect's name for the agent who asks."""
    return state.profile.first_name or "Someone"


def put(draft: Draft, episode: Episode, **changes: Any) -> Episode:
    """Change the episode."""
    changed = replace(episode, **changes)
    draft.set(episode=changed)
    return changed


def hand_to(draft: Draft, owner: Owner) -> None:
    """Make `owner` the one who owes the next words. The version goes up, so unsent words of the last one go stale."""
    draft.set(owner=owner, owner_version=draft.state.owner_version + 1)


def tell(draft: Draft, policy: Policy, name: str, *, replies: tuple[QuickReply, ...] = (), **values: str) -> None:
    """Say one of Warmline's own phrases, unless the prospect wants no more messages."""
    if draft.state.opted_out_at is not None:
        draft.note("ladder.unsaid", phrase=name, why="opted_out")
        return
    text, wording = policy.phrase(name, draft.rng, draft.state.wordings, **values)
    draft.say(Say(speaker=Speaker.LADDER, text=text, wording=wording, purpose=PURPOSE, urgent=True, quick_replies=replies))


def tell_closed(draft: Draft, policy: Policy) -> bool:
    """Say when somebody is there again, with the choice. False (and nothing said) if people are there, or never."""
    opens_at = next_open(draft.now, policy.hours)
    if opens_at is None or opens_at == draft.now:
        return False
    tell(draft, policy, "closed_now", replies=policy.choice_replies(), when=_when(draft, policy, opens_at))
    return True


def tell_closing(draft: Draft, policy: Policy, due_at: datetime) -> bool:
    """Say that it may be later because the team goes home first. False if the deadline lies in the hours that run."""
    closes_at = next_close(draft.now, policy.hours) if open_at(draft.now, policy.hours) else None
    if closes_at is None or due_at <= closes_at:
        return False
    tell(draft, policy, "closing_soon", when=_when(draft, policy, due_at))
    return True


def _when(draft: Draft, policy: Policy, at: datetime) -> str:
    zone = draft.state.profile.zone
    known = zone is not None and zone in zones()
    return spoken_moment(at, now=draft.now, zone=zone if known and zone else policy.hours.zone, named=not known)


def keep_promise(draft: Draft, how: str, *, at: datetime | None = None) -> None:
    """The prospect has been answered, or told honestly how things stand; `at` is when, if not now."""
    promise, at = draft.state.promise, at or draft.now
    draft.cancel_clock(ClockKind.PROMISE)
    if promise is None:
        return
    draft.set(promise=None)
    waited_ms = max(0, int((at - promise.opened_at).total_seconds() * 1000))
    draft.note("promise.kept", how=how, waited_ms=waited_ms, late=at >= promise.due_at)


def silence_bot(draft: Draft) -> None:
    """Take back unsent bubbles of bot, flow and ladder: a person talks now."""
    stale = tuple(
        u.message_id
        for u in draft.state.unsent
        if u.say.speaker in (Speaker.BOT, Speaker.FLOW) or (u.say.speaker is Speaker.LADDER and u.say.purpose == PURPOSE)
    )
    if stale:
        draft.withdraw(stale)


def owed_by_agent(promise: Promise, *, at: datetime, unanswered: Sequence[Json], missed: int = 0) -> Clock:
    """The PROMISE clock of words an agent owes. It fires at `at`; the data says since and until when they were owed, and
    what was asked, so that the bot can answer should the agent not."""
    since, due_at = promise.opened_at.isoformat(), promise.due_at.isoformat()
    data = {"owes": "agent", "missed": missed, "since": since, "due_at": due_at, "unanswered": list(unanswered)}
    return Clock(kind=ClockKind.PROMISE, due_at=at, data=data)


def unanswered(state: State) -> tuple[Json, ...]:
    """What the prospect wrote since an agent last did, as kept in the clock of the words owed."""
    clock = state.clock(ClockKind.PROMISE)
    return tuple(clock.data.get("unanswered", ())) if clock else ()


def with_asked(kept: Sequence[Json], heard: Sequence[Heard]) -> list[Json]:
    """`kept` and what was heard now; the latest, as much as a turn can use."""
    asked = [
        {"message_id": h.message_id, "external_id": h.external_id, "at": h.at.isoformat(), "text": h.text[:MAX_ASKED_TEXT]}
        for h in heard
        if h.text.strip()
    ]
    return [*kept, *asked][-MAX_ASKED:]


def let_bot_answer(draft: Draft, policy: Policy, asked: Sequence[Json], how: str) -> None:
    """The words an agent owed are the bot's now: a burst that is still growing gets its turn at once, what the agent left
    unanswered is put to the brain. Without any words there is nothing to answer, and `how` says what became of it."""
    promise = draft.state.promise
    if promise is None:
        return
    if not draft.state.unheard and not asked:
        keep_promise(draft, how)
        return
    promise = replace(promise, due_at=draft.now + timedelta(seconds=policy.targets.reply_s))
    draft.set(promise=promise)
    draft.set_clock(Clock(kind=ClockKind.PROMISE, due_at=promise.due_at))
    if draft.state.unheard:
        draft.set_clock(Clock(kind=ClockKind.TURN, due_at=draft.now))
        return
    heard = tuple(
        Heard(message_id=a["message_id"], external_id=a["external_id"], at=datetime.fromisoformat(a["at"]), text=a["text"])
        for a in asked
    )
    draft.ask_brain = BrainAsk(messages=heard, text=" ".join(h.text for h in heard), slots=draft.state.slots)
