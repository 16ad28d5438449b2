"""Until when a channel lets us write, and as what.

Source for Messenger: Meta, "Send a Message" (May 5, 2026) and the Messenger policy page (September 28, 2026): 24 hours from
the prospect's own action; the HUMAN_AGENT tag for seven days, on words that a person wrote; every other tag is gone. A comment on
a post of the page may be answered privately once, within seven days; the person's reply opens the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.model import Speaker, Window


class SendAs(StrEnum):
    """How a message leaves. The value is kept with each message that was sent."""

    RESPONSE = "response"
    """Within the window, in answer to what the person wrote."""
    UPDATE = "update"
    """Within the window, of our own accord: a flow's words."""
    HUMAN_AGENT = "human_agent"
    """After the window, as a person's late answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRule:
    """How long a channel lets us write after each kind of action. None means for ever."""

    by_action: dict[str, timedelta | None]
    human: timedelta | None = None

    def opened(self, *, action: str, at: datetime) -> Window:
        """The window that this action opens; an unknown action counts as a message."""
        length = self.by_action.get(action, self.by_action["message"])
        return Window(opened_at=at, closes_at=None if length is None else at + length, opened_by=action)


ALWAYS_OPEN = WindowRule(by_action={"message": None})
COMMENT = "comment"
"""The action of who commented in public and has written nothing."""
MESSENGER = WindowRule(by_action={"message": timedelta(hours=24), COMMENT: timedelta(days=7)}, human=timedelta(days=7))
BY_CHANNEL = {"facebook": MESSENGER}


def rule_for(channel: str) -> WindowRule:
    """The rule of a channel; channels of our own (widget, REST) are always open."""
    return BY_CHANNEL.get(channel, ALWAYS_OPEN)


def human_until(channel: str, last_inbound_at: datetime | None) -> datetime | None:
    """Until when a person may still write once the window has closed. None if nothing closes there, or they never wrote."""
    human = rule_for(channel).human
    return last_inbound_at + human if human is not None and last_inbound_at is not None else None


def later(current: Window | None, opened: Window) -> Window:
    """Of two windows the one that closes last; opening again never shortens it. A comment opens none beside one that is open, and
    a message always does."""
    if current is not None and COMMENT in (current.opened_by, opened.opened_by) and current.opened_by != opened.opened_by:
        open_still = current.closes_at is None or current.closes_at > opened.opened_at
        return current if opened.opened_by == COMMENT and open_still else opened
    if current is None or opened.closes_at is None or current.closes_at is None:
        return opened
    return opened if opened.closes_at >= current.closes_at else current


def permit(
    channel: str,
    *,
    speaker: Speaker,
    closes_at: datetime | None,
    last_inbound_at: datetime | None,
    now: datetime,
    commented_at: datetime | None = None,
) -> SendAs | None:
    """As what a message may leave now, or None when it may not. The human tag is for a person's words alone.

    `commented_at` is about when the comment was written to which the message is the private reply.
    """
    if commented_at is not None:
        length = rule_for(channel).by_action.get(COMMENT)
        return SendAs.RESPONSE if length is not None and now < commented_at + length else None
    if closes_at is None or now < closes_at:
        return SendAs.UPDATE if speaker is Speaker.FLOW else SendAs.RESPONSE
    human = human_until(channel, last_inbound_at)
    return SendAs.HUMAN_AGENT if speaker is Speaker.AGENT and human is not None and now < human else None
