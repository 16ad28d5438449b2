"""What the store counts, for /metrics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable

from bot import metrics
from bot.core.audit import ROWS
from bot.store.auditing import RowCount
from bot.store.contract import Store
from bot.time import Time


def counter(store: Store, time: Time) -> Callable[[], Awaitable[None]]:
    """Sets the gauges to what the store holds now, and adds to the counters what the audit has found since the last time."""

    async def count() -> None:
        counts = await store.counts(now=time.now())
        for owner, number in counts.conversations_by_owner.items():
            metrics.CONVERSATIONS.labels(owner).set(number)
        metrics.OPEN_PROMISES.set(counts.open_promises)
        metrics.OVERDUE_PROMISES.set(counts.overdue_promises)
        metrics.WAITING_EPISODES.set(counts.waiting_episodes)
        metrics.QUEUED_MESSAGES.set(counts.queued_messages)
        metrics.PARKED_MESSAGES.set(counts.parked_messages)
        await audited()

    told: Counter[str] = Counter()

    async def audited() -> None:
        run, found = await store.audit_run(), await store.finding_counts()
        for row in ROWS:
            kept = found.get(row, RowCount())
            metrics.VIOLATIONS.labels(row).inc(max(0, kept.total - told[row]))
            metrics.VIOLATIONS_OPEN.labels(row).set(kept.open)
            told[row] = kept.total
        age_s = (time.now() - run.ran_at).total_seconds() if run.ran_at else math.inf
        metrics.AUDIT_AGE.set(age_s)
        metrics.AUDIT_BEHIND.set(run.behind)

    return count
