"""Fires clocks: sleeps until the nearest is due, is woken when an earlier one is set, and handles each conversation by itself."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import structlog

from bot.conversations import Conversations
from bot.core.events import ClockFired, Event, Inbound
from bot.core.model import ClockKind, State
from bot.metrics import CLOCK_LATENESS
from bot.store.contract import DueClock, Store
from bot.time import Time
from bot.worker import Worker

log = structlog.get_logger()

LONGEST_BACK_OFF_S = 30.0


class ClockWorker(Worker):
    """Claims due clocks and turns them into events. A clock stays in the store until a commit ends it, so a kill loses none."""

    def __init__(self, store: Store, conversations: Conversations, time: Time, *, at_once: int) -> None:
        super().__init__(time, at_once=at_once)
        self._store, self._conversations = store, conversations
        self._failures: dict[str, int] = {}

    async def _start_due(self, most: int) -> float:
        now = self._time.now()
        due = await self._store.due_clocks(now=now, limit=most * 4, skip=self.busy)
        by_conversation: dict[str, list[DueClock]] = defaultdict(list)
        for clock in due:
            by_conversation[clock.conversation_id].append(clock)
        for conversation_id, clocks in list(by_conversation.items())[:most]:
            self._take(conversation_id, self._work(conversation_id, clocks))
        return self._until(await self._store.next_due_at(after=now))

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


def _event(state: State, due: DueClock) -> Event | None:
    """The event that a due clock stands for, judged by the state as it is now."""
    running = state.clock(due.clock.kind, due.clock.key)
    if running is None or running.due_at > due.clock.due_at:
        return None
    if due.clock.kind is ClockKind.TURN and state.unheard:
        return Inbound(messages=state.unheard)
    return ClockFired(clock=running)
