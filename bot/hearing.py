"""Since when this service has heard what channels tell it, without a break.

A send of unknown outcome waits for its echo. While the service was not there or stood still, or its database took nothing, an echo
was turned away and comes again only when the channel tries again: so the wait begins anew from when echoes could be heard again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.store.contract import Outgoing

SETTLE_SPREAD = 1.2
"""A send of unknown outcome is tried again between once and so many times the settling time later."""
UNKNOWN = "unknown"


class Hearing:
    """When a message of unknown outcome may be sent again, after a break in hearing."""

    def __init__(self, since: datetime, *, settle_s: float) -> None:
        self._since, self._settle = since, timedelta(seconds=settle_s)

    def lost(self, now: datetime) -> None:
        """Something that was told could not be stored."""
        self._since = max(self._since, now)

    def again_at(self, message: Outgoing) -> datetime | None:
        """Before this moment the message must not be sent again: its echo may have been turned away. None if it was not, since
        the message was sent after the last break."""
        due_at = message.say.due_at
        if message.error != UNKNOWN or due_at is None:
            return None
        sent_after = due_at - SETTLE_SPREAD * self._settle
        return None if sent_after >= self._since else self._since + self._settle
