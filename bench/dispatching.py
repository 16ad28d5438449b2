"""Processes that fire what is due, for `bench.due`: `python -m bench.dispatching KIND URL COUNT [CONCURRENCY] [POLL_S]`.

`steps` and `warmline` run Warmline's own clock worker and store; in the place of what decides stands one that ends the clock and
writes one row: a bubble into the outbox, or a line into the journal. `procrastinate` runs that library's worker with a task that
writes one row in a transaction of its own. Says one line of JSON when COUNT have fired.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import perf_counter, process_time

import procrastinate
import uvloop

from bot.clocks import ClockWorker
from bot.conversations import Handled
from bot.core.events import ClockFired, Decision, Event, JournalEntry
from bot.core.model import Say, Speaker, State
from bot.store import open_store
from bot.store.contract import Store, VersionConflict
from bot.time import SystemTime

FIRED = "bench.fired"
EFFECTS = "CREATE TABLE IF NOT EXISTS effects (job integer NOT NULL, at timestamptz NOT NULL)"
HANDS = 64


class Ender:
    """Ends each clock that fires and writes one row with it."""

    def __init__(self, store: Store, count: int, *, speaks: bool) -> None:
        self._store, self._left, self._speaks = store, count, speaks
        self.done = asyncio.Event()

    async def handle(self, conversation_id: str, event: Callable[[State], Event | None]) -> Handled:
        """One clock: load, commit. A conflict means that somebody else was at it: their commit counts."""
        loaded = await self._store.load(conversation_id)
        fired = event(loaded.state)
        if not isinstance(fired, ClockFired):
            return Handled(state=loaded.state)
        now, slot = datetime.now(UTC), (fired.clock.kind, fired.clock.key)
        clocks = tuple(clock for clock in loaded.state.clocks if (clock.kind, clock.key) != slot)
        decision = Decision(
            state=replace(loaded.state, clocks=clocks),
            cancel_clocks=(slot,),
            say=(Say(speaker=Speaker.FLOW, text="How did it go?"),) if self._speaks else (),
            journal=() if self._speaks else (JournalEntry(kind=FIRED, at=now),),
        )
        try:
            await self._store.commit(conversation_id, version=loaded.version, decision=decision, now=now)
        except VersionConflict:
            return Handled(state=loaded.state)
        self._left -= 1
        if self._left == 0:
            self.done.set()
        return Handled(state=decision.state)


async def warmline(url: str, count: int, *, speaks: bool) -> None:
    """Fire until so many have fired."""
    store = open_store(url)
    ender = Ender(store, count, speaks=speaks)
    hands = ClockWorker(store, ender, SystemTime(), name="bench", lease_s=10, at_once=HANDS)  # type: ignore[arg-type]
    tell("ready")
    started, worked = perf_counter(), process_time()
    running = asyncio.create_task(hands.run())
    await ender.done.wait()
    took_s, busy_s = perf_counter() - started, process_time() - worked
    await hands.stop(5)
    await running
    await store.close()
    tell(figures(took_s, busy_s))


def procrastinate_app(url: str, count: int, done: asyncio.Event) -> procrastinate.App:
    """An app with one task, which writes one row in a transaction of its own."""
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=10, max_size=10)
    app = procrastinate.App(connector=connector)
    left = count

    @app.task(name="effect", queue="due")
    async def effect(job: int) -> None:
        nonlocal left
        async with connector.pool.connection() as conn:
            await conn.execute("INSERT INTO effects VALUES (%s, %s)", (job, datetime.now(UTC)))
        left -= 1
        if left == 0:
            done.set()

    return app


async def theirs(url: str, count: int, *, poll_s: float) -> None:
    """The same with procrastinate: as many jobs at once as we have hands."""
    done = asyncio.Event()
    app = procrastinate_app(url, count, done)
    async with app.open_async():
        tell("ready")
        started, worked = perf_counter(), process_time()
        running = asyncio.create_task(
            app.run_worker_async(
                queues=["due"], concurrency=HANDS, fetch_job_polling_interval=poll_s, install_signal_handlers=False
            )
        )  # fmt: skip
        await done.wait()
        took_s, busy_s = perf_counter() - started, process_time() - worked
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    tell(figures(took_s, busy_s))


def figures(took_s: float, busy_s: float) -> str:
    """What the parent wants to know: seconds passed, seconds of processor time, and the largest size of this process."""
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return json.dumps({"seconds": took_s, "cpu_s": busy_s, "peak_mb": peak_mb})


def tell(line: str) -> None:
    """One line for the parent."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    kind, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if kind == "procrastinate":
        asyncio.run(theirs(url, count, poll_s=float(sys.argv[4])))
    else:
        uvloop.run(warmline(url, count, speaks=kind == "steps"))
