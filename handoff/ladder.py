"""The clocks of an episode: what happens when nobody was found, nobody accepted, nobody spoke.

Every clock is judged again when it fires: it acts on the episode as it is now, not as it was when the clock was set.
"""

from __future__ import annotations

from datetime import datetime

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode
from handoff.accounts import Cause
from handoff.acting import NOBODY_CAME, act, honest_words, urge, words_late
from handoff.booking import time_comes
from handoff.calendar import next_open
from handoff.desk import Desk
from handoff.judging import breach, offer_due
from handoff.offers import asked_gone, back_to_waiting, end_stopped, offer, offered_now
from handoff.policy import Policy, Rung, Target, Until, clock_hours, due
from handoff.rounds import Round, climb_on, next_alarm, next_rung
from handoff.routing import choose
from handoff.steps import HOLDER, PROSPECT, open_one, put, tell, tell_closed, unanswered, wants_rest
from handoff.waiting import slipped, tell_still_waiting

__all__ = ["NOBODY_CAME", "clock_fired"]


def clock_fired(draft: Draft, policy: Policy, desk: Desk, clock: Clock) -> None:
    """An OFFER, ACCEPT, FIRST_WORDS, RUNG or FORECAST clock is due. A clock that was moved or outlived its episode does nothing."""
    running = draft.state.clock(clock.kind, clock.key)
    if clock.due_at > draft.now or (running is not None and running.due_at > draft.now):
        return
    draft.cancel_clock(clock.kind, clock.key)
    episode = open_one(draft.state)
    if episode is None or episode.episode_id != clock.key:
        return
    waiting = episode.status == "waiting"
    if wants_rest(draft.state) and (waiting or clock.kind is ClockKind.FIRST_WORDS):
        end_stopped(draft, policy, episode)
        return
    match clock.kind:
        case ClockKind.OFFER if waiting and clock.data.get("booked"):
            time_comes(draft, policy, desk, episode)
        case ClockKind.OFFER if waiting:
            _nobody_asked(draft, policy, desk, episode)
        case ClockKind.ACCEPT if waiting:
            _not_accepted(draft, policy, desk, episode, clock)
        case ClockKind.FIRST_WORDS:
            _no_words(draft, policy, desk, episode, clock)
        case ClockKind.FORECAST if waiting:
            slipped(draft, policy, desk, episode)
        case ClockKind.RUNG if waiting or next_rung(policy, episode) is not None:
            _climb(draft, policy, desk, episode, clock)
        case _:
            return


def _nobody_asked(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> None:
    """Look again, for more people may be asked by now. If nobody was asked in time though somebody is free at this moment, it was
    not for want of people."""
    due_at = offer_due(policy, episode)
    if episode.offered_at is None and due_at <= draft.now:
        cause = Cause.NO_AGENTS if choose(desk, episode, draft.now) is None else Cause.ROUTING
        episode = breach(draft, episode, "offer", due_at, draft.now, policy=policy, cause=cause)
    if offered_now(draft, episode) is None:
        offer(draft, policy, desk, episode)


def _not_accepted(draft: Draft, policy: Policy, desk: Desk, episode: Episode, clock: Clock) -> None:
    """Whoever was asked did not answer: ask the next, and the same one again when there is no other."""
    agent_id = clock.data["agent_id"]
    if not desk.is_online(agent_id):
        episode = asked_gone(draft, episode)
    draft.note("episode.offer_lapsed", episode_id=episode.episode_id, agent_id=agent_id)
    offer(draft, policy, desk, breach(draft, episode, "accept", clock.due_at, draft.now, policy=policy))


def _no_words(draft: Draft, policy: Policy, desk: Desk, episode: Episode, clock: Clock) -> None:
    """Human words are late. While waiting the ladder deals with it; a silent holder is nudged, then replaced."""
    round_ = Round.of(clock)
    if round_ is None:
        raise ValueError(f"a first_words clock without its round: {dict(clock.data)!r}")
    if not clock.data.get("silent"):
        episode = words_late(draft, policy, episode, clock)
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
    silent_at = max(
        due(policy, accepted_at, grace_s, round_.goes_by), due(policy, draft.now, policy.targets.accept_s, Target.ACCEPT)
    )
    data = round_.data(silent=True)
    draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=episode.episode_id, due_at=silent_at, data=data))
    text = f"{PROSPECT} is waiting for {HOLDER}'s first words."
    draft.notify("alarm", sound=True, text=text, agent_id=agent.agent_id, episode_id=episode.episode_id)
    tell(draft, policy, "agent_silent", agent=agent.name)


