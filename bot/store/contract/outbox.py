"""The part of the contract that delivery uses: what is to be sent, how it went, and what waits for an admin."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.model import Delivery, Identity, Json, Profile, Say
from bot.store.contract.messages import Message

type Echoed = tuple[str, str]
"""An echo of a message of ours: its key and the channel's id for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to hand to its channel. `owner_version` is the one it was decided under, `key` goes out as metadata
    and comes back in the echo. `stale` is True when the owner has changed since and the words are not a person's. `error` says
    how the last try ended, `unknown` if nobody can know whether it arrived; None before the first. `sending_at` is when the last
    try began."""

    message_id: int
    conversation_id: str
    identity: Identity
    say: Say
    key: str
    delivery: Delivery
    attempts: int
    error: str | None
    stale: bool
    window_closes_at: datetime | None
    opted_out_at: datetime | None
    last_inbound_at: datetime | None
    sending_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A message that failed for a reason that a person can mend. `message.error` is the class, `detail` what the channel
    said; profile and slots are the prospect's."""

    message: Message
    identity: Identity
    profile: Profile
    slots: Json
    parked_at: datetime
    attempts: int
    detail: str = ""


class OutboxStore(Protocol):
    """Messages on their way out."""

    async def outbox_due(
        self, *, now: datetime, limit: int, channels: tuple[str, ...], skip: frozenset[str] = frozenset()
    ) -> list[Outgoing]:
        """A look, whoever holds them: for each conversation with unsent messages on these channels, its FIRST unsent message
        (QUEUED or SENDING), if due: nothing overtakes. Without conversations in `skip`."""

    async def outbox_next_at(self, *, channels: tuple[str, ...], after: datetime | None = None) -> datetime | None:
        """When the earliest first-unsent message is due, of those due later than `after`."""

    async def mark_sending(
        self,
        message_id: int,
        *,
        worker: str,
        now: datetime,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> bool:
        """QUEUED -> SENDING, attempts + 1; also again from SENDING for a settled retry. False, and nothing changed, if it is
        neither, if no claim of `worker`'s on it lives at `now`, if it is stale, if the conversation's opt-out is no longer
        `opted_out_at`, or if it is a flow's and something the prospect said is unheard. `sent_as` is kept with the message."""

    async def mark_sent(
        self,
        message_id: int,
        *,
        now: datetime,
        external_id: str | None,
        sent_as: str | None = None,
        opted_out_at: datetime | None = None,
    ) -> Message:
        """-> SENT with the next `seq`, held by nobody; idempotent. Sets the conversation's last_outbound_at; a parked message is
        parked no longer. Raises `NotFound`, and `VersionConflict` for a message that was never marked as sending and was
        withdrawn or given up, or may not be marked so now (see `mark_sending`)."""

    async def mark_retry(self, message_id: int, *, worker: str, due_at: datetime, error: str, attempted: bool = True) -> None:
        """SENDING -> QUEUED, due later, held by nobody. Nothing happens in another state, or if another worker took it over.
        With `attempted` False the channel surely did not take it, and the attempt is not counted. Raises `NotFound`."""

    async def postpone(self, message_id: int, *, due_at: datetime) -> None:
        """A QUEUED message is due at another time, held by nobody, without an attempt. Nothing happens in another state. Raises
        `NotFound`."""

    async def mark_unsendable(
        self, message_id: int, *, delivery: Delivery, error: str, now: datetime, detail: str = "", park: bool = False
    ) -> None:
        """-> FAILED or REFUSED, with the reason; journalled as `message.failed` or `message.refused`. With `park` a failed one
        is parked as well, and journalled as `message.parked`. Nothing happens to a message that is sent or settled. Raises
        `NotFound`, and `ValueError` for another delivery, or to park a refused one."""

    async def settle_by_echo(self, *, key: str, external_id: str, now: datetime) -> Message | None:
        """An echo with our key: that message was sent, even if it was given up. None if no message has the key. One that is
        sent already under another id was sent twice: that is kept as a finding. Raises `VersionConflict` as `mark_sent` does."""

    async def unsettled(self, echoes: Collection[Echoed]) -> frozenset[Echoed]:
        """Those of these echoes (our key, the channel's id) that tell something new: all but those of messages that count as sent
        under that id. Most echoes come after the answer to the call, and repeats after either."""

    async def unsent_count(self, conversation_id: str) -> int:
        """How many messages of the conversation wait to be sent."""

    async def parked(self, *, limit: int = 200) -> list[Parked]:
        """Messages that wait for an admin, the longest parked first."""

    async def redrive(self, message_id: int, *, by: str, now: datetime) -> int | None:
        """Queue the words of a parked message anew, at the end of its conversation and due now, under the owner_version they
        were decided under; gives back the new message's id. The new one takes over key and client_key, so an echo of the old
        one settles it; the old one becomes WITHDRAWN. Journalled as `message.redriven` with `by`, an agent's id.

        Again gives the same id. None if it is not parked: let go, sent after all, or never parked. Raises `NotFound`."""

    async def let_go(self, message_id: int, *, by: str, now: datetime) -> bool:
        """A parked message stays failed, and nobody is asked about it any more; journalled as `message.let_go` with `by`.
        False if it was queued anew before; nothing happens if it is not parked. Raises `NotFound`."""
