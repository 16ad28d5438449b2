"""Conversions told by programs: a sale, a booking, a trial."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import structlog
from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bot.core.events import Converted
from bot.store.contract import AlreadyExists
from bot.store.marketing import Conversion
from handoff.api.bodies import read_body
from handoff.api.errors import BadRequest, Conflict
from handoff.api.sessions import answer
from nurture.reports.telling import stamp
from studio.api.ports import StudioParts
from studio.prospects import PRINTABLE, InFuture, ProspectBody, happened_at, who

log = structlog.get_logger()


class ConversionBody(BaseModel):
    """POST conversions."""

    model_config = ConfigDict(extra="forbid")

    prospect: ProspectBody
    name: Annotated[str, StringConstraints(strip_whitespace=True, pattern=PRINTABLE, max_length=80)]
    external_id: Annotated[str, StringConstraints(strip_whitespace=True, pattern=PRINTABLE, max_length=200)]
    value: Annotated[Decimal, Field(max_digits=18, decimal_places=6, allow_inf_nan=False)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _money(self) -> ConversionBody:
        if (self.value is None) != (self.currency is None):
            raise ValueError("value and currency go together")
        return self


class Conversions:
    """See the module."""

    def __init__(self, parts: StudioParts) -> None:
        self._store = parts.console.store
        self._conversations = parts.console.conversations
        self._now = parts.console.now

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST conversions: 201 for a new one, 200 for the same again, 409 if its id stands for something else."""
        body = await read_body(request, ConversionBody)
        try:
            at = happened_at(body.at, self._now())
        except InFuture as error:
            raise BadRequest("bad_field", f"at: {error}", field="at") from None
        conversation_id = await who(self._store, body.prospect)
        # Ids with a colon are our own: an episode's win.
        external_id = f"api:{body.external_id}"
        value = None if body.value is None else f"{body.value:f}"
        event = Converted(
            name=body.name, external_id=external_id, at=at, value=value, currency=body.currency, by="api"
        )  # fmt: skip
        try:
            await self._conversations.handle(conversation_id, event)
        except AlreadyExists:
            known = await self._store.conversion(external_id)
            if known is None or not _same(known, conversation_id, body):
                message = "Another conversion has this external_id."
                raise Conflict("external_id_taken", message, field="external_id") from None
            return answer({"conversion": shape(known), "new": False})
        log.info("conversion.told", conversation_id=conversation_id)
        made = await self._store.conversion(external_id)
        assert made is not None
        return answer({"conversion": shape(made), "new": True}, status=201)


def _same(known: Conversion, conversation_id: str, body: ConversionBody) -> bool:
    data = known.entry.data
    value = None if data.get("value") is None else Decimal(data["value"])
    told = (data.get("name"), value, data.get("currency"))
    return known.conversation_id == conversation_id and told == (body.name, body.value, body.currency)


def shape(known: Conversion) -> dict[str, Any]:
    """A conversion on the wire."""
    data = known.entry.data
    return {
        "conversation_id": known.conversation_id,
        "external_id": known.external_id.partition(":")[2],
        "name": data["name"],
        "value": data.get("value"),
        "currency": data.get("currency"),
        "at": stamp(datetime.fromisoformat(data["happened_at"])),
        "told_at": stamp(known.entry.at),
    }
