"""The small steps every rule of a handoff is made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.core.draft import Draft
from bot.core.events import BrainAsk
from bot.core.model import AgentRef, Clock, ClockKind, Episode, Heard, Json, Owner, Promise, QuickReply, Reason, Say, Speaker, State
from handoff.desk import Desk, choose
from handoff.policy import Policy, due

PURPOSE = "handoff"
NATIVE = AgentRef(agent_id="native", name="someone in the page inbox")
MAX_ASKED = 10
MAX_ASKED_TEXT = 500
"""Unanswered messages that are kept, and characters of each."""

EPISODE_CLOCKS = (ClockKind.OFFER, ClockKind.ACCEPT, ClockKind.FIRST_WORDS, ClockKind.RUNG)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One wait for human words: since when, and how long it may take (seconds). The ladder's rungs are parts of it."""

    since: datetime
    target_s: float

    def data(self, **more: Any) -> dict[str, Any]:
        """As kept in the round's clocks."""
        return {"since": self.since.isoformat(), "target_s": self.target_s, **more}

    @classmethod
    def of(cls, clock: Clock | None) -> Round | None:
        """The round a clock belongs to."""
        if clock is None or "target_s" not in clock.data:
            return None
        return cls(since=datetime.fromisoformat(clock.data["since"]), target_s=float(clock.data["target_s"]))


def open_one(state: State) -> Episode | None:
    """The episode that is not closed, if any."""
    return state.episode if state.episode is not None and state.episode.status != "closed" else None


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


def breach(draft: Draft, episode: Episode, name: str, due_at: datetime, at: datetime, *, again: bool = False) -> Episode:
    """Record that a target was missed, once per episode (`again` journals a further wait of the same kind)."""
    if name in episode.breached and not again:
        return episode
    late_ms = int((at - due_at).total_seconds() * 1000)
    draft.note("episode.breached", episode_id=episode.episode_id, clock=name, late_ms=late_ms)
    return put(draft, episode, breached=tuple(dict.fromkeys((*episode.breached, name))))


def judge(draft: Draft, episode: Episode, name: str, due_at: datetime, at: datetime, *, again: bool = False) -> Episode:
    """Compare timestamps: from `due_at` on the target is missed, whether or not its clock has fired yet."""
    return breach(draft, episode, name, due_at, at, again=again) if at >= due_at else episode


def words_missed(episode: Episode) -> str:
    """Which target is missed when the words of a round are late."""
    return "first_words" if episode.first_words_at is None else "next_words"


def keep_promise(draft: Draft, how: str) -> None:
    """The prospect has been answered, or told honestly how things stand."""
    promise = draft.state.promise
    draft.cancel_clock(ClockKind.PROMISE)
    if promise is None:
        return
    draft.set(promise=None)
    waited_ms = int((draft.now - promise.opened_at).total_seconds() * 1000)
    draft.note("promise.kept", how=how, waited_ms=waited_ms, late=draft.now >= promise.due_at)


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
    promise = replace(promise, due_at=due(policy, draft.now, policy.targets.reply_s))
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


# ---- rounds and offers ----------------------------------------------------------------------------------------------


def rung_due(policy: Policy, round_: Round, rung: int) -> datetime:
    """When a rung is to be climbed."""
    return due(policy, round_.since, round_.target_s * policy.ladder[rung].at / 100)


def start_round(draft: Draft, policy: Policy, episode: Episode, round_: Round) -> Episode:
    """Human words are due anew: the ladder starts at its first rung."""
    key = episode.episode_id
    first_words_at = due(policy, round_.since, round_.target_s)
    draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=key, due_at=first_words_at, data=round_.data()))
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=key, due_at=rung_due(policy, round_, 0), data=round_.data()))
    return put(draft, episode, rung=0, widened=False)


