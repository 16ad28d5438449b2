"""The clocks of an episode: what happens when nobody was found, nobody accepted, nobody spoke.

Every clock is judged again when it fires: it acts on the episode as it is now, not as it was when the clock was set.
"""

from __future__ import annotations

from datetime import datetime

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Owner, Say, Speaker
from handoff.accounts import Cause
from handoff.calendar import next_close, next_open, open_at
from handoff.desk import Desk, choose
from handoff.phrases import pick
from handoff.policy import Action, Policy, Rung, Target, Until, due
from handoff.rungs import UNCARRIED
from handoff.steps import (
    PURPOSE,
    WANTS,
    Round,
    asked_gone,
    back_to_waiting,
    breach,
    climb_on,
    close,
    hand_to,
    next_rung,
    offer,
    offered_now,
    open_one,
    put,
    tell,
    tell_closed,
    unanswered,
    who,
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
            _not_offered(draft, policy, desk, episode, clock)
        case ClockKind.ACCEPT if waiting:
            _not_accepted(draft, policy, desk, episode, clock)
        case ClockKind.FIRST_WORDS:
            _no_words(draft, policy, desk, episode, clock)
        case ClockKind.RUNG if waiting or next_rung(policy, episode) is not None:
            _climb(draft, policy, desk, episode, clock)
        case _:
            return


def _not_offered(draft: Draft, policy: Policy, desk: Desk, episode: Episode, clock: Clock) -> None:
    """Nobody was asked in time. If somebody is free at this moment, it was not for want of people."""
    cause = Cause.NO_AGENTS if choose(desk, episode) is None else Cause.ROUTING
    offer(draft, policy, desk, breach(draft, episode, "offer", clock.due_at, draft.now, policy=policy, cause=cause))


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
        episode = _words_late(draft, policy, episode, clock)
    if episode.status == "waiting" or episode.agent is None or episode.accepted_at is None:
        return
    name, accepted_at = episode.agent.name, episode.accepted_at
    if clock.data.get("silent"):
        episode = put(draft, episode, rung=len(policy.ladder), widened=True)
        text = f"{name} has not answered {who(draft.state)}. Who can?"
        draft.notify("alarm", sound=True, text=text, episode_id=episode.episode_id)
        tell(draft, policy, "nobody_came", replies=policy.choice_replies())
        back_to_waiting(draft, policy, desk, episode, why="silent", asked_for=unanswered(draft.state))
        return
    grace_s = max(policy.targets.next_words_s, round_.target_s)
    silent_at = max(
        due(policy, accepted_at, grace_s, round_.goes_by), due(policy, draft.now, policy.targets.accept_s, Target.ACCEPT)
    )
    data = round_.data(silent=True)
    draft.set_clock(Clock(kind=ClockKind.FIRST_WORDS, key=episode.episode_id, due_at=silent_at, data=data))
    text = f"{who(draft.state)} is waiting for {name}'s first words."
    draft.notify("alarm", sound=True, text=text, episode_id=episode.episode_id)
    tell(draft, policy, "agent_silent", agent=name)


def _words_late(draft: Draft, policy: Policy, episode: Episode, clock: Clock) -> Episode:
    """Record the miss of a round's words once: the name once per episode, the journal once per round."""
    draft.cancel_clock(ClockKind.FIRST_WORDS, clock.key)
    again = episode.first_words_at is not None
    return breach(draft, episode, words_missed(episode), clock.due_at, draft.now, again=again, policy=policy)


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
    if rung.until is Until.SEEN and episode.seen_at is not None and episode.seen_at >= round_.since:
        draft.note("rung.needless", episode_id=key, rung=place, at=rung.at, after_s=rung.after_s, why="seen")
    else:
        actions = [action.value for action in rung.actions]
        draft.note("rung.climbed", episode_id=key, rung=place, at=rung.at, after_s=rung.after_s, actions=actions)
        for action in rung.actions:
            if episode.status == "waiting":
                episode = _act(draft, policy, desk, episode, action, rung, round_)
            elif episode.status == "accepted":
                episode = _urge(draft, policy, episode, action, rung, round_)
    if episode.status != "closed":
        climb_on(draft, policy, episode, round_)


def _act(draft: Draft, policy: Policy, desk: Desk, episode: Episode, action: Action, rung: Rung, round_: Round) -> Episode:
    """What a rung does while nobody has accepted."""
    name, key = who(draft.state), episode.episode_id
    match action:
        case Action.OFFER_NEXT:
            return offer(draft, policy, desk, episode)
        case Action.WIDEN:
            draft.notify("alarm", sound=True, text=f"{name} {WANTS[episode.reason]}. Who can?", episode_id=key)
            return put(draft, episode, widened=True)
        case Action.TELL_PROSPECT:
            episode = _late_by_now(draft, policy, episode)
            draft.notify("breach", sound=True, text=f"Nobody came for {name}. They have been told.", episode_id=key)
            phrase = _honest_words(draft, episode, "nobody_came")
            if phrase != "nobody_came" or not tell_closed(draft, policy):
                tell(draft, policy, phrase, replies=policy.choice_replies())
            return episode
        case Action.ASK_NUMBER:
            return _ask(draft, policy, episode, "callback", "callback_number", "callback_ask")
        case Action.ASK_TIME:
            return _ask(draft, policy, episode, "book", "callback_time", "booked_ask")
        case Action.RETURN_TO_BOT:
            episode = close(draft, policy, _late_by_now(draft, policy, episode), "nobody_came")
            hand_to(draft, Owner.BOT)
            draft.notify("breach", sound=True, text=f"Nobody came for {name}. The bot goes on.", episode_id=key)
            tell(draft, policy, "returned_to_bot")
            return episode
        case _:
            return _urge(draft, policy, episode, action, rung, round_)


def _urge(draft: Draft, policy: Policy, episode: Episode, action: Action, rung: Rung, round_: Round) -> Episode:
    """What a rung does whether or not somebody has accepted; what only makes sense before that does nothing here."""
    name, key = who(draft.state), episode.episode_id
    waited_s = round((draft.now - round_.since).total_seconds())
    asked = episode.agent.agent_id if episode.agent else offered_now(draft, episode)
    match action:
        case Action.SOUND:
            to = () if episode.widened or asked is None else (asked,)
            draft.notify("alarm", to=to, sound=True, text=f"{name} {WANTS[episode.reason]}.", episode_id=key)
        case Action.SUPERVISOR:
            text = f"{name} has waited {waited_s} s and nobody has answered."
            draft.notify("alarm", sound=True, level="supervisor", text=text, episode_id=key)
        case Action.PUSH | Action.PAGE:
            whom = list(policy.supervisors) if action is Action.PAGE else [asked] if asked else []
            draft.note("notice.uncarried", episode_id=key, notice=action.value, whom=len(whom), why=UNCARRIED[action])
            text = f"{name} has waited {waited_s} s. Not sent outside the console: {UNCARRIED[action]}."
            draft.notify(action.value, text=text, episode_id=key, carried=False, whom=whom)
        case Action.RAISE_VALUE:
            value = (episode.value or 0.0) + (rung.raise_by or 0.0)
            draft.note("episode.value_raised", episode_id=key, value=value)
            return put(draft, episode, value=value)
        case Action.SAY:
            _say(draft, episode, rung)
        case _:
            pass
    return episode


def _say(draft: Draft, episode: Episode, rung: Rung) -> None:
    if draft.state.opted_out_at is not None:
        draft.note("ladder.unsaid", phrase="say", why="opted_out")
        return
    text, wording = pick(f"rung_{episode.rung}", rung.say, draft.rng, draft.state.wordings, {})
    draft.say(Say(speaker=Speaker.LADDER, text=text, wording=wording, purpose=PURPOSE, urgent=True))


def _ask(draft: Draft, policy: Policy, episode: Episode, choice: str, asking: str, phrase: str) -> Episode:
    """Ask for a number or a time, unless it was told already or is being asked for."""
    if draft.state.asking is not None or episode.choice in ("callback", "book"):
        return episode
    draft.set(asking=asking)
    tell(draft, policy, phrase)
    return put(draft, episode, choice=choice)


def _late_by_now(draft: Draft, policy: Policy, episode: Episode) -> Episode:
    words = draft.state.clock(ClockKind.FIRST_WORDS, episode.episode_id)
    if words is not None and words.due_at <= draft.now:
        return _words_late(draft, policy, episode, words)
    return episode


def _above_ladder(draft: Draft, policy: Policy, desk: Desk, episode: Episode, round_: Round, clock: Clock) -> None:
    """The ladder is climbed and still nobody: alarm the team again, and tell the prospect at growing gaps.

    When the team goes home the prospect is told when somebody is there again, and everything stands still until then.
    """
    if round_.goes_by in policy.pause.out_of_hours and not open_at(draft.now, policy.hours):
        _closed_for_now(draft, policy, episode, round_, clock)
        return
    key, after = episode.episode_id, policy.after_ladder
    waited_min = round((draft.now - round_.since).total_seconds() / 60)
    draft.note("ladder.alarmed_again", episode_id=key)
    draft.notify("alarm", sound=True, text=f"{who(draft.state)} has waited {waited_min} min.", episode_id=key)
    if not episode.widened:
        episode = put(draft, episode, widened=True)
    if offered_now(draft, episode) is None:
        episode = offer(draft, policy, desk, episode)
    told, tell_at = int(clock.data["told"]), datetime.fromisoformat(clock.data["tell_at"])
    if draft.now >= tell_at:
        told += 1
        tell(draft, policy, _honest_words(draft, episode, "still_waiting"))
        gap_s = max(after.tell_again_s[min(told, len(after.tell_again_s) - 1)], round_.target_s)
        tell_at = due(policy, draft.now, gap_s, round_.goes_by)
    next_at = min(due(policy, draft.now, after.alarm_every_s, round_.goes_by), tell_at)
    closes_at = next_close(draft.now, policy.hours) if round_.goes_by in policy.pause.out_of_hours else None
    next_at = next_at if closes_at is None else min(next_at, closes_at)
    data = round_.data(told=told, tell_at=tell_at.isoformat())
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=key, due_at=next_at, data=data))


def _closed_for_now(draft: Draft, policy: Policy, episode: Episode, round_: Round, clock: Clock) -> None:
    key, opens_at = episode.episode_id, next_open(draft.now, policy.hours)
    draft.note("ladder.paused", episode_id=key, until=opens_at.isoformat() if opens_at else None)
    if _honest_words(draft, episode, "closed_now") == "closed_now":
        tell_closed(draft, policy)
    data = round_.data(told=clock.data["told"], tell_at=clock.data["tell_at"])
    again_at = opens_at or due(policy, draft.now, policy.after_ladder.tell_again_s[-1])
    draft.set_clock(Clock(kind=ClockKind.RUNG, key=key, due_at=again_at, data=data))


def _honest_words(draft: Draft, episode: Episode, live: str) -> str:
    """Which phrase fits: people who left a number or a time are not sitting there waiting."""
    called_back = episode.choice in ("callback", "book") and draft.state.asking is None
    return "callback_late" if called_back else live