def _climb(draft: Draft, policy: Policy, desk: Desk, episode: Episode, clock: Clock) -> None:
    round_ = Round.of(clock)
    if round_ is None:
        raise ValueError(f"a rung clock without its round: {dict(clock.data)!r}")
    place = next_rung(policy, episode)
    if place is None:
        _above_ladder(draft, policy, desk, episode, round_, clock)
        return
    rung = policy.ladder[place]
    episode = put(draft, episode, rung=place + 1)
    key = episode.episode_id
    needless = _needless(draft, episode, rung, round_)
    if needless is not None:
        draft.note("rung.needless", episode_id=key, rung=place, at=rung.at, after_s=rung.after_s, why=needless)
    else:
        actions = [action.value for action in rung.actions]
        draft.note("rung.climbed", episode_id=key, rung=place, at=rung.at, after_s=rung.after_s, actions=actions)
        for action in rung.actions:
            if episode.status == "waiting":
                episode = act(draft, policy, desk, episode, action, rung, round_)
            elif episode.status == "accepted":
                episode = urge(draft, policy, episode, action, rung, round_)
    if episode.status != "closed":
        climb_on(draft, policy, episode, round_)


def _needless(draft: Draft, episode: Episode, rung: Rung, round_: Round) -> str | None:
    """Why nothing is to be done at a rung that is reached; None if it is to be climbed."""
    if wants_rest(draft.state):
        return "opted_out"
    seen = episode.seen_at is not None and episode.seen_at >= round_.since
    return "seen" if rung.until is Until.SEEN and seen else None


def _above_ladder(draft: Draft, policy: Policy, desk: Desk, episode: Episode, round_: Round, clock: Clock) -> None:
    """The ladder is climbed and still nobody: alarm the team again, and tell the prospect at growing gaps.

    When the team goes home the prospect is told when somebody is there again, and everything stands still until then.
    """
    opens_at = next_open(draft.now, clock_hours(policy, round_.goes_by))
    if opens_at is not None and opens_at > draft.now:
        _closed_for_now(draft, policy, episode, round_, clock, opens_at)
        return
    key, after = episode.episode_id, policy.after_ladder
    waited_min = round((draft.now - round_.since).total_seconds() / 60)
    draft.note("ladder.alarmed_again", episode_id=key)
    draft.notify("alarm", sound=True, text=f"{PROSPECT} has waited {waited_min} min.", episode_id=key)
    if not episode.widened:
        episode = put(draft, episode, widened=True)
    if offered_now(draft, episode) is None:
        episode = offer(draft, policy, desk, episode)
    told, tell_at = int(clock.data["told"]), datetime.fromisoformat(clock.data["tell_at"])
    alarms = int(clock.data.get("alarms", 0)) + 1
    if draft.now >= tell_at:
        told += 1
        if honest_words(draft, episode, "still_waiting") == "still_waiting":
            episode = tell_still_waiting(draft, policy, desk, episode)
        else:
            tell(draft, policy, "callback_late")
        gap_s = max(after.tell_again_s[min(told, len(after.tell_again_s) - 1)], round_.target_s)
        tell_at = due(policy, draft.now, gap_s, round_.goes_by)
    data = round_.data(told=told, tell_at=tell_at.isoformat(), alarms=alarms)
    next_at = next_alarm(draft, policy, round_, tell_at, alarms=alarms)
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=key, due_at=next_at, data=data))


def _closed_for_now(draft: Draft, policy: Policy, episode: Episode, round_: Round, clock: Clock, opens_at: datetime) -> None:
    key = episode.episode_id
    draft.note("ladder.paused", episode_id=key, until=opens_at.isoformat())
    if honest_words(draft, episode, "closed_now") == "closed_now":
        tell_closed(draft, policy)
    data = round_.data(told=clock.data["told"], tell_at=clock.data["tell_at"])
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=key, due_at=opens_at, data=data))
