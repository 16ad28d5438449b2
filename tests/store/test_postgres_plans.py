"""How the plans of a PostgreSQL grow: those who sleep, and what was sent, cost nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.events import Decision
from bot.core.model import Say, Speaker
from bot.store import SqlStore
from tests.store.story import T0
from tests.store.test_postgres_server import LATER, SOON, opened
from tests.store.test_sqlite_file import take

SLEEPERS = 20_000


@pytest.fixture
async def crowded(postgres_url: str) -> AsyncIterator[SqlStore]:
    """Among many who sleep and much that was sent, one of whom a clock and a message are due; statistics are old."""
    async with opened(postgres_url) as (store,):
        (taken,) = await take(store, "m1")

        def crowd(conn: sa.Connection) -> None:
            for statement in CROWD:
                conn.execute(sa.text(statement), {"sleepers": SLEEPERS, "far": T0 + timedelta(days=3), "now": T0})

        await store._write.run(crowd)
        loaded = await store.load(taken.conversation_id)
        decision = Decision(state=loaded.state, say=(Say(speaker=Speaker.BOT, text="hi"),))
        await store.commit(taken.conversation_id, version=loaded.version, decision=decision, now=T0)
        yield store


CROWD = (
    "INSERT INTO prospects SELECT 'p' || n, :now, '{}', '{}', '[]' FROM generate_series(1, :sleepers) n",
    "INSERT INTO identities SELECT 'widget', 's' || n, 'p' || n, :now FROM generate_series(1, :sleepers) n",
    """INSERT INTO conversations (conversation_id, prospect_id, channel, external_id, created_at, version, owner, owner_version,
       last_seq, last_at, enrolments, doc)
       SELECT 'c' || n, 'p' || n, 'widget', 's' || n, :now, 1, 'bot', 1, 1, :now, '[]', '{}'
       FROM generate_series(1, :sleepers) n""",
    """INSERT INTO clocks (conversation_id, kind, key, due_at, data, position)
       SELECT 'c' || n, 'step', 'e' || n, CAST(:far AS timestamptz) + n * interval '1 second', '{}', 1
       FROM generate_series(1, :sleepers) n""",
    """INSERT INTO messages (conversation_id, seq, speaker, status, at, created_at, text, body, due_at, key)
       SELECT 'c' || n, 1, 'flow', 'sent', :now, :now, 'hey', '{}', :now, 'k' || n FROM generate_series(1, :sleepers) n""",
)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("analysed", [False, True])
async def test_those_who_sleep_and_what_was_sent_cost_a_claim_nothing(crowded: SqlStore, mode: str, analysed: bool) -> None:
    """Counted in rows that the plan touches, with and without fresh statistics."""
    claims = crowded._claiming._claims  # type: ignore[attr-defined]
    seen: dict[str, Any] = {}

    def remember(_conn: object, _cursor: object, sql: str, values: Any, _context: object, _many: bool) -> None:
        seen[sql] = values

    sa.event.listen(claims._engine.sync_engine, "before_cursor_execute", remember)
    if analysed:
        await crowded._write.run(lambda conn: conn.exec_driver_sql("ANALYZE"))
    asked: dict[str, Any] = {"worker": "w", "now": SOON, "until": SOON + timedelta(seconds=9), "limit": 64}
    assert len(await crowded.claim_clocks(**asked)) == 1
    assert len(await crowded.claim_outbox(**asked, channels=("widget",))) == 1
    assert await crowded.next_due_at(after=SOON) == SOON + timedelta(seconds=9)
    assert len(await crowded.renew_claims(worker="w", now=SOON, until=LATER, conversations=("c1", "c2"))) == 0
    await crowded.release_claims(worker="w")
    await crowded.outbox_next_at(channels=("widget",), after=SOON)
    explained = [(sql, values) for sql, values in seen.items() if sql.startswith(("WITH", "SELECT min", "SELECT messages"))]
    assert len(explained) == 9

    def touched(conn: sa.Connection) -> int:
        conn.exec_driver_sql(f"SET plan_cache_mode = {mode}")
        most = 0
        for sql, values in explained:
            plan = conn.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values).scalar_one()
            most = max(most, *(rows_touched(node) for node in nodes(plan[0]["Plan"])))
        conn.rollback()
        return most

    assert await claims.run(touched) <= 10


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def rows_touched(node: dict[str, Any]) -> int:
    removed = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])