def climb_on(draft: Draft, policy: Policy, episode: Episode, round_: Round) -> None:
    """Set the clock of the next rung; above the last one, of the next alarm."""
    if episode.rung < len(policy.ladder):
        at, data = rung_due(policy, round_, episode.rung), round_.data()
    else:
        gap_s = max(policy.after_ladder.tell_again_s[0], round_.target_s)
        tell_at = due(policy, draft.now, gap_s)
        at = min(due(policy, draft.now, policy.after_ladder.alarm_every_s), tell_at)
        data = round_.data(told=0, tell_at=tell_at.isoformat())
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=episode.episode_id, due_at=at, data=data))


def offered_now(draft: Draft, episode: Episode) -> str | None:
    """Whom the episode is offered to at the moment."""
    clock = draft.state.clock(ClockKind.ACCEPT, episode.episode_id)
    return clock.data["agent_id"] if clock else None


def offer(draft: Draft, policy: Policy, desk: Desk, episode: Episode, *, exclude: Collection[str] = ()) -> Episode:
    """Offer a waiting episode to the next free person; without one it stays with the ladder."""
    key = episode.episode_id
    agent_id = choose(desk, episode, exclude)
    if agent_id is None:
        draft.cancel_clock(ClockKind.ACCEPT, key)
        return episode
    if episode.offered_at is None:
        episode = judge(draft, episode, "offer", due(policy, episode.requested_at, policy.targets.offer_s), draft.now)
    episode = put(
        draft,
        episode,
        offered_at=episode.offered_at or draft.now,
        offered_to=(*(a for a in episode.offered_to if a != agent_id), agent_id),
    )
    draft.cancel_clock(ClockKind.OFFER, key)
    accept_at = due(policy, draft.now, policy.targets.accept_s)
    asked = {"agent_id": agent_id, "since": draft.now.isoformat()}
    draft.set_clock(Clock(kind=ClockKind.ACCEPT, key=key, due_at=accept_at, data=asked))
    draft.note("episode.offered", episode_id=key, agent_id=agent_id)
    text = f"{PROSPECT} {WANTS[episode.reason]}."
    draft.notify("offer", to=(agent_id,), text=text, episode_id=key, reason=episode.reason.value)
    return episode


def close(draft: Draft, episode: Episode, outcome: str, summary: str = "") -> Episode:
    """End the episode. Words that never came are judged here too, so closing hides nothing."""
    if episode.first_words_at is None:
        episode = judge(draft, episode, "first_words", episode.first_words_due_at, draft.now)
    for kind in EPISODE_CLOCKS:
        draft.cancel_clock(kind, episode.episode_id)
    draft.set(asking=None)
    draft.note("episode.closed", episode_id=episode.episode_id, outcome=outcome)
    return put(draft, episode, status="closed", closed_at=draft.now, outcome=outcome, summary=summary)


def back_to_waiting(
    draft: Draft,
    policy: Policy,
    desk: Desk,
    episode: Episode,
    *,
    why: str,
    exclude: Collection[str] = (),
    asked_for: Sequence[Json] = (),
) -> Episode:
    """Take the episode from a silent or absent agent and ask the others; the bot answers what was asked (`asked_for`)
    meanwhile. What to tell the prospect about it is the caller's."""
    key = episode.episode_id
    words = draft.state.clock(ClockKind.FIRST_WORDS, key)
    round_ = Round.of(words)
    holder = episode.agent
    draft.note("episode.returned", episode_id=key, agent_id=holder.agent_id if holder else None, why=why)
    asked = episode.offered_to
    if holder is not None and holder != NATIVE:
        asked = (*(a for a in asked if a != holder.agent_id), holder.agent_id)
    episode = put(draft, episode, status="waiting", agent=None, accepted_at=None, offered_to=asked)
    hand_to(draft, Owner.WAITING)
    if round_ is None:
        now_round = Round(since=draft.now, target_s=policy.targets.first_words_s)
        episode = start_round(draft, policy, episode, now_round)
    else:
        if words is not None and words.data.get("silent"):
            draft.cancel_clock(ClockKind.FIRST_WORDS, key)
        climb_on(draft, policy, episode, round_)
    let_bot_answer(draft, policy, asked_for, "escalated")
    return offer(draft, policy, desk, episode, exclude=exclude)
