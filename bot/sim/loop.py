"""An event loop in virtual time: when nobody can go on, it jumps to the next timer. Nothing is real, so nothing is waited for.

Every step belongs to the outside world or to one `Life` of the service. A life can be ended between any two steps, as `kill -9`
would: what it had planned never happens, and whoever waited for its answer hears that the line is gone.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import inspect
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar
from typing import Any

LIFE: ContextVar[Life | None] = ContextVar("LIFE", default=None)
"""The life of the service that the running step belongs to; None outside."""


class Gone(Exception):
    """The service died before it answered, or is not there."""


class Spinning(Exception):
    """Very many steps, and no time passes."""


MOST_AT_ONE_MOMENT = 200_000


class Step:
    """One planned call. `asyncio` cancels it by `cancel`."""

    __slots__ = ("args", "callback", "cancelled_", "context", "when")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context, when: float) -> None:
        self.callback, self.args, self.context, self.when = callback, args, context, when
        self.cancelled_ = False

    def cancel(self) -> None:
        """Do not do it."""
        self.cancelled_ = True

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self.cancelled_


class VirtualLoop(asyncio.BaseEventLoop):
    """See the module. `time()` is virtual seconds since the loop was made."""

    def __init__(self) -> None:
        super().__init__()
        self._at = 0.0
        self._steps: deque[Step] = deque()
        self._timers: list[tuple[float, int, Step]] = []
        self._number = 0
        self._kill_in = -1
        self._on_kill: Callable[[], None] = lambda: None
        self.count = 0
        self._moment, self._at_one_moment = 0.0, 0

    def time(self) -> float:
        """Virtual seconds."""
        return self._at

    def kill_after(self, steps: int, what: Callable[[], None]) -> None:
        """Call `what` after that many further steps of the service; between two steps, so that any await can be the last."""
        self._kill_in, self._on_kill = steps, what
        if steps == 0:
            self.call_soon(self._kill_now, context=contextvars.Context())

    def _kill_now(self) -> None:
        self._kill_in = -1
        self._on_kill()

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        """As `asyncio` has it."""
        step = Step(callback, args, context if context is not None else contextvars.copy_context(), self._at)
        self._steps.append(step)
        return step

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        """As `asyncio` has it, in virtual seconds."""
        return self.call_at(self._at + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:  # type: ignore[override]
        """As `asyncio` has it; what is due at the same moment comes in the order in which it was planned."""
        step = Step(callback, args, context if context is not None else contextvars.copy_context(), when)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, step))
        return step

    def create_task(self, coro: Any, *, name: object = None, context: Context | None = None) -> asyncio.Task[Any]:
        """As `asyncio` has it; a task belongs to the life that made it."""
        task = asyncio.Task(coro, loop=self, name=str(name or ""), context=context)
        life = LIFE.get() if context is None else context.get(LIFE, None)
        if life is not None:
            life.adopt(task)
        return task

    def _run_once(self) -> None:
        steps, timers = self._steps, self._timers
        if not steps:
            if not timers:
                raise RuntimeError("everybody waits, and nothing is planned that could wake them")
            when, _, step = heapq.heappop(timers)
            self._at = max(self._at, when)
            steps.append(step)
        while timers and timers[0][0] <= self._at:
            steps.append(heapq.heappop(timers)[2])
        self._at_one_moment = 0 if self._at > self._moment else self._at_one_moment + len(steps)
        self._moment = self._at
        if self._at_one_moment > MOST_AT_ONE_MOMENT:
            raise Spinning("the service goes round and no time passes")
        for _ in range(len(steps)):
            step = steps.popleft()
            if step.cancelled_:
                continue
            life = step.context.get(LIFE, None)
            if life is None:
                step.context.run(step.callback, *step.args)
                continue
            if life.dead:
                continue
            step.context.run(step.callback, *step.args)
            self.count += 1
            if self._kill_in > 0:
                self._kill_in -= 1
                if self._kill_in == 0:
                    self._kill_now()

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        """There are no threads, whose steps nobody could repeat: what is for one is done on the spot."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There are no threads."""


class Life:
    """One process of the service, from its start to its end."""

    def __init__(self, loop: VirtualLoop, number: int) -> None:
        self.number = number
        self.dead = False
        self._loop = loop
        self._tasks: list[asyncio.Task[Any]] = []
        self._crowded = 64
        self._asking: dict[asyncio.Future[Any], None] = {}
        self.context = contextvars.Context()
        self.context.run(LIFE.set, self)

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Remember a task, so that it can be dropped."""
        self._tasks.append(task)
        if len(self._tasks) > self._crowded:
            self._tasks = [t for t in self._tasks if not t.done()]
            self._crowded = max(64, 2 * len(self._tasks))

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run this as a part of the process."""
        return self._loop.create_task(work, context=self.context)

    async def call[T](self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Ask the process from outside. Raises `Gone` if it is dead or dies before it answers, else what `work` raises."""
        if self.dead:
            raise Gone
        answer: asyncio.Future[T] = self._loop.create_future()
        self._asking[answer] = None
        self.spawn(work()).add_done_callback(lambda task: _pass_on(task, answer), context=contextvars.Context())
        try:
            return await answer
        finally:
            self._asking.pop(answer, None)

    def end(self) -> None:
        """Nothing of it happens any more, whatever it had begun."""
        self.dead = True
        for task in self._tasks:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                with suppress(RuntimeError):  # a `finally` that wants to wait: there is nobody left to wait
                    self.context.run(_close, task.get_coro())
        self._tasks.clear()
        for answer in self._asking:
            if not answer.done():
                answer.set_exception(Gone())


def _close(work: Any) -> None:
    """Drop a coroutine, and, if it had not begun yet, those it was handed."""
    if inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
        for handed in work.cr_frame.f_locals.values():
            if inspect.iscoroutine(handed):
                _close(handed)
    work.close()


def _pass_on[T](task: asyncio.Task[T], answer: asyncio.Future[T]) -> None:
    error = None if task.cancelled() else task.exception()
    if answer.done():
        return
    if task.cancelled():
        answer.set_exception(Gone())
    elif error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(task.result())
