"""How an episode begins, is offered when somebody comes, and ends because nobody is needed any more."""

from __future__ import annotations

from bot.core.draft import Draft
from bot.core.model import Clock, ClockKind, Episode, Owner, Reason
from handoff.agents import agent_gone
from handoff.desk import Desk
from handoff.policy import Policy, due, spoken
from handoff.steps import PROSPECT, Round, close, hand_to, offer, offered_now, open_one, start_round, tell


def open_episode(draft: Draft, policy: Policy, desk: Desk, reason: Reason, detail: str = "", *, quiet: bool = False) -> None:
    """Bring in a human: owner waiting, four clocks, an offer if somebody is free, and a line saying so.

    With an episode open already, nothing starts twice: it is journalled and answered with one kind line at most.
    `quiet` leaves the line out (the caller has said something itself).
    """
    episode = open_one(draft.state)
    if episode is not None:
        draft.note("episode.asked_again", episode_id=episode.episode_id, reason=reason.value)
        if episode.status == "waiting" and not quiet and not _just_told(draft):
            tell(draft, policy, "still_waiting")
        return
    key, round_ = draft.new_id("ep"), Round(since=draft.now, target_s=policy.targets.first_words_s)
    episode = Episode(
        episode_id=key,
        reason=reason,
        detail=detail,
        requested_at=draft.now,
        first_words_due_at=due(policy, draft.now, policy.targets.first_words_s),
    )
    draft.note("episode.opened", episode_id=key, reason=reason.value)
    draft.set(asking=None)
    hand_to(draft, Owner.WAITING)
    draft.set_clock(Clock(kind=ClockKind.OFFER, key=key, due_at=due(policy, draft.now, policy.targets.offer_s)))
    episode = start_round(draft, policy, episode, round_)
    offer(draft, policy, desk, episode)
    if not quiet:
        online = "online" if desk.somebody_online else "offline"
        if reason is Reason.COMPLAINT and not draft.says:
            tell(draft, policy, "complaint")
        tell(draft, policy, f"getting_someone_{online}", wait=spoken(policy.targets.first_words_s))


def agents_changed(draft: Draft, policy: Policy, desk: Desk) -> None:
    """Who is free changed: offer a waiting episode that nobody who is online is being asked about."""
    episode = open_one(draft.state)
    if episode is None or episode.status != "waiting":
        return
    asked = offered_now(draft, episode)
    if asked is None:
        offer(draft, policy, desk, episode)
    elif not desk.is_online(asked):
        agent_gone(draft, policy, desk, asked)


def withdraw_request(draft: Draft, outcome: str) -> None:
    """The prospect needs nobody any more: a waiting episode is closed and the conversation is the bot's again."""
    episode = open_one(draft.state)
    if episode is None or episode.status != "waiting":
        return
    close(draft, episode, outcome)
    hand_to(draft, Owner.BOT)
    draft.notify("lost", text=f"{PROSPECT} no longer waits.", episode_id=episode.episode_id)


def _just_told(draft: Draft) -> bool:
    """True if the last thing said was the ladder's, so that asking twice does not make it chatter."""
    return bool(draft.state.wordings) and draft.state.wordings[-1].startswith("ladder/")
