"""Notices, notifications and browsers in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count

from bot.core.events import Notice
from bot.store.noticing import Device, Noticed, Notification, Notified, Planned


class Notices:
    """See `bot.store.noticing.NoticeStore`."""

    def __init__(self) -> None:
        self._notice_ids, self._notification_ids, self._device_ids = count(1), count(1), count(1)
        self._fresh_notices: dict[int, Noticed] = {}
        self._noticed: dict[int, Noticed] = {}
        self._notified: dict[int, Notification] = {}
        self._queue: dict[int, Notification] = {}
        self._about: defaultdict[tuple[str, str], dict[int, Notification]] = defaultdict(dict)
        self._of_notice: defaultdict[int, dict[int, Notification]] = defaultdict(dict)
        self._told_at: dict[tuple[str, str, str], datetime] = {}
        self._held: dict[int, datetime] = {}
        self._devices: dict[int, Device] = {}

    def write_notices(self, conversation_id: str, noticed: Sequence[Notice], now: datetime) -> tuple[int, ...]:
        """Keep what a commit wants noticed; gives the ids, in order."""
        ids = []
        for one in noticed:
            notice_id = next(self._notice_ids)
            self._fresh_notices[notice_id] = Noticed(notice_id=notice_id, conversation_id=conversation_id, notice=one, at=now)
            ids.append(notice_id)
        return tuple(ids)

    async def fresh_notices(self, *, limit: int) -> list[Noticed]:
        """See `NoticeStore.fresh_notices`."""
        return list(self._fresh_notices.values())[:limit]

    async def plan_notice(self, notice_id: int, planned: Sequence[Planned], *, now: datetime) -> bool:
        """See `NoticeStore.plan_notice`."""
        noticed = self._fresh_notices.pop(notice_id, None)
        if noticed is None:
            return False
        self._noticed[notice_id] = noticed
        looked = {one.agent_id for one in self._of_notice[notice_id].values()}
        for one in planned:
            if one.sent and one.agent_id in looked:
                continue
            dropped = one.agent_id in looked
            self._put(
                Notification(
                    notification_id=next(self._notification_ids),
                    notice_id=notice_id,
                    conversation_id=noticed.conversation_id,
                    kind=noticed.notice.kind,
                    agent_id=one.agent_id,
                    carrier=one.carrier,
                    state=Notified.SENT if one.sent else Notified.DROPPED if dropped else Notified.QUEUED,
                    error="seen" if dropped else None,
                    due_at=one.due_at,
                    attempts=int(one.sent),
                    sent_at=now if one.sent else None,
                    data=noticed.notice.data,
                )
            )
        return True

    def _put(self, one: Notification) -> None:
        self._notified[one.notification_id] = self._about[one.agent_id, one.conversation_id][one.notification_id] = one
        self._of_notice[one.notice_id][one.notification_id] = one
        if one.sent_at is not None:
            told = (one.agent_id, one.conversation_id, one.carrier)
            self._told_at[told] = max(one.sent_at, self._told_at.get(told, one.sent_at))
        if one.state is Notified.QUEUED:
            self._queue[one.notification_id] = one
        else:
            self._queue.pop(one.notification_id, None)

    async def notifications_due(self, *, now: datetime) -> int:
        """See `NoticeStore.notifications_due`."""
        return len(self._due_now(now))

    def _due_now(self, now: datetime) -> list[Notification]:
        return [one for one in self._queue.values() if one.due_at <= now and self._held.get(one.notification_id, now) <= now]

    async def claim_notifications(self, *, worker: str, now: datetime, until: datetime, limit: int) -> list[Notification]:
        """See `NoticeStore.claim_notifications`."""
        taken = sorted(self._due_now(now), key=lambda one: (one.due_at, one.notification_id))[:limit]
        self._held |= {one.notification_id: until for one in taken}
        return taken

    async def notifications_next_at(self, *, after: datetime) -> datetime | None:
        """See `NoticeStore.notifications_next_at`."""
        queued = self._queue.values()
        held = [self._held[one.notification_id] for one in queued if one.notification_id in self._held]
        return min((at for at in (*(one.due_at for one in queued), *held) if at > after), default=None)

    async def notification_sent(self, notification_id: int, *, now: datetime) -> None:
        """See `NoticeStore.notification_sent`."""
        one = self._notified[notification_id]
        if one.state is Notified.QUEUED:
            self._put(replace(one, state=Notified.SENT, sent_at=now, attempts=one.attempts + 1, error=None))

    async def notification_failed(
        self, notification_id: int, *, error: str, now: datetime, retry_at: datetime | None = None
    ) -> None:
        """See `NoticeStore.notification_failed`."""
        one = self._notified[notification_id]
        if one.state is not Notified.QUEUED:
            return
        self._held.pop(notification_id, None)
        tried = replace(one, error=error, attempts=one.attempts + 1)
        if retry_at is not None:
            self._put(replace(tried, due_at=retry_at))
        else:
            self._put(replace(tried, state=Notified.FAILED))
            self._next_now(one, now)

    async def notification_dropped(self, notification_id: int, *, error: str, now: datetime, next_now: bool) -> None:
        """See `NoticeStore.notification_dropped`."""
        one = self._notified[notification_id]
        if one.state is Notified.QUEUED:
            self._put(replace(one, state=Notified.DROPPED, error=error))
            if next_now:
                self._next_now(one, now)

    def _next_now(self, one: Notification, now: datetime) -> None:
        following = (
            n
            for n in self._queue.values()
            if (n.notice_id, n.agent_id) == (one.notice_id, one.agent_id) and n.notification_id > one.notification_id
        )
        found = next(following, None)
        if found is not None:
            self._put(replace(found, due_at=min(found.due_at, now)))

    async def notifications_seen(
        self, agent_id: str, *, now: datetime, notice_id: int | None = None, conversation_id: str | None = None
    ) -> int:
        """See `NoticeStore.notifications_seen`."""
        if notice_id is None and conversation_id is None:
            raise ValueError("say which notice or which conversation")

        def seen(one: Notification) -> Notification:
            if one.state is Notified.SENT:
                return replace(one, state=Notified.SEEN, seen_at=now)
            return _dropped(one, "seen")

        mine = [
            one
            for one in self._notified.values()
            if one.agent_id == agent_id and notice_id in (None, one.notice_id) and conversation_id in (None, one.conversation_id)
        ]
        early = [
            one
            for one in self._fresh_notices.values()
            if notice_id in (None, one.notice_id)
            and conversation_id in (None, one.conversation_id)
            and (not one.notice.to or agent_id in one.notice.to)
            and not any((n.notice_id, n.agent_id) == (one.notice_id, agent_id) for n in self._notified.values())
        ]
        for one in early:
            self._put(_seen_early(next(self._notification_ids), one, agent_id, now))
        return self._change(mine, seen) + len(early)

    async def notifications_acted(self, agent_id: str, *, conversation_id: str, now: datetime) -> int:
        """See `NoticeStore.notifications_acted`."""

        def acted(one: Notification) -> Notification:
            if one.state in (Notified.SENT, Notified.SEEN):
                return replace(one, state=Notified.ACTED, acted_at=now, seen_at=one.seen_at or now)
            return _dropped(one, "acted")

        return self._change(tuple(self._about[agent_id, conversation_id].values()), acted)

    def _change(self, ones: Sequence[Notification], change: Callable[[Notification], Notification]) -> int:
        changed = [after for one in ones if (after := change(one)) != one]
        for one in changed:
            self._put(one)
        return len(changed)

    async def told_since(self, agent_id: str, *, conversation_id: str, carrier: str, since: datetime) -> bool:
        """See `NoticeStore.told_since`."""
        told_at = self._told_at.get((agent_id, conversation_id, carrier))
        return told_at is not None and told_at >= since

    async def notifications(
        self, *, agent_id: str | None = None, conversation_id: str | None = None, limit: int = 100
    ) -> list[Notification]:
        """See `NoticeStore.notifications`."""
        about = [
            one
            for one in self._notified.values()
            if agent_id in (None, one.agent_id) and conversation_id in (None, one.conversation_id)
        ]
        return about[::-1][:limit]

    async def forget_notices(self, *, before: datetime) -> int:
        """See `NoticeStore.forget_notices`."""
        old = {notice_id for notice_id, one in self._noticed.items() if one.at < before}
        self._noticed = {notice_id: one for notice_id, one in self._noticed.items() if notice_id not in old}
        kept = [one for one in self._notified.values() if one.notice_id not in old]
        self._notified, self._queue, self._told_at = {}, {}, {}
        self._about.clear()
        self._of_notice.clear()
        for one in kept:
            self._put(one)
        return len(old)

    async def add_device(self, device: Device) -> int:
        """See `NoticeStore.add_device`."""
        known = next((one for one in self._devices.values() if one.endpoint == device.endpoint), None)
        device_id = known.device_id if known else next(self._device_ids)
        self._devices[device_id] = replace(device, device_id=device_id)
        return device_id

    async def devices(self, agent_id: str) -> list[Device]:
        """See `NoticeStore.devices`."""
        return [one for one in self._devices.values() if one.agent_id == agent_id]

    async def drop_device(self, device_id: int, *, agent_id: str) -> bool:
        """See `NoticeStore.drop_device`."""
        if device_id not in self._devices or self._devices[device_id].agent_id != agent_id:
            return False
        del self._devices[device_id]
        return True


def _seen_early(notification_id: int, noticed: Noticed, agent_id: str, now: datetime) -> Notification:
    """Whoever looks at the page may be faster than whoever plans."""
    return Notification(
        notification_id=notification_id,
        notice_id=noticed.notice_id,
        conversation_id=noticed.conversation_id,
        kind=noticed.notice.kind,
        agent_id=agent_id,
        carrier="in_page",
        state=Notified.SEEN,
        due_at=noticed.at,
        attempts=1,
        sent_at=noticed.at,
        seen_at=now,
        data=noticed.notice.data,
    )


def _dropped(one: Notification, why: str) -> Notification:
    return replace(one, state=Notified.DROPPED, error=why) if one.state is Notified.QUEUED else one
