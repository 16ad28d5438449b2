"""The brain's HTTP face and its life: listen, load, serve, swap, stop."""

import asyncio
import json
import os
import signal
import socket
import stat
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from brain.errors import BadRequest, BrainError, ModelRefused
from brain.logs import get_logger, where
from brain.pool import Control, Pool
from brain.request import parse_model_path
from brain.wire import READ, TURN, control_pair
from brain.zygote import fork, run_importer

log = get_logger()

MAX_BODY_BYTES = 1024 * 1024
IMPORT_TIMEOUT_S = 300.0
GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, 2.3.1
SOCKET_PATH_BYTES = 107  # unix(7): sun_path holds 108 with its final zero

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class CannotStart(Exception):
    """The brain cannot start; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """Where to listen (`socket_path`, or else loopback TCP `port`, 0 for any) and what to serve."""

    model: str
    actions: str | None
    socket_path: str | None
    port: int
    workers: int
    turn_timeout_s: float


def serve(options: ServeOptions) -> None:
    """Serve until SIGTERM or SIGINT. Raises CannotStart."""
    try:
        model = find_model(options.model)
    except ModelRefused as error:
        raise CannotStart(str(error)) from error
    ours, theirs = control_pair()
    # Before anything else is opened, so that no child holds it, and while there is no event loop yet.
    importer_pid = fork(lambda: run_importer(theirs), close=(ours,))
    theirs.close()
    try:
        listening = listen(options.socket_path, options.port)
        try:
            uvloop.install()
            asyncio.run(_serve(options, model, listening, ours))
        finally:
            listening.close()
            if options.socket_path:
                Path(options.socket_path).unlink(missing_ok=True)
    finally:
        os.kill(importer_pid, signal.SIGKILL)
        os.waitpid(importer_pid, 0)


def find_model(path: str) -> str:
    """The absolute path of the model archive at `path`, or of the newest one in that folder. Raises ModelRefused."""
    place = Path(path)
    if place.is_dir():
        archives = sorted(place.glob("*.tar.gz"), key=lambda archive: archive.stat().st_mtime)
        if not archives:
            raise ModelRefused(f"there is no model (*.tar.gz) in {place}; train one with `rasa train`")
        place = archives[-1]
    if not place.is_file():
        raise ModelRefused(f"there is no model at {place}")
    with place.open("rb") as archive:
        if archive.read(len(GZIP_MAGIC)) != GZIP_MAGIC:
            raise ModelRefused(f"{place} is not a model archive (*.tar.gz)")
    return str(place.resolve())


def listen(socket_path: str | None, port: int) -> socket.socket:
    """A listening socket at `socket_path` (mode 0600), else on loopback TCP `port`. Raises CannotStart."""
    try:
        return _listen_unix(socket_path) if socket_path else _listen_tcp(port)
    except OSError as error:
        place = socket_path or f"127.0.0.1:{port}"
        raise CannotStart(f"cannot listen on {place}: {error.strerror or error}") from error


def _listen_unix(path: str) -> socket.socket:
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES:
        raise CannotStart(f"the socket path is longer than {SOCKET_PATH_BYTES} bytes: {path}")
    if os.path.exists(path):
        _clear_stale(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    previous = os.umask(0o177)
    try:
        sock.bind(path)
    finally:
        os.umask(previous)
    sock.listen(1024)
    return sock


def _clear_stale(path: str) -> None:
    if not stat.S_ISSOCK(os.stat(path).st_mode):
        raise CannotStart(f"{path} exists and is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)  # left behind by a brain that was killed
            return
    raise CannotStart(f"another brain is listening on {path}")


def _listen_tcp(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(1024)
    return sock


async def _serve(options: ServeOptions, model: str, listening: socket.socket, importer_socket: socket.socket) -> None:
    started = time.monotonic()
    importer = Control(importer_socket)
    pool = Pool(importer, workers=options.workers, turn_timeout_s=options.turn_timeout_s, actions=options.actions)
    runner = web.AppRunner(make_app(pool), access_log=None, shutdown_timeout=options.turn_timeout_s + 1, keepalive_timeout=3600.0)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    address = listening.getsockname()
    log.info("brain.listening", address=address if isinstance(address, str) else f"{address[0]}:{address[1]}")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    life = asyncio.ensure_future(_live(pool, importer, model, started))
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({life, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            life.result()
    finally:
        life.cancel()
        stopping.cancel()
        await runner.cleanup()
        await pool.stop()
        log.info("brain.stopped", turns=pool.turns)


async def _live(pool: Pool, importer: Control, model: str, started: float) -> None:
    """Load the first model, then watch the importer, without which nothing can be loaded. Raises CannotStart."""
    try:
        packet = await asyncio.wait_for(importer.receive(), IMPORT_TIMEOUT_S)
        if "error" in packet:
            raise CannotStart(packet["error"])
        await pool.swap(model)
        log.info("brain.ready", start_ms=round((time.monotonic() - started) * 1000), import_ms=packet["import_ms"])
        await importer.readable()
    except asyncio.TimeoutError as error:
        raise CannotStart(f"importing Rasa took longer than {IMPORT_TIMEOUT_S:g} s") from error
    except (EOFError, ModelRefused) as error:
        raise CannotStart(str(error)) from error
    raise CannotStart("the process that holds Rasa died")


def make_app(pool: Pool) -> web.Application:
    """The HTTP API over a pool of workers; see README."""

    async def turn(request: web.Request) -> web.Response:
        return _reply(*await pool.run(TURN, await request.read()))

    async def read(request: web.Request) -> web.Response:
        return _reply(*await pool.run(READ, await request.read()))

    async def health(_: web.Request) -> web.Response:
        report = _health(pool)
        return _json(report, status=200 if report["status"] == "ok" else 503)

    async def model(request: web.Request) -> web.Response:
        started = time.monotonic()
        path = parse_model_path(await request.read())
        try:
            found = find_model(path)
        except ModelRefused as error:
            raise BadRequest("path", str(error)) from error
        try:
            await pool.swap(found)
        except ModelRefused as error:
            log.error("model.refused", error=str(error))
            raise
        return _json({**_health(pool), "load_ms": round((time.monotonic() - started) * 1000)})

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_errors_as_json])
    app.router.add_post("/turn", turn)
    app.router.add_post("/read", read)
    app.router.add_get("/health", health)
    app.router.add_post("/model", model)
    return app


@web.middleware
async def _errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BrainError as error:
        return _json(error.body(), status=error.status)
    except web.HTTPRequestEntityTooLarge:
        return _json({"error": f"a body may have {MAX_BODY_BYTES} bytes at most"}, status=413)
    except web.HTTPError as error:
        return _json({"error": f"{error.reason}: {request.method} {request.path}"}, status=error.status)
    except Exception as error:
        log.error("request.failed", path=request.path, error=type(error).__name__, raised=where(error.__traceback__))
        return _json({"error": "the brain failed on this request"}, status=500)


def _health(pool: Pool) -> dict[str, Any]:
    generation = pool.current
    pids = pool.worker_pids
    return {
        "status": "ok" if pids else "starting",
        "model": generation.model if generation else None,
        "model_sha256": generation.sha256 if generation else None,
        "workers": len(pids),
        "worker_pids": pids,
        "pid": os.getpid(),
        "turns": pool.turns,
    }


def _json(document: dict[str, Any], status: int = 200) -> web.Response:
    return _reply(status, json.dumps(document).encode())


def _reply(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
