"""An agent's words that wait a moment before they leave, so that their writer can take them back.

They are in the outbox with the moment before which they don't leave, and an UNDO clock runs beside them, so a crash loses neither.
Until it fires nothing that was owed counts as kept: the clocks that fall due meanwhile are held, and run again at their own
times if the words are taken back. Once they stand, they count from the moment their writer sent them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.draft import Draft
from bot.core.model import AgentRef, Clock, ClockKind, CommandRefused, Episode, Heard, Json, Promise, Say, Speaker, State
from handoff.policy import Policy, Target, due
from handoff.steps import open_one, owed_by_agent, unanswered, with_asked

HELD_FOR = timedelta(seconds=1)
"""What falls due while words wait is held until they stand, and so long: the words come first."""


def waiting_words(state: State) -> tuple[Clock, ...]:
    """The clocks of words that can still be taken back, in the order in which they were written."""
    return tuple(sorted((c for c in state.clocks if c.kind is ClockKind.UNDO), key=lambda c: (c.due_at, c.key)))


def hold_back(draft: Draft, policy: Policy, episode: Episode, say: Say, *, wait_s: float) -> None:
    """Queue an agent's words so that they leave in `wait_s` seconds. What the prospect said before them is owed until then."""
    assert say.agent is not None
    assert say.client_key is not None
    leaves_at = draft.now + timedelta(seconds=wait_s)
    if draft.state.unheard:
        owe_words(draft, policy, draft.state.unheard)
        draft.heard(tuple(h.message_id for h in draft.state.unheard))
        draft.cancel_clock(ClockKind.TURN)
    draft.say(replace(say, due_at=leaves_at))
    data = {"agent_id": say.agent.agent_id, "at": draft.now.isoformat(), "text": say.text, "held": _held(draft, episode, leaves_at)}
    draft.set_clock(Clock(kind=ClockKind.UNDO, key=say.client_key, due_at=leaves_at, data=data))


def owe_words(draft: Draft, policy: Policy, heard: tuple[Heard, ...]) -> None:
    """The agent owes words on these; while words are owed already, the oldest unanswered message counts."""
    promise, clock = draft.state.promise, draft.state.clock(ClockKind.PROMISE)
    if promise is not None and clock is not None and clock.data.get("owes") == "agent":
        draft.set_clock(replace(clock, data={**clock.data, "unanswered": with_asked(unanswered(draft.state), heard)}))
        return
    due_at = due(policy, draft.now, policy.targets.next_words_s, Target.NEXT_WORDS)
    opened_at = promise.opened_at if promise else heard[0].at
    message_id = promise.message_id if promise else heard[0].message_id
    promise = Promise(opened_at=opened_at, due_at=due_at, message_id=message_id)
    draft.set(promise=promise)
    draft.set_clock(owed_by_agent(promise, at=due_at, unanswered=with_asked((), heard)))


def overtaken(draft: Draft, policy: Policy, heard: tuple[Heard, ...]) -> None:
    """The prospect wrote while words wait: should those stand, this is what is owed from then on."""
    due_at = due(policy, draft.now, policy.targets.next_words_s, Target.NEXT_WORDS)
    later = {"opened_at": heard[0].at.isoformat(), "due_at": due_at.isoformat(), "message_id": heard[0].message_id}
    for clock in waiting_words(draft.state):
        if "later" not in clock.data:
            draft.set_clock(replace(clock, data={**clock.data, "later": later}))


def take_back(draft: Draft, agent: AgentRef, client_key: str) -> None:
    """The writer takes their words back before they leave. What was owed is owed as before.

    Raises CommandRefused `too_late` if they can't be taken back any more, `not_yours` if somebody else wrote them.
    """
    clock = draft.state.clock(ClockKind.UNDO, client_key)
    queued = next((u for u in draft.state.unsent if u.say.client_key == client_key), None)
    if clock is None or queued is None:
        raise CommandRefused("too_late", "Too late: it is on its way to them already.")
    if clock.data["agent_id"] != agent.agent_id:
        raise CommandRefused("not_yours", "A colleague wrote that.")
    draft.withdraw((queued.message_id,))
    draft.cancel_clock(ClockKind.UNDO, client_key)
    _let_run(draft, clock)
    draft.note("words.taken_back", agent_id=agent.agent_id)


