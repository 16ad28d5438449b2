"""The processes that are forked: one that has Rasa imported, one that has a model loaded, and the workers.

    supervisor ──fork──▶ importer (Rasa) ──fork──▶ loader (one model) ──fork──▶ worker, worker, ...

Importing Rasa takes about ten seconds and is done once; a new model is loaded in a fresh fork of the importer while the
old one serves; a dead worker is forked anew from its loader in milliseconds, sharing the model's memory.
Each process dies with its parent. All of them are single-threaded and block on their one socket.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from brain.errors import BadRequest
from brain.logs import get_logger, hush_libraries, where
from brain.request import parse_read, parse_turn
from brain.wire import (
    READ,
    REPLY_HEAD,
    REQUEST_HEAD,
    die_with_parent,
    read_exactly,
    receive_control,
    send_control,
)

if TYPE_CHECKING:
    from brain.engine import Brain

log = get_logger()


def fork(run: Callable[[], None], *, close: tuple[socket.socket, ...] = ()) -> int:
    """Fork a child that closes the sockets `close`, runs `run` and exits; returns the child's pid."""
    parent_pid = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        die_with_parent(parent_pid)
        # Ctrl-C and a service manager signal the whole group; only the supervisor decides when to stop.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for sock in close:
            sock.close()
        run()
        status = 0
    except BaseException as error:
        log.error("process.failed", error=type(error).__name__, raised=where(error.__traceback__))
    finally:
        sys.stderr.flush()
        os._exit(status)
    raise AssertionError("unreachable")


def run_importer(control: socket.socket) -> None:
    """Import Rasa, say so, then fork a loader for each `load` packet until the other side closes."""
    hush_libraries()
    started = time.monotonic()
    try:
        from brain import engine  # noqa: PLC0415  (the supervisor must not pay for importing Rasa)
    except ImportError as error:
        send_control(control, {"error": f"Rasa cannot be imported: {error}"})
        return
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    send_control(control, {"ready": engine.__name__, "import_ms": _ms_since(started)})
    while (received := receive_control(control)) is not None:
        packet, fds = received
        loader_control = socket.socket(fileno=fds[0])
        fork(partial(run_loader, loader_control, packet["path"], packet["actions"]), close=(control,))
        loader_control.close()


def run_loader(control: socket.socket, path: str, actions: str | None) -> None:
    """Load the model at `path`, say so or why not, then fork a worker for each `fork` packet."""
    from brain.engine import Brain  # noqa: PLC0415

    started = time.monotonic()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # loading may run programs of its own
    try:
        brain = Brain.load(Path(path), actions)
        asyncio.run(brain.warm_up())
    except (Exception, SystemExit) as error:
        log.error("model.failed", error=type(error).__name__, raised=where(error.__traceback__))
        send_control(control, {"error": f"{type(error).__name__}: {error}"[:2000]})
        return
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps workers; the supervisor sees their channel close
    ready = {
        "ready": brain.name,
        "sha256": brain.sha256,
        "without_code": brain.without_code,
        "load_ms": _ms_since(started),
    }
    send_control(control, ready)
    while (received := receive_control(control)) is not None:
        _, fds = received
        channel = socket.socket(fileno=fds[0])
        pid = fork(partial(run_worker, channel, brain), close=(control,))
        channel.close()
        send_control(control, {"pid": pid})


def run_worker(channel: socket.socket, brain: "Brain") -> None:
    """Answer one request after the other until the supervisor closes the channel."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    while (head := read_exactly(channel, REQUEST_HEAD.size)) is not None:
        length, kind = REQUEST_HEAD.unpack(head)
        body = read_exactly(channel, length)
        if body is None:
            return
        status, reply = loop.run_until_complete(_answer(brain, kind, body))
        channel.sendall(REPLY_HEAD.pack(len(reply), status) + reply)


async def _answer(brain: "Brain", kind: int, body: bytes) -> tuple[int, bytes]:
    from brain.engine import dump  # noqa: PLC0415

    try:
        if kind == READ:
            return 200, dump(await brain.read(parse_read(body)))
        return 200, dump(await brain.turn(parse_turn(body, now=time.time())))
    except BadRequest as error:
        return error.status, dump(error.body())
    except Exception as error:
        # Whatever Rasa or a component raised ends this turn only; the service decides what the prospect is told.
        log.error("turn.failed", error=type(error).__name__, raised=where(error.__traceback__))
        return 500, dump({"error": f"the turn failed: {type(error).__name__}"})


def _ms_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
