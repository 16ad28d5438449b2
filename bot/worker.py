"""What the clocks' and the outbox's workers share: sleep until something is due, one task a conversation, stop within a bound."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from bot.time import Time

log = structlog.get_logger()

SAFETY_NET_S = 5.0
"""The longest sleep: whatever woke nobody is found by then."""

FAR = datetime.max.replace(tzinfo=UTC)

HELP_AFTER_S = 0.05
"""How long the service that made work is left to do it itself before another one looks; many such looks become one."""


class Worker(ABC):
    """Starts what is due. What it works on stays in the store until it is done, so a kill or a stop loses nothing."""

    def __init__(self, time: Time, *, at_once: int) -> None:
        self._time, self._at_once = time, at_once
        self._woken = asyncio.Event()
        self._looks = False
        self._alarm_at = FAR
        self._hands: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

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
        at = max(at, self._time.now()) + timedelta(seconds=HELP_AFTER_S)
        if at < self._alarm_at:
            self._alarm_at = at
            self._woken.set()

    async def run(self) -> None:
        """Until cancelled or `stop`. A failure to look is logged, and looked again after the safety net."""
        while not self._stopping:
            self._looks, self._alarm_at = False, FAR
            wait_s = SAFETY_NET_S
            try:
                if self.in_hand < self._at_once:
                    wait_s = await self._start_due(self._at_once - self.in_hand)
            except Exception:
                log.exception("worker.failed", worker=type(self).__name__)
            await self._sleep(wait_s)

    async def _sleep(self, wait_s: float) -> None:
        """Until woken or until the alarm, which `help_by` may set earlier."""
        self._alarm_at = min(self._alarm_at, self._time.now() + timedelta(seconds=wait_s))
        while not self._looks and (left_s := (self._alarm_at - self._time.now()).total_seconds()) > 0:
            self._woken.clear()
            await self._time.wait(self._woken, left_s)

    async def stop(self, within_s: float) -> None:
        """Start nothing new; give what is in hand `within_s` seconds. The rest stays due in the store."""
        self._stopping = True
        self.wake()
        if self._hands:
            _, late = await asyncio.wait(self._hands.values(), timeout=within_s)
            for task in late:
                task.cancel()

    def _take(self, conversation_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Work on a conversation; when it is done, look again."""
        self._hands[conversation_id] = asyncio.create_task(self._finish(conversation_id, work))

    async def _finish(self, conversation_id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self._hands.pop(conversation_id, None)
            self.wake()

    def _until(self, *moments: datetime | None) -> float:
        """Seconds to the earliest of these moments, at most the safety net."""
        seconds = [(at - self._time.now()).total_seconds() for at in moments if at is not None]
        return max(0.001, min([SAFETY_NET_S, *seconds]))

    @abstractmethod
    async def _start_due(self, most: int) -> float:
        """Start at most `most` pieces of work that are due; give back how many seconds to sleep."""
