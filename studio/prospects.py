"""What programs say of a prospect: whom they mean and when it was. One reading for every door."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from bot.core.model import Identity, WarmlineError
from bot.store.contract import NotFound, Store

SKEW = timedelta(minutes=5)
"""How far ahead of ours a clock may be."""

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
"""No control characters: no id or name has any, and not every database takes them."""


class InFuture(WarmlineError):
    """What is said to have happened has not yet."""


class IdTaken(WarmlineError):
    """The id stands for something else already."""


class ProspectBody(BaseModel):
    """Who: a conversation, or the channel's name and the id the channel knows the person by."""

    model_config = ConfigDict(extra="forbid")

    conversation_id: Annotated[str, StringConstraints(pattern=PRINTABLE, max_length=64)] | None = None
    channel: Annotated[str, StringConstraints(pattern=PRINTABLE, max_length=40)] | None = None
    external_id: Annotated[str, StringConstraints(pattern=PRINTABLE, max_length=255)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> ProspectBody:
        by_identity = self.channel is not None and self.external_id is not None
        if (self.conversation_id is not None) == by_identity or (self.channel is None) != (self.external_id is None):
            raise ValueError("give conversation_id, or channel and external_id")
        return self


async def who(store: Store, prospect: ProspectBody) -> str:
    """The conversation that is meant. Raises `NotFound`."""
    if prospect.conversation_id is not None:
        if not await store.channels_of([prospect.conversation_id]):
            raise NotFound("prospect", prospect.conversation_id)
        return prospect.conversation_id
    assert prospect.channel is not None
    assert prospect.external_id is not None
    found = await store.find_conversation(Identity(channel=prospect.channel, external_id=prospect.external_id))
    if found is None:
        raise NotFound("prospect", prospect.external_id)
    return found


def happened_at(said: datetime | None, now: datetime) -> datetime:
    """When it was, by our clock; now if it was not said. Raises `InFuture`."""
    if said is None:
        return now
    if said > now + SKEW:
        raise InFuture("That is in the future.")
    return min(said.astimezone(UTC), now)
