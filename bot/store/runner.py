"""Where transactions run: on SQLite in a thread that owns its connection, elsewhere on an async driver.

Queries are plain functions of a `sqlalchemy.Connection`. Measured on SQLite with eight statements a transaction,
a thread that runs the whole function costs a quarter of the processor time of aiosqlite, which hops once a statement
(0.28 ms against 1.13 ms).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from random import uniform
from threading import Lock
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.store.contract import StoreUnavailable
from bot.store.failures import Conflict, Lost, translated

log = structlog.get_logger()

type Job[T] = Callable[[sa.Connection], T]
type Waiting = tuple[Job[Any], Future[Any]]

BATCH = 64
"""How many jobs may share one commit."""
CONFLICTS_AT_MOST = 5
"""How often a transaction that had to give way is run again, after 10 ms and then twice as long each time."""


class Runner(Protocol):
    """Runs a function inside one transaction."""

    async def run[T](self, job: Job[T]) -> T:
        """Commit what the job did and give back what it returned; roll back if it raises."""

    async def close(self) -> None:
        """Let go of every connection."""


class ThreadRunner:
    """One thread, one connection, one transaction after the other.

    Jobs that wait at the same time share a transaction, and so one sync of the disk: a sync takes 1 to 10 ms, a job a
    fraction of one. If any of them fails, all are rolled back and each is run again in a transaction of its own, so
    a job must be a function of its connection alone. A caller that is cancelled leaves its job running.
    """

    def __init__(self, engine: sa.Engine, *, name: str) -> None:
        self._engine = engine
        self._conn: sa.Connection | None = None
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._waiting: deque[Waiting] = deque()
        self._lock = Lock()
        self._working = False
        self._closed = False

    async def run[T](self, job: Job[T]) -> T:
        """See `Runner.run`. Raises `StoreError` for whatever the driver raises."""
        done: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store is closed")
            self._waiting.append((job, done))
            start, self._working = not self._working, True
        if start:
            self._executor.submit(self._work)
        return await asyncio.wrap_future(done)

    def _work(self) -> None:
        while True:
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                if not batch:
                    self._working = False
                    return
            self._settle([one for one in batch if one[1].set_running_or_notify_cancel()])

    def _settle(self, batch: Sequence[Waiting]) -> None:
        if len(batch) > 1:
            try:
                results = self._transact([job for job, _ in batch])
            except StoreUnavailable as error:
                for _, done in batch:
                    done.set_exception(error)
                return
            except Exception as error:
                log.info("store.batch_split", jobs=len(batch), error=type(error).__name__)
            else:
                for (_, done), result in zip(batch, results, strict=True):
                    done.set_result(result)
                return
        for job, done in batch:
            try:
                [result] = self._transact([job])
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(result)

    def _transact(self, jobs: Sequence[Job[Any]]) -> list[Any]:
        with translated():
            try:
                if self._conn is None:
                    self._conn = self._engine.connect()
                with self._conn.begin():
                    return [job(self._conn) for job in jobs]
            except sa.exc.DBAPIError:
                # A connection that failed once may be in any state; the next transaction gets a new one.
                self._drop()
                raise

    def _drop(self) -> None:
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.invalidate()
            conn.close()

    async def close(self) -> None:
        """See `Runner.close`. Jobs that wait are done first; later ones are refused."""
        with self._lock:
            closed, self._closed = self._closed, True
        if not closed:
            await asyncio.get_running_loop().run_in_executor(self._executor, self._close)
            self._executor.shutdown()

    def _close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None
        self._engine.dispose()


class AsyncRunner:
    """An async driver with its own pool, for databases behind a network.

    A transaction that the database made give way to another is run again, so a job must be a function of its connection alone.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run[T](self, job: Job[T]) -> T:
        """See `Runner.run`. Raises `StoreError` for whatever the driver raises."""
        lost = False
        for attempt in range(CONFLICTS_AT_MOST):
            try:
                return await self._transact(job)
            except Conflict as conflict:
                log.info("store.conflict", attempt=attempt, error=type(conflict).__name__)
                await asyncio.sleep(uniform(0.5, 1) * 0.01 * 2**attempt)
            except Lost:
                # It may have lain in the pool since the server was last away. To ask each one first would cost a round trip a job.
                if lost:
                    raise
                lost = True
        return await self._transact(job)

    async def _transact[T](self, job: Job[T]) -> T:
        with translated():
            async with self._engine.begin() as conn:
                try:
                    return await conn.run_sync(job)
                except sa.exc.DBAPIError as error:
                    if error.connection_invalidated:
                        raise Lost(f"the connection is gone: {str(error.orig).partition('\n')[0]}") from error
                    raise

    async def close(self) -> None:
        """See `Runner.close`."""
        await self._engine.dispose()
