"""What the clocks' and the outbox's workers share: sleep until something is due, claim it, one task a conversation, stop in time.

A claim keeps other services from the same work for `lease_s` seconds and is renewed while a hand is at it. Claims only
spare work: what must happen once is guarded where it is written down.
"""

from __future__ import annotations

import asyncio
import heapq
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.store.contract import Store, StoreUnavailable
from bot.store.rules import earliest
from bot.time import SAFETY_NET_S, Time

log = structlog.get_logger()

RELEASE_WITHIN_S = 2.0
"""How long a stop waits for the store to hear that nothing is held any more; if it does not, the lease ends by itself."""
BACK_OFF_S = (0.5, 30.0)
"""How long what failed rests: at first, and at most; it doubles in between."""

FAR = datetime.max.replace(tzinfo=UTC)

HELP_AFTER_S = 0.05
"""How long the service that made work is left to do it itself before another one looks; many such looks become one."""


class Worker(ABC):
    """Starts what is due. What it works on stays in the store until it is done, so a kill or a stop loses nothing.

    `name` is that of its claims. It stays the same after a restart, so that the next life goes on with what this one held.
    """

    def __init__(self, store: Store, time: Time, *, name: str, lease_s: float, at_once: int) -> None:
        self._store, self._time, self.name = store, time, name
        self._lease, self._at_once = timedelta(seconds=lease_s), at_once
        # A claim for each hand that gets free would cost as much as the work: a quarter of them is filled at once.
        self._fewest = max(1, at_once // 4)
        self._woken = asyncio.Event()
        self._looks = False
        self._alarm_at = FAR
        self._hands: dict[str, asyncio.Task[None]] = {}
        self._held_until: dict[str, datetime] = {}
        self._renew_at: dict[str, datetime] = {}
        self._failures: dict[str, int] = {}
        self._rested_at: list[datetime] = []
        self._stopping = False
        self._released = False

    @property
    def in_hand(self) -> int:
        """How many conversations are worked on right now."""
        return len(self._hands)

    @property
    def busy(self) -> frozenset[str]:
        """The conversations that are worked on right now."""
        return frozenset(self._hands)

    async def free(self, conversation_id: str) -> None:
        """Wait while this conversation is worked on. For what can wait: it spares the work a second try."""
        task = self._hands.get(conversation_id)
        if task is not None:
            await asyncio.wait([task])

    def wake(self) -> None:
        """Something new may be due."""
        self._looks = True
        self._woken.set()

    def help_by(self, at: datetime) -> None:
        """Another service made work that is due at `at`: look soon after it, unless this one looks earlier anyhow."""
        now = self._time.now()
        at = max(at, now) + timedelta(seconds=HELP_AFTER_S)
        if at < min(self._alarm_at, now + timedelta(seconds=SAFETY_NET_S)):
            self._alarm_at = at
            self._woken.set()

    def holds(self, conversation_id: str) -> bool:
        """Whether the claim under which this conversation is worked on still lives. Not so after the process was stopped for
        longer than a lease: another service may be at it by now."""
        return self._time.now() < self._held_until[conversation_id]

    async def run(self) -> None:
        """Until cancelled or `stop`. A failure to look is logged, and looked again after the safety net."""
        while not self._stopping:
            self._looks, self._alarm_at = False, FAR
            while self._rested_at and self._rested_at[0] <= self._time.now():
                heapq.heappop(self._rested_at)
            next_at: datetime | None = None
            try:
                await self._release_former()
                await self._renew()
                if self.in_hand <= self._at_once - self._fewest:
                    next_at = await self._start_due(self._at_once - self.in_hand)
            except StoreUnavailable as error:
                # The store itself says so once; this would be said again and again.
                log.debug("worker.put_off", worker=type(self).__name__, reason=error.reason)
            except Exception:
                log.exception("worker.failed", worker=type(self).__name__)
            await self._sleep(earliest(next_at, *self._renew_at.values(), *self._rested_at[:1]))

    async def _sleep(self, next_at: datetime | None) -> None:
        """Until woken or until the alarm, which `help_by` may set earlier."""
        self._alarm_at = min(self._alarm_at, next_at or FAR)
        while not self._looks:
            self._woken.clear()
            if not await self._time.rest(self._woken, self._alarm_at):
                return

    async def stop(self, within_s: float) -> None:
        """Start nothing new; give what is in hand `within_s` seconds. The rest stays due in the store, held by nobody."""
        self._stopping = True
        self.wake()
        if self._hands:
            await asyncio.wait(self._hands.values(), timeout=within_s)
            late = list(self._hands.values())
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=RELEASE_WITHIN_S)
        try:
            async with asyncio.timeout(RELEASE_WITHIN_S):
                await self._store.release_claims(worker=self.name)
        except Exception as error:
            log.warning("worker.not_released", worker=type(self).__name__, error=type(error).__name__)

    def _take(self, conversation_id: str, work: Coroutine[Any, Any, None], *, until: datetime) -> None:
        """Work on a conversation that is held until `until`; when it is done, look again."""
        self._held_until[conversation_id] = until
        self._renew_at[conversation_id] = self._time.now() + self._lease / 3
        self._hands[conversation_id] = asyncio.create_task(self._finish(conversation_id, work))

    async def _finish(self, conversation_id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            del self._hands[conversation_id]
            del self._held_until[conversation_id], self._renew_at[conversation_id]
            self.wake()

    async def _rest(self, conversation_id: str) -> None:
        """Something failed: let go of the conversation, for nobody to claim before a back-off is over."""
        failures = self._failures[conversation_id] = self._failures.get(conversation_id, 0) + 1
        first, most = BACK_OFF_S
        pause_s = min(most, first * 2.0 ** min(failures, 16))
        not_before = self._time.now() + timedelta(seconds=pause_s)
        try:
            await self._store.release_claims(worker=self.name, conversations=(conversation_id,), not_before=not_before)
            heapq.heappush(self._rested_at, not_before)
        except Exception as error:
            # The store is away: nothing can be written down, so the hand itself rests.
            log.warning("worker.not_released", worker=type(self).__name__, error=type(error).__name__)
            await self._time.wait(asyncio.Event(), pause_s)

    def _went_well(self, conversation_id: str) -> None:
        """The next failure is the first again."""
        self._failures.pop(conversation_id, None)

    async def _release_former(self) -> None:
        """Once: what this name held in an earlier life is free for everybody."""
        if not self._released:
            await self._store.release_claims(worker=self.name)
            self._released = True

    async def _renew(self) -> None:
        """Renew what has used a third of its lease, and with it what soon will have."""
        now, third = self._time.now(), self._lease / 3
        if all(now < at <= now + third for at in self._renew_at.values()):
            return
        # A moment further ahead was set before the clock was set back.
        ageing = [one for one, at in self._renew_at.items() if not now + third / 4 < at <= now + third]
        until = now + self._lease
        held = await self._store.renew_claims(worker=self.name, now=now, until=until, conversations=ageing)
        for conversation_id in self._hands.keys() & set(ageing):
            self._renew_at[conversation_id] = now + third
            if conversation_id in held:
                self._held_until[conversation_id] = until

    @abstractmethod
    async def _start_due(self, most: int) -> datetime | None:
        """Claim and start at most `most` pieces of work that are due; give back when to look again, None if nothing is planned."""
