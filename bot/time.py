"""Time as a dependency: the service asks this object, tests hand in one they wind by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta
from typing import Protocol

SAFETY_NET_S = 5.0
"""The longest rest: whatever woke nobody is found by then, and a machine that was suspended notices."""
SHORTEST_S = 0.001


class Time(Protocol):
    """What tells the time and waits."""

    def now(self) -> datetime:
        """Aware UTC."""

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> bool:
        """Wait until the event is set (True) or `timeout_s` has passed (False). None waits for ever."""

    async def rest(self, event: asyncio.Event, until: datetime | None = None, *, within_s: float = SAFETY_NET_S) -> bool:
        """Wait until the event is set (True), or for the next thing that is planned, at `until`, None if nothing is (False).

        Whoever rests looks again after `within_s` seconds even so. That is for safety: nothing may depend on it.
        """
        left_s = within_s if until is None else min(within_s, (until - self.now()).total_seconds())
        return await self.wait(event, max(SHORTEST_S, left_s))


class SystemTime(Time):
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> bool:
        """Wait for the event at most `timeout_s` seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return False
        return True


class HandTime(Time):
    """A clock that stands still until it is wound; whoever waits is woken as its time comes, earliest first."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, int, asyncio.Event]] = []
        self._order = itertools.count()

    def now(self) -> datetime:
        """The time it was wound to."""
        return self._now

    async def wait(self, event: asyncio.Event, timeout_s: float | None) -> bool:
        """Wait for the event or for the clock to be wound past the time-out."""
        if timeout_s is None:
            await event.wait()
            return True
        alarm = asyncio.Event()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=timeout_s), next(self._order), alarm))
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(alarm.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        return event.is_set()

    def next_alarm(self) -> datetime | None:
        """When the earliest sleeper wants to be woken."""
        return self._sleepers[0][0] if self._sleepers else None

    def set(self, to: datetime) -> None:
        """Move to `to` and wake who is due."""
        self._now = max(self._now, to)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            heapq.heappop(self._sleepers)[2].set()
