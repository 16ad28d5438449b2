"""Flows played for admins, each in a process of its own that tells how far it is, and is ended when nobody listens any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from aiohttp import web

from handoff.api.bodies import SimulationBody, read_body
from handoff.api.errors import NO_STORE, BadRequest, Conflict
from handoff.api.ports import ConsoleParts
from handoff.api.sessions import SignedIn

log = structlog.get_logger()

AT_ONCE = 2
LONGEST_S = 900.0
LONGEST_LINE = 256 * 1024**2
"""The result comes as one line; a hundred thousand people with fifty transcripts make some megabytes."""


class Simulations:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._running = 0

    async def simulate(self, request: web.Request, _me: SignedIn) -> web.StreamResponse:
        """POST simulations: a JSON object a line, `progress` as it goes, then `result`. Closing the connection cancels it."""
        return await self.play(request)

    async def play(self, request: web.Request) -> web.StreamResponse:
        """POST simulations: a JSON object a line, `progress` as it goes, then `result`. Closing the connection cancels it."""
        body = await read_body(request, SimulationBody)
        if not self._parts.simulator:
            raise Conflict("no_simulator", "This service plays no flows.")
        if self._running >= AT_ONCE:
            raise Conflict("busy", "Other flows are being played. Try again when they are done.")
        holds = await self._parts.simulator_holds()
        asked = {**body.model_dump(exclude_none=True), "settings": dict(self._parts.simulator_settings), "holds": holds}
        self._running += 1
        try:
            async with asyncio.timeout(LONGEST_S), self._process(asked) as process:
                return await self._stream(request, process)
        finally:
            self._running -= 1

    async def _stream(self, request: web.Request, process: asyncio.subprocess.Process) -> web.StreamResponse:
        assert process.stdout is not None
        first = _read(await process.stdout.readline())
        if "error" in first:
            raise BadRequest("bad_field" if first.get("field") else "not_played", str(first["error"]), field=first.get("field"))
        response = web.StreamResponse(headers=NO_STORE | {"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        with suppress(ConnectionResetError):
            line: Mapping[str, Any] = first
            while True:
                await response.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                if "progress" not in line:
                    break
                line = _read(await process.stdout.readline())
            # The answer's end is that of the process too: whoever has read it may end this service.
            await process.wait()
            await response.write_eof()
        return response

    @asynccontextmanager
    async def _process(self, asked: Mapping[str, Any]) -> AsyncIterator[asyncio.subprocess.Process]:
        """The simulation's process, told what to play; it does not outlive the block."""
        process = await asyncio.create_subprocess_exec(
            *self._parts.simulator, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LONGEST_LINE
        )
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(asked).encode())
            process.stdin.close()
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
            log.info("simulation.ended", pid=process.pid, code=process.returncode)


SIMULATIONS = web.AppKey("simulations", Simulations)
"""Those of the application: whichever door they come in by, only so many are played at once."""


def _read(row: bytes) -> Mapping[str, Any]:
    """What the process says; that it said nothing and ended is an error of its own."""
    if not row:
        return {"error": "The simulation ended without a result; the service's log says why."}
    line: Mapping[str, Any] = json.loads(row)
    return line
