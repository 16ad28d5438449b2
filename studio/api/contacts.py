"""Contacts over the API: a file is uploaded, previewed or taken over in the background, and everybody can be fetched.

An upload is kept in the service's home until it is done, so that a restart goes on with it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from bot.core.model import WarmlineError
from bot.store.contract import NotFound, StoreUnavailable
from handoff.api.errors import NO_STORE, BadRequest
from handoff.api.queries import one_of
from handoff.api.sessions import answer
from studio.api.ports import StudioParts
from studio.api.uploads import uploaded
from studio.contacts import importing
from studio.contacts.columns import BadColumns, parse_mapping
from studio.contacts.exporting import export_csv, export_json

log = structlog.get_logger()

LOOK_AGAIN_S = 5.0


class Contacts:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._store = parts.console.store
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._shares: dict[str, float] = {}
        self._errors: dict[str, str] = {}

    # ---- in

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """POST contacts/import?preview&channel&flow&per_hour&mapping: the body is the file."""
        asked = self._asked(request)
        async with uploaded(request, self._parts.home) as path:
            seen = await asyncio.to_thread(importing.preview, path, asked, self._parts.surroundings())
            if request.query.get("preview", "") in ("1", "true", "yes"):
                return answer(importing.told_preview(seen))
            name = await asyncio.to_thread(importing.import_id, path, asked)
            await asyncio.to_thread(path.replace, self._file(name))
        self._plan(name).write_text(json.dumps(asdict(asked)), encoding="utf-8")
        self._start(name, asked)
        return answer({"import": {"id": name}, "rows": seen.rows, "rejected": seen.rejected}, status=202)

    async def progress(self, request: web.Request) -> web.StreamResponse:
        """GET contacts/imports/{id}."""
        run = await self._store.import_run(request.match_info["id"])
        if run is None and request.match_info["id"] not in self._tasks:
            raise NotFound("import", request.match_info["id"])
        told = importing.told(run) if run else {"id": request.match_info["id"], "finished_at": None}
        share = 1.0 if run and run.finished_at else self._shares.get(request.match_info["id"], 0.0)
        return answer({"import": {**told, "share": share, "error": self._errors.get(request.match_info["id"])}})

    async def rejected(self, request: web.Request) -> web.StreamResponse:
        """GET contacts/imports/{id}/rejected: the rows that were not taken, as CSV."""
        run = await self._store.import_run(request.match_info["id"])
        path = self._rejects(run.import_id) if run else None
        if path is None or not path.exists():
            raise NotFound("import", request.match_info["id"])
        shown_as = {"Content-Disposition": 'attachment; filename="rejected.csv"', "Content-Type": "text/csv; charset=utf-8"}
        return web.FileResponse(path, headers=NO_STORE | shown_as)

    async def resume(self, _app: web.Application) -> AsyncIterator[None]:
        """Go on with what an earlier life left; let go of it at the end, where it stands."""
        for plan in sorted(self._parts.home.glob("imp_*.json")) if self._parts.home.is_dir() else ():
            try:
                self._start(plan.stem, importing.Asked(**json.loads(plan.read_text(encoding="utf-8"))))
            except (ValueError, TypeError, OSError) as error:
                log.warning("import.unreadable", import_id=plan.stem, error=type(error).__name__)
        yield
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _asked(self, request: web.Request) -> importing.Asked:
        try:
            mapping = parse_mapping(request.query.getall("mapping", []))
            per_hour = int(request.query.get("per_hour", "600"))
        except BadColumns as error:
            raise BadRequest("bad_field", f"{error}.", field="mapping") from None
        except ValueError:
            raise BadRequest("bad_field", "per_hour: That is no whole number.", field="per_hour") from None
        flow, channel = request.query.get("flow"), request.query.get("channel")
        if per_hour < 1:
            raise BadRequest("bad_field", "per_hour: That is not above 0.", field="per_hour")
        if flow is not None and flow not in self._parts.flows():
            raise BadRequest("bad_field", "flow: There is no such flow.", field="flow")
        if channel is not None and channel not in self._parts.surroundings().channels:
            raise BadRequest("bad_field", "channel: There is no such channel.", field="channel")
        return importing.Asked(mapping=mapping, channel=channel, flow=flow, per_hour=per_hour)

    def _start(self, name: str, asked: importing.Asked) -> None:
        if name not in self._tasks or self._tasks[name].done():
            self._errors.pop(name, None)
            self._tasks[name] = asyncio.create_task(self._run(name, asked))

    async def _run(self, name: str, asked: importing.Asked) -> None:
        def tell(at: importing.Progress) -> None:
            self._shares[name] = at.share
            self._parts.clocks_changed()

        while True:
            try:
                await importing.import_file(
                    self._store, self._file(name), asked, self._parts.surroundings(), rejected=self._rejects(name), progress=tell
                )  # fmt: skip
            except StoreUnavailable:
                await asyncio.sleep(LOOK_AGAIN_S)
                continue
            except WarmlineError as error:
                log.warning("import.failed", import_id=name, error=type(error).__name__)
                self._errors[name] = str(error)
            except Exception as error:
                log.exception("import.failed", import_id=name)
                self._errors[name] = type(error).__name__
            else:
                log.info("import.done", import_id=name)
                self._plan(name).unlink(missing_ok=True)
                self._file(name).unlink(missing_ok=True)
            return

    def _file(self, name: str) -> Path:
        return self._parts.home / f"{name}.csv"

    def _plan(self, name: str) -> Path:
        return self._parts.home / f"{name}.json"

    def _rejects(self, name: str) -> Path:
        return self._parts.home / f"{name}.rejected.csv"

    # ---- out

    async def export(self, request: web.Request) -> web.StreamResponse:
        """GET contacts?format=csv|json: everybody, as it is read."""
        form = one_of(request, "format", ("csv", "json"))
        write: Callable[..., AsyncIterator[str]] = export_csv if form == "csv" else export_json
        kind: dict[str, Any] = {"csv": "text/csv; charset=utf-8", "json": "application/x-ndjson; charset=utf-8"}
        response = web.StreamResponse(headers=NO_STORE | {"Content-Type": kind[form]})
        await response.prepare(request)
        async for line in write(self._store):
            await response.write(line.encode())
        await response.write_eof()
        return response
