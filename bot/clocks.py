"""Fires clocks: sleeps until the nearest is due, is woken when an earlier one is set, and handles each conversation by itself."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import structlog

from bot.conversations import Conversations
from bot.core.model import ClockFired, ClockKind, Event, Inbound, State
from bot.metrics import CLOCK_LATENESS
from bot.store.contract import DueClock, Store
from bot.time import Time

log = structlog.get_logger()

SAFETY_NET_S = 5.0
LONGEST_BACK_OFF_S = 30.0


class ClockWorker:
    """Claims due clocks and turns them into events. A clock stays in the store until a commit ends it, so a kill loses none."""

    def __init__(self, store: Store, conversations: Conversations, time: Time, *, at_once: int) -> None:
        self._store, self._conversations, self._time = store, conversations, time
        self._at_once = at_once
        self._woken = asyncio.Event()
        self._hands: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._stopping = False

    @property
    def in_hand(self) -> int:
        """How many conversations are worked on right now."""
        return len(self._hands)

    def wake(self) -> None:
        """Something new may be due."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled or `stop`."""
        while not self._stopping:
            self._woken.clear()
            wait_s = SAFETY_NET_S
            try:
                wait_s = await self._start_due()
            except Exception:
                log.exception("clocks.failed")
            await self._time.wait(self._woken, wait_s)

    async def stop(self, within_s: float) -> None:
        """Start nothing new; give what is in hand `within_s` seconds. What is not done stays due in the store."""
        self._stopping = True
        self.wake()
        if self._hands:
            _, late = await asyncio.wait(self._hands.values(), timeout=within_s)
            for task in late:
                task.cancel()

    async def _start_due(self) -> float:
        """Start work on what is due; give back how many seconds to sleep."""
        free = self._at_once - len(self._hands)
        if free <= 0:
            return SAFETY_NET_S
        now = self._time.now()
        due = await self._store.due_clocks(now=now, limit=free * 4, skip=frozenset(self._hands))
        by_conversation: dict[str, list[DueClock]] = defaultdict(list)
        for clock in due:
            by_conversation[clock.conversation_id].append(clock)
        for conversation_id, clocks in list(by_conversation.items())[:free]:
            task = asyncio.create_task(self._work(conversation_id, clocks))
            self._hands[conversation_id] = task
        if due:
            return SAFETY_NET_S
        nearest = await self._store.next_due_at()
        if nearest is None:
            return SAFETY_NET_S
        return min(SAFETY_NET_S, max(0.001, (nearest - self._time.now()).total_seconds()))

    async def _work(self, conversation_id: str, clocks: list[DueClock]) -> None:
        try:
            for due in clocks:
                CLOCK_LATENESS.observe(max(0.0, (self._time.now() - due.clock.due_at).total_seconds()))
                await self._conversations.handle(conversation_id, lambda state, due=due: _event(state, due))  # type: ignore[misc]
            self._failures.pop(conversation_id, None)
        except Exception:
            failures = self._failures[conversation_id] = self._failures.get(conversation_id, 0) + 1
            log.exception("turn.failed", conversation_id=conversation_id, failures=failures)
            await self._time.wait(asyncio.Event(), min(LONGEST_BACK_OFF_S, 0.5 * 2**failures))
        finally:
            self._hands.pop(conversation_id, None)
            self.wake()


def _event(state: State, due: DueClock) -> Event | None:
    """The event that a due clock stands for, judged by the state as it is now."""
    running = state.clock(due.clock.kind, due.clock.key)
    if running is None or running.due_at > due.clock.due_at:
        return None
    if due.clock.kind is ClockKind.TURN and state.unheard:
        return Inbound(messages=state.unheard)
    return ClockFired(clock=running)
