"""The clock on the wall of a simulation: it goes with the loop, and can be set, or sleep with the machine."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta

from bot.sim.loop import VirtualLoop
from bot.time import SAFETY_NET_S, SHORTEST_S, SystemTime

START = datetime(2026, 3, 26, 9, 0, tzinfo=UTC)
"""A Thursday morning; three days later Europe sets its clocks."""

CALM_SLEEP_S = 1800.0
"""So long an idle look-again is put off in calm times: longer than anything may be late, so that a missing wake-up shows."""

LATELY_S = 60.0


class SimTime(SystemTime):
    """The service's `Time`: real waiting, on a virtual loop; `now()` is off by `set_by`, and machine sleep moves it on."""

    def __init__(self, loop: VirtualLoop, upheavals: tuple[float, ...]) -> None:
        self._loop = loop
        self._upheavals = sorted(upheavals)
        self._off = timedelta()
        self._slept = timedelta()
        self._seen: tuple[float, datetime] = (-1.0, START)
        self._peaks: list[tuple[float, datetime]] = []

    def now(self) -> datetime:
        """What the wall shows."""
        at = self._loop.time()
        if at != self._seen[0]:
            self._seen = (at, START + timedelta(seconds=at) + self._slept + self._off)
        return self._seen[1]

    def truth(self) -> datetime:
        """What the world's clocks show."""
        return self.now() - self._off

    def step(self, by_s: float) -> None:
        """Somebody sets the clock."""
        self._peaks.append((self._loop.time(), self.now()))
        self._off += timedelta(seconds=by_s)
        self._seen = (-1.0, START)

    def sleep(self, for_s: float) -> None:
        """The machine sleeps: the wall moves on, no timer does."""
        self._slept += timedelta(seconds=for_s)
        self._seen = (-1.0, START)

    def latest(self) -> datetime:
        """The latest time that the wall showed in the last minute."""
        since = self._loop.time() - LATELY_S
        return max([self.now(), *(shown for at, shown in self._peaks if at >= since)])

    async def rest(self, event: asyncio.Event, until: datetime | None = None, *, within_s: float = SAFETY_NET_S) -> bool:
        """Wait for the event, or for what is planned. The look-again for safety is put off while clock and database are well."""
        now = self._loop.time()
        upheaval_at = next((at + SAFETY_NET_S for at in self._upheavals if at + SAFETY_NET_S > now), math.inf)
        left_s = min(max(within_s, CALM_SLEEP_S), upheaval_at - now)
        if until is not None:
            left_s = min(left_s, (until - self.now()).total_seconds())
        return await self.wait(event, max(SHORTEST_S, left_s))
