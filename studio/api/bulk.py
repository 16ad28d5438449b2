"""Many events in one call: a line each in, and lines that say how far it has come out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from bot.core.model import WarmlineError
from handoff.api.errors import NO_STORE
from studio.api.ports import StudioParts
from studio.telling import LONGEST_LINE, REFUSED, Tally, tell_lines

log = structlog.get_logger()

CHUNK = 64 * 1024


class Bulk:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST events/import: the body is NDJSON; the answer is NDJSON, its last line the result."""
        console = self._parts.console
        response = web.StreamResponse(headers=NO_STORE | {"Content-Type": "application/x-ndjson; charset=utf-8"})
        await response.prepare(request)
        tally, error = Tally(), None
        try:
            async for tally in tell_lines(console.store, _lines(request), console.conversations.handle, now=console.now):
                progress = {"line": tally.line, "new": tally.new, "known": tally.known, "rejected": tally.rejected}
                await response.write(json.dumps(progress).encode() + b"\n")
        except* WarmlineError as failed:
            # The answer has begun: the status is out. What was told stays told, and the file may be sent again.
            error = type(failed.exceptions[0]).__name__
            log.warning("events.unfinished", error=error)
        await response.write(json.dumps({**tally.told(), "done": error is None, "error": error}).encode() + b"\n")
        await response.write_eof()
        return response


async def _lines(request: web.Request) -> AsyncIterator[bytes]:
    """The body's lines as they come, none longer than an event can be."""
    held, too_long = b"", False
    async for chunk in request.content.iter_chunked(CHUNK):
        *whole, held = (held + chunk).split(b"\n")
        for number, line in enumerate(whole):
            yield REFUSED if (too_long and number == 0) or len(line) > LONGEST_LINE else line
        too_long = (too_long and not whole) or len(held) > LONGEST_LINE
        if too_long:
            held = b""
    if held or too_long:
        yield REFUSED if too_long else held
