"""Notices, notifications and the browsers that take web pushes, over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.events import Notice
from bot.core.model import Json
from bot.store.jsontext import Record
from bot.store.noticing import Device, Noticed, Notification, Notified, Planned
from bot.store.tables import devices, notices, notifications
from bot.store.upsert import Upsert, replacing

QUEUED, SENT, SEEN, ACTED = (one.value for one in (Notified.QUEUED, Notified.SENT, Notified.SEEN, Notified.ACTED))

_WRITE = notices.insert().returning(notices.c.notice_id)
_FRESH = sa.select(notices).where(notices.c.planned_at.is_(None)).order_by(notices.c.notice_id).limit(sa.bindparam("most"))
_PLANNED = (
    sa.update(notices)
    .where(notices.c.notice_id == sa.bindparam("id"), notices.c.planned_at.is_(None))
    .values(planned_at=sa.bindparam("now"))
)
_PLAN = Upsert(notifications, ("notice_id", "agent_id", "carrier"))
_WHOLE = sa.select(notifications, notices.c.kind, notices.c.data).join(notices, notices.c.notice_id == notifications.c.notice_id)
_QUEUED = notifications.c.state == QUEUED
_ONE = sa.update(notifications).where(notifications.c.notification_id == sa.bindparam("id"), _QUEUED)
_PUT_DEVICE = Upsert(devices, ("endpoint",), replacing("agent_id", "p256dh", "auth", "label", "added_at"))
_DEVICES = sa.select(devices).where(devices.c.agent_id == sa.bindparam("wanted")).order_by(devices.c.device_id)


def write_notices(conn: sa.Connection, conversation_id: str, noticed: Sequence[Notice], now: datetime) -> tuple[int, ...]:
    """Keep what a commit wants noticed; gives the ids, in order."""
    ids = []
    for one in noticed:
        values = {"conversation_id": conversation_id, "kind": one.kind, "whom": list(one.to), "data": dict(one.data), "at": now}
        ids.append(conn.execute(_WRITE, values).scalar_one())
    return tuple(ids)


def fresh(conn: sa.Connection, *, limit: int) -> list[Noticed]:
    """See `NoticeStore.fresh_notices`."""
    return [
        Noticed(
            notice_id=row.notice_id,
            conversation_id=row.conversation_id,
            notice=Notice(kind=row.kind, to=tuple(row.whom), data=row.data),
            at=row.at,
        )
        for row in conn.execute(_FRESH, {"most": limit})
    ]


def plan(conn: sa.Connection, notice_id: int, planned: Sequence[Planned], *, now: datetime) -> bool:
    """See `NoticeStore.plan_notice`."""
    if conn.execute(_PLANNED, {"id": notice_id, "now": now}).rowcount != 1:
        return False
    conversation_id = conn.execute(sa.select(notices.c.conversation_id).where(notices.c.notice_id == notice_id)).scalar_one()
    known = sa.select(notifications.c.agent_id).where(notifications.c.notice_id == notice_id)
    looked = set(conn.execute(known).scalars())
    rows = [
        {
            "notice_id": notice_id,
            "conversation_id": conversation_id,
            "agent_id": one.agent_id,
            "carrier": one.carrier,
            "state": SENT if one.sent else Notified.DROPPED.value if one.agent_id in looked else QUEUED,
            "error": "seen" if one.agent_id in looked and not one.sent else None,
            "due_at": one.due_at,
            "attempts": int(one.sent),
            "sent_at": now if one.sent else None,
        }
        for one in planned
    ]
    if rows:
        conn.execute(_PLAN.on(conn), rows)
    return True


def _due(now: datetime) -> sa.ColumnElement[bool]:
    free = sa.or_(notifications.c.held_until.is_(None), notifications.c.held_until <= now)
    return sa.and_(_QUEUED, notifications.c.due_at <= now, free)


def due_count(conn: sa.Connection, *, now: datetime) -> int:
    """See `NoticeStore.notifications_due`."""
    count: int = conn.execute(sa.select(sa.func.count()).select_from(notifications).where(_due(now))).scalar_one()
    return count


def claim(conn: sa.Connection, *, worker: str, now: datetime, until: datetime, limit: int) -> list[Notification]:
    """See `NoticeStore.claim_notifications`."""
    due = (
        sa.select(notifications.c.notification_id)
        .where(_due(now))
        .order_by(notifications.c.due_at, notifications.c.notification_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(conn.execute(due).scalars())
    if not ids:
        return []
    named = notifications.c.notification_id.in_(ids)
    conn.execute(sa.update(notifications).where(named).values(holder=worker, held_until=until))
    return [_notification(row) for row in conn.execute(_WHOLE.where(named).order_by(notifications.c.due_at, "notification_id"))]


def next_at(conn: sa.Connection, *, after: datetime) -> datetime | None:
    """See `NoticeStore.notifications_next_at`."""
    moments: list[datetime] = []
    for column in (notifications.c.due_at, notifications.c.held_until):
        query = sa.select(column).where(_QUEUED, column > after).order_by(column).limit(1)
        if (at := conn.execute(query).scalar()) is not None:
            moments.append(at)
    return min(moments, default=None)


def sent(conn: sa.Connection, notification_id: int, *, now: datetime) -> None:
    """See `NoticeStore.notification_sent`."""
    counted = notifications.c.attempts + 1
    conn.execute(_ONE.values(state=SENT, sent_at=now, attempts=counted, error=None, holder=None), {"id": notification_id})


def failed(conn: sa.Connection, notification_id: int, *, error: str, now: datetime, retry_at: datetime | None) -> None:
    """See `NoticeStore.notification_failed`."""
    changes: dict[str, Any] = {"error": error, "attempts": notifications.c.attempts + 1, "holder": None, "held_until": None}
    if retry_at is not None:
        conn.execute(_ONE.values(due_at=retry_at, **changes), {"id": notification_id})
    elif conn.execute(_ONE.values(state=Notified.FAILED.value, **changes), {"id": notification_id}).rowcount:
        _next_now(conn, notification_id, now)


def dropped(conn: sa.Connection, notification_id: int, *, error: str, now: datetime, next_now: bool) -> None:
    """See `NoticeStore.notification_dropped`."""
    changed = conn.execute(_ONE.values(state=Notified.DROPPED.value, error=error, holder=None), {"id": notification_id})
    if changed.rowcount and next_now:
        _next_now(conn, notification_id, now)


def _next_now(conn: sa.Connection, notification_id: int, now: datetime) -> None:
    """The next carrier in line, of the same notice and agent, need not wait any longer."""
    one = conn.execute(sa.select(notifications).where(notifications.c.notification_id == notification_id)).one()
    following = (
        sa.select(notifications.c.notification_id)
        .where(_QUEUED, notifications.c.notice_id == one.notice_id, notifications.c.agent_id == one.agent_id)
        .where(notifications.c.notification_id > notification_id)
        .order_by(notifications.c.notification_id)
        .limit(1)
    )
    found = conn.execute(following).scalar()
    if found is not None:
        chosen = sa.and_(notifications.c.notification_id == found, notifications.c.due_at > now)
        conn.execute(sa.update(notifications).where(chosen).values(due_at=now))


def seen(conn: sa.Connection, agent_id: str, *, now: datetime, notice_id: int | None, conversation_id: str | None) -> int:
    """See `NoticeStore.notifications_seen`."""
    mine = _mine(agent_id, notice_id=notice_id, conversation_id=conversation_id)
    # First: it waits for whoever plans the notice at this moment, and what they planned is seen below.
    early = _seen_early(conn, agent_id, now, notice_id, conversation_id)
    looked = conn.execute(sa.update(notifications).where(mine, notifications.c.state == SENT).values(state=SEEN, seen_at=now))
    return early + looked.rowcount + _drop(conn, mine, "seen")


def _seen_early(conn: sa.Connection, agent_id: str, now: datetime, notice_id: int | None, conversation_id: str | None) -> int:
    """Whoever looks at the page may be faster than whoever plans."""
    fresh = sa.select(notices).where(notices.c.planned_at.is_(None)).with_for_update()
    if notice_id is not None:
        fresh = fresh.where(notices.c.notice_id == notice_id)
    if conversation_id is not None:
        fresh = fresh.where(notices.c.conversation_id == conversation_id)
    rows = [
        {
            "notice_id": row.notice_id,
            "conversation_id": row.conversation_id,
            "agent_id": agent_id,
            "carrier": "in_page",
            "state": SEEN,
            "due_at": row.at,
            "attempts": 1,
            "sent_at": row.at,
            "seen_at": now,
        }
        for row in conn.execute(fresh)
        if not row.whom or agent_id in row.whom
    ]
    if rows:
        conn.execute(_PLAN.on(conn), rows)
    return len(rows)


def acted(conn: sa.Connection, agent_id: str, *, conversation_id: str, now: datetime) -> int:
    """See `NoticeStore.notifications_acted`."""
    mine = _mine(agent_id, notice_id=None, conversation_id=conversation_id)
    open_ = notifications.c.state.in_((SENT, SEEN))
    first_seen = sa.func.coalesce(notifications.c.seen_at, sa.bindparam("first_seen", now, notifications.c.seen_at.type))
    done = conn.execute(sa.update(notifications).where(mine, open_).values(state=ACTED, acted_at=now, seen_at=first_seen))
    return done.rowcount + _drop(conn, mine, "acted")


def _mine(agent_id: str, *, notice_id: int | None, conversation_id: str | None) -> sa.ColumnElement[bool]:
    if notice_id is None and conversation_id is None:
        raise ValueError("say which notice or which conversation")
    about = [notifications.c.agent_id == agent_id]
    if notice_id is not None:
        about.append(notifications.c.notice_id == notice_id)
    if conversation_id is not None:
        about.append(notifications.c.conversation_id == conversation_id)
    return sa.and_(*about)


def _drop(conn: sa.Connection, mine: sa.ColumnElement[bool], why: str) -> int:
    return conn.execute(sa.update(notifications).where(mine, _QUEUED).values(state=Notified.DROPPED.value, error=why)).rowcount


def told_since(conn: sa.Connection, agent_id: str, *, conversation_id: str, carrier: str, since: datetime) -> bool:
    """See `NoticeStore.told_since`."""
    told = sa.select(notifications.c.notification_id).where(
        notifications.c.agent_id == agent_id,
        notifications.c.conversation_id == conversation_id,
        notifications.c.carrier == carrier,
        notifications.c.sent_at >= since,
    )
    return conn.execute(told.limit(1)).first() is not None


def latest(conn: sa.Connection, *, agent_id: str | None, conversation_id: str | None, limit: int) -> list[Notification]:
    """See `NoticeStore.notifications`."""
    query = _WHOLE.order_by(notifications.c.notification_id.desc()).limit(limit)
    if agent_id is not None:
        query = query.where(notifications.c.agent_id == agent_id)
    if conversation_id is not None:
        query = query.where(notifications.c.conversation_id == conversation_id)
    return [_notification(row) for row in conn.execute(query)]


def forget(conn: sa.Connection, *, before: datetime) -> int:
    """See `NoticeStore.forget_notices`."""
    old = sa.select(notices.c.notice_id).where(notices.c.at < before, notices.c.planned_at.is_not(None))
    conn.execute(sa.delete(notifications).where(notifications.c.notice_id.in_(old)))
    return conn.execute(sa.delete(notices).where(notices.c.at < before, notices.c.planned_at.is_not(None))).rowcount


def add_device(conn: sa.Connection, device: Device) -> int:
    """See `NoticeStore.add_device`."""
    values = asdict(device)
    del values["device_id"]
    conn.execute(_PUT_DEVICE.on(conn), values)
    device_id: int = conn.execute(sa.select(devices.c.device_id).where(devices.c.endpoint == device.endpoint)).scalar_one()
    return device_id


def devices_of(conn: sa.Connection, agent_id: str) -> list[Device]:
    """See `NoticeStore.devices`."""
    return [Device(**row._mapping) for row in conn.execute(_DEVICES, {"wanted": agent_id})]


def drop_device(conn: sa.Connection, device_id: int, *, agent_id: str) -> bool:
    """See `NoticeStore.drop_device`."""
    mine = sa.and_(devices.c.device_id == device_id, devices.c.agent_id == agent_id)
    return conn.execute(sa.delete(devices).where(mine)).rowcount == 1


def _notification(row: Record) -> Notification:
    data: Json = row.data
    return Notification(
        notification_id=row.notification_id,
        notice_id=row.notice_id,
        conversation_id=row.conversation_id,
        kind=row.kind,
        agent_id=row.agent_id,
        carrier=row.carrier,
        state=Notified(row.state),
        due_at=row.due_at,
        attempts=row.attempts,
        error=row.error,
        sent_at=row.sent_at,
        seen_at=row.seen_at,
        acted_at=row.acted_at,
        data=data,
    )
