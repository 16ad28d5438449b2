"""Warmline as a user starts it: `warmline up`, on a home of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import aiohttp

from bench.processes import BRAIN_PYTHON, POLL_S, ROOT, ProcessFailed, Started, descendants

VERIFY = "fake-verify-token"
SECRET = "fake-app-secret"
TOKEN = "fake-page-token"
READY_WITHIN_S = 90.0
AGAIN_WITHIN_S = 300.0
RESTART_AFTER_S = 0.5
WARMLINE = Path(sys.executable).with_name("warmline")


def write_credentials(path: Path, graph_url: str) -> Path:
    """credentials.yml with REST, widget and a Page whose Graph API is at `graph_url`."""
    path.write_text(
        "rest:\nwidget:\n"
        f"facebook:\n  verify: {VERIFY}\n  secret: {SECRET}\n  page-access-token: {TOKEN}\n  graph-url: {graph_url}/v25.0\n"
    )
    return path


class Warmline:
    """One service with its brain. `start` may be called again after a kill; the home stays."""

    def __init__(self, home: Path, *, graph_url: str, port: int = 0, settings: Mapping[str, str] | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self._port = home, port
        self._env = {
            "WARMLINE_HOME": str(home),
            "WARMLINE_PORT": str(port),
            "WARMLINE_CREDENTIALS": str(write_credentials(home / "credentials.yml", graph_url)),
            "WARMLINE_PACING": "instant",
            "WARMLINE_LOG_LEVEL": "warning",
            # The fake platform has no limits unless it is told, and Rasa keeps to none.
            "WARMLINE_PAGE_SENDS_PER_S": "1000000",
            "WARMLINE_THREAD_SENDS_PER_S": "10000",
            **(settings or {}),
        }
        self._started: Started | None = None

    @property
    def started(self) -> Started:
        """The running service."""
        assert self._started is not None, "start it first"
        return self._started

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port or int((self.home / "run" / "port").read_text())

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def webhook(self) -> str:
        return f"{self.base_url}/webhooks/facebook/webhook"

    @property
    def brain_pids(self) -> list[int]:
        """The brain's main process first, then its importer, loader and workers."""
        return descendants(self.started.pid)

    def spawn(self) -> Started:
        """Start it and return at once."""
        if not self._port:
            (self.home / "run" / "port").unlink(missing_ok=True)
        self._started = Started("warmline", [WARMLINE, "up"], log=self.home / "service.log", env=self._env)
        return self._started

    async def start(self) -> float:
        """Start it and wait until a turn can be served. Returns the seconds this took. Raises `ProcessFailed`."""
        self.spawn()
        return await self.ready()

    async def ready(self, within_s: float = READY_WITHIN_S) -> float:
        """Wait until a turn can be served; seconds since the start."""
        while not self._port and not (self.home / "run" / "port").exists():
            self.started.check(within_s)
            await asyncio.sleep(POLL_S)
        return await self.started.answers(f"{self.base_url}/readyz", within_s=within_s)

    async def ready_again(self, within_s: float = AGAIN_WITHIN_S) -> None:
        """Wait until a turn can be served, whichever process of this service will serve it. Raises `ProcessFailed`."""
        ends_at = monotonic() + within_s
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5.0)) as client:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with client.get(f"{self.base_url}/readyz") as answer:
                        if answer.status == 200:
                            return
                if monotonic() > ends_at:
                    raise ProcessFailed(f"the service is not ready again after {within_s:g} s:\n{self.started.last_words()}")
                await asyncio.sleep(5 * POLL_S)

    def end(self) -> None:
        """Stop it with all that it started."""
        if self._started is not None:
            self._started.end()


class Kept:
    """Starts a service again whenever it has ended by itself, as the machine's supervisor would: a service that comes up while its
    database is away says so and ends."""

    def __init__(self, services: Sequence[Warmline]) -> None:
        self._services = services
        self._watching: asyncio.Task[None] | None = None
        self.restarts = 0

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(RESTART_AFTER_S)
            for service in self._services:
                code = service.started.process.poll()
                if code is not None and code != -signal.SIGKILL:  # who was killed is started again by the killer
                    self.restarts += 1
                    service.spawn()


class BrainApart:
    """A brain that outlives the service, as where several services share one. It is started again whenever it dies."""

    def __init__(self, home: Path, model: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.socket = home / "brain.sock"
        self._log = home / "brain.log"
        self._command: list[str | Path] = [
            BRAIN_PYTHON,
            "-m",
            "brain",
            "serve",
            "--model",
            model,
            "--socket",
            self.socket,
            "--workers",
            "2",
        ]
        self._started: Started | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def pids(self) -> list[int]:
        """The brain's main process first, then its importer, loader and workers."""
        return self._started.family if self._started else []

    async def __aenter__(self) -> Self:
        self._spawn()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._watching is not None:
            self._watching.cancel()
        if self._started is not None:
            self._started.end()

    def _spawn(self) -> None:
        self._started = Started("brain", self._command, log=self._log, env={})

    async def _watch(self) -> None:
        while True:
            assert self._started is not None
            if self._started.process.poll() is not None:
                self._spawn()
            await asyncio.sleep(POLL_S)


def model() -> Path:
    """The model of the present files, trained if need be."""
    done = subprocess.run([str(WARMLINE), "train"], cwd=ROOT, capture_output=True, text=True, check=True)
    return ROOT / done.stdout.split()[0]
