"""The clocks of an episode: what happens when nobody was found, nobody accepted, nobody spoke.

Every clock is judged again when it fires: it acts on the episode as it is now, not as it was when the clock was set.
"""

from __future__ import annotations

from datetime import datetime

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode
from handoff.desk import Desk
from handoff.policy import Action, Policy, due
from handoff.steps import (
    HOLDER,
    PROSPECT,
    WANTS,
    Round,
    back_to_waiting,
    breach,
    climb_on,
    offer,
    offered_now,
    open_one,
    put,
    tell,
    unanswered,
    words_missed,
)


def clock_fired(draft: Draft, policy: Policy, desk: Desk, clock: Clock) -> None:
    """An OFFER, ACCEPT, FIRST_WORDS or RUNG clock is due. A clock that was moved or outlived its episode does nothing."""
    running = draft.state.clock(clock.kind, clock.key)
    if clock.due_at > draft.now or (running is not None and running.due_at > draft.now):
        return
    draft.cancel_clock(clock.kind, clock.key)
    episode = open_one(draft.state)
    if episode is None or episode.episode_id != clock.key:
        return
    waiting = episode.status == "waiting"
    match clock.kind:
        case ClockKind.OFFER if waiting and episode.offered_at is None:
            offer(draft, policy, desk, breach(draft, episode, "offer", clock.due_at, draft.now))
        case ClockKind.ACCEPT if waiting:
            _not_accepted(draft, policy, desk, episode, clock)
        case ClockKind.FIRST_WORDS:
            _no_words(draft, policy, desk, episode, clock)
        case ClockKind.RUNG if waiting:
            _climb(draft, policy, desk, episode, clock)
        case _:
            return


def _not_accepted(draft: Draft, policy: Policy, desk: Desk, episode: Episode, clock: Clock) -> None:
    """Whoever was asked did not answer: ask the next, and the same one again when there is no other."""
    draft.note("episode.offer_lapsed", episode_id=episode.episode_id, agent_id=clock.data["agent_id"])
    offer(draft, policy, desk, breach(draft, episode, "accept", clock.due_at, draft.now))


def _no_words(draft: Draft, policy: Policy, desk: Desk, episode: Episode, clock: Clock) -> None:
    """Human words are late. While waiting the ladder deals with it; a silent holder is nudged, then replaced."""
    round_ = Round.of(clock)
    if round_ is None:
        raise ValueError(f"a first_words clock without its round: {dict(clock.data)!r}")
    if not clock.data.get("silent"):
        episode = _words_late(draft, episode, clock)
    if episode.status == "waiting" or episode.agent is None or episode.accepted_at is None:
        return
    agent, accepted_at = episode.agent, episode.accepted_at
    if clock.data.get("silent"):
        episode = put(draft, episode, rung=len(policy.ladder), widened=True)
        text = f"{HOLDER} has not answered {PROSPECT}. Who can?"
        draft.notify("alarm", sound=True, text=text, agent_id=agent.agent_id, episode_id=episode.episode_id)
        tell(draft, policy, "nobody_came", replies=policy.choice_replies())
        back_to_waiting(draft, policy, desk, episode, why="silent", asked_for=unanswered(draft.state))
        return
    grace_s = max(policy.targets.next_words_s, round_.target_s)
    silent_at = max(due(policy, accepted_at, grace_s), due(policy, draft.now, policy.targets.accept_s))
    data = round_.data(silent=True)
    draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=episode.episode_id, due_at=silent_at, data=data))
    text = f"{PROSPECT} is waiting for {HOLDER}'s first words."
    draft.notify("alarm", sound=True, text=text, agent_id=agent.agent_id, episode_id=episode.episode_id)
    tell(draft, policy, "agent_silent", agent=agent.name)


def _words_late(draft: Draft, episode: Episode, clock: Clock) -> Episode:
    """Record the miss of a round's words once: the name once per episode, the journal once per round."""
    draft.cancel_clock(ClockKind.FIRST_WORDS, clock.key)
    again = episode.first_words_at is not None
    return breach(draft, episode, words_missed(episode), clock.due_at, draft.now, again=again)


def _climb(draft: Draft, policy: Policy, desk: Desk, episode: Episode, clock: Clock) -> None:
    round_ = Round.of(clock)
    if round_ is None:
        raise ValueError(f"a rung clock without its round: {dict(clock.data)!r}")
    if episode.rung >= len(policy.ladder):
        _above_ladder(draft, policy, desk, episode, round_, clock)
        return
    rung = policy.ladder[episode.rung]
    actions = [action.value for action in rung.actions]
    draft.note("rung.climbed", episode_id=episode.episode_id, rung=episode.rung, at=rung.at, actions=actions)
    episode = put(draft, episode, rung=episode.rung + 1)
    for action in rung.actions:
        episode = _act(draft, policy, desk, episode, action, round_)
    climb_on(draft, policy, episode, round_)


def _act(draft: Draft, policy: Policy, desk: Desk, episode: Episode, action: Action, round_: Round) -> Episode:
    key = episode.episode_id
    waited_s = round((draft.now - round_.since).total_seconds())
    match action:
        case Action.OFFER_NEXT:
            return offer(draft, policy, desk, episode)
        case Action.WIDEN:
            draft.notify("alarm", sound=True, text=f"{PROSPECT} {WANTS[episode.reason]}. Who can?", episode_id=key)
            return put(draft, episode, widened=True)
        case Action.SUPERVISOR:
            text = f"{PROSPECT} has waited {waited_s} s and nobody has answered."
            draft.notify("alarm", sound=True, level="supervisor", text=text, episode_id=key)
            return episode
        case Action.TELL_PROSPECT:
            words = draft.state.clock(ClockKind.FIRST_WORDS, key)
            if words is not None and words.due_at <= draft.now:
                episode = _words_late(draft, episode, words)
            draft.notify("breach", sound=True, text=f"Nobody came for {PROSPECT}. They have been told.", episode_id=key)
            tell(draft, policy, _honest_words(draft, episode, "nobody_came"), replies=policy.choice_replies())
            return episode


def _above_ladder(draft: Draft, policy: Policy, desk: Desk, episode: Episode, round_: Round, clock: Clock) -> None:
    """The ladder is climbed and still nobody: alarm the team again, and tell the prospect at growing gaps."""
    key, after = episode.episode_id, policy.after_ladder
    waited_min = round((draft.now - round_.since).total_seconds() / 60)
    draft.note("ladder.alarmed_again", episode_id=key)
    draft.notify("alarm", sound=True, text=f"{PROSPECT} has waited {waited_min} min.", episode_id=key)
    if not episode.widened:
        episode = put(draft, episode, widened=True)
    if offered_now(draft, episode) is None:
        episode = offer(draft, policy, desk, episode)
    told, tell_at = int(clock.data["told"]), datetime.fromisoformat(clock.data["tell_at"])
    if draft.now >= tell_at:
        told += 1
        tell(draft, policy, _honest_words(draft, episode, "still_waiting"))
        gap_s = max(after.tell_again_s[min(told, len(after.tell_again_s) - 1)], round_.target_s)
        tell_at = due(policy, draft.now, gap_s)
    next_at = min(due(policy, draft.now, after.alarm_every_s), tell_at)
    data = round_.data(told=told, tell_at=tell_at.isoformat())
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=key, due_at=next_at, data=data))


def _honest_words(draft: Draft, episode: Episode, live: str) -> str:
    """Which phrase fits: people who left a number or a time are not sitting there waiting."""
    called_back = episode.choice in ("callback", "book") and draft.state.asking is None
    return "callback_late" if called_back else live
