"""Offers: whom an episode is offered to, and how it ends or goes back to be offered anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Json, Owner
from handoff.accounts import NEXT, Phase, account
from handoff.desk import Desk
from handoff.judging import judge, judge_all, offer_due
from handoff.match import Facts
from handoff.policy import Policy, Target, due
from handoff.rounds import Round, climb_on, new_round, start_round
from handoff.routing import choose, eases_at, names
from handoff.steps import EPISODE_CLOCKS, NATIVE, PROSPECT, WANTS, hand_to, let_bot_answer, put, wants_rest
from handoff.waiting import judge_forecast

OPTED_OUT = "opted_out"
"""The outcome of a request whose prospect asked us to stop."""


def needs_of(draft: Draft, policy: Policy, facts: Facts) -> dict[str, Any]:
    """What a new episode takes and needs: fields of Episode. The language and the skills are asked for only so long."""
    routing, before = policy.routing, draft.state.episode
    known = before.agent.agent_id if before and before.agent and before.agent != NATIVE else before and before.last_agent
    language = facts.language.lower() if facts.language else None
    skills = names((*routing.skills, *facts.skills))
    return {
        "team": facts.team,
        "value": facts.value,
        "weight": routing.weight,
        "language": language,
        "language_until": due(policy, draft.now, routing.language_within_s, Target.OFFER) if language else None,
        "skills": skills,
        "skills_until": due(policy, draft.now, routing.skills_within_s, Target.OFFER) if skills else None,
        "last_agent": known,
    }


def offered_now(draft: Draft, episode: Episode) -> str | None:
    """Whom the episode is offered to at the moment."""
    clock = draft.state.clock(ClockKind.ACCEPT, episode.episode_id)
    return clock.data["agent_id"] if clock else None


def offer(draft: Draft, policy: Policy, desk: Desk, episode: Episode, *, exclude: Collection[str] = ()) -> Episode:
    """Offer a waiting episode to the next free person; without one it stays with the ladder."""
    key = episode.episode_id
    if episode.not_before is not None and draft.now < episode.not_before:
        draft.cancel_clock(ClockKind.ACCEPT, key)
        return episode
    chosen = choose(desk, episode, draft.now, exclude)
    if chosen is None:
        draft.cancel_clock(ClockKind.ACCEPT, key)
        _look_again(draft, policy, episode)
        return episode
    return ask(draft, policy, episode, chosen.agent_id, why=chosen.why)


def ask(
    draft: Draft, policy: Policy, episode: Episode, agent_id: str, *, why: Sequence[str], text: str = "", by: str | None = None
) -> Episode:
    """Offer a waiting episode to this agent. `text` says so in other words than the reason's, `by` who is named in it."""
    key = episode.episode_id
    if episode.offered_at is None:
        episode = judge(draft, policy, episode, "offer", offer_due(policy, episode), draft.now)
    accept_at = due(policy, draft.now, policy.targets.accept_s, Target.ACCEPT)
    episode = put(
        draft,
        episode,
        offered_at=episode.offered_at or draft.now,
        offered_to=(*(a for a in episode.offered_to if a != agent_id), agent_id),
        accept_due_at=accept_at,
        asked_at=draft.now,
        times_asked=episode.times_asked + 1,
        seen_at=None,
    )
    draft.cancel_clock(ClockKind.OFFER, key)
    asked = {"agent_id": agent_id, "since": draft.now.isoformat(), "why": list(why)}
    draft.set_clock(Clock(kind=ClockKind.ACCEPT, key=key, due_at=accept_at, data=asked))
    draft.note("episode.offered", episode_id=key, agent_id=agent_id, why=list(why))
    text = text or f"{PROSPECT} {WANTS[episode.reason]}."
    draft.notify("offer", to=(agent_id,), text=text, episode_id=key, reason=episode.reason.value, agent_id=by)
    return episode


