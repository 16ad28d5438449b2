"""The durable store over SQLAlchemy: SQLite by default, PostgreSQL to scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from bot.core.events import Decision
from bot.core.model import AgentRef, Arrival, Delivery, Episode, Identity
from bot.store import clocks, intake, outbox, people, reading, schema, turn
from bot.store.contract import (
    Agent,
    Committed,
    Counts,
    DueClock,
    JournalLine,
    Loaded,
    Message,
    Note,
    Outgoing,
    Overview,
    StoreError,
    TakenIn,
)
from bot.store.failures import Clash
from bot.store.postgres import postgres_engine
from bot.store.rules import must_be_final
from bot.store.runner import AsyncRunner, Runner, ThreadRunner
from bot.store.sql_audit import SqlAudit
from bot.store.sqlite import sqlite_engine

CLASHES = 3
"""How often intake starts over when two processes meet the same new person at once."""


def new_id() -> str:
    """An id nobody can guess."""
    return uuid4().hex


def open_store(url: str, *, mint: Callable[[], str] = new_id) -> SqlStore:
    """A store on the database at `url`: `sqlite:////path/to/file.db` or `postgresql://user@host/name`.

    Nothing is opened before the first call; `migrate()` comes first. `mint` makes ids.
    Raises `StoreError` for a URL that is none, or of another kind of database.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError("the database URL cannot be read; it looks like sqlite:////path/to/file.db") from error
    match parsed.get_backend_name():
        case "sqlite":
            write = ThreadRunner(sqlite_engine(parsed, begin="BEGIN IMMEDIATE"), name="store-write")
            read = ThreadRunner(sqlite_engine(parsed, begin="BEGIN"), name="store-read")
            return SqlStore(write=write, read=read, mint=mint)
        case "postgresql" | "postgres":
            try:
                runner = AsyncRunner(postgres_engine(parsed))
            except ModuleNotFoundError as error:
                raise StoreError("PostgreSQL needs the package asyncpg: pip install asyncpg") from error
            return SqlStore(write=runner, read=runner, mint=mint)
        case other:
            raise StoreError(f"no store for {other!r} databases; use sqlite:////path/to/file.db or postgresql://...")


