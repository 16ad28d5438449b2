"""The part of the store's contract that marketers' reports and programs use: what flows sent, conversions, and keys of the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.events import JournalEntry
from bot.core.model import Delivery

CONVERTED = "prospect.converted"
"""The journal's line of a conversion. Its `external_id` is remembered with the same transaction: the same one twice is refused."""
HAPPENED = "prospect.happened"
"""The journal's line of any other event that a program told of; the same holds. Its ids begin with EVENT."""
EVENT = "event:"


def told_kind(external_id: str) -> str:
    """The kind of line that this id stands for."""
    return HAPPENED if external_id.startswith(EVENT) else CONVERTED


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSend:
    """A message of a flow and what became of it. `at` is when the channel's answer was known, or when it was queued."""

    message_id: int
    conversation_id: str
    enrolment_id: str | None
    wording: str
    delivery: Delivery
    at: datetime
    delivered_at: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A conversion, or another event, that is known: `external_id` is the teller's own id of it."""

    external_id: str
    conversation_id: str
    entry: JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A program that may use the marketers' API. Only the hash of its token is kept."""

    key_id: str
    name: str
    token_sha256: str
    created_at: datetime
    revoked_at: datetime | None = None


class MarketStore(Protocol):
    """What marketing asks of a store. Every method may raise `StoreUnavailable`."""

    async def flow_sends(self, *, after: int, limit: int, since: datetime) -> list[FlowSend]:
        """Messages of flows with a `message_id` above `after`, queued from `since` on, by id: for reports, page by page."""

    async def mark_delivered(self, conversation_id: str, *, up_to: datetime, now: datetime) -> None:
        """The channel tells that what was sent up to then has arrived."""

    async def conversion(self, external_id: str) -> Conversion | None:
        """The conversion with this id, if it is known."""

    async def channels_of(self, conversation_ids: Sequence[str]) -> dict[str, str]:
        """The channel of each of these conversations that there is."""

    async def add_key(self, key: ApiKey) -> None:
        """Raises `AlreadyExists` for a known id or token."""

    async def api_keys(self) -> list[ApiKey]:
        """Every key, oldest first."""

    async def api_key(self, *, token_sha256: str) -> ApiKey | None:
        """The key with this token, unless it was revoked."""

    async def revoke_key(self, key_id: str, *, now: datetime) -> None:
        """It opens nothing any more; once more changes nothing. Raises `NotFound`."""
