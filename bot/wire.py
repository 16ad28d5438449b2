"""What services on one database tell each other: the hub's frames, and that work is or will be due.

Over PostgreSQL's NOTIFY, on a connection of its own and after the commit: NOTIFY inside a transaction takes a lock on the
whole database when it commits (PostgreSQL 17's manual, NOTIFY; src/backend/commands/async.c). Nothing here is a record.
A service that dies between its commit and its NOTIFY is covered by the workers' safety net, and browsers ask the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import asyncpg
import orjson
import sqlalchemy as sa
import structlog

from bot.hub import LAGGED, Frame

log = structlog.get_logger()

CHANNEL = "warmline"
APPLICATION = "warmline wire"
"""How the connection is called in pg_stat_activity."""
MOST_BYTES = 7_900
"""A payload must be shorter than 8000 bytes (PostgreSQL's manual, NOTIFY)."""
GATHER_S = 0.003
"""How long frames are gathered, so that a burst costs one statement."""
MOST_WAITING = 20_000
"""Frames that wait to be sent; beyond that the others are told that they missed something."""
EVERYBODY = "*"
"""The topic of a `lagged` frame for every listener."""
BEAT_S = 5.0
"""A connection is asked this often whether it lives, and has as long to answer."""
FIRST_BACK_OFF_S = 0.1
LONGEST_BACK_OFF_S = 5.0

FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
_NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"

type Heard = Callable[[str, Frame], None]


class Wire(Protocol):
    """Between services."""

    @property
    def shared(self) -> bool:
        """Whether there can be other services at all."""

    @property
    def hears(self) -> bool:
        """Whether what others publish is heard right now."""

    def publish(self, topic: str, frame: Frame) -> None:
        """Tell the other services; never waits, never raises."""

    async def run(self, heard: Heard, missed: Callable[[], None]) -> None:
        """Until cancelled: `heard` is called with what others publish, `missed` when something may have been missed."""

    async def listening(self) -> None:
        """Return once what others publish from now on is heard."""

    async def stop(self) -> None:
        """Tell what waits and let go of the connection."""


class NoWire:
    """One service alone, as on SQLite."""

    shared = hears = False

    def publish(self, topic: str, frame: Frame) -> None:
        """There is nobody else."""

    async def run(self, heard: Heard, missed: Callable[[], None]) -> None:
        """Nothing will be heard."""

    async def listening(self) -> None:
        """There is nothing to hear."""

    async def stop(self) -> None:
        """Nothing is held open."""


class PostgresWire:
    """LISTEN and NOTIFY on one dedicated connection. It reconnects by itself, with back-off."""

    shared = True

    def __init__(self, url: str, *, beat_s: float = BEAT_S) -> None:
        # As the store reads it, so that one URL, with what it asks of TLS, is good for both.
        parsed = sa.make_url(url).set(drivername="postgresql+asyncpg")
        self._where = dict(parsed.get_dialect()().create_connect_args(parsed)[1])
        self._beat_s = beat_s
        self._waiting: list[bytes] = []
        self._untold = False
        self._woken = asyncio.Event()
        self._listens = asyncio.Event()
        self._conn: asyncpg.Connection[Any] | None = None
        self._stopping = False

    def publish(self, topic: str, frame: Frame) -> None:
        """See `Wire.publish`."""
        if self._stopping:
            return
        if self._conn is None or len(self._waiting) >= MOST_WAITING:
            # Late news are worth little; that there were some is told as soon as anything can be.
            self._untold = True
            return
        self._waiting.append(entry(topic, frame))
        self._woken.set()

    @property
    def hears(self) -> bool:
        """See `Wire.hears`."""
        return self._listens.is_set()

    async def listening(self) -> None:
        """See `Wire.listening`."""
        await self._listens.wait()

    async def run(self, heard: Heard, missed: Callable[[], None]) -> None:
        """See `Wire.run`."""
        back_off_s, first = FIRST_BACK_OFF_S, True
        while not self._stopping:
            try:
                self._conn = await self._connected(heard, missed)
            except FAILURES as error:
                log.warning("wire.away", error=type(error).__name__, again_in_s=back_off_s)
                await asyncio.sleep(back_off_s)
                back_off_s = min(LONGEST_BACK_OFF_S, back_off_s * 2)
                continue
            log.info("wire.listening")
            back_off_s = FIRST_BACK_OFF_S
            if not first:
                missed()
            first = False
            self._listens.set()
            await self._speak(self._conn)
            self._listens.clear()

    async def stop(self) -> None:
        """See `Wire.stop`."""
        self._stopping = True
        conn, self._conn = self._conn, None
        if conn is None or conn.is_closed():
            return
        try:
            async with asyncio.timeout(1):
                await self._tell(conn)
                await conn.close()
        except FAILURES:
            conn.terminate()

    async def _connected(self, heard: Heard, missed: Callable[[], None]) -> asyncpg.Connection[Any]:
        named = {"application_name": APPLICATION}
        conn = await asyncpg.connect(**self._where, timeout=self._beat_s, command_timeout=self._beat_s, server_settings=named)
        conn.add_termination_listener(lambda _conn: self._woken.set())
        mine = conn.get_server_pid()

        def arrived(_conn: object, pid: int, _channel: str, payload: object) -> None:
            if pid != mine:
                self._arrived(str(payload), heard, missed)

        await conn.add_listener(CHANNEL, arrived)
        return conn

    def _arrived(self, payload: str, heard: Heard, missed: Callable[[], None]) -> None:
        try:
            for topic, frame in orjson.loads(payload):
                if topic == EVERYBODY:
                    missed()
                else:
                    heard(topic, frame)
        except (ValueError, TypeError) as error:
            # Another version of the service may speak otherwise: its news count as missed.
            log.warning("wire.not_understood", bytes=len(payload), error=type(error).__name__)
            missed()

    async def _speak(self, conn: asyncpg.Connection[Any]) -> None:
        """Send what is published until the connection fails."""
        try:
            while not conn.is_closed():
                await self._tell(conn)
                try:
                    async with asyncio.timeout(self._beat_s):
                        await self._woken.wait()
                except TimeoutError:
                    await conn.execute("SELECT 1")
                else:
                    await asyncio.sleep(GATHER_S)
        except FAILURES as error:
            log.warning("wire.lost", error=type(error).__name__)
        finally:
            if not self._stopping:
                self._conn = None
                conn.terminate()

    async def _tell(self, conn: asyncpg.Connection[Any]) -> None:
        self._woken.clear()
        entries, self._waiting = self._waiting, []
        if self._untold:
            entries = [entry(EVERYBODY, LAGGED)]
        if not entries:
            return
        self._untold = True
        await conn.execute(_NOTIFY, CHANNEL, list(payloads(entries)))
        self._untold = len(self._waiting) >= MOST_WAITING


def entry(topic: str, frame: Frame) -> bytes:
    """A frame as it is sent. One that is too large alone becomes `lagged` for its topic, or for everybody."""
    for what in ((topic, frame), (topic, LAGGED)):
        encoded = orjson.dumps(what)
        if len(encoded) + 2 <= MOST_BYTES:
            return encoded
    return orjson.dumps((EVERYBODY, LAGGED))


def payloads(entries: Iterable[bytes]) -> Iterator[str]:
    """JSON lists of entries, in order, each short enough for one NOTIFY. The same entry twice in a row is told once."""
    batch: list[bytes] = []
    size = 2
    for one in entries:
        if batch and batch[-1] == one:
            continue
        if batch and size + len(one) + 1 > MOST_BYTES:
            yield _joined(batch)
            batch, size = [], 2
        batch.append(one)
        size += len(one) + 1
    if batch:
        yield _joined(batch)


def _joined(batch: list[bytes]) -> str:
    return (b"[" + b",".join(batch) + b"]").decode()
