"""Reports for admins: how long people waited for a person, what was missed and why, and what is behind each number."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from bot.core.audit import CHECKS
from handoff.api.apart import Apart
from handoff.api.errors import NO_STORE, BadRequest, Conflict
from handoff.api.ports import ConsoleParts
from handoff.api.promises import version_shape
from handoff.api.queries import moments, one_of
from handoff.api.sessions import SignedIn, answer
from handoff.api.shapes import Shape, stamp
from handoff.hours import zones
from handoff.numbers import By, Report
from handoff.policy import DEFAULT_FILE
from handoff.reports import KINDS, report
from handoff.staffing import from_text, history
from handoff.telling import as_csv, behind, told

FINDINGS = 1000
MOST_CALLS = 3000
"""Requests that are played for staffing in one go: some seconds of a processor."""
DEAD = ("I1", "I2")
"""Rows of the audit that a dead conversation breaks: unheard for good, or without a clock that runs."""


class Reports:
    """See the module."""

    def __init__(self, parts: ConsoleParts) -> None:
        self._parts = parts
        self._store = parts.store
        self._apart = Apart()

    async def handoff(self, request: web.Request, _me: SignedIn) -> web.StreamResponse:
        """GET reports/handoff?from&to&by&zone&format."""
        made = await self._report(request)
        if one_of(request, "format", ("json", "csv")) == "csv":
            headers = NO_STORE | {"Content-Disposition": 'attachment; filename="handoff.csv"'}
            return web.Response(text=as_csv(made), content_type="text/csv", charset="utf-8", headers=headers)
        return answer(
            {
                **told(made),
                "currency": self._parts.currency,
                "dead": await self._dead(),
                "promises": await self._promises_then(made),
            }
        )

    async def behind(self, request: web.Request, _me: SignedIn) -> web.StreamResponse:
        """GET reports/handoff/behind?...&key: the waits and misses of one row; without `key` of all."""
        made = await self._report(request)
        key = request.query.get("key")
        row = made.total if key is None else next((one for one in made.rows if one.key == key), None)
        if row is None:
            raise BadRequest("bad_field", "There is no such row in this report.", field="key")
        return answer(behind(row))

    async def staffing(self, request: web.Request, _me: SignedIn) -> web.StreamResponse:
        """GET reports/staffing?from&to&zone&share&within_s: how many agents each hour of the day needs, by playing its requests."""
        since, until, zone = _range(request)
        share, within_s = _part(request, "share", 0.95, 0.01, 0.999), _part(request, "within_s", 60.0, 1.0, 86_400.0)
        calls = history(await self._store.handed(since=since, until=until, kinds=KINDS))
        if len(calls) > MOST_CALLS:
            raise BadRequest("bad_field", f"That is more than {MOST_CALLS} requests; choose a shorter time.", field="from")
        days = (until - since).total_seconds() / 86400
        text = await self._promises_text()
        rows = await self._apart.run(from_text, text, calls, zone, days, share, within_s) if calls else []
        told = [
            {
                "hour": row.hour,
                "requests": row.requests,
                "per_hour": row.per_hour,
                "mean_handling_s": row.mean_handling_s,
                "agents": row.agents,
                "erlang_c": row.by_formula,
            }
            for row in sorted(rows, key=lambda row: row.hour)
        ]
        return answer({"rows": told, "share": share, "within_s": within_s, "zone": zone, "requests": len(calls)})

    async def _promises_text(self) -> str:
        """The text of the promises that hold; one that is broken gives no numbers."""
        if self._parts.promises is None:
            return DEFAULT_FILE.read_text(encoding="utf-8")
        standing = await self._parts.promises.standing()
        if standing.problems:
            raise Conflict("broken_promises", "The promises file cannot be read at the moment; mend it first.")
        return standing.text

    async def _report(self, request: web.Request) -> Report:
        since, until, zone = _range(request)
        by = By(one_of(request, "by", tuple(By)))
        found = await self._store.handed(since=since, until=until, kinds=KINDS)
        return report(found, since=since, until=until, now=self._parts.now(), by=by, zone=zone)

    async def _promises_then(self, made: Report) -> list[Shape]:
        """Which promises held in that time, the latest first. A wait is judged by those that held when it began."""
        names = {agent.agent_id: agent.name for agent in await self._store.agents()}
        held = await self._store.promised(since=made.since)
        return [version_shape(one, names) for one in held if one.at < made.until]

    async def _dead(self) -> list[Shape]:
        """Conversations that nobody will ever answer as they stand, whenever they began. There must be none."""
        held = await self._store.findings(limit=FINDINGS, lasting=True)
        return [
            {
                "conversation_id": one.finding.conversation_id,
                "code": one.finding.code,
                "sentence": CHECKS[one.finding.code].sentence,
                "first_seen_at": stamp(one.first_seen_at),
            }
            for one in held
            if one.finding.row in DEAD
        ]


def _range(request: web.Request) -> tuple[datetime, datetime, str]:
    since, until = moments(request)
    zone = request.query.get("zone", "UTC")
    if zone not in zones():
        raise BadRequest("bad_field", "That is not a time zone.", field="zone")
    return since, until, zone


def _part(request: web.Request, field: str, usual: float, least: float, most: float) -> float:
    text = request.query.get(field, str(usual))
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise BadRequest("bad_field", f"{field}: a number from {least:g} to {most:g}.", field=field)
    return number