class Stands:
    """What becomes of words that can't be taken back any more."""

    def __init__(self, draft: Draft, policy: Policy, clock: Clock) -> None:
        self.text = str(clock.data["text"])
        self.at = datetime.fromisoformat(clock.data["at"])
        self.agent_id = str(clock.data["agent_id"])
        self.later, self.asked = _owed_later(draft, policy, clock)

    def refused(self, state: State) -> bool:
        """Whether the prospect asked us to stop meanwhile, so that the words don't leave."""
        return state.opted_out_at is not None and state.opted_out_at >= self.at

    def said(self) -> Json:
        """The Rasa event of what was said, so that its tracker knows."""
        metadata = {"speaker": Speaker.AGENT.value}
        return {"event": "bot", "timestamp": self.at.timestamp(), "text": self.text, "data": {}, "metadata": metadata}


def settle(draft: Draft, policy: Policy, clock: Clock) -> Stands | None:
    """The words of this clock stand. None if they don't leave at all: then what is owed is owed as before."""
    draft.cancel_clock(ClockKind.UNDO, clock.key)
    stands = Stands(draft, policy, clock)
    if stands.refused(draft.state):
        _let_run(draft, clock)
        return None
    _own_times(draft, clock)
    draft.track(stands.said())
    return stands


def _owed_later(draft: Draft, policy: Policy, clock: Clock) -> tuple[Promise | None, tuple[Json, ...]]:
    """What the prospect said after the words were sent: the promise of an answer to it, and what it was."""
    told: Any = clock.data.get("later")
    if told is not None:
        opened_at, due_at = datetime.fromisoformat(told["opened_at"]), datetime.fromisoformat(told["due_at"])
        promise = Promise(opened_at=opened_at, due_at=due_at, message_id=told["message_id"])
        return promise, tuple(one for one in unanswered(draft.state) if one["message_id"] >= promise.message_id)
    if not draft.state.unheard:
        return None, ()
    first = draft.state.unheard[0]
    due_at = due(policy, draft.now, policy.targets.next_words_s, Target.NEXT_WORDS)
    return Promise(opened_at=first.at, due_at=due_at, message_id=first.message_id), ()


def _held(draft: Draft, episode: Episode, leaves_at: datetime) -> dict[str, str]:
    """Hold the clocks that would fall due before the words leave; gives their own times."""
    held: dict[str, str] = {}
    for other in waiting_words(draft.state):
        held |= other.data["held"]
    for kind, key in _owing(episode):
        clock = draft.state.clock(kind, key)
        if clock is not None and clock.due_at <= leaves_at + HELD_FOR:
            held.setdefault(kind.value, clock.due_at.isoformat())
            draft.set_clock(replace(clock, due_at=leaves_at + HELD_FOR))
    return held


def _let_run(draft: Draft, clock: Clock) -> None:
    """The words never leave: held clocks run at their own times again, unless other words still wait."""
    others = waiting_words(draft.state)
    if others:
        held = {**others[0].data["held"], **clock.data["held"]}
        draft.set_clock(replace(others[0], data={**others[0].data, "held": held}))
        return
    _own_times(draft, clock)


def _own_times(draft: Draft, clock: Clock) -> None:
    episode = open_one(draft.state)
    if episode is None:
        return
    for kind, key in _owing(episode):
        running, own = draft.state.clock(kind, key), clock.data["held"].get(kind.value)
        if running is not None and own is not None:
            draft.set_clock(replace(running, due_at=min(running.due_at, datetime.fromisoformat(own))))


def _owing(episode: Episode) -> Sequence[tuple[ClockKind, str]]:
    key = episode.episode_id
    return (ClockKind.FIRST_WORDS, key), (ClockKind.RUNG, key), (ClockKind.PROMISE, "")
