"""The small steps every rule of a handoff is made of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
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
    Window,
)
from handoff.accounts import NEXT, Cause, Phase, account, cause_of
from handoff.calendar import ALWAYS, next_close, next_open, open_at
from handoff.desk import Desk, choose
from handoff.hours import zones
from handoff.phrases import spoken_moment
from handoff.policy import Policy, Target, Until, clock_hours, due
from handoff.rungs import ENDINGS

PURPOSE = "handoff"
NATIVE = AgentRef(agent_id="native", name="someone in the page inbox")
MAX_ASKED = 10
MAX_ASKED_TEXT = 500
"""Unanswered messages that are kept, and characters of each."""

WINDOW_MARGIN = timedelta(minutes=5)

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
    """One wait for human words: since when, and how long it may take (seconds). The ladder's rungs are parts of it.

    `goes_by` is the clock whose pauses it keeps. `cap` is when the channel's window closes, and with it the deadline at the latest.
    """

    since: datetime
    target_s: float
    goes_by: Target = Target.FIRST_WORDS
    cap: datetime | None = None

    def data(self, **more: Any) -> dict[str, Any]:
        """As kept in the round's clocks."""
        kept: dict[str, Any] = {"since": self.since.isoformat(), "target_s": self.target_s}
        if self.goes_by is not Target.FIRST_WORDS:
            kept["of"] = self.goes_by.value
        if self.cap is not None:
            kept["cap"] = self.cap.isoformat()
        return {**kept, **more}

    @classmethod
    def of(cls, clock: Clock | None) -> Round | None:
        """The round a clock belongs to."""
        if clock is None or "target_s" not in clock.data:
            return None
        cap = clock.data.get("cap")
        return cls(
            since=datetime.fromisoformat(clock.data["since"]),
            target_s=float(clock.data["target_s"]),
            goes_by=Target(clock.data.get("of", Target.FIRST_WORDS)),
            cap=None if cap is None else datetime.fromisoformat(cap),
        )

    def due(self, policy: Policy) -> datetime:
        """When the words are due: at the target, and before the channel's window closes."""
        natural = due(policy, self.since, self.target_s, self.goes_by)
        return natural if self.cap is None else min(natural, self.cap)


def new_round(draft: Draft, policy: Policy, target_s: float, of: Target = Target.FIRST_WORDS) -> Round:
    """A wait that starts now. Its cap is the window's end, unless that is open for ever, over already, or no cap is wanted."""
    cap = window_cap(draft.state.window, draft.now) if policy.cap_at_window else None
    return Round(since=draft.now, target_s=target_s, goes_by=of, cap=cap)


def window_cap(window: Window | None, since: datetime) -> datetime | None:
    """The last good moment before a channel's window closes: five minutes earlier, so that what is said then still gets through;
    in a window that is nearly over, half of what is left. None if it is open for ever, or closed already."""
    if window is None or window.closes_at is None or window.closes_at <= since:
        return None
    return window.closes_at - min(WINDOW_MARGIN, (window.closes_at - since) / 2)


def open_one(state: State) -> Episode | None:
    """The episode that is not closed, if any."""
    return state.episode if state.episode is not None and state.episode.status != "closed" else None


def who(state: State) -> str:
    """The prospect's name for agents' screens."""
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


def breach(
    draft: Draft,
    episode: Episode,
    name: str,
    due_at: datetime,
    at: datetime,
    *,
    again: bool = False,
    policy: Policy | None = None,
    cause: Cause | None = None,
) -> Episode:
    """Record that a target was missed and why, once per episode (`again` journals a further wait of the same kind)."""
    if name in episode.breached and not again:
        return episode
    late_ms = int((at - due_at).total_seconds() * 1000)
    why = cause or cause_of(episode, name, until=min(at, due_at), hours=policy.hours if policy else ALWAYS)
    draft.note(
        "episode.breached", episode_id=episode.episode_id, clock=name, late_ms=late_ms, cause=why.value, policy=episode.policy
    )
    breached = tuple(dict.fromkeys((*episode.breached, name)))
    return put(draft, episode, breached=breached, causes={name: why, **episode.causes})


def judge(
    draft: Draft,
    policy: Policy,
    episode: Episode,
    name: str,
    due_at: datetime,
    at: datetime,
    *,
    again: bool = False,
    cause: Cause | None = None,
) -> Episode:
    """Compare timestamps: from `due_at` on the target is missed, whether or not its clock has fired yet."""
    return breach(draft, episode, name, due_at, at, again=again, policy=policy, cause=cause) if at >= due_at else episode


