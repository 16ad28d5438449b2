"""Snoozing: the holder puts a conversation aside until a moment; it comes back then, or as soon as the prospect writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.draft import Draft
from bot.core.model import AgentRef, Clock, ClockKind, CommandRefused, Owner, State
from handoff.holding import held_by
from handoff.steps import PROSPECT, open_one

LONGEST = timedelta(days=366)


def snooze(draft: Draft, agent: AgentRef, until: datetime | None) -> None:
    """Put aside until then; None takes it back at once. A prospect who waits for words can be put aside until those are due and
    no longer. Raises CommandRefused: `not_yours`, `too_soon`, `too_late`, or `promised`."""
    held_by(draft, agent)
    if until is None:
        _end(draft, "agent")
        return
    if until <= draft.now:
        raise CommandRefused("too_soon", "Choose a time to come.")
    if until > draft.now + LONGEST:
        raise CommandRefused("too_late", "Choose a time within a year.")
    due_at = words_due(draft.state)
    if due_at is not None and until > due_at:
        raise CommandRefused("promised", "They are waiting for your answer. Answer first, then snooze.")
    before = draft.state.clock(ClockKind.SNOOZE)
    data = {"agent_id": agent.agent_id, "since": draft.now.isoformat(), "before": before and before.due_at.isoformat()}
    draft.set_clock(Clock(kind=ClockKind.SNOOZE, due_at=until, data=data))
    draft.note("snooze.began", agent_id=agent.agent_id, until=until.isoformat())


def undo(draft: Draft, agent: AgentRef) -> None:
    """The holder takes the last snooze back; the one before it holds again, if its moment is still to come.

    Raises CommandRefused: `not_yours`, or `too_late` if the conversation is back already.
    """
    held_by(draft, agent)
    clock = draft.state.clock(ClockKind.SNOOZE)
    if clock is None:
        raise CommandRefused("too_late", "It is back already.")
    before = datetime.fromisoformat(clock.data["before"]) if clock.data.get("before") else None
    if before is None or before <= draft.now:
        _end(draft, "undone")
        return
    draft.set_clock(replace(clock, due_at=before, data={**clock.data, "before": None}))
    draft.note("snooze.began", agent_id=agent.agent_id, until=before.isoformat())


def words_due(state: State) -> datetime | None:
    """Until when the prospect was promised words, if they wait for any; a moment in the past if that is missed."""
    episode = open_one(state)
    words = state.clock(ClockKind.FIRST_WORDS, episode.episode_id) if episode else None
    dues = [clock.due_at for clock in (words,) if clock is not None]
    dues += [state.promise.due_at] if state.promise else []
    return min(dues, default=None)


def woke(draft: Draft, clock: Clock) -> None:
    """The moment has come."""
    draft.note("snooze.ended", why="due")
    draft.notify("message", to=(str(clock.data["agent_id"]),), sound=True, text=f"Back from snooze: {PROSPECT}.")


def settle(draft: Draft, *, wrote: bool) -> None:
    """A snooze ends when the prospect writes, and when its agent no longer holds the conversation."""
    clock = draft.state.clock(ClockKind.SNOOZE)
    if clock is None:
        return
    episode = open_one(draft.state)
    holder = episode.agent.agent_id if episode and episode.agent and draft.state.owner is Owner.AGENT else None
    if holder != clock.data["agent_id"]:
        _end(draft, "moved_on")
    elif wrote:
        _end(draft, "wrote")


def _end(draft: Draft, why: str) -> None:
    if draft.state.clock(ClockKind.SNOOZE) is not None:
        draft.cancel_clock(ClockKind.SNOOZE)
        draft.note("snooze.ended", why=why)
