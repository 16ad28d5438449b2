"""Which services live on one database: each says so every few seconds, and whoever says nothing for some beats is gone."""

from __future__ import annotations

from datetime import datetime, timedelta

BEAT_S = 5.0
"""How often a service says that it lives."""

SILENT = timedelta(seconds=4 * BEAT_S)
"""Whoever has said nothing for so long counts as gone."""


class Roll:
    """The others, by what they say. In: what was heard, and when. Out: how many services live, this one among them."""

    def __init__(self) -> None:
        self._heard_at: dict[str, datetime] = {}

    def heard(self, service: str, now: datetime) -> bool:
        """One of the others says that it lives. True if it was not known."""
        new = service not in self._heard_at
        self._heard_at[service] = now
        return new

    def left(self, service: str) -> None:
        """One of the others says goodbye."""
        self._heard_at.pop(service, None)

    def excuse(self, now: datetime) -> None:
        """Nothing could be heard until now: nobody's silence counts against them."""
        self._heard_at = dict.fromkeys(self._heard_at, now)

    def count(self, now: datetime) -> int:
        """How many live. A moment that is still to come was noted before the clock was set back, and counts as now."""
        self._heard_at = {who: min(at, now) for who, at in self._heard_at.items() if now - at < SILENT}
        return 1 + len(self._heard_at)
