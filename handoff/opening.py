"""How an episode begins, is offered when somebody comes, and ends because nobody is needed any more."""

from __future__ import annotations

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Owner, Reason
from handoff.accounts import account
from handoff.agents import agent_gone
from handoff.booking import booked_ahead, spoken_time
from handoff.desk import Desk
from handoff.match import facts_of
from handoff.offers import end_stopped, needs_of, offer, offered_now
from handoff.policy import Policy, Target, due, spoken
from handoff.rounds import new_round, start_round
from handoff.steps import hand_to, open_one, tell, tell_closed, tell_closing, wants_rest
from handoff.waiting import tell_wait


def open_episode(draft: Draft, policy: Policy, desk: Desk, reason: Reason, detail: str = "", *, quiet: bool = False) -> None:
    """Bring in a human: owner waiting, four clocks, an offer if somebody is free, and a line saying so.

    With an episode open already, nothing starts twice: it is journalled and answered with one kind line at most.
    `quiet` leaves the line out (the caller has said something itself).
    """
    episode = open_one(draft.state)
    if episode is not None:
        draft.note("episode.asked_again", episode_id=episode.episode_id, reason=reason.value)
        at = booked_ahead(draft, episode)
        if at is not None and episode.status == "waiting" and not quiet:
            tell(draft, policy, "booked_still", replies=policy.choice_replies(), time=spoken_time(draft, policy, at))
        elif episode.status == "waiting" and not quiet and not _just_told(draft) and not tell_closed(draft, policy):
            tell(draft, policy, "still_waiting")
        return
    key, facts = draft.new_id("ep"), facts_of(draft.state, reason)
    policy = policy.for_facts(facts)
    round_ = new_round(draft, policy, policy.targets.first_words_s)
    offer_at = due(policy, draft.now, policy.targets.offer_s, Target.OFFER)
    episode = Episode(
        episode_id=key,
        reason=reason,
        detail=detail,
        requested_at=draft.now,
        first_words_due_at=round_.due(policy),
        offer_due_at=offer_at,
        policy=policy.name,
        promises=policy.version,
        **needs_of(draft, policy, facts),
    )
    draft.note("episode.opened", episode_id=key, reason=reason.value, policy=policy.name)
    draft.set(asking=None)
    hand_to(draft, Owner.WAITING)
    draft.set_clock(Clock(kind=ClockKind.OFFER, key=key, due_at=offer_at))
    episode = start_round(draft, policy, episode, round_)
    episode = offer(draft, policy, desk, episode)
    if not quiet:
        if reason is Reason.COMPLAINT and not draft.says:
            tell(draft, policy, "complaint")
        _tell_what_comes(draft, policy, desk, episode)
    account(draft, policy.hours, desk)


def _tell_what_comes(draft: Draft, policy: Policy, desk: Desk, episode: Episode) -> None:
    """The promise in words: when somebody is there again out of hours, else how long it takes, else when one will hear more."""
    by_hours = Target.FIRST_WORDS in policy.pause.out_of_hours
    if by_hours and (tell_closed(draft, policy) or tell_closing(draft, policy, episode.first_words_due_at)):
        return
    if tell_wait(draft, policy, desk, episode):
        return
    online = "online" if desk.somebody_online else "offline"
    tell(draft, policy, f"getting_someone_{online}", wait=spoken(policy.targets.first_words_s))


def agents_changed(draft: Draft, policy: Policy, desk: Desk) -> None:
    """Who is free changed: offer a waiting episode that nobody who is online is being asked about."""
    episode = open_one(draft.state)
    if episode is None or episode.status != "waiting":
        return
    if wants_rest(draft.state):
        end_stopped(draft, policy, episode)
        return
    asked = offered_now(draft, episode)
    if asked is None:
        offer(draft, policy, desk, episode)
    elif not desk.is_online(asked):
        agent_gone(draft, policy, desk, asked)


def stopped(draft: Draft, policy: Policy) -> None:
    """The prospect wants no more messages, so nobody may be asked to write to them: an episode that waits, or was taken and still
    owes its first words, is closed and the conversation is the bot's again. Who talks already keeps the talk."""
    episode = open_one(draft.state)
    if episode is None or (episode.status != "waiting" and draft.state.clock(ClockKind.FIRST_WORDS, episode.episode_id) is None):
        return
    end_stopped(draft, policy, episode)


def _just_told(draft: Draft) -> bool:
    """True if the last thing said was the ladder's, so that asking twice does not make it chatter."""
    return bool(draft.state.wordings) and draft.state.wordings[-1].startswith("ladder/")
