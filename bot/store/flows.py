"""Flows and their versions over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from bot.core.model import FlowMode
from bot.store import tables
from bot.store.contract import NotFound
from bot.store.flowbook import (
    FlowBook,
    FlowChange,
    FlowHead,
    FlowText,
    FlowVersion,
    Inside,
    StoppedArm,
    drained,
    gone,
    now_entering,
    published_number,
    ruled,
)
from bot.store.jsontext import Record
from bot.store.tables import enrolments, flow_arms, flow_heads, flow_log, flow_versions

_REVISION = sa.select(tables.flow_book.c.revision)
_BUMP = sa.update(tables.flow_book).values(revision=sa.bindparam("next"))
_STOPPED = (
    sa.select(*(flow_arms.c[name] for name in ("flow_id", "experiment", "arm", "stopped_at", "reason")))
    .where(flow_arms.c.stopped_at.is_not(None))
    .order_by(flow_arms.c.flow_id, flow_arms.c.experiment, flow_arms.c.arm)
)
_HEADS = sa.select(flow_heads).order_by(flow_heads.c.flow_id)
_HEAD = sa.select(flow_heads).where(flow_heads.c.flow_id == sa.bindparam("wanted"))
_VERSIONS = sa.select(flow_versions).where(flow_versions.c.flow_id == sa.bindparam("wanted")).order_by(flow_versions.c.number)
_VERSION = sa.select(flow_versions).where(
    flow_versions.c.flow_id == sa.bindparam("wanted"), flow_versions.c.number == sa.bindparam("which")
)
_SAME = sa.select(flow_versions).where(
    flow_versions.c.flow_id == sa.bindparam("wanted"), flow_versions.c.digest == sa.bindparam("words")
)
_LAST = sa.select(sa.func.max(flow_versions.c.number)).where(flow_versions.c.flow_id == sa.bindparam("wanted"))
_LOG = sa.select(flow_log).order_by(flow_log.c.log_id.desc()).limit(sa.bindparam("limit"))
_INSIDE = (
    sa.select(enrolments.c.flow_id, enrolments.c.flow_version, enrolments.c.step_id, sa.func.count().label("people"))
    .where(sa.text("status = 'live'"))
    .group_by(enrolments.c.flow_id, enrolments.c.flow_version, enrolments.c.step_id)
    .order_by(enrolments.c.flow_id, enrolments.c.flow_version, enrolments.c.step_id)
)


class _Change:
    """One change of what holds: alone among all others, and one revision, however many flows it touches."""

    def __init__(self, conn: sa.Connection, *, by: str, now: datetime, reason: str) -> None:
        self._conn, self._by, self._now, self._reason = conn, by, now, reason
        self._revision = conn.execute(_REVISION.with_for_update()).scalar_one()
        self._changed = False

    def put(self, head: FlowHead, what: str, *, new: bool = False) -> FlowHead:
        values = {
            "flow_id": head.flow_id, "number": head.number, "mode": head.mode.value, "reason": head.reason, "seen": head.seen,
            "changed_by": head.changed_by, "changed_at": head.changed_at,
        }  # fmt: skip
        put = sa.insert(flow_heads) if new else sa.update(flow_heads).where(flow_heads.c.flow_id == head.flow_id)
        self._conn.execute(put.values(values))
        if what:
            line = {"flow_id": head.flow_id, "at": self._now, "by": self._by, "what": what, "number": head.number}
            self._conn.execute(sa.insert(flow_log).values({**line, "reason": self._reason}))
        if not self._changed:
            self._changed = True
            self._conn.execute(_BUMP, {"next": self._revision + 1})
        return head


def flow_book(conn: sa.Connection) -> FlowBook:
    """See `FlowStore.flow_book`."""
    revision = conn.execute(_REVISION).scalar_one()
    stopped = tuple(StoppedArm(**row._mapping) for row in conn.execute(_STOPPED))
    return FlowBook(revision=revision, heads=tuple(_head(row) for row in conn.execute(_HEADS)), stopped=stopped)


def change_arm(conn: sa.Connection, flow_id: str, *, what: str, by: str, now: datetime, reason: str) -> None:
    """A line of the log and a new revision, for an arm that was stopped or let go on."""
    _Change(conn, by=by, now=now, reason=reason).put(_known(conn, flow_id), what)


def versions(conn: sa.Connection, flow_id: str) -> list[FlowVersion]:
    """See `FlowStore.flow_versions`."""
    return [_version(row) for row in conn.execute(_VERSIONS, {"wanted": flow_id})]


def version(conn: sa.Connection, flow_id: str, number: int) -> FlowVersion:
    """See `FlowStore.flow_version`."""
    row = conn.execute(_VERSION, {"wanted": flow_id, "which": number}).first()
    if row is None:
        raise NotFound("version of this flow", f"{flow_id} {number}")
    return _version(row)


def publish(
    conn: sa.Connection, texts: Sequence[FlowText], *, by: str, now: datetime, reason: str, whole: bool
) -> list[FlowVersion]:
    """See `FlowStore.publish_flows`."""
    change = _Change(conn, by=by, now=now, reason=reason)
    published = [_publish(conn, change, text, by=by, now=now, whole=whole) for text in texts]
    if whole:
        for head in map(_head, conn.execute(_HEADS).all()):
            if head.flow_id not in {text.flow_id for text in texts} and head.mode is not FlowMode.STOPPED and not gone(head):
                change.put(drained(head, now), FlowMode.DRAINING.value)
    return published


def _publish(conn: sa.Connection, change: _Change, text: FlowText, *, by: str, now: datetime, whole: bool) -> FlowVersion:
    row = conn.execute(_HEAD, {"wanted": text.flow_id}).first()
    head = _head(row) if row is not None else None
    if head is not None and whole and gone(head):
        head = change.put(ruled(head, FlowMode.LIVE, by=by, now=now, reason=""), FlowMode.LIVE.value)
    if head is not None and whole and head.seen == text.digest:
        return version(conn, head.flow_id, head.number)
    same = conn.execute(_SAME, {"wanted": text.flow_id, "words": text.digest}).first()
    found = _version(same) if same is not None else _keep(conn, text, by=by, now=now)
    if head is None:
        head = FlowHead(
            flow_id=text.flow_id,
            number=found.number,
            mode=FlowMode.LIVE,
            reason="",
            changed_by=by,
            changed_at=now,
            seen=text.digest,
        )
        change.put(head, "published", new=True)
    elif (head.number, head.seen) != (found.number, text.digest):
        entered = head.number != found.number
        moved = now_entering(head, found.number, seen=text.digest)
        change.put(moved, "published" if entered else "")
    return found


def _keep(conn: sa.Connection, text: FlowText, *, by: str, now: datetime) -> FlowVersion:
    last: int | None = conn.execute(_LAST, {"wanted": text.flow_id}).scalar()
    made = FlowVersion(
        flow_id=text.flow_id, number=published_number(last, text.at_least), text=text.text, digest=text.digest,
        published_at=now, published_by=by, blocks=dict(text.blocks),
    )  # fmt: skip
    values = {
        "flow_id": made.flow_id, "number": made.number, "text": made.text, "digest": made.digest, "published_at": now,
        "published_by": by, "blocks": dict(made.blocks),
    }  # fmt: skip
    conn.execute(sa.insert(flow_versions).values(values))
    return made


def roll_back(conn: sa.Connection, flow_id: str, number: int, *, by: str, now: datetime, reason: str) -> FlowVersion:
    """See `FlowStore.roll_back_flow`."""
    change = _Change(conn, by=by, now=now, reason=reason)
    head, wanted = _known(conn, flow_id), version(conn, flow_id, number)
    if head.number != number:
        change.put(now_entering(head, number, seen=head.seen), "rolled_back")
    return wanted


def rule(conn: sa.Connection, flow_id: str, mode: FlowMode, *, by: str, now: datetime, reason: str) -> FlowHead:
    """See `FlowStore.rule_flow`."""
    change = _Change(conn, by=by, now=now, reason=reason)
    return change.put(ruled(_known(conn, flow_id), mode, by=by, now=now, reason=reason), mode.value)


def changes(conn: sa.Connection, flow_id: str | None, *, limit: int) -> list[FlowChange]:
    """See `FlowStore.flow_log`."""
    query = _LOG if flow_id is None else _LOG.where(flow_log.c.flow_id == flow_id)
    return [FlowChange(**row._mapping) for row in conn.execute(query, {"limit": limit})]


def inside(conn: sa.Connection) -> list[Inside]:
    """See `FlowStore.inside`."""
    return [
        Inside(flow_id=row.flow_id, version=row.flow_version, step_id=row.step_id, people=row.people)
        for row in conn.execute(_INSIDE)
    ]


def _known(conn: sa.Connection, flow_id: str) -> FlowHead:
    row = conn.execute(_HEAD, {"wanted": flow_id}).first()
    if row is None:
        raise NotFound("flow", flow_id)
    return _head(row)


def _head(row: Record) -> FlowHead:
    return FlowHead(**{**row._mapping, "mode": FlowMode(row.mode)})


def _version(row: Record) -> FlowVersion:
    return FlowVersion(**row._mapping)
