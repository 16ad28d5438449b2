"""Fires clocks: sleeps until the nearest is due, is woken when an earlier one is set, and handles each conversation by itself."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import structlog

from bot.conversations import Conversations
from bot.core.events import ClockFired, Event, Inbound
from bot.core.model import ClockKind, State
from bot.metrics import CLOCK_LATENESS
from bot.store.contract import DueClock, Store, StoreUnavailable
from bot.time import Time
from bot.worker import Worker

log = structlog.get_logger()


class ClockWorker(Worker):
    """Claims due clocks and turns them into events. A clock stays in the store until a commit ends it, so a kill loses none."""

    def __init__(self, store: Store, conversations: Conversations, time: Time, *, name: str, lease_s: float, at_once: int) -> None:
        super().__init__(store, time, name=f"{name}/clocks", lease_s=lease_s, at_once=at_once)
        self._conversations = conversations

    async def _start_due(self, most: int) -> datetime | None:
        now = self._time.now()
        until = now + self._lease
        due = await self._store.claim_clocks(worker=self.name, now=now, until=until, limit=most, skip=self.busy)
        by_conversation: dict[str, list[DueClock]] = defaultdict(list)
        for clock in due:
            by_conversation[clock.conversation_id].append(clock)
        for conversation_id, clocks in by_conversation.items():
            self._take(conversation_id, self._work(conversation_id, clocks), until=until)
        return await self._store.next_due_at(after=now)

    async def _work(self, conversation_id: str, clocks: list[DueClock]) -> None:
        """Fire each by itself: one that fails must not keep the next, such as a promise, from firing."""
        failed = False
        for due in clocks:
            try:
                await self._fire(due)
            except StoreUnavailable as error:
                failed = True
                log.warning("turn.store_away", conversation_id=conversation_id, error=type(error).__name__)
                break
            except Exception:
                failed = True
                log.exception("turn.failed", conversation_id=conversation_id, kind=due.clock.kind.value)
        if failed:
            await self._rest(conversation_id)
        else:
            self._went_well(conversation_id)

    async def _fire(self, due: DueClock) -> None:
        late_s = (self._time.now() - due.clock.due_at).total_seconds()
        CLOCK_LATENESS.labels(due.clock.kind.value).observe(max(0.0, late_s))
        await self._conversations.handle(due.conversation_id, lambda state: _event(state, due, self._time.now()))


def _event(state: State, due: DueClock, now: datetime) -> Event | None:
    """The event that a due clock stands for, judged by the state and the time as they are now."""
    running = state.clock(due.clock.kind, due.clock.key)
    if running is None or running.due_at > due.clock.due_at or running.due_at > now:
        return None
    if due.clock.kind is ClockKind.TURN and state.unheard:
        return Inbound(messages=state.unheard)
    return ClockFired(clock=running)
