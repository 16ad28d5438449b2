"""All flows at a glance: what came of them in a time, who is held back in them now, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from bot.core.events import JournalEntry
from bot.core.model import Standing
from bot.store.contract import NotFound
from handoff.api.queries import moments
from handoff.api.sessions import answer
from nurture.reports import flows as funnels
from nurture.reports.telling import stamp
from nurture.standing import stalled
from studio.api.ports import StudioParts
from studio.loading import history
from studio.publishing import Publishing

PAGE = 500
MOST = 5000
"""So many of those inside are looked at, each with what holds them back; beyond that an answer would take too long."""


class Figures:
    """See the module."""

    def __init__(self, parts: StudioParts, publishing: Publishing) -> None:
        self._parts, self._publishing = parts, publishing
        self._store = parts.console.store

    async def many(self, request: web.Request) -> web.StreamResponse:
        """GET flows/figures?from&to: for each flow what came of those who entered it then."""
        since, until = moments(request)

        def enters(line: JournalEntry) -> bool:
            return line.kind == "flow.started" and since <= line.at < until

        found = (await history(self._store, enters, since=since)).closed()
        names = {head.flow_id for head in (await self._store.flow_book()).heads} | set(self._parts.flows())
        told = []
        for flow_id in sorted(names):
            total = funnels.funnel(found, flow_id, since=since, until=until).total
            rates = {name: total.rate(*of) for name, of in funnels.RATES.items()}
            told.append({"flow": flow_id, **{name: total.count(name) for name in funnels.MEASURES}, **rates})
        return answer({"from": stamp(since), "to": stamp(until), "flows": told})

    async def held(self, request: web.Request) -> web.StreamResponse:
        """GET flows/held?flow: who is held back now and who will not get on by themselves, counted by flow, step and reason."""
        wanted = request.query.get("flow")
        if wanted is not None and wanted not in {head.flow_id for head in (await self._store.flow_book()).heads}:
            raise NotFound("flow", wanted)
        held: Counter[tuple[str, str, str]] = Counter()
        stuck: Counter[tuple[str, str, str]] = Counter()
        looked_at, now = 0, self._parts.console.now()
        async for standing in self._standings(wanted):
            looked_at += 1
            one = standing.enrolment
            if standing.held_reason:
                held[one.flow_id, one.step_id, standing.held_reason] += 1
            flow = await self._publishing.known(one.flow_id, one.flow_version)
            if reason := stalled(standing, flow, now):
                stuck[one.flow_id, one.step_id, reason] += 1
        return answer({"held": _told(held), "stalled": _told(stuck), "looked_at": looked_at, "all": looked_at < MOST})

    async def _standings(self, flow_id: str | None) -> AsyncIterator[Standing]:
        after, seen = "", 0
        while seen < MOST and (page := await self._store.standings(flow_id=flow_id, after=after, limit=PAGE)):
            for standing in page:
                yield standing
            seen += len(page)
            after = page[-1].enrolment.enrolment_id


def _told(counted: Counter[tuple[str, str, str]]) -> list[dict[str, Any]]:
    most = counted.most_common()
    return [{"flow": flow, "step": step, "reason": reason, "people": people} for (flow, step, reason), people in most]
