"""What is owed and until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.core.model.words import ClockKind, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """An answer is owed: since when, until when, and for which message."""

    opened_at: datetime
    due_at: datetime
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Something falls due at `due_at`. `data` is small and JSON."""

    kind: ClockKind
    due_at: datetime
    key: str = ""
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Until when the channel lets us write; `closes_at` None means always. `opened_by` is the prospect's action."""

    opened_at: datetime
    closes_at: datetime | None
    opened_by: str = "message"
