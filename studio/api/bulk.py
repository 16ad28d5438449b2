"""Many events in one call, as lines of JSON or as CSV, and lines that say how far it has come out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from bot.core.model import WarmlineError
from handoff.api.errors import NO_STORE, BadRequest
from handoff.api.sessions import answer
from studio.api.ports import StudioParts
from studio.api.uploads import uploaded
from studio.contacts.columns import pairs
from studio.eventfile import preview, tell_file
from studio.eventrows import Asked, opened
from studio.telling import LONGEST_LINE, REFUSED, Tally, tell_lines

log = structlog.get_logger()

CHUNK = 64 * 1024
CSV = "text/csv"
LONGEST_NUMBER = 12


class Bulk:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST events/import?preview&channel&mapping&after_line: NDJSON or CSV; answered as NDJSON, the result last."""
        if request.content_type == CSV:
            return await self._csv(request)
        store, handle = self._parts.console.store, self._parts.console.conversations.handle
        return await _answered(request, tell_lines(store, _lines(request), handle, now=self._parts.console.now))

    async def _csv(self, request: web.Request) -> web.StreamResponse:
        """A CSV file; kept until it is done with, as rows are only counted when it has come whole."""
        async with uploaded(request, self._parts.home) as path:
            asked, after_line = _asked(request)
            if request.query.get("preview", "") in ("1", "true", "yes"):
                return answer(await asyncio.to_thread(preview, path, asked))
            await asyncio.to_thread(opened, path, asked)
            console = self._parts.console
            tallies = tell_file(console.store, path, asked, console.conversations.handle, now=console.now, after_line=after_line)
            return await _answered(request, tallies)


def _asked(request: web.Request) -> tuple[Asked, int]:
    """What is asked, and the line up to which rows are left out. Raises `BadColumns`, BadRequest."""
    after = request.query.get("after_line", "0")
    if not after.isascii() or not after.isdigit() or len(after) > LONGEST_NUMBER:
        raise BadRequest("bad_field", "after_line: Give the number of a line.", field="after_line")
    return Asked(mapping=pairs(request.query.getall("mapping", [])), channel=request.query.get("channel")), int(after)


async def _answered(request: web.Request, tallies: AsyncIterator[Tally]) -> web.StreamResponse:
    response = web.StreamResponse(headers=NO_STORE | {"Content-Type": "application/x-ndjson; charset=utf-8"})
    await response.prepare(request)
    tally, error = Tally(), None
    try:
        async for tally in tallies:
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
