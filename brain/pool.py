"""Workers, and the turns that wait for one: dispatch, time limits, replacement, hot swap."""

import asyncio
import os
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from brain.errors import ModelRefused, SwapUnderWay, TurnFailed, TurnTimedOut, Unavailable
from brain.logs import get_logger
from brain.wire import REPLY_HEAD, REQUEST_HEAD, control_pair, receive_control, send_control

log = get_logger()

Reply = tuple[int, bytes]  # HTTP status, JSON

LOAD_TIMEOUT_S = 120.0
# A worker that lived less than this is replaced only after as long again, lest a bad model burn a core with forks.
SHORT_LIFE_S = 1.0
RELOAD_PAUSE_S = 2.0


class WorkerDied(Exception):
    """The worker went away with a turn in hand."""


class Control:
    """One end of a control channel to an importer or a loader, awaited packet by packet."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._lock = asyncio.Lock()

    async def ask(self, packet: dict[str, Any], fd: int) -> dict[str, Any]:
        """Send a packet with one descriptor and await the answer to it. Raises EOFError when the process is gone."""
        async with self._lock:
            self.send(packet, fd)
            return await self.receive()

    def send(self, packet: dict[str, Any], fd: int) -> None:
        """Send a packet with one descriptor. Raises EOFError when the process is gone."""
        try:
            send_control(self._sock, packet, (fd,))
        except OSError as error:
            raise EOFError("the process has gone") from error

    async def receive(self) -> dict[str, Any]:
        """The next packet. Raises EOFError when the process is gone."""
        await self.readable()
        received = receive_control(self._sock)
        if received is None:
            raise EOFError("the process has gone")
        return received[0]

    async def readable(self) -> None:
        """Wait until there is a packet, or the end."""
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._sock, lambda: ready.done() or ready.set_result(None))
        try:
            await ready
        finally:
            loop.remove_reader(self._sock)

    def close(self) -> None:
        self._sock.close()


class Worker(asyncio.Protocol):
    """The supervisor's end of one worker: at most one request at a time."""

    def __init__(self, free: Callable[["Worker"], None], gone: Callable[["Worker"], None]) -> None:
        self.pid = 0
        self.born = time.monotonic()
        self.generation: Generation | None = None
        self._free = free
        self._gone = gone
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = bytearray()
        self.reply: asyncio.Future[Reply] | None = None
        self.doomed = False

    @property
    def busy(self) -> bool:
        return self.reply is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) < REPLY_HEAD.size:
            return
        length, status = REPLY_HEAD.unpack_from(self._buffer)
        end = REPLY_HEAD.size + length
        if len(self._buffer) < end or self.reply is None:
            return
        reply, self.reply = self.reply, None
        body = bytes(self._buffer[REPLY_HEAD.size : end])
        del self._buffer[:end]
        if not reply.done():
            reply.set_result((status, body))
        if not self.doomed:
            self._free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.doomed = True
        if self.reply is not None and not self.reply.done():
            self.reply.set_exception(WorkerDied())
        self._gone(self)

    async def ask(self, kind: int, body: bytes, timeout_s: float) -> Reply:
        """Have the worker answer. Raises WorkerDied, or TurnTimedOut after killing it."""
        loop = asyncio.get_running_loop()
        assert self._transport is not None
        if self.doomed or self._transport.is_closing():
            raise WorkerDied()
        reply: asyncio.Future[Reply] = loop.create_future()
        self.reply = reply
        self._transport.writelines((REQUEST_HEAD.pack(len(body), kind), body))
        alarm = loop.call_later(timeout_s, self._time_out, reply, timeout_s)
        try:
            return await reply
        finally:
            alarm.cancel()

    def _time_out(self, reply: "asyncio.Future[Reply]", timeout_s: float) -> None:
        if reply.done():
            return
        log.error("turn.timed_out", pid=self.pid, timeout_s=timeout_s)
        reply.set_exception(TurnTimedOut(f"no answer within {timeout_s:g} s"))
        self.kill()

    def kill(self) -> None:
        """End the worker at once, whatever it is doing."""
        assert self._transport is not None
        self.doomed = True
        if not self._transport.is_closing():
            os.kill(self.pid, signal.SIGKILL)

    def dismiss(self) -> None:
        """Let an idle worker exit."""
        assert self._transport is not None
        self._transport.close()


@dataclass(eq=False)
class Generation:
    """A loaded model with its loader and workers."""

    path: str
    control: Control
    model: str
    sha256: str
    workers: set[Worker] = field(default_factory=set)
    retired: bool = False


