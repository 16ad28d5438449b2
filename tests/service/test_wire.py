"""The wire between services, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import wire as wire_module
from bot.hub import LAGGED
from bot.wire import EVERYBODY, MOST_BYTES, PostgresWire, entry, payloads

CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'warmline wire'"
)
CUT_ONE = CUT + " AND query LIKE '%pg_notify%'"


class End:
    """One service's end of the wire and what it heard."""

    def __init__(self, url: str) -> None:
        self.wire = PostgresWire(url, beat_s=2)
        self.heard: list[tuple[str, Any]] = []
        self.missed = 0
        self.news = asyncio.Event()

    def hear(self, topic: str, frame: Any) -> None:
        self.heard.append((topic, frame))
        self.news.set()

    def miss(self) -> None:
        self.missed += 1
        self.news.set()

    async def until(self, what: Any) -> None:
        async with asyncio.timeout(10):
            while not what(self):
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def ends(url: str, count: int = 2) -> AsyncIterator[list[End]]:
    made = [End(url) for _ in range(count)]
    running = [asyncio.create_task(end.wire.run(end.hear, end.miss)) for end in made]
    for end in made:
        await end.wire.listening()
    try:
        yield made
    finally:
        for end, task in zip(made, running, strict=True):
            await end.wire.stop()
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def run(url: str, statement: str) -> None:
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


async def test_others_hear_in_order_and_oneself_nothing(postgres_url: str) -> None:
    async with ends(postgres_url, 3) as (a, b, c):
        for number in range(500):
            a.wire.publish("console", {"type": "message", "seq": number})
        for end in (b, c):
            await end.until(lambda end: len(end.heard) == 500)
            assert [frame["seq"] for _, frame in end.heard] == list(range(500))
            assert end.missed == 0
        assert a.heard == []


async def test_a_frame_too_large_for_the_wire_makes_its_listeners_ask(postgres_url: str) -> None:
    async with ends(postgres_url) as (a, b):
        a.wire.publish("conversation:1", {"type": "notice", "text": "é" * 8000})
        await b.until(lambda end: end.heard)
        assert b.heard == [("conversation:1", LAGGED)]


async def test_a_cut_connection_comes_back_and_both_sides_know_that_they_missed_something(postgres_url: str) -> None:
    async with ends(postgres_url) as (a, b):
        a.wire.publish("console", {"type": "one"})
        await b.until(lambda end: len(end.heard) == 1)
        await run(postgres_url, CUT_ONE)
        await a.until(lambda end: end.missed == 1)
        a.wire.publish("console", {"type": "two"})
        await b.until(lambda end: ("console", {"type": "two"}) in end.heard)


async def test_what_is_published_while_the_line_is_down_is_told_as_missed(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, back = asyncpg.connect, asyncio.Event()

    async def held(*args: Any, **more: Any) -> Any:
        if "server_settings" in more:
            await back.wait()
        return await connect(*args, **more)

    async with ends(postgres_url) as (a, b):
        monkeypatch.setattr(wire_module.asyncpg, "connect", held)
        await run(postgres_url, CUT)
        while a.wire._conn is not None:  # noqa: ASYNC110 - nothing tells when a line is lost
            await asyncio.sleep(0.01)
        a.wire.publish("console", {"type": "lost"})
        back.set()
        await b.until(lambda end: end.missed >= 1)
        await a.until(lambda end: end.missed >= 1)
        a.wire.publish("console", {"type": "later"})
        await b.until(lambda end: end.heard == [("console", {"type": "later"})])


async def test_another_versions_words_count_as_missed(postgres_url: str) -> None:
    async with ends(postgres_url, 1) as [a]:
        for nonsense in ("not json", "[1]", "7", '[["x"]]'):
            before = a.missed
            await run(postgres_url, f"NOTIFY warmline, '{nonsense}'")
            await a.until(lambda end, before=before: end.missed == before + 1)


async def test_a_database_that_is_away_at_the_start_is_waited_for(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connect, tries = asyncpg.connect, 0

    async def away_at_first(*args: Any, **more: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise ConnectionRefusedError
        return await connect(*args, **more)

    monkeypatch.setattr(wire_module.asyncpg, "connect", away_at_first)
    async with ends(postgres_url, 1):
        assert tries == 3


@given(st.lists(st.binary(max_size=3000).map(lambda b: entry("t", {"b": b.hex()})), max_size=30))
def test_payloads_hold_every_entry_in_order_and_are_short_enough(entries: list[bytes]) -> None:
    told: list[Any] = []
    for payload in payloads(entries):
        assert len(payload.encode()) <= MOST_BYTES
        told += orjson.loads(payload)
    once = [one for n, one in enumerate(entries) if n == 0 or entries[n - 1] != one]
    assert told == [orjson.loads(one) for one in once]


def test_a_topic_too_large_for_the_wire_makes_everybody_ask() -> None:
    assert orjson.loads(entry("x" * 9000, {"type": "y"})) == [EVERYBODY, LAGGED]


def test_the_url_is_read_as_the_store_reads_it() -> None:
    where = PostgresWire("postgresql://ann:secret@db.example:5433/warmline?ssl=require")._where
    assert where == {
        "host": "db.example", "port": 5433, "database": "warmline", "user": "ann", "password": "secret", "ssl": "require",
    }  # fmt: skip
