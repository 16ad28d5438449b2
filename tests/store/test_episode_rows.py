"""An episode's own row says what reports ask, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.core.events import Decision
from bot.core.model import AgentRef, Episode, Owner, Reason, Segment
from bot.store import SqlStore, open_store
from bot.store.tables import episodes
from tests.migrated import migrated_at
from tests.postgres import Postgres
from tests.store.story import T0
from tests.store.test_sqlite_file import take


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Postgres | None:
    """Where PostgreSQL runs; None for SQLite."""
    return request.getfixturevalue("postgres") if request.param == "postgres" else None


@pytest.fixture
async def store(server: Postgres | None, tmp_path: Path) -> AsyncIterator[SqlStore]:
    """An empty store."""
    async with AsyncExitStack() as stack:
        url = migrated_at(tmp_path / "w.db") if server is None else await stack.enter_async_context(server.database())
        store = open_store(url)
        yield store
        await store.close()


def at(seconds: float) -> object:
    return T0 + timedelta(seconds=seconds)


async def test_what_reports_ask_is_in_the_row(store: SqlStore) -> None:
    (taken,) = await take(store, "m1")
    waiting = Episode(
        episode_id="e1",
        reason=Reason.HOT_LEAD,
        requested_at=T0,
        first_words_due_at=T0 + timedelta(seconds=60),
        policy="hot leads",
        team="sales",
        offer_due_at=T0 + timedelta(seconds=5),
        phase="unstaffed",
        phase_since=T0,
    )
    await commit(store, taken.conversation_id, waiting, Owner.WAITING)
    closed = replace(
        waiting,
        status="closed",
        offered_at=T0 + timedelta(seconds=6),
        accept_due_at=T0 + timedelta(seconds=26),
        accepted_at=T0 + timedelta(seconds=9),
        first_words_at=T0 + timedelta(seconds=61),
        closed_at=T0 + timedelta(seconds=90),
        agent=AgentRef(agent_id="sam", name="Sam"),
        outcome="won",
        breached=("offer", "first_words"),
        causes={"offer": "no_agents", "first_words": "slow"},
        segments=(
            Segment(kind="unstaffed", wall_s=6, working_s=6, count=1),
            Segment(kind="held", wall_s=52, working_s=2.5, count=1),
        ),
    )
    await commit(store, taken.conversation_id, closed, Owner.BOT)
    (row,) = await store._write.run(lambda conn: conn.execute(sa.select(episodes)).all())
    assert (row.reason, row.policy, row.team, row.outcome, row.agent_id) == ("hot_lead", "hot leads", "sales", "won", "sam")
    moments = (row.offer_due_at, row.offered_at, row.accept_due_at, row.accepted_at, row.first_words_at, row.closed_at)
    assert moments == tuple(map(at, (5, 6, 26, 9, 61, 90)))
    assert row.causes == {"offer": "no_agents", "first_words": "slow"}
    assert row.segments == {
        "unstaffed": {"wall_s": 6.0, "working_s": 6.0, "count": 1},
        "held": {"wall_s": 52.0, "working_s": 2.5, "count": 1},
    }
    assert (await store.episodes(taken.conversation_id)) == [closed]


async def commit(store: SqlStore, conversation_id: str, episode: Episode, owner: Owner) -> None:
    loaded = await store.load(conversation_id)
    version = loaded.state.owner_version + 1
    state = replace(loaded.state, episode=episode, owner=owner, owner_version=version)
    await store.commit(conversation_id, version=loaded.version, decision=Decision(state=state), now=T0)
