"""Passing a conversation on: to one colleague, who is asked first, or to a team. It is never without a clock meanwhile."""

from __future__ import annotations

from bot.core.draft import Draft
from bot.core.model import AgentRef, CommandRefused, Episode
from handoff.desk import Desk
from handoff.offers import ask, back_to_waiting, offer, offered_now
from handoff.policy import Policy
from handoff.steps import HOLDER, NATIVE, PROSPECT, open_one, put, tell, wants_rest, who
from handoff.untransfer import remember

WHY = "transferred"


def transfer(
    draft: Draft,
    policy: Policy,
    desk: Desk,
    by: AgentRef,
    *,
    to: AgentRef | None = None,
    team: str | None = None,
    anyones: bool = False,
) -> None:
    """`by` passes the conversation on, to the colleague `to` or to whoever of `team` is free. It waits until somebody accepts;
    if the colleague does not, it goes round as every other.

    `anyones`: it need not be theirs, as for supervisors. Raises CommandRefused: `not_yours`, `same` (they have it), `not_there`,
    `full` (the colleague could not take it now) or `opted_out` (the prospect asked us to stop).
    """
    episode = _movable(draft, by, anyones=anyones)
    if to is not None:
        _must_be_able(draft, desk, episode, to, by)
    holder = episode.agent
    remember(draft, episode, by)
    if team is not None:
        episode = put(draft, episode, team=team)
    asked = to.agent_id if to else None
    draft.note("episode.transferred", episode_id=episode.episode_id, agent_id=by.agent_id, to=asked, team=team)
    if holder is not None:
        if holder != NATIVE:
            tell(draft, policy, "passed_on", agent=holder.name)
        away = (holder.agent_id,) if to is None else ()
        # Whom to ask is said below: without a seat nobody is asked here.
        episode = back_to_waiting(draft, policy, desk if to is None else Desk(), episode, why=WHY, exclude=away)
    elif to is None:
        offer(draft, policy, desk, episode)
    if to is not None:
        text = f"{HOLDER} passes {PROSPECT} on to you."
        ask(draft, policy, episode, to.agent_id, why=(WHY,), text=text, by=by.agent_id)


def _movable(draft: Draft, by: AgentRef, *, anyones: bool) -> Episode:
    episode = open_one(draft.state)
    if episode is None:
        raise CommandRefused("not_yours", "The bot has this one. Take it first.")
    mine = episode.agent is not None and episode.agent.agent_id == by.agent_id
    if not mine and not anyones:
        raise CommandRefused("not_yours", f"{episode.agent.name} has it." if episode.agent else "Take the conversation first.")
    if wants_rest(draft.state):
        raise CommandRefused("opted_out", f"{who(draft.state)} asked us to stop. Give it back instead.")
    return episode


def _must_be_able(draft: Draft, desk: Desk, episode: Episode, to: AgentRef, by: AgentRef) -> None:
    holds = episode.agent is not None and episode.agent.agent_id == to.agent_id
    if holds or offered_now(draft, episode) == to.agent_id:
        raise CommandRefused("same", f"{to.name} has it already." if holds else f"{to.name} is being asked already.")
    # Who takes it over is there, even if they are away for offers.
    if to.agent_id != by.agent_id and not desk.is_online(to.agent_id):
        raise CommandRefused("not_there", f"{to.name} isn't at the desk. Choose somebody who is, or a team.")
    if any(seat.agent_id == to.agent_id and seat.load >= seat.capacity for seat in desk.seats):
        raise CommandRefused("full", f"{to.name} has no room for one more right now.")