class SqlStore(SqlAudit):
    """`bot.store.contract.Store` over SQL. Writes go through one runner, reads through another, so that a long list
    does not hold up a turn; a read sees every write that was awaited before it."""

    def __init__(self, *, write: Runner, read: Runner, mint: Callable[[], str]) -> None:
        self._write = write
        self._read = read
        self._mint = mint

    # ---- life

    async def migrate(self) -> None:
        """See `Store.migrate`."""
        await self._write.run(schema.upgrade)

    async def ping(self) -> None:
        """See `Store.ping`."""
        # A new value each time: SQLite writes no page for an old one.
        await self.put_setting("ping", self._mint())

    async def close(self) -> None:
        """See `Store.close`."""
        await self._read.close()
        if self._write is not self._read:
            await self._write.close()

    # ---- intake

    async def take_in(
        self, arrivals: Sequence[Arrival], *, now: datetime, answer_at: datetime, promise_due_at: datetime
    ) -> list[TakenIn]:
        """See `Store.take_in`."""

        def job(conn: sa.Connection) -> list[TakenIn]:
            return intake.take_in(conn, arrivals, now=now, answer_at=answer_at, promise_due_at=promise_due_at, new_id=self._mint)

        for _ in range(CLASHES):
            try:
                return await self._write.run(job)
            except Clash:
                continue
        return await self._write.run(job)

    async def find_conversation(self, identity: Identity) -> str | None:
        """See `Store.find_conversation`."""
        return await self._read.run(lambda conn: intake.find_conversation(conn, identity))

    # ---- one conversation

    async def load(self, conversation_id: str) -> Loaded:
        """See `Store.load`."""
        return await self._read.run(lambda conn: turn.load(conn, conversation_id))

    async def tracker_tail(self, conversation_id: str, *, limit: int) -> list[str]:
        """See `Store.tracker_tail`."""
        return await self._read.run(lambda conn: turn.tracker_tail(conn, conversation_id, limit=limit))

    async def commit(self, conversation_id: str, *, version: int, decision: Decision, now: datetime) -> Committed:
        """See `Store.commit`."""
        return await self._write.run(
            lambda conn: turn.commit(conn, conversation_id, version=version, decision=decision, now=now, new_key=self._mint)
        )

    # ---- clocks

    async def due_clocks(self, *, now: datetime, limit: int, skip: frozenset[str] = frozenset()) -> list[DueClock]:
        """See `Store.due_clocks`."""
        return await self._read.run(lambda conn: clocks.due_clocks(conn, now=now, limit=limit, skip=skip))

    async def next_due_at(self, *, after: datetime | None = None) -> datetime | None:
        """See `Store.next_due_at`."""
        return await self._read.run(lambda conn: clocks.next_due_at(conn, after=after))

    # ---- outbox

    async def outbox_due(
        self, *, now: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str] = frozenset()
    ) -> list[Outgoing]:
        """See `Store.outbox_due`."""
        return await self._read.run(lambda conn: outbox.outbox_due(conn, now=now, limit=limit, channels=channels, skip=skip))

    async def outbox_next_at(self, *, channels: tuple[str, ...], after: datetime | None = None) -> datetime | None:
        """See `Store.outbox_next_at`."""
        return await self._read.run(lambda conn: outbox.outbox_next_at(conn, channels=channels, after=after))

    async def mark_sending(self, message_id: int, *, now: datetime) -> bool:
        """See `Store.mark_sending`."""
        return await self._write.run(lambda conn: outbox.mark_sending(conn, message_id, now=now))

    async def mark_sent(self, message_id: int, *, now: datetime, external_id: str | None) -> Message:
        """See `Store.mark_sent`. Raises `NotFound`, `VersionConflict`."""
        return await self._write.run(lambda conn: outbox.mark_sent(conn, message_id, now=now, external_id=external_id))

    async def mark_retry(self, message_id: int, *, due_at: datetime, error: str) -> None:
        """See `Store.mark_retry`. Raises `NotFound`."""
        await self._write.run(lambda conn: outbox.mark_retry(conn, message_id, due_at=due_at, error=error))

    async def mark_unsendable(self, message_id: int, *, delivery: Delivery, error: str, now: datetime) -> None:
        """See `Store.mark_unsendable`. Raises `NotFound`, and `ValueError` for any other delivery."""
        must_be_final(delivery)
        await self._write.run(lambda conn: outbox.mark_unsendable(conn, message_id, delivery=delivery, error=error, now=now))

    async def settle_by_echo(self, *, key: str, external_id: str, now: datetime) -> Message | None:
        """See `Store.settle_by_echo`."""
        return await self._write.run(lambda conn: outbox.settle_by_echo(conn, key=key, external_id=external_id, now=now))

    async def unsent_count(self, conversation_id: str) -> int:
        """See `Store.unsent_count`."""
        return await self._read.run(lambda conn: outbox.unsent_count(conn, conversation_id))

    # ---- reading

    async def messages(
        self, conversation_id: str, *, after_seq: int = 0, before_seq: int | None = None, limit: int = 200
    ) -> list[Message]:
        """See `Store.messages`."""
        return await self._read.run(
            lambda conn: reading.shown(conn, conversation_id, after_seq=after_seq, before_seq=before_seq, limit=limit)
        )

    async def pending_messages(self, conversation_id: str) -> list[Message]:
        """See `Store.pending_messages`."""
        return await self._read.run(lambda conn: reading.pending_messages(conn, conversation_id))

    async def mark_read(self, conversation_id: str, *, up_to_seq: int, now: datetime) -> None:
        """See `Store.mark_read`."""
        await self._write.run(lambda conn: reading.mark_read(conn, conversation_id, up_to_seq=up_to_seq, now=now))

    async def overview(self, conversation_id: str) -> Overview:
        """See `Store.overview`."""
        return await self._read.run(lambda conn: reading.overview(conn, conversation_id))

    async def overviews(
        self, *, view: str, agent_id: str | None = None, limit: int = 50, before: datetime | None = None
    ) -> list[Overview]:
        """See `Store.overviews`. Raises `ValueError` for an unknown view, or `mine` without an agent."""
        return await self._read.run(lambda conn: reading.overviews(conn, view=view, agent_id=agent_id, limit=limit, before=before))

    async def waiting_conversations(self) -> list[str]:
        """See `Store.waiting_conversations`."""
        return await self._read.run(reading.waiting_conversations)

    async def agent_load(self) -> dict[str, int]:
        """See `Store.agent_load`."""
        return await self._read.run(reading.agent_load)

    async def journal(self, conversation_id: str, *, limit: int = 200) -> list[JournalLine]:
        """See `Store.journal`."""
        return await self._read.run(lambda conn: reading.journal_lines(conn, conversation_id, limit=limit))

    async def episodes(self, conversation_id: str) -> list[Episode]:
        """See `Store.episodes`."""
        return await self._read.run(lambda conn: reading.episodes_of(conn, conversation_id))

    async def add_note(self, conversation_id: str, *, agent: AgentRef, text: str, now: datetime) -> Note:
        """See `Store.add_note`. Raises `NotFound`."""
        return await self._write.run(lambda conn: reading.add_note(conn, conversation_id, agent=agent, text=text, now=now))

    async def notes(self, conversation_id: str) -> list[Note]:
        """See `Store.notes`."""
        return await self._read.run(lambda conn: reading.notes_of(conn, conversation_id))

    async def counts(self, *, now: datetime) -> Counts:
        """See `Store.counts`."""
        return await self._read.run(lambda conn: reading.counts(conn, now=now))

    # ---- agents

    async def add_agent(self, agent: Agent) -> None:
        """See `Store.add_agent`."""
        await self._write.run(lambda conn: people.add_agent(conn, agent))

    async def agents(self) -> list[Agent]:
        """See `Store.agents`."""
        return await self._read.run(people.all_agents)

    async def agent(self, agent_id: str) -> Agent:
        """See `Store.agent`."""
        return await self._read.run(lambda conn: people.agent_by_id(conn, agent_id))

    async def agent_by_email(self, email: str) -> Agent | None:
        """See `Store.agent_by_email`."""
        return await self._read.run(lambda conn: people.agent_by_email(conn, email))

    async def update_agent(self, agent: Agent) -> None:
        """See `Store.update_agent`. Raises `AlreadyExists` if the new e-mail address is another agent's."""
        await self._write.run(lambda conn: people.update_agent(conn, agent))

    async def open_session(self, *, token_sha256: str, agent_id: str, expires_at: datetime) -> None:
        """See `Store.open_session`. Raises `NotFound` for an unknown agent."""
        await self._write.run(
            lambda conn: people.open_session(conn, token_sha256=token_sha256, agent_id=agent_id, expires_at=expires_at)
        )

    async def session_agent(self, *, token_sha256: str, now: datetime) -> Agent | None:
        """See `Store.session_agent`."""
        return await self._read.run(lambda conn: people.session_agent(conn, token_sha256=token_sha256, now=now))

    async def close_session(self, *, token_sha256: str) -> None:
        """See `Store.close_session`."""
        await self._write.run(lambda conn: people.close_session(conn, token_sha256=token_sha256))

    async def setting(self, name: str) -> str | None:
        """See `Store.setting`."""
        return await self._read.run(lambda conn: people.setting(conn, name))

    async def put_setting(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """See `Store.put_setting`."""
        return await self._write.run(lambda conn: people.put_setting(conn, name, value, if_absent=if_absent))
