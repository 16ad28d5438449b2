"""The notifications' part of the durable store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.store import notices
from bot.store.noticing import Device, Noticed, Notification, Planned
from bot.store.runner import Runner


class SqlNotices:
    """`bot.store.noticing.NoticeStore` over SQL."""

    _write: Runner
    _read: Runner

    async def fresh_notices(self, *, limit: int) -> list[Noticed]:
        """See `NoticeStore.fresh_notices`."""
        return await self._read.run(lambda conn: notices.fresh(conn, limit=limit))

    async def plan_notice(self, notice_id: int, planned: Sequence[Planned], *, now: datetime) -> bool:
        """See `NoticeStore.plan_notice`."""
        return await self._write.run(lambda conn: notices.plan(conn, notice_id, planned, now=now))

    async def claim_notifications(self, *, worker: str, now: datetime, until: datetime, limit: int) -> list[Notification]:
        """See `NoticeStore.claim_notifications`."""
        return await self._write.run(lambda conn: notices.claim(conn, worker=worker, now=now, until=until, limit=limit))

    async def notifications_due(self, *, now: datetime) -> int:
        """See `NoticeStore.notifications_due`."""
        return await self._read.run(lambda conn: notices.due_count(conn, now=now))

    async def notifications_next_at(self, *, after: datetime) -> datetime | None:
        """See `NoticeStore.notifications_next_at`."""
        return await self._read.run(lambda conn: notices.next_at(conn, after=after))

    async def notification_sent(self, notification_id: int, *, now: datetime) -> None:
        """See `NoticeStore.notification_sent`."""
        await self._write.run(lambda conn: notices.sent(conn, notification_id, now=now))

    async def notification_failed(
        self, notification_id: int, *, error: str, now: datetime, retry_at: datetime | None = None
    ) -> None:
        """See `NoticeStore.notification_failed`."""
        await self._write.run(lambda conn: notices.failed(conn, notification_id, error=error, now=now, retry_at=retry_at))

    async def notification_dropped(self, notification_id: int, *, error: str, now: datetime, next_now: bool) -> None:
        """See `NoticeStore.notification_dropped`."""
        await self._write.run(lambda conn: notices.dropped(conn, notification_id, error=error, now=now, next_now=next_now))

    async def notifications_seen(
        self, agent_id: str, *, now: datetime, notice_id: int | None = None, conversation_id: str | None = None
    ) -> int:
        """See `NoticeStore.notifications_seen`."""
        return await self._write.run(
            lambda conn: notices.seen(conn, agent_id, now=now, notice_id=notice_id, conversation_id=conversation_id)
        )

    async def notifications_acted(self, agent_id: str, *, conversation_id: str, now: datetime) -> int:
        """See `NoticeStore.notifications_acted`."""
        return await self._write.run(lambda conn: notices.acted(conn, agent_id, conversation_id=conversation_id, now=now))

    async def told_since(self, agent_id: str, *, conversation_id: str, carrier: str, since: datetime) -> bool:
        """See `NoticeStore.told_since`."""
        return await self._read.run(
            lambda conn: notices.told_since(conn, agent_id, conversation_id=conversation_id, carrier=carrier, since=since)
        )

    async def notifications(
        self, *, agent_id: str | None = None, conversation_id: str | None = None, limit: int = 100
    ) -> list[Notification]:
        """See `NoticeStore.notifications`."""
        return await self._read.run(
            lambda conn: notices.latest(conn, agent_id=agent_id, conversation_id=conversation_id, limit=limit)
        )

    async def forget_notices(self, *, before: datetime) -> int:
        """See `NoticeStore.forget_notices`."""
        return await self._write.run(lambda conn: notices.forget(conn, before=before))

    async def add_device(self, device: Device) -> int:
        """See `NoticeStore.add_device`."""
        return await self._write.run(lambda conn: notices.add_device(conn, device))

    async def devices(self, agent_id: str) -> list[Device]:
        """See `NoticeStore.devices`."""
        return await self._read.run(lambda conn: notices.devices_of(conn, agent_id))

    async def drop_device(self, device_id: int, *, agent_id: str) -> bool:
        """See `NoticeStore.drop_device`."""
        return await self._write.run(lambda conn: notices.drop_device(conn, device_id, agent_id=agent_id))
