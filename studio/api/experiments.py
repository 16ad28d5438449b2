"""Experiments of the flows: what each has shown so far, and people put into a stopped arm again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, StringConstraints

from bot.store.contract import NotFound
from handoff.api.bodies import read_body
from handoff.api.errors import BadRequest
from handoff.api.queries import one_of
from handoff.api.sessions import answer
from nurture.experiments.report import Report, as_data, reports
from nurture.experiments.tally import KINDS, Outcome, Tally
from studio.api.keys import asking
from studio.api.ports import StudioParts
from studio.api.reports import length
from studio.loading import PAGE

WITHIN = timedelta(days=7)


class LetBody(BaseModel):
    """POST experiments/{flow}/{experiment}/{arm}/resume."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Experiments:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._parts = parts
        self._store = parts.console.store

    async def many(self, request: web.Request) -> web.StreamResponse:
        """GET experiments?flow&measure=goal|reply&within=7d&alpha=0.05: what each experiment has shown so far."""
        measure, alpha = Outcome(one_of(request, "measure", ("goal", "reply"))), _alpha(request)
        within = length(request, "within", WITHIN)
        flows, wanted = self._parts.flows(), request.query.get("flow")
        if wanted is not None and wanted not in flows:
            raise NotFound("flow", wanted)
        book = await self._store.flow_book()
        stopped = {(arm.flow_id, arm.experiment, arm.arm): arm.reason for arm in book.stopped}
        tally, after = Tally(within=within), 0
        while lines := await self._store.journal_of(KINDS, after=after, limit=PAGE):
            for line in lines:
                tally.add(line.conversation_id, line.entry)
            after = lines[-1].journal_id
        now = self._parts.console.now()
        found = [
            as_data(report) | {"stopped": _over(stopped, report)}
            for name, flow in sorted(flows.items())
            if wanted in (None, name)
            for report in reports(flow, tally, measure=measure, alpha=alpha, now=now, stopped=stopped)
        ]
        return answer({"experiments": found})

    async def resume(self, request: web.Request) -> web.StreamResponse:
        """POST experiments/{flow}/{experiment}/{arm}/resume: people get a stopped arm again, and harms are counted anew."""
        body, place = await read_body(request, LetBody), request.match_info
        let = await self._store.let_arm(
            place["flow"], place["experiment"], place["arm"], by=asking(request), now=self._parts.console.now(), reason=body.reason
        )  # fmt: skip
        if not let:
            raise NotFound("stopped arm", place["arm"])
        return answer({})


def _over(stopped: Mapping[tuple[str, str, str], str], report: Report) -> dict[str, str]:
    """Arms of this experiment that nobody new gets, and why."""
    places = {arm: (report.flow_id, report.experiment, arm) for arm in report.arms}
    return {arm: stopped[place] for arm, place in places.items() if place in stopped}


def _alpha(request: web.Request) -> float:
    try:
        alpha = float(request.query.get("alpha", "0.05"))
    except ValueError:
        alpha = 0.0
    if not 0 < alpha < 1:
        raise BadRequest("bad_field", "alpha: Give a chance between 0 and 1.", field="alpha")
    return alpha
