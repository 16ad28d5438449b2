"""Taking back that a conversation was passed on, as long as nobody has taken it: whoever held it has it again, as before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.core.draft import Draft
from bot.core.events import Claim
from bot.core.model import AgentRef, Clock, ClockKind, CommandRefused, Episode, Json, Promise
from handoff.desk import Desk
from handoff.holding import held_again
from handoff.judging import judge_all
from handoff.offers import asked_gone, offer, offered_now
from handoff.policy import Policy
from handoff.steps import NATIVE, open_one, put, tell
from handoff.undo import WHY, WITHIN, unsay


def remember(draft: Draft, episode: Episode, by: AgentRef) -> None:
    """Keep what `untransfer` puts back: called before `by` passes the episode on."""
    key, holder = episode.episode_id, episode.agent
    promise, owed = draft.state.promise, draft.state.clock(ClockKind.PROMISE)
    held: Json | None = None
    if holder is not None:
        held = {
            "by": {"agent_id": holder.agent_id, "name": holder.name},
            "since": episode.accepted_at and episode.accepted_at.isoformat(),
            "waited_for": draft.state.clock(ClockKind.FIRST_WORDS, key) is not None,
            "owed": None if promise is None or owed is None else _owed(promise, owed),
        }
    data = {"agent_id": by.agent_id, "team": episode.team, "held": held}
    draft.set_clock(Clock(kind=ClockKind.PASSED, key=key, due_at=draft.now + WITHIN, data=data))


def untransfer(draft: Draft, policy: Policy, desk: Desk, agent: AgentRef) -> None:
    """It is with whom it was, or waits for anybody if it was with nobody; `agent` is who passed it on.

    Raises CommandRefused: `taken` (somebody has it), `over` (they took it and gave it back, or the wait ended), `not_yours`
    (somebody else passed it on since), or `too_late`. If there is no room any more for whoever held it, the commit refuses it.
    """
    episode, kept = _passed_on(draft, agent)
    key, data = episode.episode_id, kept.data
    asked = offered_now(draft, episode)
    draft.cancel_clock(ClockKind.PASSED, key)
    draft.note("episode.transfer_undone", episode_id=key, agent_id=agent.agent_id)
    episode = judge_all(draft, policy, put(draft, episode, team=data["team"]))
    held = data["held"]
    if held is None:
        if asked is not None:
            draft.note("episode.offer_lapsed", episode_id=key, agent_id=asked, why=WHY)
            offer(draft, policy, desk, asked_gone(draft, episode), exclude=(asked,))
        return
    _hold(draft, policy, desk, episode, held)


def _hold(draft: Draft, policy: Policy, desk: Desk, episode: Episode, held: Json) -> None:
    holder = AgentRef(**held["by"])
    capacity = desk.capacity_of(holder.agent_id)
    native = holder.agent_id == NATIVE.agent_id
    if capacity is not None and not episode.above_capacity and not native:
        draft.claim = Claim(agent_id=holder.agent_id, weight=episode.weight, capacity=capacity)
    told = not native and unsay(draft, "passed_on")
    since = datetime.fromisoformat(held["since"]) if held["since"] else draft.now
    episode = put(draft, episode, status="accepted", agent=holder, accepted_at=since)
    held_again(draft, policy, episode, waited_for=bool(held["waited_for"]))
    if held["owed"] is not None:
        promise, clock = _owed_again(held["owed"])
        draft.set(promise=promise)
        draft.set_clock(clock)
    if told:
        tell(draft, policy, "agent_joined", agent=holder.name)


def _passed_on(draft: Draft, agent: AgentRef) -> tuple[Episode, Clock]:
    """The episode that the agent just passed on and nobody has taken, and what was kept of it."""
    episode = open_one(draft.state)
    if episode is None:
        raise CommandRefused("over", "It's over by now. Step in to go on with it.")
    if episode.agent is not None:
        yours = episode.agent.agent_id == agent.agent_id
        raise CommandRefused("taken", "You have it." if yours else f"{episode.agent.name} has taken it already.")
    kept = draft.state.clock(ClockKind.PASSED, episode.episode_id)
    if kept is None or kept.due_at <= draft.now:
        raise CommandRefused("too_late", "That was a while ago. Take it from the queue.")
    if kept.data["agent_id"] != agent.agent_id:
        raise CommandRefused("not_yours", "It wasn't you who passed it on last.")
    if kept.data.get("taken"):
        raise CommandRefused("taken", "A colleague has had it since. Take it from the queue.")
    return episode, kept


def _owed(promise: Promise, clock: Clock) -> Json:
    opened_at, due_at = promise.opened_at.isoformat(), promise.due_at.isoformat()
    return {
        "opened_at": opened_at, "due_at": due_at, "message_id": promise.message_id,
        "clock_at": clock.due_at.isoformat(), "clock": clock.data,
    }  # fmt: skip


def _owed_again(owed: dict[str, Any]) -> tuple[Promise, Clock]:
    opened_at, due_at = datetime.fromisoformat(owed["opened_at"]), datetime.fromisoformat(owed["due_at"])
    clock_at = datetime.fromisoformat(owed["clock_at"])
    promise = Promise(opened_at=opened_at, due_at=due_at, message_id=owed["message_id"])
    return promise, Clock(kind=ClockKind.PROMISE, due_at=clock_at, data=owed["clock"])
