"""What agents do with an episode: take it, give it back, see it, vanish."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.draft import Draft
from bot.core.events import Claim
from bot.core.model import AgentRef, ClockKind, CommandRefused, Episode, Json, Owner, Reason, State
from handoff import rating
from handoff.desk import Desk
from handoff.holding import accept, held_by, step_in
from handoff.judging import judge_all
from handoff.offers import asked_gone, back_to_waiting, close, offer, offered_now
from handoff.policy import Policy
from handoff.steps import (
    NATIVE,
    hand_to,
    let_bot_answer,
    open_one,
    put,
    tell,
    unanswered,
)

RESUME_SLOT = "handoff_resume"
"""Where the talk goes on after a person, as flow/step."""

RETURNED = "returned"
"""The outcome of an episode that was given back with nothing more to say about it."""


def take(draft: Draft, policy: Policy, agent: AgentRef, *, capacity: float | None = None, above_capacity: str = "") -> None:
    """The agent accepts the episode, or steps in where there is none. Pressing twice is once.

    `capacity` is what they may hold, None for no limit: the commit judges it, for what they hold now is not known here.
    `above_capacity` is why it does not count this once.

    Raises CommandRefused `taken` if another agent holds it. Words from the page inbox hold it only until an agent comes.
    """
    episode = open_one(draft.state)
    if episode is not None and episode.agent is not None and episode.agent.agent_id != NATIVE.agent_id:
        if episode.agent.agent_id == agent.agent_id:
            return
        raise CommandRefused("taken", f"{episode.agent.name} has it already.")
    episode = episode or step_in(draft, policy, Reason.AGENT_STEPPED_IN)
    if above_capacity:
        draft.note("episode.above_capacity", episode_id=episode.episode_id, agent_id=agent.agent_id, why=above_capacity)
    elif capacity is not None:
        draft.claim = Claim(agent_id=agent.agent_id, weight=episode.weight, capacity=capacity)
    episode = put(draft, episode, above_capacity=bool(above_capacity))
    accept(draft, policy, episode, agent)
    tell(draft, policy, "agent_joined", agent=agent.name)


def give_back(
    draft: Draft,
    policy: Policy,
    agent: AgentRef,
    summary: str,
    outcome: str = RETURNED,
    slots: Json | None = None,
    value: float | None = None,
    promised: Sequence[str] = (),
) -> None:
    """The holder hands the prospect back. The tracker learns the summary, what was promised, the outcome and the slots; what is
    still unanswered is the bot's to answer at once. `value` is what the outcome is worth. Raises CommandRefused `not_yours`."""
    hand_back(draft, policy, put(draft, held_by(draft, agent), outcome_value=value), summary, outcome, slots, promised)
    tell(draft, policy, "given_back", agent=agent.name)
    let_bot_answer(draft, policy, unanswered(draft.state), "handed_back")


def hand_back(
    draft: Draft,
    policy: Policy,
    episode: Episode,
    summary: str,
    outcome: str,
    slots: Json | None = None,
    promised: Sequence[str] = (),
) -> None:
    """The conversation is the bot's again, and the tracker learns what came of it."""
    rating.plan(draft, policy, close(draft, policy, episode, outcome, summary))
    hand_to(draft, Owner.BOT)
    _learn(draft, {**(slots or {}), "handoff_summary": summary, "handoff_promised": list(promised), "handoff_outcome": outcome})


def goes_on_at(draft: Draft, at: tuple[str, str] | None) -> None:
    """The tracker learns at which step of which flow the talk goes on after a person; None for no flow."""
    value = None if at is None else "/".join(at)
    if draft.state.slots.get(RESUME_SLOT) != value:
        _learn(draft, {RESUME_SLOT: value})


def _learn(draft: Draft, learnt: Json) -> None:
    draft.set(slots={**draft.state.slots, **learnt})
    timestamp = draft.now.timestamp()
    draft.track(*({"event": "slot", "timestamp": timestamp, "name": n, "value": v} for n, v in learnt.items()))


def agent_gone(draft: Draft, policy: Policy, desk: Desk, agent_id: str) -> None:
    """An agent is no longer there: what they were offered, or took and owe words on, goes round again."""
    episode = open_one(draft.state)
    if episode is None:
        return
    if episode.status == "waiting" and offered_now(draft, episode) == agent_id:
        draft.note("episode.offer_lapsed", episode_id=episode.episode_id, agent_id=agent_id, why="gone")
        episode = judge_all(draft, policy, asked_gone(draft, episode))
        offer(draft, policy, desk, episode, exclude=(agent_id,))
    elif episode.agent is not None and episode.agent.agent_id == agent_id and _owes_words(draft, episode):
        name = episode.agent.name
        tell(draft, policy, "agent_left", agent=name)
        asked = unanswered(draft.state)
        back_to_waiting(draft, policy, desk, episode, why="gone", exclude=(agent_id,), asked_for=asked)


def seen(draft: Draft, policy: Policy, agent_id: str) -> None:
    """Somebody who is asked about a waiting episode has seen it; a rung that waits for that is needless now."""
    episode = open_one(draft.state)
    if episode is None or episode.status != "waiting" or not (episode.widened or offered_now(draft, episode) == agent_id):
        return
    if episode.seen_at is not None:
        return
    draft.note("episode.seen", episode_id=episode.episode_id, agent_id=agent_id)
    put(draft, episode, seen_at=draft.now)


def ended_since(state: State, at: datetime) -> bool:
    """Whether the last episode was over by `at` or later, so that news of `at` is old."""
    episode = state.episode
    return episode is not None and episode.closed_at is not None and at <= episode.closed_at


def _owes_words(draft: Draft, episode: Episode) -> bool:
    return draft.state.promise is not None or draft.state.clock(ClockKind.FIRST_WORDS, episode.episode_id) is not None