def judge_all(draft: Draft, policy: Policy, episode: Episode) -> Episode:
    """Judge whatever is owed, before its clocks are dropped: what has run out by now is a miss, fired or not."""
    key, now = episode.episode_id, draft.now
    waiting, promise = episode.status == "waiting", draft.state.promise
    accept, words = draft.state.clock(ClockKind.ACCEPT, key), draft.state.clock(ClockKind.FIRST_WORDS, key)
    if waiting and episode.offered_at is None:
        episode = judge(draft, policy, episode, "offer", offer_due(policy, episode), now)
    if waiting and accept is not None:
        episode = judge(draft, policy, episode, "accept", accept.due_at, now)
    if episode.first_words_at is None:
        return judge(draft, policy, episode, "first_words", episode.first_words_due_at, now)
    if words is not None and not words.data.get("silent"):
        return judge(draft, policy, episode, "next_words", words.due_at, now, again=True)
    owed = draft.state.clock(ClockKind.PROMISE)
    if not waiting and promise is not None and owed is not None and owed.data.get("missed") == 0:
        cause = wait_cause(policy, episode, promise)
        return judge(draft, policy, episode, "next_words", promise.due_at, now, again=True, cause=cause)
    return episode


def wait_cause(policy: Policy, episode: Episode, promise: Promise) -> Cause | None:
    """Why a wait for the holder's words is missed if it was the bot's first: it took so long that the bot's time was over."""
    if episode.accepted_at is None or promise.opened_at >= episode.accepted_at:
        return None
    bot_due_at = promise.opened_at + timedelta(seconds=policy.targets.reply_s)
    return Cause.BOT_LATE if bot_due_at <= episode.accepted_at else None


def offer_due(policy: Policy, episode: Episode) -> datetime:
    """Until when the episode must have been offered to somebody."""
    return episode.offer_due_at or due(policy, episode.requested_at, policy.targets.offer_s, Target.OFFER)


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


# ---- rounds and offers ----------------------------------------------------------------------------------------------


def rung_due(policy: Policy, round_: Round, rung: int) -> datetime:
    """When a rung is to be climbed.

    Where the prospect would be told only after the window has closed, the rungs up to that one are drawn together in proportion,
    so that they are told while they still can be.
    """
    ladder, target_s = policy.ladder, round_.target_s

    def natural(place: int) -> datetime:
        return due(policy, round_.since, ladder[place].offset_s(target_s), round_.goes_by)

    tells = next(place for place, step in enumerate(ladder) if ENDINGS & set(step.actions))
    if round_.cap is None or rung > tells or natural(tells) <= round_.cap:
        return natural(rung)
    share = ladder[rung].percent(target_s) / ladder[tells].percent(target_s)
    return min(natural(rung), round_.since + (round_.cap - round_.since) * share)


def start_round(draft: Draft, policy: Policy, episode: Episode, round_: Round) -> Episode:
    """Human words are due anew: the ladder starts at its first rung."""
    key = episode.episode_id
    draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=key, due_at=round_.due(policy), data=round_.data()))
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=key, due_at=rung_due(policy, round_, 0), data=round_.data()))
    return put(draft, episode, rung=0, widened=False)


def next_rung(policy: Policy, episode: Episode) -> int | None:
    """Which rung comes next; while somebody holds the episode, only those that wait for words do. None above the last."""
    held = episode.status == "accepted"
    left = range(episode.rung, len(policy.ladder))
    return next((n for n in left if not held or policy.ladder[n].until is Until.FIRST_WORDS), None)


def climb_on(draft: Draft, policy: Policy, episode: Episode, round_: Round) -> None:
    """Set the clock of the next rung; above the last one, of the next alarm."""
    rung = next_rung(policy, episode)
    if rung is not None:
        at, data = rung_due(policy, round_, rung), round_.data()
    elif episode.status == "accepted":
        draft.cancel_clock(ClockKind.RUNG, episode.episode_id)
        return
    else:
        gap_s = max(policy.after_ladder.tell_again_s[0], round_.target_s)
        tell_at = due(policy, draft.now, gap_s, round_.goes_by)
        at = next_alarm(draft, policy, round_, tell_at)
        data = round_.data(told=0, tell_at=tell_at.isoformat())
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=episode.episode_id, due_at=at, data=data))


