"""Messages and conversations as the store in memory keeps them, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import is_
from typing import Any

from bot.core.model import (
    Arrival,
    Clock,
    ClockKind,
    Delivery,
    Episode,
    Heard,
    Promise,
    Say,
    Speaker,
    State,
    Unsent,
    changed,
)
from bot.store.contract import (
    JournalLine,
    Message,
    NotFound,
    StoreError,
)
from bot.store.rules import (
    Owed,
)

type Slot = tuple[ClockKind, str]

LEAVING = (Delivery.QUEUED, Delivery.SENDING)


@dataclass(slots=True, kw_only=True)
class Line:
    """A message in either direction; a prospect's has an arrival, an outgoing one a say and a delivery."""

    message_id: int
    conversation_id: str
    at: datetime
    created_at: datetime
    due_at: datetime
    seq: int | None = None
    arrival: Arrival | None = None
    unheard: bool = False
    say: Say | None = None
    delivery: Delivery | None = None
    key: str = ""
    owner_version: int = 0
    attempts: int = 0
    error: str | None = None
    read_at: datetime | None = None
    delivered_at: datetime | None = None
    sending_at: datetime | None = None
    external_id: str | None = None
    sent_as: str | None = None
    detail: str = ""
    parked_at: datetime | None = None
    replaced_by: int | None = None

    def shown(self) -> Message:
        shared = {
            "message_id": self.message_id,
            "conversation_id": self.conversation_id,
            "seq": self.seq,
            "at": self.at,
            "error": self.error,
            "read_at": self.read_at,
        }
        if self.arrival is not None:
            return Message(
                **shared,  # type: ignore[arg-type]
                speaker=Speaker.PROSPECT,
                text=self.arrival.text,
                attachments=self.arrival.attachments,
                payload=self.arrival.payload,
                client_key=self.arrival.external_id,
            )
        say = self.said()
        return Message(
            **shared,  # type: ignore[arg-type]
            speaker=say.speaker,
            text=say.text,
            quick_replies=say.quick_replies,
            image_url=say.image_url,
            agent=say.agent,
            delivery=self.delivery,
            client_key=say.client_key,
            sent_as=self.sent_as,
        )

    def said(self) -> Say:
        if self.say is None:
            raise NotFound("outgoing message", str(self.message_id))
        return self.say if self.say.due_at == self.due_at else changed(self.say, due_at=self.due_at)

    def heard(self) -> Heard:
        if self.arrival is None:
            raise NotFound("message of a prospect", str(self.message_id))
        return Heard(
            message_id=self.message_id,
            external_id=self.arrival.external_id,
            at=self.at,
            text=self.arrival.text,
            payload=self.arrival.payload,
            attachments=self.arrival.attachments,
            metadata=copied(self.arrival.metadata),
        )

    def owed(self) -> Owed:
        return Owed(message_id=self.message_id, at=self.at, received_at=self.created_at, due_at=self.due_at)


@dataclass(slots=True, kw_only=True)
class Talk:
    """A conversation. `state` is as it was committed last; what moves without a version stands beside it."""

    state: State
    last_at: datetime
    version: int = 0
    last_seq: int = 0
    promise: Promise | None = None
    last_inbound_at: datetime | None = None
    last_outbound_at: datetime | None = None
    clocks: dict[Slot, Clock] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    open: dict[int, Line] = field(default_factory=dict)
    inbound: dict[str, Line] = field(default_factory=dict)
    by_client_key: dict[str, Line] = field(default_factory=dict)
    tracker: list[str] = field(default_factory=list)
    journal: list[JournalLine] = field(default_factory=list)
    episodes: dict[str, Episode] = field(default_factory=dict)
    live_flows: dict[str, str] = field(default_factory=dict)
    looked_at: tuple[tuple[Any, ...], State] | None = field(default=None, repr=False, compare=False)

    def unheard(self) -> list[Line]:
        if not self.open:
            return []
        lines = (line for line in self.open.values() if line.unheard)
        return sorted(lines, key=lambda line: (line.at, line.message_id))

    def unsent(self) -> list[Line]:
        if not self.open:
            return []
        return [line for line in self.open.values() if line.delivery in LEAVING]

    def whole(self) -> State:
        waiting = (line for line in self.open.values() if can_withdraw(line))
        return changed(
            self.state,
            promise=self.promise,
            slots=copied(self.state.slots) if self.state.slots else {},
            clocks=tuple(self.clocks.values()),
            unheard=tuple(line.heard() for line in self.unheard()),
            unsent=tuple(Unsent(message_id=line.message_id, say=line.said()) for line in waiting),
            last_inbound_at=self.last_inbound_at,
            last_outbound_at=self.last_outbound_at,
        )

    def seen(self) -> State:
        """`whole()` for those who look and change nothing: the same state as long as nothing of it has moved."""
        lines = ((line.say, line.arrival, line.unheard, line.delivery, line.attempts, line.due_at) for line in self.open.values())
        made_of = (self.state, self.promise, self.last_inbound_at, self.last_outbound_at, *self.clocks.values(), *chain(*lines))
        if self.looked_at is not None and len(made_of) == len(self.looked_at[0]) and all(map(is_, made_of, self.looked_at[0])):
            return self.looked_at[1]
        self.looked_at = made_of, self.whole()
        return self.looked_at[1]


def copied(value: Any) -> Any:
    """JSON data as a database gives it back: nothing shared with what was put in."""
    if isinstance(value, Mapping):
        return {str(key): copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(item) for item in value]
    return value


def can_withdraw(line: Line) -> bool:
    """It is queued and was never handed to its channel."""
    return line.delivery is Delivery.QUEUED and line.attempts == 0


def must_be_aware(*moments: datetime) -> None:
    """Raises `StoreError` for a datetime without a zone."""
    for moment in moments:
        if moment.tzinfo is None:
            raise StoreError(f"a datetime without a zone cannot be stored: {moment!r}")
