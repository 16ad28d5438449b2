"""The durable store over SQLAlchemy: SQLite by default, PostgreSQL to scale."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from bot.core.events import Decision
from bot.core.model import AgentRef, Arrival, Delivery, Episode, Identity, Standing
from bot.store import clocks, filtering, intake, outbox, parked, people, reading, schema, searching, standing, turn, waits
from bot.store.answers import SqlAnswers
from bot.store.claiming import Claiming, MemoryClaiming, TableClaiming
from bot.store.contract import (
    Agent,
    Committed,
    Consoles,
    Counts,
    DueClock,
    Filter,
    Found,
    Handed,
    JournalLine,
    Loaded,
    Message,
    Note,
    Outgoing,
    Overview,
    Parked,
    Similar,
    StoreError,
    StoreUnavailable,
    TakenIn,
    Waiting,
)
from bot.store.failures import Clash
from bot.store.handed import handed
from bot.store.ledger import key_of, named_clocks
from bot.store.postgres import claims_engine, postgres_engine
from bot.store.rules import clean_text, must_be_final
from bot.store.runner import AsyncRunner, Runner, ThreadRunner
from bot.store.sql_audit import SqlAudit
from bot.store.sql_flows import SqlFlows
from bot.store.sql_hooks import SqlHooks
from bot.store.sql_imports import SqlImports
from bot.store.sql_market import SqlMarket
from bot.store.sql_notices import SqlNotices
from bot.store.sqlite import sqlite_engine
from bot.store.watched import Watched
from handoff.forecast import Sample

MIGRATION_TRIES = 12
"""How often to ask for the lock that another process holds while it migrates; on SQLite each try waits for BUSY_TIMEOUT_MS."""


def new_id() -> str:
    """An id nobody can guess."""
    return uuid4().hex


def open_store(url: str, *, mint: Callable[[], str] = new_id, connections: int = 10) -> SqlStore:
    """A store on the database at `url`: `sqlite:////path/to/file.db` or `postgresql://user@host/name`.

    Nothing is opened before the first call; `migrate()` comes first. `mint` makes ids.
    To PostgreSQL it opens at most `connections`, and two more for claims.
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
            return SqlStore(write=Watched(write), read=read, claiming=MemoryClaiming(read=read, write=write), mint=mint)
        case "postgresql" | "postgres":
            try:
                runner = AsyncRunner(postgres_engine(parsed, connections=connections))
                claims = AsyncRunner(claims_engine(parsed))
            except ModuleNotFoundError as error:
                raise StoreError("PostgreSQL needs the package asyncpg: pip install asyncpg") from error
            return SqlStore(write=Watched(runner), read=runner, claiming=TableClaiming(claims=claims, write=runner), mint=mint)
        case other:
            raise StoreError(f"no store for {other!r} databases; use sqlite:////path/to/file.db or postgresql://...")


