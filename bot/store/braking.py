"""The brake in the store: what flows' words did is counted in the commit that records it, and the flow paused there and then.

Counts are kept by day and wording, spread over `SHARDS` rows so that commits of different conversations seldom wait for each other.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from bot.core import brake, guard
from bot.core.brake import Counted, in_words, pull
from bot.core.events import JournalEntry
from bot.core.model import FlowMode
from bot.store import flows
from bot.store.braked import ARM_LET, ARM_STOPPED, BRAKE, NUMBERS, Braked, arm_noticed, first_day, may_brake, noticed
from bot.store.notices import write_notices
from bot.store.tables import flow_arms, flow_counts, flow_heads
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
_ARM = ("flow_id", "experiment", "arm")
_HARM = Upsert(flow_arms, _ARM, lambda insert: {"harmed": flow_arms.c.harmed + insert.excluded.harmed})
_HARMED = sa.select(flow_arms.c.arm, flow_arms.c.harmed, flow_arms.c.stopped_at).where(
    flow_arms.c.flow_id == sa.bindparam("flow_id"), flow_arms.c.experiment == sa.bindparam("experiment")
)
_THIS_ARM = [flow_arms.c[name] == sa.bindparam(f"at_{name}") for name in _ARM]
_STOP_ARM = (
    sa.update(flow_arms)
    .where(*_THIS_ARM)
    .values(stopped_at=sa.bindparam("now", type_=flow_arms.c.stopped_at.type), reason=sa.bindparam("why"))
)
_LET_ARM = sa.update(flow_arms).where(*_THIS_ARM, flow_arms.c.stopped_at.is_not(None)).values(stopped_at=None, reason="")
_ANEW = (
    sa.update(flow_arms)
    .where(flow_arms.c.flow_id == sa.bindparam("at_flow_id"), flow_arms.c.experiment == sa.bindparam("at_experiment"))
    .values(harmed=0)
)
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
    return (*(one for one in found if one is not None), *guard_arms(conn, conversation_id, journal, now))


def guard_arms(conn: sa.Connection, conversation_id: str, journal: Sequence[JournalEntry], now: datetime) -> tuple[Braked, ...]:
    """Count harms by arm, and stop the arms that do too much of it; gives these."""
    stopped = []
    for one in guard.harmed_in(journal):
        place = {"flow_id": one.flow_id, "experiment": one.experiment}
        conn.execute(_HARM.on(conn), {**place, "arm": one.arm, "harmed": 1, "reason": ""})
        rows = conn.execute(_HARMED, place).all()
        harmed: dict[str, int] = {row.arm: row.harmed for row in rows}
        # Whoever decided before an arm was stopped still told its share.
        shares = {arm: share for arm, share in one.shares.items() if arm not in {row.arm for row in rows if row.stopped_at}}
        worst = guard.harmful(harmed, shares)
        if worst is None or conn.execute(_MODE, {"wanted": one.flow_id}).scalar() is None:
            continue
        reason = guard.in_words(worst, harmed, shares)
        at = {"at_flow_id": one.flow_id, "at_experiment": one.experiment, "at_arm": worst}
        conn.execute(_STOP_ARM, {**at, "now": now, "why": reason})
        flows.change_arm(conn, one.flow_id, what=ARM_STOPPED, by=BRAKE, now=now, reason=f"{one.experiment}: {reason}")
        told = arm_noticed(one.flow_id, one.experiment, worst, reason)
        (notice_id,) = write_notices(conn, conversation_id, [told], now)
        stopped.append(Braked(flow_id=one.flow_id, reason=reason, notice_id=notice_id, notice=told))
    return tuple(stopped)


def let_arm(conn: sa.Connection, flow_id: str, experiment: str, arm: str, *, by: str, now: datetime, reason: str) -> bool:
    """See `FlowStore.let_arm`."""
    found = conn.execute(_LET_ARM, {"at_flow_id": flow_id, "at_experiment": experiment, "at_arm": arm})
    if found.rowcount != 1:
        return False
    # Of all arms: those that went on meanwhile would else look worse than this one.
    conn.execute(_ANEW, {"at_flow_id": flow_id, "at_experiment": experiment})
    flows.change_arm(conn, flow_id, what=ARM_LET, by=by, now=now, reason=f"{experiment}: {arm}. {reason}".strip())
    return True


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
    told = noticed(flow_id, reason)
    (notice_id,) = write_notices(conn, conversation_id, [told], now)
    return Braked(flow_id=flow_id, reason=reason, notice_id=notice_id, notice=told)


def _numbers(one: Counted) -> dict[str, int]:
    return {name: getattr(one, name) for name in NUMBERS}
