"""Messages on their way out, and who has what in hand, in the durable store."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from bot.core.model import Delivery
from bot.store import outbox, parked
from bot.store.claiming import Claiming
from bot.store.contract import DueClock, Echoed, Message, Outgoing, Parked
from bot.store.rules import clean_text, must_be_final
from bot.store.runner import Runner


class SqlOutbox:
    """`OutboxStore` and `ClaimStore` of `bot.store.contract` over SQL."""

    _write: Runner
    _read: Runner
    _claiming: Claiming

    async def outbox_due(
        self, *, now: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str] = frozenset()
    ) -> list[Outgoing]:
        """See `Store.outbox_due`."""
        return await self._read.run(lambda conn: outbox.outbox_due(conn, now=now, limit=limit, channels=channels, skip=skip))

    async def outbox_next_at(self, *, channels: tuple[str, ...], after: datetime | None = None) -> datetime | None:
        """See `Store.outbox_next_at`."""
        return await self._claiming.outbox_next_at(channels, after)

    async def claim_clocks(
        self, *, worker: str, now: datetime, until: datetime, limit: int, skip: frozenset[str] = frozenset()
    ) -> list[DueClock]:
        """See `Store.claim_clocks`."""
        return await self._claiming.claim_clocks(worker=worker, now=now, until=until, limit=limit, skip=skip)

    async def claim_outbox(
        self,
        *,
        worker: str,
        now: datetime,
        until: datetime,
        limit: int,
        channels: tuple[str, ...],
        skip: frozenset[str] = frozenset(),
    ) -> list[Outgoing]:
        """See `Store.claim_outbox`."""
        return await self._claiming.claim_outbox(worker=worker, now=now, until=until, limit=limit, channels=channels, skip=skip)

    async def renew_claims(self, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]) -> frozenset[str]:
        """See `Store.renew_claims`."""
        return await self._claiming.renew(worker=worker, now=now, until=until, conversations=conversations)

    async def release_claims(
        self, *, worker: str, conversations: Collection[str] | None = None, not_before: datetime | None = None
    ) -> None:
        """See `Store.release_claims`."""
        await self._claiming.release(worker=worker, conversations=conversations, not_before=not_before)

    async def mark_sending(
        self,
        message_id: int,
        *,
        worker: str,
        now: datetime,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> bool:
        """See `Store.mark_sending`."""
        return await self._claiming.mark_sending(message_id, worker=worker, now=now, sent_as=sent_as, opted_out_at=opted_out_at)

    async def mark_sent(
        self,
        message_id: int,
        *,
        now: datetime,
        external_id: str | None,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> Message:
        """See `Store.mark_sent`. Raises `NotFound`, `VersionConflict`."""
        shown = await self._write.run(
            lambda conn: outbox.mark_sent(
                conn, message_id, now=now, external_id=external_id, sent_as=sent_as, opted_out_at=opted_out_at
            )
        )
        self._claiming.settled(message_id)
        return shown

    async def mark_retry(self, message_id: int, *, worker: str, due_at: datetime, error: str, attempted: bool = True) -> None:
        """See `Store.mark_retry`. Raises `NotFound`."""
        await self._claiming.mark_retry(message_id, worker=worker, due_at=due_at, error=error, attempted=attempted)

    async def postpone(self, message_id: int, *, due_at: datetime) -> None:
        """See `Store.postpone`. Raises `NotFound`."""
        await self._write.run(lambda conn: outbox.postpone(conn, message_id, due_at=due_at))
        self._claiming.settled(message_id)

    async def mark_unsendable(
        self, message_id: int, *, delivery: Delivery, error: str, now: datetime, detail: str = "", park: bool = False
    ) -> None:
        """See `Store.mark_unsendable`. Raises `NotFound`, and `ValueError` for any other delivery."""
        must_be_final(delivery, parked=park)
        await self._write.run(
            lambda conn: outbox.mark_unsendable(
                conn, message_id, delivery=delivery, error=error, detail=clean_text(detail), parked=park, now=now
            )
        )
        self._claiming.settled(message_id)

    async def settle_by_echo(self, *, key: str, external_id: str, now: datetime) -> Message | None:
        """See `Store.settle_by_echo`."""
        shown = await self._write.run(lambda conn: outbox.settle_by_echo(conn, key=key, external_id=external_id, now=now))
        if shown is not None:
            self._claiming.settled(shown.message_id)
        return shown

    async def unsettled(self, echoes: Collection[Echoed]) -> frozenset[Echoed]:
        """See `Store.unsettled`."""
        return await self._read.run(lambda conn: outbox.unsettled(conn, echoes))

    async def unsent_count(self, conversation_id: str) -> int:
        """See `Store.unsent_count`."""
        return await self._read.run(lambda conn: outbox.unsent_count(conn, conversation_id))

    async def parked(self, *, limit: int = 200) -> list[Parked]:
        """See `Store.parked`."""
        return await self._read.run(lambda conn: parked.parked(conn, limit=limit))

    async def redrive(self, message_id: int, *, by: str, now: datetime) -> int | None:
        """See `Store.redrive`. Raises `NotFound`."""
        return await self._write.run(lambda conn: parked.redrive(conn, message_id, by=by, now=now))

    async def let_go(self, message_id: int, *, by: str, now: datetime) -> bool:
        """See `Store.let_go`. Raises `NotFound`."""
        return await self._write.run(lambda conn: parked.let_go(conn, message_id, by=by, now=now))
