"""The durable store on a file: kills, faults, several processes, and its schema."""

from __future__ import annotations

import asyncio
import re
import resource
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.core.events import Decision, JournalEntry
from bot.core.model import Arrival, Clock, ClockKind, Delivery, Identity, Say, Speaker
from bot.store import SqlStore, open_store
from bot.store.claiming import MemoryClaiming
from bot.store.contract import StoreError, StoreUnavailable, TakenIn
from bot.store.runner import ThreadRunner
from bot.store.sqlite import sqlite_engine
from bot.store.tables import metadata
from tests.migrated import migrated_at
from tests.store.story import ANN, T0

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warmline.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqlStore]:
    store = open_store(migrated_at(path))
    yield store
    await store.close()


async def take(store: SqlStore, *external_ids: str, who: Identity = ANN, text: str = "hey") -> list[TakenIn]:
    arrivals = [Arrival(identity=who, external_id=i, sent_at=T0, text=text) for i in external_ids]
    return await store.take_in(arrivals, now=T0, answer_at=T0 + timedelta(seconds=1), promise_due_at=T0 + timedelta(seconds=60))


def start(command: str, path: Path) -> subprocess.Popen[str]:
    """A process that is ready to go once it reads a line."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.store.worker", command, f"sqlite:///{path}"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(*processes: subprocess.Popen[str]) -> None:
    """Wait until all are ready, then let all go."""
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


# ---- kills and several processes


async def test_a_second_store_sees_exactly_what_was_committed(store: SqlStore, path: Path) -> None:
    (taken,) = await take(store, "m1")
    before = await store.load(taken.conversation_id)
    other = open_store(f"sqlite:///{path}")
    assert await other.load(taken.conversation_id) == before
    await take(other, "m2")
    assert len((await store.load(taken.conversation_id)).state.unheard) == 2
    await other.close()


async def test_what_was_acknowledged_survives_a_kill(store: SqlStore, path: Path) -> None:
    with start("talk", path) as process:
        go(process)
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(60)]
        process.kill()
        said += process.stdout.readlines()
    taken = sum(line.startswith("taken") for line in said)
    committed = sum(line.startswith("committed") for line in said)
    conversation_id = await store.find_conversation(ANN)
    assert conversation_id is not None
    state = (await store.load(conversation_id)).state
    shown = await store.messages(conversation_id)
    assert [m.seq for m in shown] == list(range(1, len(shown) + 1))
    assert taken <= len(shown) <= taken + 1
    assert committed <= state.turns <= committed + 1
    assert len(state.unheard) == len(shown) - state.turns
    assert len(state.unsent) == state.turns
    assert len(await store.tracker_tail(conversation_id, limit=10**6)) == state.turns
    assert (state.promise is not None) == bool(state.unheard)
    assert bool(state.clocks) == bool(state.unheard)


def test_processes_migrate_at_once(path: Path) -> None:
    processes = [start("migrate", path) for _ in range(3)]
    go(*processes)
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0]
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


async def test_a_migration_waits_for_another_that_takes_longer_than_a_write_may(path: Path) -> None:
    class ThirdTimeFree(ThreadRunner):
        tries = 0

        async def run[T](self, job: Callable[[sa.Connection], T]) -> T:
            self.tries += 1
            if self.tries == 3:
                other.execute("ROLLBACK")
            return await super().run(job)

    runner = ThirdTimeFree(
        sqlite_engine(sa.make_url(f"sqlite:///{path}"), begin="BEGIN IMMEDIATE", busy_timeout_ms=20), name="test"
    )
    store = SqlStore(write=runner, read=runner, claiming=MemoryClaiming(read=runner, write=runner), mint=lambda: "id")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        await store.migrate()
        await store.ping()
    await store.close()
    assert runner.tries == 4


async def test_processes_that_take_in_the_same_messages_store_each_once(store: SqlStore, path: Path) -> None:
    processes = [start("take_in", path) for _ in range(2)]
    go(*processes)
    outputs = await asyncio.gather(*(asyncio.to_thread(process.communicate) for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    new = [line for stdout, _ in outputs for line in stdout.splitlines() if line.endswith("True")]
    assert len(new) == 50
    for number in range(5):
        conversation_id = await store.find_conversation(Identity(channel="widget", external_id=f"p{number}"))
        assert conversation_id is not None
        assert [m.seq for m in await store.messages(conversation_id)] == list(range(1, 11))


async def test_a_cancelled_caller_leaves_a_whole_transaction(store: SqlStore) -> None:
    task = asyncio.create_task(take(store, *(f"m{n}" for n in range(50))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = await take(store, *(f"m{n}" for n in range(50)))
    assert len({taken.new for taken in again}) == 1
    assert len(await store.messages(again[0].conversation_id)) == 50


# ---- faults


@contextmanager
def files_no_larger_than(size_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond this size: writing fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_loses_nothing_and_heals(store: SqlStore, path: Path) -> None:
    (taken,) = await take(store, "m1")
    before = await store.load(taken.conversation_id)
    with files_no_larger_than(path.with_name("warmline.db-wal").stat().st_size):
        with pytest.raises(StoreUnavailable) as failure:
            await take(store, "m2", text="x" * 100_000)
        assert isinstance(failure.value.__cause__, sa.exc.OperationalError)
        with pytest.raises(StoreUnavailable):
            await store.ping()
        assert await store.load(taken.conversation_id) == before
    (again,) = await take(store, "m2", text="x" * 100_000)
    assert (again.new, again.seq) == (True, 2)
    await store.ping()


async def test_a_lock_that_others_hold_is_waited_for_and_then_told(store: SqlStore, path: Path) -> None:
    url = sa.make_url(f"sqlite:///{path}")
    runner = ThreadRunner(sqlite_engine(url, begin="BEGIN IMMEDIATE", busy_timeout_ms=20), name="impatient")
    impatient = SqlStore(write=runner, read=runner, claiming=MemoryClaiming(read=runner, write=runner), mint=lambda: "id")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            await take(impatient, "m1")
        assert await store.find_conversation(ANN) is None
        other.execute("COMMIT")
    (taken,) = await take(store, "m1")
    assert taken.new
    await impatient.close()


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/nowhere/warmline.db")
    with pytest.raises(StoreUnavailable, match="unable to open"):
        await store.migrate()
    (tmp_path / "nowhere").mkdir()
    await store.migrate()
    await store.ping()
    await store.close()


async def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_bytes(b"certainly not a database" * 100)
    store = open_store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="not a database"):
        await store.migrate()
    await store.close()


async def test_a_database_that_was_not_migrated_says_so(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="migrated"):
        await store.load("c")
    await store.close()


async def test_a_closed_store_is_unavailable(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    await store.migrate()
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.ping()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://root:hunter2@localhost/x", "mysql"),
        ("nonsense hunter2", "cannot be read"),
        ("postgresql://u:hunter2@localhost/x", "asyncpg") if find_spec("asyncpg") is None else ("oracle://u:hunter2@h", "oracle"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
    ],
)
def test_a_url_that_cannot_serve_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as failure:
        open_store(url)
    assert "hunter2" not in str(failure.value)


# ---- schema


def is_of_search(name: str | None) -> bool:
    """Full-text search has tables of SQLite's own making, and triggers."""
    return name is not None and re.match(r"(sqlite_autoindex_)?names|(messages|notes)_words|prospects_.*named", name) is not None