def _look_again(draft: Draft, policy: Policy, episode: Episode) -> None:
    """Set the clock for when more people may be asked, or when it must have been offered."""
    moments = eases_at(episode, draft.now)
    if episode.offered_at is None and "offer" not in episode.breached:
        moments.append(offer_due(policy, episode))
    running = draft.state.clock(ClockKind.OFFER, episode.episode_id)
    if moments and (running is None or running.due_at != min(moments)):
        draft.set_clock(Clock(kind=ClockKind.OFFER, key=episode.episode_id, due_at=min(moments)))


def asked_gone(draft: Draft, episode: Episode) -> Episode:
    """Whoever was asked has gone: the time since they were asked was lost, not spent on deciding."""
    if episode.phase.removeprefix(NEXT) != Phase.OFFERED:
        return episode
    return put(draft, episode, phase=episode.phase.replace(Phase.OFFERED, Phase.LOST))


def close(draft: Draft, policy: Policy, episode: Episode, outcome: str, summary: str = "") -> Episode:
    """End the episode. What never came is judged here too, so closing hides nothing."""
    episode = judge_forecast(draft, policy, judge_all(draft, policy, episode), draft.now)
    for kind in EPISODE_CLOCKS:
        draft.cancel_clock(kind, episode.episode_id)
    draft.set(asking=None)
    worth = {} if episode.outcome_value is None else {"value": episode.outcome_value}
    draft.note("episode.closed", episode_id=episode.episode_id, outcome=outcome, **worth)
    put(draft, episode, status="closed", closed_at=draft.now, outcome=outcome, summary=summary)
    return account(draft, policy.hours) or episode


def end_stopped(draft: Draft, policy: Policy, episode: Episode) -> Episode:
    """End an episode of somebody who asked us to stop: nobody may write to them, so nobody is asked to any more."""
    episode = close(draft, policy, episode, OPTED_OUT)
    hand_to(draft, Owner.BOT)
    draft.notify("lost", text=f"{PROSPECT} asked us to stop writing.", episode_id=episode.episode_id)
    return episode


def _is_late(draft: Draft) -> bool:
    """Whether the agent's next words are late by now, and so are judged at the latest when the episode goes back."""
    promise, owed = draft.state.promise, draft.state.clock(ClockKind.PROMISE)
    return promise is not None and owed is not None and owed.data.get("owes") == "agent" and promise.due_at <= draft.now


def back_to_waiting(
    draft: Draft,
    policy: Policy,
    desk: Desk,
    episode: Episode,
    *,
    why: str,
    exclude: Collection[str] = (),
    asked_for: Sequence[Json] = (),
    judged: bool = False,
) -> Episode:
    """Take the episode from a silent or absent agent and ask the others; the bot answers what was asked (`asked_for`)
    meanwhile. What to tell the prospect about it is the caller's. `judged` if what they wait for is recorded as missed already.
    It ends if the prospect asked us to stop."""
    if wants_rest(draft.state):
        return end_stopped(draft, policy, episode)
    key = episode.episode_id
    words = draft.state.clock(ClockKind.FIRST_WORDS, key)
    round_ = Round.of(words)
    holder, judged = episode.agent, judged or _is_late(draft)
    draft.note("episode.returned", episode_id=key, agent_id=holder.agent_id if holder else None, why=why)
    episode = judge_all(draft, policy, episode)
    asked = episode.offered_to
    if holder is not None and holder != NATIVE:
        asked = (*(a for a in asked if a != holder.agent_id), holder.agent_id)
    episode = put(draft, episode, status="waiting", agent=None, accepted_at=None, offered_to=asked)
    hand_to(draft, Owner.WAITING)
    if round_ is None:
        round_ = replace(new_round(draft, policy, policy.targets.first_words_s), judged=judged)
        episode = start_round(draft, policy, episode, round_)
    else:
        if words is not None and words.data.get("silent"):
            draft.cancel_clock(ClockKind.FIRST_WORDS, key)
        climb_on(draft, policy, episode, round_)
    if episode.first_words_at is None and "first_words" not in episode.breached:
        words_at = episode.first_words_due_at
        draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=key, due_at=words_at, data=round_.data()))
    let_bot_answer(draft, policy, asked_for, "escalated")
    return offer(draft, policy, desk, episode, exclude=exclude)
