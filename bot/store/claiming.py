"""Where a store keeps its claims: in the memory of the one process that has the file, or in the database that several share."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa

from bot.store import claims, clocks, outbox
from bot.store.contract import DueClock, Outgoing
from bot.store.ledger import ClockKey, Ledger, claimable_clocks, key_of, must_be_short
from bot.store.rules import earliest
from bot.store.runner import Runner


class Claiming(Protocol):
    """The claims of `bot.store.contract.Store`, and what else must know of them."""

    async def claim_clocks(
        self, *, worker: str, now: datetime, until: datetime, limit: int, skip: frozenset[str]
    ) -> list[DueClock]:
        """See `Store.claim_clocks`."""

    async def claim_outbox(
        self, *, worker: str, now: datetime, until: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str]
    ) -> list[Outgoing]:
        """See `Store.claim_outbox`."""

    async def renew(self, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]) -> frozenset[str]:
        """See `Store.renew_claims`."""

    async def release(self, *, worker: str, conversations: Collection[str] | None, not_before: datetime | None) -> None:
        """See `Store.release_claims`."""

    async def mark_sending(
        self, message_id: int, *, worker: str, now: datetime, sent_as: str | None, opted_out_at: datetime | None
    ) -> bool:
        """See `Store.mark_sending`."""

    async def mark_retry(self, message_id: int, *, worker: str, due_at: datetime, error: str, attempted: bool) -> None:
        """See `Store.mark_retry`."""

    async def next_due_at(self, after: datetime | None) -> datetime | None:
        """See `Store.next_due_at`."""

    async def outbox_next_at(self, channels: tuple[str, ...], after: datetime | None) -> datetime | None:
        """See `Store.outbox_next_at`."""

    def clocks_changed(self, changed: Iterable[ClockKey]) -> None:
        """Intake set these clocks, or a commit named them."""

    def settled(self, message_id: int) -> None:
        """This message has left the outbox, or is due later for whoever comes first."""

    async def close(self) -> None:
        """Let go of connections of its own."""


class MemoryClaiming:
    """In memory: a claim costs no write."""

    def __init__(self, *, read: Runner, write: Runner) -> None:
        self._read, self._write = read, write
        self._clocks: Ledger[ClockKey] = Ledger()
        self._messages: Ledger[int] = Ledger()

    async def claim_clocks(
        self, *, worker: str, now: datetime, until: datetime, limit: int, skip: frozenset[str]
    ) -> list[DueClock]:
        """See `Store.claim_clocks`."""
        must_be_short(now, until)
        page = 4 * limit
        while True:
            due = await self._read.run(lambda conn, page=page: clocks.due_clocks(conn, now=now, limit=page, skip=skip))  # type: ignore[misc]
            chosen = claimable_clocks(self._clocks, due, worker=worker, now=now, limit=limit)
            if len(due) < page or len({one.conversation_id for one in chosen}) == limit:
                break
            page *= 4
        if len(due) == page and chosen:
            # The page may have cut a conversation's clocks in two.
            ids = {one.conversation_id for one in chosen}
            due = await self._read.run(lambda conn: clocks.due_clocks_of(conn, ids, now=now))
            chosen = claimable_clocks(self._clocks, due, worker=worker, now=now, limit=limit)
        for one in chosen:
            self._clocks.take(one.conversation_id, key_of(one), worker=worker, now=now, until=until)
        return chosen

    async def claim_outbox(
        self, *, worker: str, now: datetime, until: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str]
    ) -> list[Outgoing]:
        """See `Store.claim_outbox`."""
        must_be_short(now, until)
        page = limit
        while True:
            due = await self._read.run(
                lambda conn, page=page: outbox.outbox_due(conn, now=now, limit=page, channels=channels, skip=skip)  # type: ignore[misc]
            )
            chosen = [out for out in due if self._messages.free(out.message_id, worker=worker, now=now)][:limit]
            if len(due) < page or len(chosen) == limit:
                break
            page *= 4
        for out in chosen:
            self._messages.take(out.conversation_id, out.message_id, worker=worker, now=now, until=until)
        return chosen

    async def renew(self, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]) -> frozenset[str]:
        """See `Store.renew_claims`."""
        must_be_short(now, until)
        renewed = (held.renew(worker=worker, until=until, conversations=conversations) for held in (self._clocks, self._messages))
        return frozenset[str]().union(*renewed)

    async def release(self, *, worker: str, conversations: Collection[str] | None, not_before: datetime | None) -> None:
        """See `Store.release_claims`."""
        self._clocks.release(worker=worker, conversations=conversations, not_before=not_before)
        self._messages.release(worker=worker, conversations=conversations, not_before=not_before)

    async def mark_sending(
        self, message_id: int, *, worker: str, now: datetime, sent_as: str | None, opted_out_at: datetime | None
    ) -> bool:
        """See `Store.mark_sending`."""
        if not self._messages.holds(message_id, worker=worker, now=now):
            return False
        return await self._write.run(
            lambda conn: outbox.mark_sending(conn, message_id, worker=None, now=now, sent_as=sent_as, opted_out_at=opted_out_at)
        )

    async def mark_retry(self, message_id: int, *, worker: str, due_at: datetime, error: str, attempted: bool) -> None:
        """See `Store.mark_retry`."""
        if self._messages.holds(message_id, worker=worker):
            await self._write.run(
                lambda conn: outbox.mark_retry(conn, message_id, worker=None, due_at=due_at, error=error, attempted=attempted)
            )
            self._messages.drop(message_id)
        else:
            await self._read.run(lambda conn: outbox.must_exist(conn, message_id))

    async def next_due_at(self, after: datetime | None) -> datetime | None:
        """See `Store.next_due_at`."""
        due_at = await self._read.run(lambda conn: clocks.next_due_at(conn, after=after))
        return earliest(due_at, None if after is None else self._clocks.next_end(after))

    async def outbox_next_at(self, channels: tuple[str, ...], after: datetime | None) -> datetime | None:
        """See `Store.outbox_next_at`."""
        return await self._read.run(lambda conn: outbox.outbox_next_at(conn, channels=channels, after=after))

    def clocks_changed(self, changed: Iterable[ClockKey]) -> None:
        """See `Claiming.clocks_changed`."""
        self._clocks.drop(*changed)

    def settled(self, message_id: int) -> None:
        """See `Claiming.settled`."""
        self._messages.drop(message_id)

    async def close(self) -> None:
        """It has no connections."""


class TableClaiming:
    """In the rows themselves. Claims run on connections of their own, see `bot.store.postgres`; marks, which must last, do not."""

    def __init__(self, *, claims: Runner, write: Runner) -> None:
        self._claims, self._write = claims, write

    async def claim_clocks(
        self, *, worker: str, now: datetime, until: datetime, limit: int, skip: frozenset[str]
    ) -> list[DueClock]:
        """See `Store.claim_clocks`."""
        return await self._claims.run(
            lambda conn: claims.claim_clocks(conn, worker=worker, now=now, until=until, limit=limit, skip=skip)
        )

    async def claim_outbox(
        self, *, worker: str, now: datetime, until: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str]
    ) -> list[Outgoing]:
        """See `Store.claim_outbox`."""
        return await self._claims.run(
            lambda conn: claims.claim_outbox(conn, worker=worker, now=now, until=until, limit=limit, channels=channels, skip=skip)
        )

    async def renew(self, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]) -> frozenset[str]:
        """See `Store.renew_claims`."""
        return await self._claims.run(
            lambda conn: claims.renew_claims(conn, worker=worker, now=now, until=until, conversations=conversations)
        )

    async def release(self, *, worker: str, conversations: Collection[str] | None, not_before: datetime | None) -> None:
        """See `Store.release_claims`."""
        await self._claims.run(
            lambda conn: claims.release_claims(conn, worker=worker, conversations=conversations, not_before=not_before)
        )

    async def mark_sending(
        self, message_id: int, *, worker: str, now: datetime, sent_as: str | None, opted_out_at: datetime | None
    ) -> bool:
        """See `Store.mark_sending`."""
        return await self._write.run(
            lambda conn: outbox.mark_sending(conn, message_id, worker=worker, now=now, sent_as=sent_as, opted_out_at=opted_out_at)
        )

    async def mark_retry(self, message_id: int, *, worker: str, due_at: datetime, error: str, attempted: bool) -> None:
        """See `Store.mark_retry`."""
        await self._write.run(
            lambda conn: outbox.mark_retry(conn, message_id, worker=worker, due_at=due_at, error=error, attempted=attempted)
        )

    async def next_due_at(self, after: datetime | None) -> datetime | None:
        """See `Store.next_due_at`."""

        def job(conn: sa.Connection) -> datetime | None:
            ends_at = None if after is None else clocks.next_end(conn, after=after)
            return earliest(clocks.next_due_at(conn, after=after), ends_at)

        return await self._claims.run(job)

    async def outbox_next_at(self, channels: tuple[str, ...], after: datetime | None) -> datetime | None:
        """See `Store.outbox_next_at`."""
        return await self._claims.run(lambda conn: outbox.outbox_next_at(conn, channels=channels, after=after))

    def clocks_changed(self, changed: Iterable[ClockKey]) -> None:
        """The statements that change a clock let go of it."""

    def settled(self, message_id: int) -> None:
        """The statements that settle a message let go of it."""

    async def close(self) -> None:
        """See `Claiming.close`."""
        await self._claims.close()
