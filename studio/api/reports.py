"""Reports of flows and sources, and the events behind each of their numbers."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from bot.store.contract import NotFound
from bot.yamlfile import parse_duration
from handoff.api.errors import NO_STORE, BadRequest
from handoff.api.queries import moments, one_of
from handoff.api.sessions import answer
from nurture.reports import flows, sources
from nurture.reports.rows import Table
from nurture.reports.telling import as_csv, as_data, behind
from studio.api.ports import StudioParts
from studio.loading import history


class Reports:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._store = parts.console.store

    async def flow(self, request: web.Request) -> web.StreamResponse:
        """GET reports/flows/{flow}?from&to&by&reply_within&credit_within&format."""
        return _answered(request, await self._flow(request), request.match_info["flow"])

    async def behind_flow(self, request: web.Request) -> web.StreamResponse:
        """GET reports/flows/{flow}/behind?...&measure&key."""
        return _behind(request, await self._flow(request))

    async def sources(self, request: web.Request) -> web.StreamResponse:
        """GET reports/sources?from&to&by&touch&format."""
        return _answered(request, await self._sources(request), "sources")

    async def behind_sources(self, request: web.Request) -> web.StreamResponse:
        """GET reports/sources/behind?...&measure&key."""
        return _behind(request, await self._sources(request))

    async def _flow(self, request: web.Request) -> Table:
        since, until = moments(request)
        by = flows.By(one_of(request, "by", tuple(flows.By)))
        reply, credit = length(request, "reply_within", flows.REPLY_WITHIN), length(request, "credit_within", flows.CREDIT_WITHIN)
        flow_id = request.match_info["flow"]
        known = self._parts.flows().get(flow_id)
        found = (await history(self._store, flows.enters(flow_id, since, until), since=since)).closed()
        if known is None and not found:
            raise NotFound("flow", flow_id)
        return flows.funnel(
            found, flow_id, since=since, until=until, by=by, order=tuple(known.steps) if known else (), reply_within=reply,
            credit_within=credit,
        )  # fmt: skip

    async def _sources(self, request: web.Request) -> Table:
        since, until = moments(request)
        by = sources.By(one_of(request, "by", tuple(sources.By)))
        touch = sources.Touched(one_of(request, "touch", tuple(sources.Touched)))
        found = (await history(self._store, sources.comes(since, until))).closed()
        return sources.sources(found, since=since, until=until, by=by, touch=touch)


def _answered(request: web.Request, made: Table, name: str) -> web.StreamResponse:
    if one_of(request, "format", ("json", "csv")) == "csv":
        headers = NO_STORE | {"Content-Disposition": f'attachment; filename="{name if name.isidentifier() else "report"}.csv"'}
        return web.Response(text=as_csv(made), content_type="text/csv", charset="utf-8", headers=headers)
    return answer(as_data(made))


def _behind(request: web.Request, made: Table) -> web.StreamResponse:
    measure, row = one_of(request, "measure", made.measures), made.row(request.query.get("key"))
    if row is None:
        raise BadRequest("bad_field", "There is no such row in this report.", field="key")
    return answer({"key": row.key, "measure": measure, "events": behind(row, measure)})


def length(request: web.Request, field: str, otherwise: timedelta) -> timedelta:
    """A length such as `7d`. Raises BadRequest."""
    if field not in request.query:
        return otherwise
    try:
        return parse_duration(request.query[field])
    except ValueError as error:
        raise BadRequest("bad_field", f"{error}.", field=field) from None
