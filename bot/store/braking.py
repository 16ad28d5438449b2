"""The brake in the store: what flows' words did is counted in the commit that records it, and the flow paused there and then.

Counts are kept by day and wording, spread over `SHARDS` rows so that commits of different conversations seldom wait for each other.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from bot.core import brake
from bot.core.brake import Counted, in_words, pull
from bot.core.events import JournalEntry
from bot.core.model import FlowMode
from bot.store import flows
from bot.store.braked import BRAKE, NUMBERS, Braked, first_day, may_brake, noticed
from bot.store.notices import write_notices
from bot.store.tables import flow_counts, flow_heads
from bot.store.upsert import Insert, Upsert

SHARDS = 8

_KEYS = ("flow_id", "day", "wording", "shard")


def _added(insert: Insert) -> dict[str, object]:
    return {name: flow_counts.c[name] + insert.excluded[name] for name in NUMBERS}


_COUNT = Upsert(flow_counts, _KEYS, _added)
_SUMS = (
    sa.select(flow_counts.c.day, flow_counts.c.wording, *(sa.func.sum(flow_counts.c[name]).label(name) for name in NUMBERS))
    .where(flow_counts.c.flow_id == sa.bindparam("wanted"), flow_counts.c.day >= sa.bindparam("since"))
    .group_by(flow_counts.c.day, flow_counts.c.wording)
    .order_by(flow_counts.c.day, flow_counts.c.wording)
)
_FORGET = sa.delete(flow_counts).where(flow_counts.c.flow_id == sa.bindparam("wanted"), flow_counts.c.day < sa.bindparam("before"))
_MODE = sa.select(flow_heads.c.mode).where(flow_heads.c.flow_id == sa.bindparam("wanted"))


def shard_of(conversation_id: str) -> int:
    """Which of the rows a conversation counts in."""
    return zlib.crc32(conversation_id.encode()) % SHARDS


def counts(conn: sa.Connection, flow_id: str, *, since: date) -> list[Counted]:
    """See `FlowStore.flow_counts`."""
    return [
        Counted(**{**row._mapping, "day": date.fromisoformat(row.day)})
        for row in conn.execute(_SUMS, {"wanted": flow_id, "since": since.isoformat()})
    ]


def count_and_brake(
    conn: sa.Connection, conversation_id: str, journal: Sequence[JournalEntry], now: datetime
) -> tuple[Braked, ...]:
    """Count what the lines tell, and pause the flows whose words did too much harm; gives these."""
    counted = brake.counted_in(journal)
    if not counted:
        return ()
    shard = shard_of(conversation_id)
    rows = [
        {"flow_id": flow_id, "day": one.day.isoformat(), "wording": one.wording, "shard": shard, **_numbers(one)}
        for flow_id, one in counted
    ]
    conn.execute(_COUNT.on(conn), rows)
    found = (_brake(conn, conversation_id, flow_id, limit, now) for flow_id, limit in brake.harmed_in(journal).items())
    return tuple(one for one in found if one is not None)


def _brake(conn: sa.Connection, conversation_id: str, flow_id: str, limit: float, now: datetime) -> Braked | None:
    mode = conn.execute(_MODE, {"wanted": flow_id}).scalar()
    if mode is None or not may_brake(FlowMode(mode)):
        return None
    pulled = pull(counts(conn, flow_id, since=first_day(now)), limit=limit)
    if pulled is None:
        return None
    reason = in_words(pulled)
    flows.rule(conn, flow_id, FlowMode.PAUSED, by=BRAKE, now=now, reason=reason)
    # What has been judged is not judged again: whoever lets the flow go on begins to count anew.
    conn.execute(_FORGET, {"wanted": flow_id, "before": (now.date() + timedelta(days=1)).isoformat()})
    (notice_id,) = write_notices(conn, conversation_id, [noticed(flow_id, reason)], now)
    return Braked(flow_id=flow_id, reason=reason, notice_id=notice_id)


def _numbers(one: Counted) -> dict[str, int]:
    return {name: getattr(one, name) for name in NUMBERS}
