"""Misses: judged from timestamps whenever something ends a wait, recorded once, each with its cause."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.draft import Draft
from bot.core.model import ClockKind, Episode, Promise
from handoff.accounts import Cause, cause_of
from handoff.calendar import ALWAYS
from handoff.policy import Policy, Target, due
from handoff.steps import put, wants_rest


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
    """Judge whatever is owed, before its clocks are dropped: what has run out by now is a miss, fired or not. Once the prospect
    has asked us to stop nothing runs out any more."""
    stopped_at = draft.state.opted_out_at if wants_rest(draft.state) else None
    key, now = episode.episode_id, max(episode.requested_at, min(draft.now, stopped_at or draft.now))
    waiting, promise = episode.status == "waiting", draft.state.promise
    accept, words = draft.state.clock(ClockKind.ACCEPT, key), draft.state.clock(ClockKind.FIRST_WORDS, key)
    if waiting and episode.offered_at is None:
        episode = judge(draft, policy, episode, "offer", offer_due(policy, episode), now)
    if waiting and accept is not None:
        episode = judge(draft, policy, episode, "accept", accept.due_at, now)
    if episode.first_words_at is None:
        return judge(draft, policy, episode, "first_words", episode.first_words_due_at, now)
    if words is not None and words.data.get("judged"):
        return episode
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
