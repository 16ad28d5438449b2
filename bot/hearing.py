"""Since when this service has heard what channels tell it, without a break.

A send of unknown outcome waits for its echo. While the service was not there or stood still, or its database took nothing, an echo
was turned away and comes again only when the channel tries again: so the wait begins anew from when echoes could be heard again.
Whoever finds no room is turned away, too. As anybody can bring that about, it makes a send wait for so long and no longer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.store.contract import Outgoing

SETTLE_SPREAD = 1.2
"""A send of unknown outcome is tried again between once and so many times the settling time later."""
PATIENCE = 8
"""After so many settling times a message is sent again, however much is turned away for want of room."""
UNKNOWN = "unknown"


class Hearing:
    """When a message of unknown outcome may be sent again, after a break in hearing."""

    def __init__(self, since: datetime, *, settle_s: float) -> None:
        self._since = self._crowded_at = since
        self._settle = timedelta(seconds=settle_s)

    def lost(self, now: datetime) -> None:
        """Nothing could be heard until now: the store took nothing, or the process stood still."""
        self._since = max(self._since, now)

    def turned_away(self, now: datetime) -> None:
        """Something was not served for want of room or time, here or at another service."""
        self._crowded_at = max(self._crowded_at, now)

    def again_at(self, message: Outgoing) -> datetime | None:
        """Before this moment the message must not be sent again: its echo may have been turned away. None if it was not, since
        the message was sent after the last break."""
        sent_at = message.sending_at
        if message.error != UNKNOWN or sent_at is None:
            return None
        waits = []
        if self._since >= sent_at:
            waits.append(self._since + self._settle)
        if self._crowded_at >= sent_at:
            waits.append(min(self._crowded_at + self._settle, sent_at + PATIENCE * self._settle))
        return max(waits, default=None)
