"""What only tables can show the audit: rows that belong to nobody or to somebody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.model import ClockKind, Identity
from bot.store import SqlStore
from bot.store.auditing import Marks
from bot.store.tables import conversations, notes
from tests.contract.acts import BEN, MIA, T0, bot, met
from tests.contract.audited import enrolled, send, sent_findings
from tests.contract.wrecks import SqlWreck


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Where the store is: never memory alone."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def unguarded(url: str, wreck: SqlWreck) -> Callable[..., Any]:
    """Runs a statement that no foreign key holds up."""

    async def on_sqlite(statement: Any) -> None:
        # A connection of another program's, which does not ask for foreign keys.
        engine = sa.create_engine(url)
        with engine.begin() as conn:
            conn.execute(statement)
        engine.dispose()

    async def on_postgres(statement: Any) -> None:
        await wreck.run(sa.text("SET LOCAL session_replication_role = replica"), statement)

    return on_sqlite if url.startswith("sqlite") else on_postgres


class TestStrays:
    """A stretch of rows at a time."""

    async def test_a_row_that_belongs_to_nobody(self, store: SqlStore, wreck: SqlWreck, unguarded: Callable[..., Any]) -> None:
        await met(store)
        await met(store, BEN)
        assert (await store.audit_strays(marks=Marks(), limit=500)).found == ()
        note = {"agent_id": "mia", "agent_name": MIA.name, "text": "?", "at": T0}
        await unguarded(notes.insert().values(conversation_id="gone", **note))
        look = await store.audit_strays(marks=Marks(), limit=500)
        assert [(one.table, one.conversation_id) for one in look.found] == [("notes", "gone")]
        assert (await store.audit_strays(marks=look.marks, limit=500)).found == ()

    async def test_live_enrolments_are_walked_a_stretch_at_a_time(self, store: SqlStore, wreck: SqlWreck) -> None:
        lost = set()
        for number in range(7):
            conversation_id = await enrolled(store, Identity(channel="widget", external_id=f"p{number}"), f"n{number}")
            if number % 2:
                await wreck.lose_clock(conversation_id, ClockKind.STEP, f"n{number}")
                lost.add(conversation_id)
        for _ in range(2):
            marks, seen, looks = Marks(), set(), 0
            while not looks or marks.enrolled:
                look = await store.audit_open(overdue_before=T0, before=T0, marks=marks, limit=50, stretch=3)
                marks, looks = look.marks, looks + 1
                seen |= {one.state.conversation_id for one in look.found}
            assert (seen, looks) == (lost, 3)

    async def test_rows_are_looked_at_a_stretch_at_a_time(self, store: SqlStore) -> None:
        await met(store)
        await met(store, BEN)
        look = await store.audit_strays(marks=Marks(), limit=1)
        assert (look.more, look.marks.rows["messages"]) == (True, 1)
        look = await store.audit_strays(marks=look.marks, limit=1)
        assert look.marks.rows["messages"] == 2

    async def test_a_conversation_of_somebody_else(self, store: SqlStore, wreck: SqlWreck) -> None:
        ann, ben = await met(store), await met(store, BEN)
        [message_id] = await send(store, ann, bot("private"), now=5)
        whose = sa.select(conversations.c.prospect_id).where(conversations.c.conversation_id == ben).scalar_subquery()
        await wreck.run(sa.update(conversations).where(conversations.c.conversation_id == ann).values(prospect_id=whose))
        assert [(f.code, f.key) for f in await sent_findings(store)] == [("identity_mixed", str(message_id))]
