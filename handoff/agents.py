"""What agents do with an episode: take it, write, give it back, vanish, or answer from the page's own inbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.draft import Draft
from bot.core.events import Claim, ForeignEcho
from bot.core.model import AgentRef, Clock, ClockKind, CommandRefused, Episode, Json, Owner, Promise, Reason, Say, Speaker, State
from bot.core.window import permit
from handoff import rating
from handoff.accounts import booked_until, phase_of
from handoff.calendar import open_at, working_between
from handoff.desk import Desk
from handoff.judging import judge, judge_all, offer_due, wait_cause, words_missed
from handoff.match import facts_of
from handoff.offers import asked_gone, back_to_waiting, close, needs_of, offer, offered_now
from handoff.policy import Policy, Target, clock_hours, due
from handoff.rounds import Round, climb_on, new_round
from handoff.steps import (
    NATIVE,
    hand_to,
    keep_promise,
    let_bot_answer,
    open_one,
    owed_by_agent,
    put,
    silence_bot,
    tell,
    unanswered,
    who,
)
from handoff.unsaid import hold_back, settle, waiting_words
from handoff.waiting import judge_forecast

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
    episode = episode or _step_in(draft, policy, Reason.AGENT_STEPPED_IN)
    if above_capacity:
        draft.note("episode.above_capacity", episode_id=episode.episode_id, agent_id=agent.agent_id, why=above_capacity)
    elif capacity is not None:
        draft.claim = Claim(agent_id=agent.agent_id, weight=episode.weight, capacity=capacity)
    episode = put(draft, episode, above_capacity=bool(above_capacity))
    _accept(draft, policy, episode, agent)
    tell(draft, policy, "agent_joined", agent=agent.name)


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
    _spoke(draft, policy, episode, draft.now)


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
    _spoke(draft, policy, episode, at, later=stands.later, asked=stands.asked)
    episode, phase = draft.state.episode or episode, phase_of(draft.state, None, draft.now)
    if phase != episode.phase and episode.phase_since is not None:
        # The wait until they left is nobody's time to answer in.
        booked = booked_until(episode, at, policy.hours)
        put(draft, episode, segments=booked, phase=phase, phase_since=max(at, episode.phase_since))


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
    _hand_back(draft, policy, put(draft, held_by(draft, agent), outcome_value=value), summary, outcome, slots, promised)
    tell(draft, policy, "given_back", agent=agent.name)
    let_bot_answer(draft, policy, unanswered(draft.state), "handed_back")


def _hand_back(
    draft: Draft,
    policy: Policy,
    episode: Episode,
    summary: str,
    outcome: str,
    slots: Json | None = None,
    promised: Sequence[str] = (),
) -> None:
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


def native_inbox(draft: Draft, policy: Policy, echo: ForeignEcho) -> None:
    """Somebody answers from the page's own inbox: a person has the thread, so the bot is silent. Their words count as human;
    taking the thread is not words yet, so the first words stay owed."""
    episode = open_one(draft.state)
    if episode is None:
        episode = _step_in(draft, policy, Reason.NATIVE_INBOX)
    if episode.status == "waiting":
        episode = _accept(draft, policy, episode, NATIVE)
    if echo.did != "wrote":
        draft.note("native_inbox.took", episode_id=episode.episode_id, app_id=echo.app_id)
        return
    draft.note("native_inbox.spoke", episode_id=episode.episode_id, app_id=echo.app_id)
    _spoke(draft, policy, episode, min(draft.now, max(echo.at, episode.requested_at)))


def native_gave_back(draft: Draft, policy: Policy, at: datetime) -> bool:
    """The thread came back to us at `at`. True if somebody in the page inbox held it until then: the bot says that it is the
    bot and answers what is open. False if nobody there did, or they took it since (Meta sends what we missed again)."""
    episode = open_one(draft.state)
    if episode is None or episode.agent != NATIVE or (episode.accepted_at is not None and at < episode.accepted_at):
        return False
    draft.note("native_inbox.gave_back", episode_id=episode.episode_id)
    _hand_back(draft, policy, episode, "", RETURNED)
    tell(draft, policy, "back_to_bot")
    let_bot_answer(draft, policy, unanswered(draft.state), "handed_back")
    return True


def ended_since(state: State, at: datetime) -> bool:
    """Whether the last episode was over by `at` or later, so that news of `at` is old."""
    episode = state.episode
    return episode is not None and episode.closed_at is not None and at <= episode.closed_at


def _step_in(draft: Draft, policy: Policy, reason: Reason) -> Episode:
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


def _accept(draft: Draft, policy: Policy, episode: Episode, agent: AgentRef) -> Episode:
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


def _owes_words(draft: Draft, episode: Episode) -> bool:
    return draft.state.promise is not None or draft.state.clock(ClockKind.FIRST_WORDS, episode.episode_id) is not None


def _spoke(
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
