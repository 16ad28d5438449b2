"""Conversations in the durable store: what came in, what was decided, and what falls due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.core.events import Decision
from bot.core.model import Arrival, Identity
from bot.store import clocks, intake, turn
from bot.store.claiming import Claiming
from bot.store.contract import Committed, DueClock, Loaded, TakenIn
from bot.store.failures import Clash
from bot.store.ledger import key_of, named_clocks
from bot.store.runner import Runner


class SqlTalks:
    """`bot.store.contract.talks.TalkStore` over SQL."""

    _write: Runner
    _read: Runner
    _claiming: Claiming
    _mint: Callable[[], str]

    async def take_in(
        self, arrivals: Sequence[Arrival], *, now: datetime, answer_at: datetime, promise_due_at: datetime
    ) -> list[TakenIn]:
        """See `Store.take_in`."""

        def job(conn: sa.Connection) -> tuple[list[TakenIn], list[DueClock]]:
            return intake.take_in(conn, arrivals, now=now, answer_at=answer_at, promise_due_at=promise_due_at, new_id=self._mint)

        # Others meet the same new people at the same moment. Each clash makes one of them known, so there are no more than people.
        for left in reversed(range(len({arrival.identity for arrival in arrivals}) + 1)):
            try:
                taken, started = await self._write.run(job)
            except Clash:
                if not left:
                    raise
                continue
            self._claiming.clocks_changed(key_of(one) for one in started)
            return taken
        raise AssertionError("unreachable: the last try returns or raises")

    async def find_conversation(self, identity: Identity) -> str | None:
        """See `Store.find_conversation`."""
        return await self._read.run(lambda conn: intake.find_conversation(conn, identity))

    async def load(self, conversation_id: str) -> Loaded:
        """See `Store.load`."""
        return await self._read.run(lambda conn: turn.load(conn, conversation_id))

    async def tracker_tail(self, conversation_id: str, *, limit: int) -> list[str]:
        """See `Store.tracker_tail`."""
        return await self._read.run(lambda conn: turn.tracker_tail(conn, conversation_id, limit=limit))

    async def commit(self, conversation_id: str, *, version: int, decision: Decision, now: datetime) -> Committed:
        """See `Store.commit`. Raises `VersionConflict`, `TimeTaken`, `AgentFull`, `AlreadyExists`."""

        def job(conn: sa.Connection) -> Committed:
            return turn.commit(conn, conversation_id, version=version, decision=decision, now=now, new_key=self._mint)

        try:
            committed = await self._write.run(job)
        except Clash:
            # Somebody else may have booked the same time since this one looked: looking again says so.
            committed = await self._write.run(job)
        self._claiming.clocks_changed(named_clocks(conversation_id, decision))
        return committed

    async def due_clocks(self, *, now: datetime, limit: int, skip: frozenset[str] = frozenset()) -> list[DueClock]:
        """See `Store.due_clocks`."""
        return await self._read.run(lambda conn: clocks.due_clocks(conn, now=now, limit=limit, skip=skip))

    async def next_due_at(self, *, after: datetime | None = None) -> datetime | None:
        """See `Store.next_due_at`."""
        return await self._claiming.next_due_at(after)
