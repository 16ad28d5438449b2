"""Events that programs tell of a prospect: a cart left, a trial begun, an order sent. They start flows and reach goals."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any

import structlog
from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StringConstraints

from bot.core.events import Happened
from bot.store.contract import AlreadyExists
from bot.store.marketing import EVENT, Conversion
from handoff.api.bodies import read_body
from handoff.api.errors import BadRequest, Conflict
from handoff.api.sessions import answer
from nurture.reports.telling import stamp
from studio.api.conversions import PRINTABLE, SKEW, ProspectBody, who
from studio.api.ports import StudioParts

log = structlog.get_logger()

MOST = 2**53
"""Whole numbers beyond this are not the same everywhere."""

type _Text = Annotated[str, StringConstraints(strict=True, max_length=500)]
type _Number = Annotated[StrictInt, Field(ge=-MOST, le=MOST)]
type _Decimal = Annotated[StrictFloat, Field(allow_inf_nan=False)]
type _Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]


class HappeningBody(BaseModel):
    """POST events."""

    model_config = ConfigDict(extra="forbid")

    prospect: ProspectBody
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    external_id: Annotated[str, StringConstraints(strip_whitespace=True, pattern=PRINTABLE, max_length=200)]
    properties: Annotated[dict[_Key, StrictBool | _Number | _Decimal | _Text], Field(max_length=50)] = {}
    at: AwareDatetime | None = None


class Happenings:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._store = parts.console.store
        self._conversations = parts.console.conversations
        self._now = parts.console.now

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST events: 201 for a new one, 200 for the same again, 409 if its id stands for something else."""
        body = await read_body(request, HappeningBody)
        now = self._now()
        if body.at is not None and body.at > now + SKEW:
            raise BadRequest("bad_field", "at: That is in the future.", field="at")
        conversation_id = await who(self._store, body.prospect)
        external_id = f"{EVENT}{body.external_id}"
        at = min(body.at.astimezone(UTC), now) if body.at else now
        event = Happened(name=body.name, external_id=external_id, at=at, properties=body.properties)
        before = {e.enrolment_id for e in (await self._store.load(conversation_id)).state.enrolments}
        try:
            handled = await self._conversations.handle(conversation_id, event)
        except AlreadyExists:
            known = await self._store.conversion(external_id)
            if known is None or (known.conversation_id, known.entry.data.get("name")) != (conversation_id, body.name):
                raise Conflict("external_id_taken", "Another event has this external_id.", field="external_id") from None
            return answer({"event": _shape(known), "new": False, "flows": []})
        log.info("event.told", conversation_id=conversation_id)
        made = await self._store.conversion(external_id)
        assert made is not None
        started = [e.flow_id for e in handled.state.enrolments if e.enrolment_id not in before]
        return answer({"event": _shape(made), "new": True, "flows": started}, status=201)


def _shape(known: Conversion) -> dict[str, Any]:
    data = known.entry.data
    return {
        "conversation_id": known.conversation_id,
        "external_id": known.external_id.removeprefix(EVENT),
        "name": data["name"],
        "at": data["happened_at"],
        "told_at": stamp(known.entry.at),
    }
