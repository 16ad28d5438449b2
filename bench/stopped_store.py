"""A flood of webhooks while the database takes no writes: what is answered, how soon, and what it costs in memory.

The service is a real process on SQLite; this one holds the database's write lock. Each body is from another person. What was
refused is sent again once the database is free, as Meta does, and at the end the stored messages are counted.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from time import perf_counter, time

import aiohttp

from bench.crowd import percentile
from bench.rows import Row
from bench.warmline import SECRET, Warmline
from bot.fakes.graph import events
from bot.fakes.graph.signing import encode, signature_headers

PAGE = "104857600000001"
CONNECTIONS = 1000
LOOK_EVERY_S = 0.05


def _body(number: int) -> bytes:
    at_ms = int(time() * 1000)
    thread = events.Thread(psid=f"psid-{number}", page_id=PAGE)
    message = events.message(thread, at_ms, mid=f"m_{number:08}", text="hello, how much is it and how long does it take?")
    return encode(events.payload(PAGE, at_ms, [message]))


async def _post(client: aiohttp.ClientSession, url: str, body: bytes) -> tuple[int, float]:
    """(status, seconds); status 0 if there was no answer."""
    started = perf_counter()
    headers = {"Content-Type": "application/json", **signature_headers(body, SECRET)}
    try:
        async with client.post(url, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status, perf_counter() - started
    except (aiohttp.ClientError, TimeoutError):
        return 0, perf_counter() - started


def _resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} tells no VmRSS")


async def _post_all(client: aiohttp.ClientSession, url: str, bodies: list[bytes]) -> list[tuple[int, float]]:
    """As many at a time as there are connections, so that only the service is waited for."""
    room = asyncio.Semaphore(CONNECTIONS)

    async def one(body: bytes) -> tuple[int, float]:
        async with room:
            return await _post(client, url, body)

    return list(await asyncio.gather(*map(one, bodies)))


async def _watch_memory(pid: int, seen: list[float]) -> None:
    while True:
        seen.append(_resident_mib(pid))
        await asyncio.sleep(LOOK_EVERY_S)


async def stopped_store(*, webhooks: int = 20_000) -> Row:
    """The row. Needs no brain: nothing is answered, only taken in."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "warmline"
        service = Warmline(
            home,
            graph_url="http://127.0.0.1:9",
            settings={
                "WARMLINE_BRAIN_SOCKET": str(home / "no-brain.sock"),
                "WARMLINE_LOG_LEVEL": "error",
                # Bursts are waited for, so that taking in is not measured together with turns without a brain.
                "WARMLINE_PACING": "human",
                "WARMLINE_BURST_WAIT_S": "10",
            },
        )
        service.spawn()
        try:
            while not (home / "run" / "port").exists():
                service.started.check(60.0)
                await asyncio.sleep(LOOK_EVERY_S)
            await service.started.answers(f"{service.base_url}/healthz", within_s=60.0)
            return await _flood(service, home / "warmline.db", [_body(n) for n in range(webhooks)])
        finally:
            service.end()


async def _flood(service: Warmline, database: Path, bodies: list[bytes]) -> Row:
    timeout = aiohttp.ClientTimeout(total=30.0)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=timeout) as client:
        warm = await _post(client, service.webhook, _body(99_999_999))
        assert warm[0] == 200, f"the service does not take in: {warm[0]}"
        before, seen = _resident_mib(service.started.pid), [0.0]
        watching = asyncio.create_task(_watch_memory(service.started.pid, seen))
        with closing(sqlite3.connect(database, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            answers = await _post_all(client, service.webhook, bodies)
            lock.execute("ROLLBACK")
        statuses = Counter(status for status, _ in answers)
        took = sorted(seconds for _, seconds in answers)
        left, rounds, freed_at = bodies, 0, perf_counter()
        while left and rounds < 100:
            again = await _post_all(client, service.webhook, left)
            left = [body for body, (status, _) in zip(left, again, strict=True) if status != 200]
            rounds += 1
        recovered_s = perf_counter() - freed_at
        watching.cancel()
    with closing(sqlite3.connect(database)) as look:
        stored, distinct = look.execute(
            "SELECT COUNT(*), COUNT(DISTINCT external_id) FROM messages WHERE speaker = 'prospect' AND external_id <> 'm_99999999'"
        ).fetchone()
    late, grown = percentile(took, 0.99), max(seen) - before
    lost, doubled = len(bodies) - distinct, stored - distinct
    return Row(
        name=f"{len(bodies)} webhooks at a database that takes no writes",
        warmline=f"{statuses[503]} refused, p99 {late:.2f} s, +{grown:.0f} MiB; then {lost} lost, {doubled} doubled",
        rasa="",
        ratio=None,
        note=f"{CONNECTIONS} connections at a time; answers {dict(statuses)}; all stored {recovered_s:.1f} s after the database "
        "was free again; Rasa stores nothing before it answers, so there is nothing to compare",
        data={
            "webhooks": len(bodies), "statuses": {str(k): v for k, v in statuses.items()}, "p50_s": percentile(took, 0.5),
            "p99_s": late, "longest_s": took[-1], "resident_before_mib": before, "resident_peak_mib": max(seen), "lost": lost,
            "doubled": doubled, "recovered_s": recovered_s,
        },
    )  # fmt: skip
