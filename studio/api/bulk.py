"""Many events in one call, as lines of JSON or as CSV, and lines that say how far it has come out."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from aiohttp import web

from bot.core.model import WarmlineError
from bot.store.contract import NotFound
from handoff.api.errors import NO_STORE, BadRequest, Conflict
from handoff.api.sessions import answer
from studio.api.ports import StudioParts
from studio.api.uploads import uploaded
from studio.contacts.columns import pairs
from studio.eventfile import import_id, preview, tell_file
from studio.eventrows import Asked, opened
from studio.telling import LONGEST_LINE, REFUSED, Tally, tell_lines

log = structlog.get_logger()

CHUNK = 64 * 1024
CSV = "text/csv"
LONGEST_NUMBER = 12
NAMED = re.compile(r"evt_[0-9a-f]{24}")


class Bulk:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._telling: set[str] = set()

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
            with self._alone(await asyncio.to_thread(import_id, path, asked)) as named:
                console = self._parts.console
                tallies = tell_file(
                    console.store, path, asked, console.conversations.handle, now=console.now, rejected=self._rejects(named),
                    after_line=after_line,
                )  # fmt: skip
                return await _answered(request, tallies, named)

    async def rejected(self, request: web.Request) -> web.StreamResponse:
        """GET events/imports/{id}/rejected: the rows of a CSV file that were not taken, as CSV."""
        named = request.match_info["id"]
        path = self._rejects(named) if NAMED.fullmatch(named) else None
        if path is None or not path.exists():
            raise NotFound("import", named)
        shown_as = {"Content-Disposition": 'attachment; filename="rejected.csv"', "Content-Type": "text/csv; charset=utf-8"}
        return web.FileResponse(path, headers=NO_STORE | shown_as)

    def _rejects(self, named: str) -> Path:
        return self._parts.home / f"{named}.rejected.csv"

    @contextmanager
    def _alone(self, named: str) -> Iterator[str]:
        """One at a time tells a file, since its rejected rows are one file. Raises Conflict."""
        if named in self._telling:
            raise Conflict("busy", "This file is being told already. Wait until that is done.")
        self._telling.add(named)
        try:
            yield named
        finally:
            self._telling.discard(named)


def _asked(request: web.Request) -> tuple[Asked, int]:
    """What is asked, and the line up to which rows are left out. Raises `BadColumns`, BadRequest."""
    after = request.query.get("after_line", "0")
    if not after.isascii() or not after.isdigit() or len(after) > LONGEST_NUMBER:
        raise BadRequest("bad_field", "after_line: Give the number of a line.", field="after_line")
    return Asked(mapping=pairs(request.query.getall("mapping", [])), channel=request.query.get("channel")), int(after)


async def _answered(request: web.Request, tallies: AsyncIterator[Tally], named: str | None = None) -> web.StreamResponse:
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
    known = {"import": {"id": named}} if named else {}
    await response.write(json.dumps({**known, **tally.told(), "done": error is None, "error": error}).encode() + b"\n")
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
