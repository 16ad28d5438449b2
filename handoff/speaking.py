"""What agents write, and what it counts for: first words, next words, and the wait that they end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.draft import Draft
from bot.core.model import AgentRef, Clock, ClockKind, CommandRefused, Episode, Json, Promise, Say, Speaker
from bot.core.window import permit
from handoff.accounts import booked_until, phase_of
from handoff.calendar import working_between
from handoff.holding import held_by
from handoff.judging import judge, wait_cause, words_missed
from handoff.policy import Policy
from handoff.rounds import Round
from handoff.steps import (
    keep_promise,
    open_one,
    owed_by_agent,
    put,
    who,
)
from handoff.unsaid import hold_back, settle, waiting_words
from handoff.waiting import judge_forecast


def wrote(draft: Draft, policy: Policy, agent: AgentRef, text: str, client_key: str, *, wait_s: float = 0.0) -> None:
    """The holder writes to the prospect. Lateness is judged here from timestamps, whether or not a clock fired. For `wait_s`
    seconds they may take it back; it counts from now all the same, once it stands.

    Raises CommandRefused: `not_yours`, `empty`, `opted_out` (they asked us to stop and have not written since), or `window` (their
    channel lets nobody write to them any more).
    """
    if _must_not_write(draft):
        # First, as it is why who held it holds it no more.
        raise CommandRefused("opted_out", f"{who(draft.state)} asked us to stop writing.")
    episode = held_by(draft, agent)
    if not text.strip():
        raise CommandRefused("empty", "There is nothing to send.")
    if _window_closed(draft):
        raise CommandRefused("window", f"{who(draft.state)}'s channel lets nobody write to them until they write again.")
    if any(u.say.client_key == client_key for u in draft.state.unsent) or draft.state.clock(ClockKind.UNDO, client_key):
        return
    say = Say(speaker=Speaker.AGENT, text=text, agent=agent, client_key=client_key)
    if wait_s > 0:
        hold_back(draft, policy, episode, say, wait_s=wait_s)
        return
    # Words before these can't be taken back any more: they would be missed between.
    stand_all(draft, policy)
    draft.say(say)
    spoke(draft, policy, episode, draft.now)


def stand_all(draft: Draft, policy: Policy) -> None:
    """Whatever waits to be taken back stands now: something else was done that goes by what was said."""
    for clock in waiting_words(draft.state):
        stand(draft, policy, clock)


def stand(draft: Draft, policy: Policy, clock: Clock) -> None:
    """The words of this UNDO clock can't be taken back any more: they count from the moment their writer sent them."""
    stands = settle(draft, policy, clock)
    episode = open_one(draft.state)
    if stands is None or episode is None or episode.agent is None or episode.agent.agent_id != stands.agent_id:
        return
    at = max(stands.at, episode.requested_at)
    spoke(draft, policy, episode, at, later=stands.later, asked=stands.asked)
    episode, phase = draft.state.episode or episode, phase_of(draft.state, None, draft.now)
    if phase != episode.phase and episode.phase_since is not None:
        # The wait until they left is nobody's time to answer in.
        booked = booked_until(episode, at, policy.hours)
        put(draft, episode, segments=booked, phase=phase, phase_since=max(at, episode.phase_since))


def _must_not_write(draft: Draft) -> bool:
    opted_out_at, inbound_at = draft.state.opted_out_at, draft.state.last_inbound_at
    return opted_out_at is not None and (inbound_at is None or inbound_at <= opted_out_at)


def _window_closed(draft: Draft) -> bool:
    state = draft.state
    closes_at = state.window.closes_at if state.window else None
    as_what = permit(
        state.identity.channel,
        speaker=Speaker.AGENT,
        closes_at=closes_at,
        last_inbound_at=state.last_inbound_at,
        now=draft.now,
    )
    return as_what is None


def spoke(
    draft: Draft, policy: Policy, episode: Episode, at: datetime, *, later: Promise | None = None, asked: Sequence[Json] = ()
) -> None:
    """A person has written at `at`: stamp first words, judge lateness, keep the promise. `later` is what the prospect is owed for
    what they `asked` after it."""
    key, promise = episode.episode_id, draft.state.promise
    if promise is not None and later is not None and promise.message_id >= later.message_id:
        promise = None
    words = draft.state.clock(ClockKind.FIRST_WORDS, key)
    owed = draft.state.clock(ClockKind.PROMISE)
    first = episode.first_words_at is None
    if first:
        episode = judge(draft, policy, episode, "first_words", episode.first_words_due_at, at)
        episode = judge_forecast(draft, policy, put(draft, episode, first_words_at=at), at)
        waited_ms = int((at - episode.requested_at).total_seconds() * 1000)
        draft.note("episode.first_words", episode_id=key, waited_ms=waited_ms)
    elif words is not None and words.data.get("judged"):
        pass  # Late before this round began, and recorded then.
    elif words is not None and not words.data.get("silent"):
        episode = judge(draft, policy, episode, words_missed(episode), words.due_at, at, again=True)
    elif promise is not None and owed is not None and owed.data.get("missed") == 0:
        cause = wait_cause(policy, episode, promise)
        episode = judge(draft, policy, episode, "next_words", promise.due_at, at, again=True, cause=cause)
    waited_since = promise.opened_at if promise is not None else _round_since(words)
    if waited_since is not None and not first:
        _note_wait(draft, policy, episode, waited_since, at)
    draft.cancel_clock(ClockKind.FIRST_WORDS, key)
    draft.cancel_clock(ClockKind.RUNG, key)
    if later is None:
        draft.cancel_clock(ClockKind.TURN)
        draft.heard(tuple(h.message_id for h in draft.state.unheard))
        keep_promise(draft, "agent", at=at)
    elif promise is not None:
        keep_promise(draft, "agent", at=at)
        draft.set(promise=later)
        draft.set_clock(owed_by_agent(later, at=later.due_at, unanswered=asked))


def _note_wait(draft: Draft, policy: Policy, episode: Episode, since: datetime, at: datetime) -> None:
    """Each wait for next words on its own, for reports: by the wall clock and in working time."""
    waited_ms = max(0, int((at - since).total_seconds() * 1000))
    working_ms = int(working_between(since, at, policy.hours) * 1000)
    draft.note("episode.next_words", episode_id=episode.episode_id, waited_ms=waited_ms, working_ms=working_ms)


def _round_since(words: Clock | None) -> datetime | None:
    """Since when the words of a round were waited for: what the bot answered meanwhile leaves no promise behind."""
    round_ = Round.of(words)
    return None if round_ is None else round_.since
