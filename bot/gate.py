"""What arrives over HTTP is let in only while there is room for it, and only for so long.

Meta wants an answer within five seconds and calls again if it gets none (Meta, Webhooks, May 5, 2026). So a webhook that finds no
room, or whose work takes too long, is refused in time, with 503 and with nothing half done: that is the truth, and it costs nobody
anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from bot.errors import Overloaded

REQUEST_BYTES = 16 * 1024
"""What a request takes up beside its body: connection, task, records."""
PER_BYTE = 8
"""What a byte of a body takes up: itself, and the objects that are made of it."""
READ_WITHIN_S = 4.0
SERVED_WITHIN_S = 3.5
"""Meta waits five seconds; a busy machine takes its time to read and to answer."""


class Gate:
    """Counts what the requests in hand take up, from their first byte until they are served. `turned_away` is called whenever one
    was not served though there was nothing wrong with it, so that its sender will come again."""

    def __init__(
        self, *, most_bytes: int, biggest: int, read_within_s: float = READ_WITHIN_S, served_within_s: float = SERVED_WITHIN_S
    ):
        self._most, self._biggest = most_bytes, biggest
        self._read_within_s, self._served_within_s = read_within_s, served_within_s
        self.in_hand = 0
        self.turned_away: Callable[[], None] = lambda: None

    @asynccontextmanager
    async def body(self, request: web.Request) -> AsyncIterator[bytes]:
        """The request's body, which counts until the block is left.

        Raises `Overloaded` (503) if there is no room for it, or if the block takes too long; 413 for a body that is too big; 408
        for one that comes too slowly. What the block awaits when its time is over is cancelled.
        """
        hold = _Hold(self)
        try:
            hold.more(REQUEST_BYTES)
            # Whoever tells how much is coming is refused before it comes.
            self._must_fit(PER_BYTE * (request.content_length or 0))
            raw = await self._read(request, hold)
            try:
                async with asyncio.timeout(self._served_within_s):
                    yield raw
            except TimeoutError as error:
                raise Overloaded(f"not served within {self._served_within_s} s") from error
        except web.HTTPException as refusal:
            if isinstance(refusal, web.HTTPRequestTimeout):
                self.turned_away()
            raise
        except BaseException:
            self.turned_away()
            raise
        finally:
            hold.release()

    async def _read(self, request: web.Request, hold: _Hold) -> bytes:
        chunks, size = [], 0
        if (request.content_length or 0) > self._biggest:
            raise web.HTTPRequestEntityTooLarge(max_size=self._biggest, actual_size=request.content_length or 0)
        try:
            async with asyncio.timeout(self._read_within_s):
                async for chunk in request.content.iter_any():
                    size += len(chunk)
                    if size > self._biggest:
                        raise web.HTTPRequestEntityTooLarge(max_size=self._biggest, actual_size=size)
                    hold.more(PER_BYTE * len(chunk))
                    chunks.append(chunk)
        except TimeoutError as error:
            raise web.HTTPRequestTimeout from error
        return b"".join(chunks)

    def _must_fit(self, more: int) -> None:
        if self.in_hand + more > self._most:
            raise Overloaded(f"requests in hand take up {self.in_hand} bytes already")


class _Hold:
    """What one request takes up."""

    def __init__(self, gate: Gate) -> None:
        self._gate, self._held = gate, 0

    def more(self, size: int) -> None:
        self._gate._must_fit(size)
        self._held += size
        self._gate.in_hand += size

    def release(self) -> None:
        self._gate.in_hand -= self._held
        self._held = 0