def next_alarm(draft: Draft, policy: Policy, round_: Round, tell_at: datetime) -> datetime:
    """When the team is alarmed again, above the ladder: every so often, when the prospect is to be told, and at closing time."""
    at = min(due(policy, draft.now, policy.after_ladder.alarm_every_s, round_.goes_by), tell_at)
    closes_at = next_close(draft.now, clock_hours(policy, round_.goes_by))
    return at if closes_at is None else min(at, closes_at)


def stretch_cap(draft: Draft, policy: Policy) -> None:
    """The prospect wrote again, so the channel's window closes later: a deadline that was capped by it moves along.

    Nothing moves that has run out already.
    """
    episode, window = open_one(draft.state), draft.state.window
    if episode is None:
        return
    key = episode.episode_id
    words, rung = draft.state.clock(ClockKind.FIRST_WORDS, key), draft.state.clock(ClockKind.RUNG, key)
    round_ = Round.of(words)
    if words is None or round_ is None or round_.cap is None or words.due_at <= draft.now:
        return
    cap = window_cap(window, round_.since)
    if cap is None or cap <= round_.cap:
        return
    later = replace(round_, cap=cap)
    if not words.data.get("silent"):
        draft.set_clock(replace(words, due_at=later.due(policy), data={**words.data, "cap": cap.isoformat()}))
        if episode.first_words_at is None and episode.first_words_due_at == words.due_at:
            episode = put(draft, episode, first_words_due_at=later.due(policy))
    if rung is not None and "told" not in rung.data and next_rung(policy, episode) is not None:
        climb_on(draft, policy, episode, later)


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
        episode = judge(draft, policy, episode, "offer", offer_due(policy, episode), draft.now)
    accept_at = due(policy, draft.now, policy.targets.accept_s, Target.ACCEPT)
    episode = put(
        draft,
        episode,
        offered_at=episode.offered_at or draft.now,
        offered_to=(*(a for a in episode.offered_to if a != agent_id), agent_id),
        accept_due_at=accept_at,
        seen_at=None,
    )
    draft.cancel_clock(ClockKind.OFFER, key)
    asked = {"agent_id": agent_id, "since": draft.now.isoformat()}
    draft.set_clock(Clock(kind=ClockKind.ACCEPT, key=key, due_at=accept_at, data=asked))
    draft.note("episode.offered", episode_id=key, agent_id=agent_id)
    text = f"{who(draft.state)} {WANTS[episode.reason]}."
    draft.notify("offer", to=(agent_id,), text=text, episode_id=key, reason=episode.reason.value)
    return episode


def asked_gone(draft: Draft, episode: Episode) -> Episode:
    """Whoever was asked has gone: the time since they were asked was lost, not spent on deciding."""
    if episode.phase.removeprefix(NEXT) != Phase.OFFERED:
        return episode
    return put(draft, episode, phase=episode.phase.replace(Phase.OFFERED, Phase.LOST))


def close(draft: Draft, policy: Policy, episode: Episode, outcome: str, summary: str = "") -> Episode:
    """End the episode. What never came is judged here too, so closing hides nothing."""
    episode = judge_all(draft, policy, episode)
    for kind in EPISODE_CLOCKS:
        draft.cancel_clock(kind, episode.episode_id)
    draft.set(asking=None)
    draft.note("episode.closed", episode_id=episode.episode_id, outcome=outcome)
    put(draft, episode, status="closed", closed_at=draft.now, outcome=outcome, summary=summary)
    return account(draft, policy.hours) or episode


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
    episode = judge_all(draft, policy, episode)
    asked = episode.offered_to
    if holder is not None and holder != NATIVE:
        asked = (*(a for a in asked if a != holder.agent_id), holder.agent_id)
    episode = put(draft, episode, status="waiting", agent=None, accepted_at=None, offered_to=asked)
    hand_to(draft, Owner.WAITING)
    if round_ is None:
        episode = start_round(draft, policy, episode, new_round(draft, policy, policy.targets.first_words_s))
    else:
        if words is not None and words.data.get("silent"):
            _unsilence(draft, episode, round_)
        climb_on(draft, policy, episode, round_)
    let_bot_answer(draft, policy, asked_for, "escalated")
    return offer(draft, policy, desk, episode, exclude=exclude)


def _unsilence(draft: Draft, episode: Episode, round_: Round) -> None:
    """The holder is gone, and with them the clock that watched their silence. First words that are still to come keep one."""
    key = episode.episode_id
    draft.cancel_clock(ClockKind.FIRST_WORDS, key)
    if episode.first_words_at is None and "first_words" not in episode.breached:
        draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=key, due_at=episode.first_words_due_at, data=round_.data()))