class Pool:
    """Hands turns to workers of the current generation."""

    def __init__(self, importer: Control, *, workers: int, turn_timeout_s: float, actions: str | None) -> None:
        self._importer = importer
        self._size = workers
        self._turn_timeout_s = turn_timeout_s
        self._actions = actions
        self._idle: list[Worker] = []
        self._waiting: deque[asyncio.Future[Worker]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._swapping = False
        self.current: Generation | None = None
        self.turns = 0

    @property
    def worker_pids(self) -> list[int]:
        """The pids of the workers that serve now."""
        workers = self.current.workers if self.current else ()
        return sorted(worker.pid for worker in workers if not worker.doomed)

    async def run(self, kind: int, body: bytes) -> Reply:
        """Have a worker answer `body`. A turn whose worker dies is taken again once, since turns leave no trace.

        Raises Unavailable, TurnTimedOut or TurnFailed.
        """
        for _ in range(2):
            worker = await self._acquire()
            try:
                reply = await worker.ask(kind, body, self._turn_timeout_s)
            except WorkerDied:
                continue
            self.turns += 1
            return reply
        raise TurnFailed("two workers died on this turn")

    async def swap(self, path: str) -> Generation:
        """Load the model at `path` and let it take over; workers of the old one finish what they have in hand.

        Raises ModelRefused when it cannot be loaded, SwapUnderWay during another swap; the old model then stays.
        """
        if self._swapping:
            raise SwapUnderWay("another model is being loaded")
        self._swapping = True
        try:
            fresh = await self._load(path)
            old, self.current = self.current, fresh
            self._idle = [worker for worker in self._idle if worker.generation is not old]
            for worker in fresh.workers:
                self._release(worker)
            if old:
                self._retire(old)
            return fresh
        finally:
            self._swapping = False

    async def stop(self) -> None:
        """Dismiss the workers once their turns are done, waiting no longer than a turn may take."""
        self._stopping = True
        generation = self.current
        replies = [worker.reply for worker in generation.workers if worker.reply] if generation else []
        if replies:
            await asyncio.wait(replies, timeout=self._turn_timeout_s)
        for task in self._tasks:
            task.cancel()
        if generation:
            self._retire(generation)
        self._importer.close()

    async def _acquire(self) -> Worker:
        if self._stopping:
            raise Unavailable("the brain is stopping")
        if self.current is None:
            raise Unavailable("no model is loaded yet")
        while self._idle:
            worker = self._idle.pop()
            if worker in self.current.workers:
                return worker
        waiter: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            return await asyncio.wait_for(waiter, self._turn_timeout_s)
        except asyncio.TimeoutError as error:
            raise Unavailable(f"no worker came free within {self._turn_timeout_s:g} s") from error

    def _release(self, worker: Worker) -> None:
        generation = worker.generation
        assert generation is not None
        if generation.retired:
            worker.dismiss()
            return
        if generation is not self.current:
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(worker)
                return
        self._idle.append(worker)

    async def _load(self, path: str) -> Generation:
        ours, theirs = control_pair()
        control = Control(ours)
        try:
            with theirs:
                self._importer.send({"path": path, "actions": self._actions}, theirs.fileno())
            packet = await asyncio.wait_for(control.receive(), LOAD_TIMEOUT_S)
            if "error" in packet:
                raise ModelRefused(f"{path} cannot be loaded: {packet['error']}")
            generation = Generation(path, control, packet["ready"], packet["sha256"])
            if packet["without_code"]:
                log.warning("actions.without_code", names=packet["without_code"], package=self._actions)
            for _ in range(self._size):
                await self._add_worker(generation)
        except asyncio.TimeoutError as error:
            control.close()
            raise ModelRefused(f"{path} did not load within {LOAD_TIMEOUT_S:g} s") from error
        except EOFError as error:
            control.close()
            raise ModelRefused(f"{path} cannot be loaded: its process died") from error
        except ModelRefused:
            control.close()
            raise
        log.info("model.loaded", model=generation.model, sha256=generation.sha256, load_ms=packet["load_ms"])
        return generation

    async def _add_worker(self, generation: Generation) -> Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            packet = await generation.control.ask({}, theirs.fileno())
        _, worker = await asyncio.get_running_loop().create_unix_connection(
            lambda: Worker(self._release, self._on_worker_gone), sock=ours
        )
        worker.pid = packet["pid"]
        worker.generation = generation
        generation.workers.add(worker)
        log.info("worker.started", pid=worker.pid, model=generation.model)
        return worker

    def _on_worker_gone(self, worker: Worker) -> None:
        generation = worker.generation
        if generation is None:
            return
        generation.workers.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        if generation.retired:
            if not generation.workers:
                generation.control.close()
            return
        lived_s = time.monotonic() - worker.born
        log.warning("worker.died", pid=worker.pid, lived_s=round(lived_s, 3))
        if not self._stopping:
            task = asyncio.get_running_loop().create_task(self._replace(generation, lived_s))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _replace(self, generation: Generation, lived_s: float) -> None:
        if lived_s < SHORT_LIFE_S:
            await asyncio.sleep(SHORT_LIFE_S)
        if generation.retired:
            return
        try:
            worker = await self._add_worker(generation)
        except EOFError:
            await self._reload(generation)
            return
        if generation.retired:
            worker.dismiss()
        else:
            self._release(worker)

    async def _reload(self, generation: Generation) -> None:
        """Load the model anew after its loader died, which took its workers along."""
        if generation is not self.current or self._swapping:
            return
        log.error("loader.died", model=generation.model)
        while generation is self.current and not self._stopping:
            try:
                await self.swap(generation.path)
            except ModelRefused as error:
                log.error("model.refused", error=str(error))
                await asyncio.sleep(RELOAD_PAUSE_S)

    def _retire(self, generation: Generation) -> None:
        generation.retired = True
        for worker in list(generation.workers):
            if not worker.busy:
                worker.dismiss()
        if not generation.workers:
            generation.control.close()
