"""Answers from the page's own inbox: somebody there has the thread, and the bot is silent until it comes back."""

from __future__ import annotations

from datetime import datetime

from bot.core.draft import Draft
from bot.core.events import ForeignEcho
from bot.core.model import Reason
from handoff.agents import RETURNED, hand_back
from handoff.holding import accept, step_in
from handoff.policy import Policy
from handoff.speaking import spoke
from handoff.steps import (
    NATIVE,
    let_bot_answer,
    open_one,
    tell,
    unanswered,
)


def native_inbox(draft: Draft, policy: Policy, echo: ForeignEcho) -> None:
    """Somebody answers from the page's own inbox: a person has the thread, so the bot is silent. Their words count as human;
    taking the thread is not words yet, so the first words stay owed."""
    episode = open_one(draft.state)
    if episode is None:
        episode = step_in(draft, policy, Reason.NATIVE_INBOX)
    if episode.status == "waiting":
        episode = accept(draft, policy, episode, NATIVE)
    if echo.did != "wrote":
        draft.note("native_inbox.took", episode_id=episode.episode_id, app_id=echo.app_id)
        return
    draft.note("native_inbox.spoke", episode_id=episode.episode_id, app_id=echo.app_id)
    spoke(draft, policy, episode, min(draft.now, max(echo.at, episode.requested_at)))


def native_gave_back(draft: Draft, policy: Policy, at: datetime) -> bool:
    """The thread came back to us at `at`. True if somebody in the page inbox held it until then: the bot says that it is the
    bot and answers what is open. False if nobody there did, or they took it since (Meta sends what we missed again)."""
    episode = open_one(draft.state)
    if episode is None or episode.agent != NATIVE or (episode.accepted_at is not None and at < episode.accepted_at):
        return False
    draft.note("native_inbox.gave_back", episode_id=episode.episode_id)
    hand_back(draft, policy, episode, "", RETURNED)
    tell(draft, policy, "back_to_bot")
    let_bot_answer(draft, policy, unanswered(draft.state), "handed_back")
    return True