async def test_the_migrations_make_the_tables_that_the_queries_use(store: SqlStore, path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as conn:
        compared = {"compare_type": True, "compare_server_default": True, "include_name": lambda name, *_: not is_of_search(name)}
        context = MigrationContext.configure(conn, opts=compared)
        assert compare_metadata(context, metadata) == []
        made = {row[0]: row[1] for row in conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")}
        made = {name: sql for name, sql in made.items() if not is_of_search(name)}
    engine.dispose()
    fresh = sa.create_engine("sqlite://")
    with fresh.begin() as conn:
        metadata.create_all(conn)
        wanted = {row[0] for row in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'")}
        partial = {row[0] for row in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE sql LIKE '%INDEX%WHERE%'")}
    fresh.dispose()
    assert wanted == {name for name, sql in made.items() if "WITHOUT ROWID" in sql}
    assert partial == {name for name, sql in made.items() if "INDEX" in sql and "WHERE" in sql}


async def test_commits_are_durable_and_references_are_checked(store: SqlStore) -> None:
    def pragmas(conn: sa.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await store._write.run(pragmas) == ["wal", 2, 1, 5000]


async def test_no_everyday_query_reads_a_whole_table(store: SqlStore) -> None:
    seen: dict[str, Any] = {}

    def remember(_conn: object, _cursor: object, sql: str, values: Any, _context: object, many: bool) -> None:
        seen[sql] = values[0] if many else values

    for runner in (store._read, store._write._runner):  # type: ignore[attr-defined]
        assert isinstance(runner, ThreadRunner)
        sa.event.listen(runner._engine, "before_cursor_execute", remember)
    await everyday(store)
    asked = dict(seen)
    plans = [await store._write.run(lambda conn, sql=sql: plan(conn, sql, asked[sql])) for sql in asked]  # type: ignore[misc]
    assert len(asked) > 25
    # Whatever is read whole is read through an index, such as that of what is unsent, or has one row.
    scans = {step for steps in plans for step in steps if step.startswith("SCAN") and "USING" not in step}
    assert scans <= {"SCAN flow_book"}


def plan(conn: sa.Connection, sql: str, values: Any) -> list[str]:
    """How SQLite goes about a statement."""
    return [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]


async def everyday(store: SqlStore) -> None:
    """What a running service asks all the time."""
    (taken,) = await take(store, "m1")
    await take(store, "m1")
    conversation_id = taken.conversation_id
    loaded = await store.load(conversation_id)
    step = Clock(kind=ClockKind.STEP, key="n1", due_at=T0)
    decision = Decision(
        state=replace(loaded.state, unheard=(), promise=None, clocks=(step,), slots={"a": 1}),
        heard=(taken.message_id,),
        say=(
            Say(speaker=Speaker.BOT, text="1"),
            Say(speaker=Speaker.BOT, text="2"),
            Say(speaker=Speaker.AGENT, text="3", client_key="k"),
        ),
        set_clocks=(step,),
        cancel_clocks=((ClockKind.TURN, ""), (ClockKind.PROMISE, "")),
        tracker_events=({"event": "user"},),
        journal=(JournalEntry(kind="turn", at=T0),),
    )
    committed = await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
    first, second, third = committed.message_ids
    loaded = await store.load(conversation_id)
    withdrawal = Decision(state=replace(loaded.state, unsent=loaded.state.unsent[:2]), withdraw=(third,))
    await store.commit(conversation_id, version=loaded.version, decision=withdrawal, now=T0)
    await store.tracker_tail(conversation_id, limit=50)
    claim = {"worker": "w", "now": T0, "until": T0 + timedelta(seconds=10)}
    await store.outbox_due(now=T0, limit=5, channels=("widget",))
    (out,) = await store.claim_outbox(**claim, limit=5, channels=("widget",))
    await store.outbox_next_at(channels=("widget",))
    await store.mark_sending(first, worker="w", now=T0)
    await store.mark_retry(first, worker="w", due_at=T0, error="x")
    await store.settle_by_echo(key=out.key, external_id="x1", now=T0)
    await store.mark_unsendable(second, delivery=Delivery.FAILED, error="x", now=T0)
    await store.unsent_count(conversation_id)
    await store.due_clocks(now=T0, limit=5)
    await store.due_clocks(now=T0, limit=5, skip=frozenset({"x"}))
    await store.claim_clocks(**claim, limit=1)
    await store.next_due_at()
    await store.next_due_at(after=T0)
    await store.messages(conversation_id)
    await store.messages(conversation_id, before_seq=9)
    await store.pending_messages(conversation_id)
    await store.mark_read(conversation_id, up_to_seq=2, now=T0)
    await store.overview(conversation_id)
    for view in ("queue", "mine", "all"):
        await store.overviews(view=view, agent_id="mia")
    await store.overviews(view="all", before=(T0, conversation_id))
    await store.waiting()
    await store.last_served()
    await store.agent_load()
    await store.journal(conversation_id)
    await store.episodes(conversation_id)
    await store.notes(conversation_id)
    await store.counts(now=T0)
    await store.session_agent(token_sha256="t", now=T0)
    await store.setting("x")
