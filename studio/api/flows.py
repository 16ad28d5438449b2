"""Flows over the API: what holds, versions and what changed between them, plans, publishing, rolling back, and rulings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.core.model import FlowMode
from bot.store.contract import NotFound
from bot.store.flowbook import FlowHead, FlowVersion
from bot.yamlfile import YamlFileError
from handoff.api.bodies import read_body
from handoff.api.errors import BadRequest
from handoff.api.sessions import answer
from nurture.flow import Flow
from nurture.moving import Fate, Plan
from nurture.reports.telling import stamp
from studio.api.checking import MAX_FLOW, problems
from studio.api.keys import asking
from studio.api.ports import StudioParts
from studio.publishing import BadChoice, Moving, Outcome, Publishing, written

LONGEST_NUMBER = 9
LOG = 200

type _Step = Annotated[str, StringConstraints(max_length=80)]
type _Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]

RULINGS = {"pause": FlowMode.PAUSED, "resume": FlowMode.LIVE, "drain": FlowMode.DRAINING, "stop": FlowMode.STOPPED}


class MovingBody(BaseModel):
    """Whether those inside go over, and where people at a step go if not to its namesake: to a step, or `exit`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    move: bool = False
    choices: Annotated[dict[_Step, _Step], Field(max_length=200)] = {}
    reason: _Reason = ""

    @property
    def moving(self) -> Moving:
        """As publishing takes it."""
        return Moving(move=self.move, choices=self.choices)


class FlowBody(MovingBody):
    """POST flows/{flow}/plan and publish: the flow as its file is written."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_FLOW)]
    blocks: Annotated[dict[_Step, Annotated[str, StringConstraints(max_length=MAX_FLOW)]], Field(max_length=50)] = {}


class RollbackBody(MovingBody):
    """POST flows/{flow}/rollback."""

    version: Annotated[int, Field(ge=1)]


class RulingBody(BaseModel):
    """POST flows/{flow}/pause, resume, drain and stop."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: _Reason = ""


class Flows:
    """See the module."""

    def __init__(self, parts: StudioParts, publishing: Publishing) -> None:
        self._store, self._publishing = parts.console.store, publishing

    async def many(self, request: web.Request) -> web.StreamResponse:
        """GET flows: what holds for each, and how many are inside."""
        people: dict[str, int] = {}
        for one in await self._store.inside():
            people[one.flow_id] = people.get(one.flow_id, 0) + one.people
        heads = (await self._store.flow_book()).heads
        return answer({"flows": [_head(head) | {"people": people.get(head.flow_id, 0)} for head in heads]})

    async def versions(self, request: web.Request) -> web.StreamResponse:
        """GET flows/{flow}/versions: oldest first, each with how many are inside and at which step."""
        flow_id = request.match_info["flow"]
        head = await self._known(flow_id)
        inside = [one for one in await self._store.inside() if one.flow_id == flow_id]
        told = []
        for version in await self._store.flow_versions(flow_id):
            steps = {one.step_id: one.people for one in inside if one.version == version.number}
            told.append(_version(version) | {"people": sum(steps.values()), "steps": steps})
        return answer({"flow": _head(head), "versions": told})

    async def version(self, request: web.Request) -> web.StreamResponse:
        """GET flows/{flow}/versions/{number}: with its text."""
        version = await self._store.flow_version(request.match_info["flow"], _number(request.match_info["number"], "number"))
        return answer({"version": _version(version) | {"text": version.text, "blocks": dict(version.blocks)}})

    async def difference(self, request: web.Request) -> web.StreamResponse:
        """GET flows/{flow}/diff?from&to: a unified diff of two versions."""
        old, new = (_number(request.query.get(name, ""), name) for name in ("from", "to"))
        return answer({"diff": await self._publishing.difference(request.match_info["flow"], old, new)})

    async def log(self, request: web.Request) -> web.StreamResponse:
        """GET flows/{flow}/log: what was changed, newest first."""
        lines = await self._store.flow_log(request.match_info["flow"], limit=LOG)
        told = [{"at": stamp(one.at), "by": one.by, "what": one.what, "version": one.number, "reason": one.reason} for one in lines]
        return answer({"log": told})

    async def plan(self, request: web.Request) -> web.StreamResponse:
        """POST flows/{flow}/plan: what publishing this text would do. Changes nothing."""
        body = await read_body(request, FlowBody)
        flow = _written(request.match_info["flow"], body.text, body.blocks)
        with _Choices():
            return answer({"plan": _plan(await self._publishing.preview(flow, body.moving))})

    async def publish(self, request: web.Request) -> web.StreamResponse:
        """POST flows/{flow}/publish: let people enter this text, and move those inside if asked."""
        body = await read_body(request, FlowBody)
        flow = _written(request.match_info["flow"], body.text, body.blocks)
        with _Choices():
            return _outcome(await self._publishing.publish(flow, body.moving, by=asking(request), reason=body.reason))

    async def roll_back(self, request: web.Request) -> web.StreamResponse:
        """POST flows/{flow}/rollback: let people enter an earlier version again."""
        body, flow_id = await read_body(request, RollbackBody), request.match_info["flow"]
        with _Choices():
            outcome = await self._publishing.roll_back(flow_id, body.version, body.moving, by=asking(request), reason=body.reason)
        return _outcome(outcome)

    async def rule(self, request: web.Request) -> web.StreamResponse:
        """POST flows/{flow}/pause, resume, drain or stop."""
        body, flow_id = await read_body(request, RulingBody), request.match_info["flow"]
        mode = RULINGS[request.path.rpartition("/")[2]]
        left = await self._publishing.rule(flow_id, mode, by=asking(request), reason=body.reason)
        return answer({"flow": _head(await self._known(flow_id)), "left": left})

    async def _known(self, flow_id: str) -> FlowHead:
        found = next((head for head in (await self._store.flow_book()).heads if head.flow_id == flow_id), None)
        if found is None:
            raise NotFound("flow", flow_id)
        return found


class _Choices:
    """Turns a wrong choice into an answer that names the field."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BadChoice):
            raise BadRequest("bad_field", f"choices: {error}.", field="choices") from error


def _written(flow_id: str, text: str, blocks: Mapping[str, str]) -> Flow:
    """The flow. Raises BadRequest with the first problem, and all of them with their places."""
    try:
        return written(flow_id, text, blocks)
    except YamlFileError as error:
        refused = BadRequest("bad_flow", str(error), field=error.field or None)
        refused.details = {"problems": problems(error)}
        raise refused from error


def _number(text: str, field: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > LONGEST_NUMBER:
        raise BadRequest("bad_field", "Give a version's number.", field=field)
    return int(text)


def _head(head: FlowHead) -> dict[str, Any]:
    return {
        "flow": head.flow_id,
        "version": head.number,
        "mode": head.mode.value,
        "reason": head.reason,
        "changed_by": head.changed_by,
        "changed_at": stamp(head.changed_at),
    }


def _version(version: FlowVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "digest": version.digest,
        "published_at": stamp(version.published_at),
        "published_by": version.published_by,
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "flow": plan.flow_id,
        "version": plan.version,
        "people": {fate.value: plan.people(fate) for fate in Fate},
        "due_at_once": plan.due_at_once,
        "due_next_hour": plan.due_next_hour,
        "due_next_day": plan.due_next_day,
        "groups": [asdict(group) for group in plan.groups],
    }


def _outcome(outcome: Outcome) -> web.Response:
    told = {
        "version": outcome.version.number,
        "new": outcome.new,
        "plan": _plan(outcome.plan),
        "moved": outcome.moved,
        "left": outcome.left,
    }
    return answer(told)
