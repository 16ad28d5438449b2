"""Sets again what an open episode must have and lost. Says nothing; whoever is free may be offered it by the clocks it sets."""

from __future__ import annotations

from bot.core.audit import breach_hidden, episode_lacks, owner_of
from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Owner, Reason
from handoff.desk import Desk
from handoff.judging import breach, offer_due
from handoff.opening import open_episode
from handoff.policy import Policy, due
from handoff.rounds import Round, climb_on
from handoff.steps import hand_to, open_one, owed_by_agent


def rearm(draft: Draft, policy: Policy, desk: Desk) -> None:
    """The episode decides to whom the conversation belongs; a person who was promised without one is called again."""
    held = draft.state.episode
    if held is not None and held.first_words_at is not None and breach_hidden(held):
        breach(draft, held, "first_words", held.first_words_due_at, held.first_words_at, policy=policy)
    episode = open_one(draft.state)
    if episode is None:
        if draft.state.owner in (Owner.WAITING, Owner.AGENT):
            open_episode(draft, policy, desk, Reason.BOT_FAILURE, detail="audit", quiet=True)
        return
    if draft.state.owner is not owner_of(episode):
        hand_to(draft, owner_of(episode))
    running = {clock.kind for clock in draft.state.clocks if clock.key == episode.episode_id}
    if any(episode_lacks(episode, running)):
        _rearm_clocks(draft, policy, episode)


def rearm_promise(draft: Draft) -> None:
    """The clock of an open promise, at its own due time. An agent's answer is timed as theirs."""
    promise = draft.state.promise
    if promise is None:
        return
    if draft.state.owner is Owner.AGENT:
        draft.set_clock(owed_by_agent(promise, at=promise.due_at, unanswered=()))
    else:
        draft.set_clock(Clock(kind=ClockKind.PROMISE, due_at=promise.due_at))


def _rearm_clocks(draft: Draft, policy: Policy, episode: Episode) -> None:
    key, waiting = episode.episode_id, episode.status == "waiting"
    words = draft.state.clock(ClockKind.FIRST_WORDS, key)
    round_ = Round.of(words) or Round(since=episode.requested_at, target_s=policy.targets.first_words_s)
    if episode.first_words_at is None and words is None:
        missed = "first_words" in episode.breached
        if not missed:
            draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=key, due_at=episode.first_words_due_at, data=round_.data()))
        elif not waiting:
            silent_at = due(policy, draft.now, policy.targets.next_words_s, round_.goes_by)
            draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=key, due_at=silent_at, data=round_.data(silent=True)))
    if not waiting:
        return
    if episode.offered_at is None and "offer" not in episode.breached and draft.state.clock(ClockKind.OFFER, key) is None:
        draft.set_clock(Clock(kind=ClockKind.OFFER, key=key, due_at=offer_due(policy, episode)))
    if draft.state.clock(ClockKind.RUNG, key) is None:
        climb_on(draft, policy, episode, round_)