class SqlStore(SqlAudit, SqlFlows, SqlMarket, SqlNotices, SqlHooks, SqlImports, SqlAnswers):
    """`bot.store.contract.Store` over SQL. Writes go through one runner, reads through another, so that a long list
    does not hold up a turn; a read sees every write that was awaited before it."""

    def __init__(self, *, write: Runner, read: Runner, claiming: Claiming, mint: Callable[[], str]) -> None:
        self._write = write
        self._read = read
        self._claiming = claiming
        self._mint = mint

    # ---- life

    async def migrate(self) -> None:
        """See `Store.migrate`."""
        for left in reversed(range(MIGRATION_TRIES)):
            try:
                await self._write.run(schema.upgrade)
            except StoreUnavailable as error:
                # Another process migrates, which takes longer than a write waits.
                if error.reason != "busy" or not left:
                    raise
            else:
                return

    async def ping(self) -> None:
        """See `Store.ping`."""
        # A new value each time: SQLite writes no page for an old one.
        await self.put_setting("ping", self._mint())

    async def close(self) -> None:
        """See `Store.close`."""
        await self._claiming.close()
        await self._read.close()
        await self._write.close()

    # ---- intake

    async def take_in(
        self, arrivals: Sequence[Arrival], *, now: datetime, answer_at: datetime, promise_due_at: datetime
    ) -> list[TakenIn]:
        """See `Store.take_in`."""

        def job(conn: sa.Connection) -> tuple[list[TakenIn], list[DueClock]]:
            return intake.take_in(conn, arrivals, now=now, answer_at=answer_at, promise_due_at=promise_due_at, new_id=self._mint)

        # Others meet the same new people at the same moment. Each clash makes one of them known, so there are no more than people.
        for left in reversed(range(len({arrival.identity for arrival in arrivals}) + 1)):
            try:
                taken, started = await self._write.run(job)
            except Clash:
                if not left:
                    raise
                continue
            self._claiming.clocks_changed(key_of(one) for one in started)
            return taken
        raise AssertionError("unreachable: the last try returns or raises")

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
        """See `Store.commit`. Raises `VersionConflict`, `TimeTaken`, `AgentFull`, `AlreadyExists`."""

        def job(conn: sa.Connection) -> Committed:
            return turn.commit(conn, conversation_id, version=version, decision=decision, now=now, new_key=self._mint)

        try:
            committed = await self._write.run(job)
        except Clash:
            # Somebody else may have booked the same time since this one looked: looking again says so.
            committed = await self._write.run(job)
        self._claiming.clocks_changed(named_clocks(conversation_id, decision))
        return committed

    # ---- clocks

    async def due_clocks(self, *, now: datetime, limit: int, skip: frozenset[str] = frozenset()) -> list[DueClock]:
        """See `Store.due_clocks`."""
        return await self._read.run(lambda conn: clocks.due_clocks(conn, now=now, limit=limit, skip=skip))

    async def next_due_at(self, *, after: datetime | None = None) -> datetime | None:
        """See `Store.next_due_at`."""
        return await self._claiming.next_due_at(after)

    # ---- outbox

    async def outbox_due(
        self, *, now: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str] = frozenset()
    ) -> list[Outgoing]:
        """See `Store.outbox_due`."""
        return await self._read.run(lambda conn: outbox.outbox_due(conn, now=now, limit=limit, channels=channels, skip=skip))

    async def outbox_next_at(self, *, channels: tuple[str, ...], after: datetime | None = None) -> datetime | None:
        """See `Store.outbox_next_at`."""
        return await self._claiming.outbox_next_at(channels, after)

    async def mark_sent(
        self,
        message_id: int,
        *,
        now: datetime,
        external_id: str | None,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> Message:
        """See `Store.mark_sent`. Raises `NotFound`, `VersionConflict`."""
        shown = await self._write.run(
            lambda conn: outbox.mark_sent(
                conn, message_id, now=now, external_id=external_id, sent_as=sent_as, opted_out_at=opted_out_at
            )
        )
        self._claiming.settled(message_id)
        return shown

    async def postpone(self, message_id: int, *, due_at: datetime) -> None:
        """See `Store.postpone`. Raises `NotFound`."""
        await self._write.run(lambda conn: outbox.postpone(conn, message_id, due_at=due_at))
        self._claiming.settled(message_id)

    async def mark_unsendable(
        self, message_id: int, *, delivery: Delivery, error: str, now: datetime, detail: str = "", park: bool = False
    ) -> None:
        """See `Store.mark_unsendable`. Raises `NotFound`, and `ValueError` for any other delivery."""
        must_be_final(delivery, parked=park)
        await self._write.run(
            lambda conn: outbox.mark_unsendable(
                conn, message_id, delivery=delivery, error=error, detail=clean_text(detail), parked=park, now=now
            )
        )
        self._claiming.settled(message_id)

    async def settle_by_echo(self, *, key: str, external_id: str, now: datetime) -> Message | None:
        """See `Store.settle_by_echo`."""
        shown = await self._write.run(lambda conn: outbox.settle_by_echo(conn, key=key, external_id=external_id, now=now))
        if shown is not None:
            self._claiming.settled(shown.message_id)
        return shown

    async def unsent_count(self, conversation_id: str) -> int:
        """See `Store.unsent_count`."""
        return await self._read.run(lambda conn: outbox.unsent_count(conn, conversation_id))

    # ---- parked messages

    async def parked(self, *, limit: int = 200) -> list[Parked]:
        """See `Store.parked`."""
        return await self._read.run(lambda conn: parked.parked(conn, limit=limit))

    async def redrive(self, message_id: int, *, by: str, now: datetime) -> int | None:
        """See `Store.redrive`. Raises `NotFound`."""
        return await self._write.run(lambda conn: parked.redrive(conn, message_id, by=by, now=now))

    async def let_go(self, message_id: int, *, by: str, now: datetime) -> bool:
        """See `Store.let_go`. Raises `NotFound`."""
        return await self._write.run(lambda conn: parked.let_go(conn, message_id, by=by, now=now))

    # ---- claims

    async def claim_clocks(
        self, *, worker: str, now: datetime, until: datetime, limit: int, skip: frozenset[str] = frozenset()
    ) -> list[DueClock]:
        """See `Store.claim_clocks`."""
        return await self._claiming.claim_clocks(worker=worker, now=now, until=until, limit=limit, skip=skip)

    async def claim_outbox(
        self,
        *,
        worker: str,
        now: datetime,
        until: datetime,
        limit: int,
        channels: tuple[str, ...],
        skip: frozenset[str] = frozenset(),
    ) -> list[Outgoing]:
        """See `Store.claim_outbox`."""
        return await self._claiming.claim_outbox(worker=worker, now=now, until=until, limit=limit, channels=channels, skip=skip)

    async def renew_claims(self, *, worker: str, now: datetime, until: datetime, conversations: Collection[str]) -> frozenset[str]:
        """See `Store.renew_claims`."""
        return await self._claiming.renew(worker=worker, now=now, until=until, conversations=conversations)

    async def release_claims(
        self, *, worker: str, conversations: Collection[str] | None = None, not_before: datetime | None = None
    ) -> None:
        """See `Store.release_claims`."""
        await self._claiming.release(worker=worker, conversations=conversations, not_before=not_before)

    async def mark_sending(
        self,
        message_id: int,
        *,
        worker: str,
        now: datetime,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> bool:
        """See `Store.mark_sending`."""
        return await self._claiming.mark_sending(message_id, worker=worker, now=now, sent_as=sent_as, opted_out_at=opted_out_at)

    async def mark_retry(self, message_id: int, *, worker: str, due_at: datetime, error: str, attempted: bool = True) -> None:
        """See `Store.mark_retry`. Raises `NotFound`."""
        await self._claiming.mark_retry(message_id, worker=worker, due_at=due_at, error=error, attempted=attempted)

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
        self, *, view: str, agent_id: str | None = None, limit: int = 50, before: tuple[datetime, str] | None = None
    ) -> list[Overview]:
        """See `Store.overviews`. Raises `ValueError` for an unknown view, or `mine` without an agent."""
        return await self._read.run(lambda conn: reading.overviews(conn, view=view, agent_id=agent_id, limit=limit, before=before))

    async def waiting(self) -> list[Waiting]:
        """See `Store.waiting`."""
        return await self._read.run(reading.waiting)

    async def booked(self) -> frozenset[tuple[datetime, int]]:
        """See `Store.booked`."""
        return await self._read.run(waits.booked)

    async def first_waits(self, *, since: datetime, now: datetime, limit: int) -> list[Sample]:
        """See `Store.first_waits`."""
        return await self._read.run(lambda conn: waits.first_waits(conn, since=since, now=now, limit=limit))

    async def filtered(self, wanted: Filter, *, limit: int = 50, before: tuple[datetime, str] | None = None) -> list[Overview]:
        """See `Store.filtered`."""
        return await self._read.run(lambda conn: filtering.filtered(conn, wanted, limit=limit, before=before))

    async def similar_answers(self, text: str, *, besides: str, limit: int) -> list[Similar]:
        """See `Store.similar_answers`."""
        return await self._read.run(lambda conn: searching.similar_answers(conn, text, besides=besides, limit=limit))

    async def search(self, query: str, *, limit: int = 20) -> list[Found]:
        """See `Store.search`."""
        return await self._read.run(lambda conn: searching.search(conn, query, limit=limit))

    async def agent_load(self) -> dict[str, float]:
        """See `Store.agent_load`."""
        return await self._read.run(reading.agent_load)

    async def last_served(self) -> dict[str, datetime]:
        """See `Store.last_served`."""
        return await self._read.run(reading.last_served)

    async def journal(self, conversation_id: str, *, limit: int = 200) -> list[JournalLine]:
        """See `Store.journal`."""
        return await self._read.run(lambda conn: reading.journal_lines(conn, conversation_id, limit=limit))

    async def standings(
        self, *, flow_id: str | None = None, after: str = "", limit: int = 200, notes: bool = True
    ) -> list[Standing]:
        """See `Store.standings`."""
        return await self._read.run(
            lambda conn: standing.standings(conn, flow_id=flow_id, after=after, limit=limit, with_notes=notes)
        )

    async def journal_of(self, kinds: Sequence[str], *, after: int, limit: int) -> list[JournalLine]:
        """See `Store.journal_of`."""
        return await self._read.run(lambda conn: reading.journal_of(conn, kinds, after=after, limit=limit))

    async def episodes(self, conversation_id: str) -> list[Episode]:
        """See `Store.episodes`."""
        return await self._read.run(lambda conn: reading.episodes_of(conn, conversation_id))

    async def handed(self, *, since: datetime, until: datetime, kinds: Sequence[str]) -> list[Handed]:
        """See `Store.handed`."""
        return await self._read.run(lambda conn: handed(conn, since=since, until=until, kinds=kinds))

    async def add_note(
        self, conversation_id: str, *, agent: AgentRef, text: str, now: datetime, mentions: Sequence[str] = ()
    ) -> Note:
        """See `Store.add_note`. Raises `NotFound`."""
        return await self._write.run(
            lambda conn: reading.add_note(conn, conversation_id, agent=agent, text=text, now=now, mentions=mentions)
        )

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

    async def add_tries(self, keys: Sequence[str], *, at: datetime) -> None:
        """See `Store.add_tries`."""
        await self._write.run(lambda conn: people.add_tries(conn, keys, at=at))

    async def tries(self, key: str, *, since: datetime, limit: int) -> list[datetime]:
        """See `Store.tries`."""
        return await self._read.run(lambda conn: people.latest_tries(conn, key, since=since, limit=limit))

    async def forgive_tries(self, key: str) -> None:
        """See `Store.forgive_tries`."""
        await self._write.run(lambda conn: people.forgive_tries(conn, key))

    async def forget_expired(self, *, now: datetime, tries_before: datetime) -> int:
        """See `Store.forget_expired`."""
        return await self._write.run(lambda conn: people.forget_expired(conn, now=now, tries_before=tries_before))

    # ---- who is at the desk

    async def put_consoles(self, consoles: Sequence[Consoles]) -> None:
        """See `Store.put_consoles`."""
        await self._write.run(lambda conn: people.put_consoles(conn, consoles))

    async def consoles(self) -> list[Consoles]:
        """See `Store.consoles`."""
        return await self._read.run(people.all_consoles)

    async def drop_consoles(self, agent_id: str, *, open_until: datetime) -> None:
        """See `Store.drop_consoles`."""
        await self._write.run(lambda conn: people.drop_consoles(conn, agent_id, open_until=open_until))

    async def switch_away(self, agent_id: str, *, away: bool) -> None:
        """See `Store.switch_away`."""
        await self._write.run(lambda conn: people.switch_away(conn, agent_id, away=away))

    async def away(self) -> frozenset[str]:
        """See `Store.away`."""
        return await self._read.run(people.away_agents)

    # ---- small values

    async def setting(self, name: str) -> str | None:
        """See `Store.setting`."""
        return await self._read.run(lambda conn: people.setting(conn, name))

    async def put_setting(self, name: str, value: str, *, if_absent: bool = False) -> str:
        """See `Store.put_setting`."""
        return await self._write.run(lambda conn: people.put_setting(conn, name, value, if_absent=if_absent))
