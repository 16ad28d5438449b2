"""How an episode comes into the hands of an agent: the bot falls silent, nobody else is asked, and what is owed is theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.draft import Draft
from bot.core.model import AgentRef, Clock, ClockKind, CommandRefused, Episode, Owner, Reason
from handoff.calendar import open_at
from handoff.judging import judge, offer_due
from handoff.match import facts_of
from handoff.offers import needs_of
from handoff.policy import Policy, Target, clock_hours, due
from handoff.rounds import Round, climb_on, new_round
from handoff.steps import (
    hand_to,
    open_one,
    owed_by_agent,
    put,
    silence_bot,
)


def step_in(draft: Draft, policy: Policy, reason: Reason) -> Episode:
    """An episode that nobody asked for: a person of ours begins it."""
    key, facts = draft.new_id("ep"), facts_of(draft.state, reason)
    policy = policy.for_facts(facts)
    round_ = new_round(draft, policy, policy.targets.first_words_s)
    draft.note("episode.opened", episode_id=key, reason=reason.value, policy=policy.name)
    episode = Episode(
        promises=policy.version,
        episode_id=key,
        reason=reason,
        requested_at=draft.now,
        first_words_due_at=round_.due(policy),
        offer_due_at=due(policy, draft.now, policy.targets.offer_s, Target.OFFER),
        policy=policy.name,
        **needs_of(draft, policy, facts),
    )
    words_at = episode.first_words_due_at
    draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=key, due_at=words_at, data=round_.data()))
    draft.set(episode=episode)
    return episode


def accept(draft: Draft, policy: Policy, episode: Episode, agent: AgentRef) -> Episode:
    """The agent has it from now on. Offer and acceptance are judged; the words that are waited for are theirs."""
    key, now = episode.episode_id, draft.now
    accept = draft.state.clock(ClockKind.ACCEPT, key)
    if episode.offered_at is None:
        episode = judge(draft, policy, episode, "offer", offer_due(policy, episode), now)
    if accept is not None:
        episode = judge(draft, policy, episode, "accept", accept.due_at, now)
    episode = put(draft, episode, status="accepted", agent=agent, accepted_at=now, offered_at=episode.offered_at or now)
    _keep_words_due(draft, policy, episode)
    _asked_no_more(draft, policy, episode)
    _talks(draft, policy)
    waited_ms = int((now - episode.requested_at).total_seconds() * 1000)
    draft.note("episode.accepted", episode_id=key, agent_id=agent.agent_id, waited_ms=waited_ms)
    return episode


def again_held(draft: Draft, policy: Policy, episode: Episode) -> None:
    """The agent of this episode, which had ended, talks on; what the bot owes by now is theirs to answer."""
    if episode.first_words_at is None:
        _keep_words_due(draft, policy, episode)
    _talks(draft, policy)


def held_again(draft: Draft, policy: Policy, episode: Episode, *, waited_for: bool) -> None:
    """The agent of this episode, which waited for another since, talks on. `waited_for`: their words are waited for in a round;
    without, they owed none, or an answer to what the prospect wrote last."""
    if waited_for or episode.first_words_at is None:
        _keep_words_due(draft, policy, episode)
    else:
        draft.cancel_clock(ClockKind.FIRST_WORDS, episode.episode_id)
    _asked_no_more(draft, policy, episode)
    _talks(draft, policy)


def _asked_no_more(draft: Draft, policy: Policy, episode: Episode) -> None:
    """Nobody else is asked; the ladder goes on while words are waited for in a round."""
    key = episode.episode_id
    for kind in (ClockKind.OFFER, ClockKind.ACCEPT, ClockKind.FORECAST):
        draft.cancel_clock(kind, key)
    passed_on = draft.state.clock(ClockKind.PASSED, key)
    if passed_on is not None:
        draft.set_clock(replace(passed_on, data={**passed_on.data, "taken": True}))
    words = draft.state.clock(ClockKind.FIRST_WORDS, key)
    if (round_ := Round.of(words)) is not None and words is not None and not words.data.get("silent"):
        climb_on(draft, policy, episode, round_)
    else:
        draft.cancel_clock(ClockKind.RUNG, key)


def _talks(draft: Draft, policy: Policy) -> None:
    hand_to(draft, Owner.AGENT)
    draft.set(asking=None)
    silence_bot(draft)
    _owe_reply(draft, policy)


def _keep_words_due(draft: Draft, policy: Policy, episode: Episode) -> None:
    """The round's FIRST_WORDS clock stays; if it has fired already, one is set that notices a silent holder.

    Whoever takes it out of hours is there, so their silence is noticed by the wall clock and not when the desk opens.
    """
    key = episode.episode_id
    words = draft.state.clock(ClockKind.FIRST_WORDS, key)
    round_ = Round.of(words) or Round.of(draft.state.clock(ClockKind.RUNG, key))
    round_ = round_ or new_round(draft, policy, policy.targets.first_words_s)
    grace_s = max(policy.targets.next_words_s, round_.target_s)
    closed = not open_at(draft.now, clock_hours(policy, round_.goes_by))
    silent_at = draft.now + timedelta(seconds=grace_s) if closed else due(policy, draft.now, grace_s, round_.goes_by)
    if words is not None and not (closed and silent_at < words.due_at):
        return
    data = round_.data(silent=True)
    draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=key, due_at=silent_at, data=data))


def _owe_reply(draft: Draft, policy: Policy) -> None:
    """What the bot had not answered yet is the agent's to answer now."""
    if draft.state.promise is not None:
        due_at = due(policy, draft.now, policy.targets.next_words_s, Target.NEXT_WORDS)
        promise = replace(draft.state.promise, due_at=due_at)
        draft.set(promise=promise)
        draft.set_clock(owed_by_agent(promise, at=due_at, unanswered=()))


def held_by(draft: Draft, agent: AgentRef) -> Episode:
    """The open episode, if the agent holds it. Raises CommandRefused `not_yours`."""
    episode = open_one(draft.state)
    if episode is None or episode.agent is None:
        raise CommandRefused("not_yours", "Take the conversation first.")
    if episode.agent.agent_id != agent.agent_id:
        raise CommandRefused("not_yours", f"{episode.agent.name} has it.")
    return episode
