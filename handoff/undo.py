"""Taking back what an agent just did, by the opposite act, where that is still true: what was taken, and what was given back.

Nothing is pretended: what the prospect has read cannot be unread, so they are told how things stand now.
"""

from __future__ import annotations

from datetime import timedelta

from bot.core.draft import Draft
from bot.core.events import Claim
from bot.core.model import AgentRef, ClockKind, CommandRefused, Episode, Owner, Reason, Speaker
from handoff.agents import RETURNED
from handoff.desk import Desk
from handoff.holding import again_held, held_by
from handoff.offers import back_to_waiting, close
from handoff.policy import Policy
from handoff.steps import hand_to, let_bot_answer, open_one, put, tell, unanswered, who
from handoff.unsaid import waiting_words

WITHIN = timedelta(minutes=10)
"""What is longer ago is no slip any more."""
WHY = "undone"


def untake(draft: Draft, policy: Policy, desk: Desk, agent: AgentRef) -> None:
    """The holder lets go of what they just took: it waits again and others are asked, or the bot goes on where they had stepped in.

    Raises CommandRefused: `not_yours`, `wrote` (they have written to the prospect), or `too_late`.
    """
    episode = held_by(draft, agent)
    wrote = draft.state.clock(ClockKind.FIRST_WORDS, episode.episode_id) is None or waiting_words(draft.state)
    if wrote:
        raise CommandRefused("wrote", f"You have written to {who(draft.state)} already. Give it back instead.")
    if episode.accepted_at is None or draft.now > episode.accepted_at + WITHIN:
        raise CommandRefused("too_late", "You took that a while ago. Give it back instead.")
    told = unsay(draft, "agent_joined")
    draft.note("episode.take_undone", episode_id=episode.episode_id, agent_id=agent.agent_id)
    asked = unanswered(draft.state)
    if episode.reason is Reason.AGENT_STEPPED_IN and episode.asked_at is None:
        close(draft, policy, episode, RETURNED)
        hand_to(draft, Owner.BOT)
        if told:
            tell(draft, policy, "given_back", agent=agent.name)
        let_bot_answer(draft, policy, asked, "handed_back")
        return
    if told:
        tell(draft, policy, "agent_left", agent=agent.name)
    back_to_waiting(draft, policy, desk, episode, why=WHY, exclude=(agent.agent_id,), asked_for=asked)


def take_again(draft: Draft, policy: Policy, agent: AgentRef, *, capacity: float | None = None) -> None:
    """Whoever gave it back has it again, in the same episode, as if it had not ended.

    `capacity` is what they may hold. Raises CommandRefused: `taken`, `waiting` (the prospect asked for a person since),
    `not_yours`, `wrote` (the prospect has written since), `won` (it counts as won), `rated`, or `too_late`.
    """
    episode = _given_back(draft, agent)
    told = unsay(draft, "given_back")
    draft.cancel_clock(ClockKind.RATING, episode.episode_id)
    # A time that was booked is free for others since it ended, and needless while they talk.
    booked = {"callback_at": None, "callback_seat": None, "not_before": None}
    episode = put(draft, episode, status="accepted", closed_at=None, outcome=None, summary="", outcome_value=None, **booked)
    if capacity is not None and not episode.above_capacity:
        draft.claim = Claim(agent_id=agent.agent_id, weight=episode.weight, capacity=capacity)
    again_held(draft, policy, episode)
    draft.note("episode.reopened", episode_id=episode.episode_id, agent_id=agent.agent_id)
    if told:
        tell(draft, policy, "agent_joined", agent=agent.name)


def _given_back(draft: Draft, agent: AgentRef) -> Episode:
    """The episode that the agent just gave back, if nothing has happened since that would make it a lie."""
    state, episode, opened = draft.state, draft.state.episode, open_one(draft.state)
    name = who(state)
    if opened is not None and opened.agent is not None:
        yours = opened.agent.agent_id == agent.agent_id
        raise CommandRefused("taken", "You have it." if yours else f"{opened.agent.name} has it now.")
    if opened is not None:
        raise CommandRefused("waiting", f"{name} has asked for a person since. Take it from the queue.")
    if episode is None or episode.agent is None or episode.agent.agent_id != agent.agent_id or episode.closed_at is None:
        raise CommandRefused("not_yours", "It wasn't you who gave it back.")
    if episode.outcome == "won":
        raise CommandRefused("won", "It counts as won already. Step in to go on with it.")
    if episode.rating_asked_at is not None:
        raise CommandRefused("rated", f"{name} has been asked how it was. Step in to go on with it.")
    if state.unheard or (state.last_inbound_at is not None and state.last_inbound_at > episode.closed_at):
        raise CommandRefused("wrote", f"{name} has written since, and the bot answers. Step in to go on with it.")
    if draft.now > episode.closed_at + WITHIN:
        raise CommandRefused("too_late", "You gave that back a while ago. Step in to go on with it.")
    return episode


def unsay(draft: Draft, phrase: str) -> bool:
    """Take back a phrase of ours that has not left. False if it had not; True if the prospect has read it, or may have."""
    name = f"ladder/{phrase}"
    queued = [
        u.message_id
        for u in draft.state.unsent
        if u.say.speaker is Speaker.LADDER and (u.say.wording or "").partition("#")[0] == name
    ]
    if queued:
        draft.withdraw(tuple(queued))
    return not queued
