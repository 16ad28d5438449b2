"""An event that a program tells of a prospect: a cart left, a trial begun, an order sent. It starts flows and reaches goals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StringConstraints

from bot.core.events import Happened
from bot.store.contract import AlreadyExists, Store
from bot.store.marketing import EVENT, Conversion
from studio.prospects import PRINTABLE, IdTaken, ProspectBody, happened_at

MOST = 2**53
"""Whole numbers beyond this are not the same everywhere."""

type _Text = Annotated[str, StringConstraints(strict=True, max_length=500)]
type _Number = Annotated[StrictInt, Field(ge=-MOST, le=MOST)]
type _Decimal = Annotated[StrictFloat, Field(allow_inf_nan=False)]
type _Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]


class HappeningBody(BaseModel):
    """An event as it is told."""

    model_config = ConfigDict(extra="forbid")

    prospect: ProspectBody
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    external_id: Annotated[str, StringConstraints(strip_whitespace=True, pattern=PRINTABLE, max_length=200)]
    properties: Annotated[dict[_Key, StrictBool | _Number | _Decimal | _Text], Field(max_length=50)] = {}
    at: AwareDatetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told[T]:
    """An event that was known already, or what became of a new one."""

    known: Conversion | None = None
    handled: T | None = None


async def tell[T](
    store: Store, handle: Callable[[str, Happened], Awaitable[T]], conversation_id: str, body: HappeningBody, now: datetime
) -> Told[T]:
    """Tell a conversation of an event; the same once more changes nothing. Raises `InFuture`, and `IdTaken` if its id stands for
    another one."""
    external_id = f"{EVENT}{body.external_id}"
    at = happened_at(body.at, now)
    try:
        event = Happened(name=body.name, external_id=external_id, at=at, properties=body.properties)
        return Told(handled=await handle(conversation_id, event))
    except AlreadyExists:
        known = await store.conversion(external_id)
        if known is None or (known.conversation_id, known.entry.data.get("name")) != (conversation_id, body.name):
            raise IdTaken("Another event has this external_id.") from None
        return Told(known=known)
