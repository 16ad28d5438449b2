"""Every store keeps the audit's part of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.model import ClockKind, Episode, Identity, Owner
from bot.store import SqlStore, open_store
from bot.store.auditing import Marks
from bot.store.codec import episode_values
from bot.store.fake import FakeStore
from bot.store.tables import clocks, conversations, episodes, messages, notes
from tests.contract.acts import BEN, MIA
from tests.contract.audit_contract import T0, AuditContract, bot, enrolled, met, send, sent_findings


class FakeWreck:
    """Reaches into the store in memory."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store

    async def lose_clock(self, conversation_id: str, kind: ClockKind, key: str = "") -> None:
        self._store._stop_clock(self._store._talk(conversation_id), (kind, key))

    async def lose_promise(self, conversation_id: str) -> None:
        self._store._talk(conversation_id).promise = None

    async def own(self, conversation_id: str, owner: Owner) -> None:
        talk = self._store._talk(conversation_id)
        talk.state = replace(talk.state, owner=owner)

    async def change_sent(self, message_id: int, **values: Any) -> None:
        for name, value in values.items():
            setattr(self._store._lines[message_id], name, value)

    async def second_episode(self, conversation_id: str, episode: Episode) -> None:
        self._store._talk(conversation_id).episodes[episode.episode_id] = episode


class SqlWreck:
    """Writes to the tables behind the store's back."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def run(self, *statements: Any) -> None:
        def job(conn: sa.Connection) -> None:
            for statement in statements:
                conn.execute(statement)

        await self._store._write.run(job)

    async def lose_clock(self, conversation_id: str, kind: ClockKind, key: str = "") -> None:
        of = (clocks.c.conversation_id == conversation_id, clocks.c.kind == kind.value, clocks.c.key == key)
        await self.run(sa.delete(clocks).where(*of))

    async def lose_promise(self, conversation_id: str) -> None:
        gone: dict[str, Any] = dict.fromkeys(("promise_opened_at", "promise_due_at", "promise_message_id"))
        await self.run(sa.update(conversations).where(conversations.c.conversation_id == conversation_id).values(**gone))

    async def own(self, conversation_id: str, owner: Owner) -> None:
        of = conversations.c.conversation_id == conversation_id
        await self.run(sa.update(conversations).where(of).values(owner=owner.value))

    async def change_sent(self, message_id: int, **values: Any) -> None:
        await self.run(sa.update(messages).where(messages.c.message_id == message_id).values(**values))

    async def second_episode(self, conversation_id: str, episode: Episode) -> None:
        values = episode_values(conversation_id, episode)
        await self.run(sa.text("DROP INDEX ix_episodes_open"), episodes.insert().values(**values))


class SqlAuditContract(AuditContract):
    """What only tables can show."""

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


class TestFakeAudit(AuditContract):
    """In memory."""

    @pytest.fixture
    async def store(self) -> FakeStore:
        return FakeStore()

    @pytest.fixture
    def wreck(self, store: FakeStore) -> FakeWreck:
        return FakeWreck(store)


class TestSqliteAudit(SqlAuditContract):
    """On a file."""

    @pytest.fixture
    async def store(self, sqlite_url: str) -> AsyncIterator[SqlStore]:
        store = open_store(sqlite_url)
        yield store
        await store.close()

    @pytest.fixture
    def wreck(self, store: SqlStore) -> SqlWreck:
        return SqlWreck(store)

    @pytest.fixture
    def unguarded(self, tmp_path: Path) -> Callable[..., Any]:
        async def run(statement: Any) -> None:
            # A connection of another program's, which does not ask for foreign keys.
            engine = sa.create_engine(f"sqlite:///{tmp_path}/warmline.db")
            with engine.begin() as conn:
                conn.execute(statement)
            engine.dispose()

        return run


class TestPostgresAudit(SqlAuditContract):
    """On a server."""

    @pytest.fixture
    async def store(self, postgres_url: str) -> AsyncIterator[SqlStore]:
        store = open_store(postgres_url)
        yield store
        await store.close()

    @pytest.fixture
    def wreck(self, store: SqlStore) -> SqlWreck:
        return SqlWreck(store)

    @pytest.fixture
    def unguarded(self, wreck: SqlWreck) -> Callable[..., Any]:
        async def run(statement: Any) -> None:
            await wreck.run(sa.text("SET LOCAL session_replication_role = replica"), statement)

        return run
