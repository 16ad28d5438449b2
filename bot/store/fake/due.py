"""What falls due, and who has it in hand, in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from datetime import datetime

from bot.core.model import ClockKind
from bot.store.contract import DueClock
from bot.store.fake.memory import Memory
from bot.store.ledger import claimable_clocks, key_of, must_be_short
from bot.store.rules import earliest


class Due(Memory):
    """Clocks and claims. See `bot.store.contract.talks` and `bot.store.contract.claims`."""

    async def due_clocks(self, *, now: datetime, limit: int, skip: frozenset[str] = frozenset()) -> list[DueClock]:
        """See `Store.due_clocks`."""
        due: list[DueClock] = []
        for due_at, conversation_id, kind, key in self._due:
            if due_at > now or len(due) == limit:
                break
            if conversation_id not in skip:
                clock = self._talks[conversation_id].clocks[ClockKind(kind), key]
                due.append(DueClock(conversation_id=conversation_id, clock=clock))
        return due

    async def next_due_at(self, *, after: datetime | None = None) -> datetime | None:
        """See `Store.next_due_at`."""
        if after is None:
            return self._due[0][0] if self._due else None
        later = bisect_right(self._due, after, key=lambda entry: entry[0])
        due_at = self._due[later][0] if later < len(self._due) else None
        return earliest(due_at, self._held_clocks.next_end(after))

    async def claim_clocks(
        self, *, worker: str, now: datetime, until: datetime, limit: int, skip: frozenset[str] = frozenset()
    ) -> list[DueClock]:
        """See `Store.claim_clocks`."""
        must_be_short(now, until)
        due = await self.due_clocks(now=now, limit=len(self._due), skip=skip)
        chosen = claimable_clocks(self._held_clocks, due, worker=worker, now=now, limit=limit)
        for one in chosen:
            self._held_clocks.take(one.conversation_id, key_of(one), worker=worker, now=now, until=until)
        return chosen

    async def renew_claims(self, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]) -> frozenset[str]:
        """See `Store.renew_claims`."""
        must_be_short(now, until)
        held = (self._held_clocks, self._held_messages)
        renewed = (ledger.renew(worker=worker, until=until, conversations=conversations) for ledger in held)
        return frozenset[str]().union(*renewed)

    async def release_claims(
        self, *, worker: str, conversations: Collection[str] | None = None, not_before: datetime | None = None
    ) -> None:
        """See `Store.release_claims`."""
        self._held_clocks.release(worker=worker, conversations=conversations, not_before=not_before)
        self._held_messages.release(worker=worker, conversations=conversations, not_before=not_before)
